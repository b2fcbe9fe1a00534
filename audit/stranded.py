"""Orders that do not go on: held by a person, or with work left that nobody does or that makes no progress. Quick enough to
be asked all day."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from audit.evidence import Evidence, gather
from audit.open_orders import Prospect, Prospects, Work, unfinished
from audit.sources import Sources
from audit.streams import OrderStream, read_orders
from workflows.model import FULFILL_ORDER, VALIDATE_ORDER

# Each look at an order that moved in between is one of its few steps further on.
_LOOKS: Final = 10


@dataclass(frozen=True, slots=True)
class Stranded:
    """An order, and the work left of it that stands still; none where it is only held."""

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
        """Whether it needs no other look: nothing stands still, or it did before at the same version of its stream."""
        return not self.still or (earlier is not None and self._facts == earlier._facts)


async def stranded(
    sources: Sources, prospects: Prospects, ids: Sequence[str], runs: Sequence[Work] = ()
) -> list[Stranded]:
    """Those of the orders that do not go on. An order that moves between the reads is looked at again, as in an audit.

    runs: workflows of these orders that are running, whether or not the orders have work left for them. Where Temporal does
    not answer (`prospects.unreachable`), only what is held is known.
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
    still = {order_id: tuple(each for each in found if each.stands_still) for order_id, found in known.items()}
    looked = [Stranded(each, still.get(each.stream.order_id, ())) for each in evidence]
    return [each for each in looked if each.held or each.still]


def _works(evidence: Evidence, running: Mapping[str, Sequence[Work]]) -> list[Work]:
    """The work left, then the other workflows that are running: on a held order, they may wait for its release."""
    left = unfinished(evidence)
    ids = {work.workflow_id for work in left}
    others = [] if evidence.state.hold else running.get(evidence.stream.order_id, ())
    return left + [work for work in others if work.workflow_id not in ids]
