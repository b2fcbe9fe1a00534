"""Stranded orders: held by a person, or with work left that nothing does or that makes no progress. Cheap enough to look
for continuously."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from open_work.evidence import Evidence, gather
from open_work.open_orders import Prospect, Prospects, Work, unfinished
from open_work.sources import Sources
from order_streams.folded import OrderStream, read_orders
from workflows.model import FULFILL_ORDER, VALIDATE_ORDER

# An order that changes between two looks takes one of its few steps in each.
_LOOKS: Final = 10


@dataclass(frozen=True, slots=True)
class Stranded:
    """An order, and its work left that makes no progress; none where it is only held."""

    evidence: Evidence
    still: tuple[Prospect, ...]

    @property
    def held(self) -> bool:
        return self.evidence.state.hold is not None

    @property
    def _facts(self) -> tuple[object, ...]:
        return self.evidence.stream.version, *(
            (each.fault, each.standstill and each.standstill.error) for each in self.still
        )

    def stays(self, earlier: "Stranded | None") -> bool:
        """True if a second look is unnecessary: no work is stuck, or it was stuck before at the same version of the stream."""
        return not self.still or (earlier is not None and self._facts == earlier._facts)


async def stranded(
    sources: Sources, prospects: Prospects, ids: Sequence[str], runs: Sequence[Work] = ()
) -> list[Stranded]:
    """The stranded ones of these orders. An order that changes between the reads is read again, as in an audit.

    runs: running workflows of these orders, whether or not they have work left. If Temporal does not answer
    (`prospects.unreachable`), only held orders are known.
    """
    found: list[Stranded] = []
    earlier: dict[str, Stranded] = {}
    running: dict[str, list[Work]] = defaultdict(list)
    for run in runs:
        running[run.order_id].append(run)
    for _ in range(_LOOKS):
        latest = {each.evidence.stream.order_id: each for each in await _look(sources, prospects, ids, running)}
        if prospects.unreachable:
            return [*found, *(Stranded(each.evidence, ()) for each in latest.values() if each.held)]
        found += [each for id_, each in latest.items() if each.stays(earlier.get(id_))]
        earlier = {id_: each for id_, each in latest.items() if not each.stays(earlier.get(id_))}
        if not earlier:
            break
        ids = list(earlier)
    return [*found, *earlier.values()]


async def unreadable(sources: Sources, prospects: Prospects, ids: Sequence[str]) -> list[OrderStream]:
    """The streams of these orders that do not fold, where no workflow is running: one that runs reports it as its failing step.

    Empty where Temporal does not answer.
    """
    broken = [stream for stream in await read_orders(sources.pool, sources.codec, ids) if stream.fault]
    works = [Work(name, (stream.order_id,), 0) for stream in broken for name in (VALIDATE_ORDER, FULFILL_ORDER)]
    known = await prospects.of(works)
    if prospects.unreachable:
        return []
    return [stream for stream in broken if all(each.fault for each in known[stream.order_id])]


async def _look(
    sources: Sources, prospects: Prospects, ids: Sequence[str], running: Mapping[str, Sequence[Work]]
) -> list[Stranded]:
    evidence, _ = await gather(sources, ids)
    known = await prospects.of([work for each in evidence for work in _works(each, running)])
    still = {order_id: tuple(each for each in found if each.is_stuck) for order_id, found in known.items()}
    looked = [Stranded(each, still.get(each.stream.order_id, ())) for each in evidence]
    return [each for each in looked if each.held or each.still]


def _works(evidence: Evidence, running: Mapping[str, Sequence[Work]]) -> list[Work]:
    """Work left, then the other running workflows, except on a held order, where they may wait for its release."""
    left = unfinished(evidence)
    ids = {work.workflow_id for work in left}
    others = [] if evidence.state.hold else running.get(evidence.stream.order_id, ())
    return left + [work for work in others if work.workflow_id not in ids]
