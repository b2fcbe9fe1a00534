"""One event at a time by the `eventsourcing` library's recorder, from threads as it is synchronous."""

import asyncio
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder

from bench.append_rate import measures_of
from bench.eventsourcing_library import recorder
from bench.log import bodies
from bench.side import Figures, Ground, milliseconds


def _some(into: PostgresApplicationRecorder, count: int, state: bytes) -> list[float]:
    durations = []
    for _ in range(count):
        event = StoredEvent(originator_id=uuid.uuid4(), originator_version=1, topic="bench:Event", state=state)
        began = time.perf_counter()
        into.insert_events([event])
        durations.append(time.perf_counter() - began)
    return durations


async def _append(ground: Ground, count: int, at_once: int) -> Figures:
    state = bodies()[-1][1].encode()

    def measure() -> tuple[list[float], float]:
        with recorder(ground.database_url, at_once) as into, ThreadPoolExecutor(at_once) as threads:
            list(threads.map(lambda _: _some(into, 20, state), range(at_once)))
            began = time.perf_counter()
            parts = list(threads.map(lambda _: _some(into, count // at_once, state), range(at_once)))
            return [each for part in parts for each in part], time.perf_counter() - began

    durations, seconds = await asyncio.to_thread(measure)
    return {"events_per_s": len(durations) / seconds} | milliseconds(durations)


measure_one, measure_many = measures_of(_append)
