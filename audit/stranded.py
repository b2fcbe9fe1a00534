"""Orders that do not go on: held by a person, or with work left that nobody does. Quick enough to be asked all day."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from audit.evidence import Evidence, gather
from audit.open_orders import Prospect, Prospects, unfinished
from audit.sources import Sources

# Each look at an order that moved in between is one of its few steps further on.
_LOOKS: Final = 10


@dataclass(frozen=True, slots=True)
class Stranded:
    """An order, and the work left of it that nobody does; none where it is only held."""

    evidence: Evidence
    lost: tuple[Prospect, ...]

    @property
    def held(self) -> bool:
        return self.evidence.state.hold is not None

    @property
    def _facts(self) -> tuple[object, ...]:
        return self.evidence.stream.version, *(prospect.fault for prospect in self.lost)

    def stays(self, earlier: "Stranded | None") -> bool:
        """Whether it needs no other look: nothing lost, or found lost before at the same version of its stream."""
        return not self.lost or (earlier is not None and self._facts == earlier._facts)


async def stranded(sources: Sources, prospects: Prospects, ids: Sequence[str]) -> list[Stranded]:
    """Those of the orders that do not go on. An order that moves between the reads is looked at again, as in an audit.

    Where Temporal does not answer (`prospects.unreachable`), only what is held is known.
    """
    found: list[Stranded] = []
    earlier: dict[str, Stranded] = {}
    for _ in range(_LOOKS):
        latest = {each.evidence.stream.order_id: each for each in await _look(sources, prospects, ids)}
        if prospects.unreachable:
            return [*found, *(Stranded(each.evidence, ()) for each in latest.values() if each.held)]
        found += [each for id_, each in latest.items() if each.stays(earlier.get(id_))]
        earlier = {id_: each for id_, each in latest.items() if not each.stays(earlier.get(id_))}
        if not earlier:
            break
        ids = list(earlier)
    return [*found, *earlier.values()]


async def _look(sources: Sources, prospects: Prospects, ids: Sequence[str]) -> list[Stranded]:
    evidence, _ = await gather(sources, ids)
    known = await prospects.of([work for each in evidence for work in unfinished(each)])
    lost = {order_id: tuple(each for each in found if each.fault) for order_id, found in known.items()}
    looked = [Stranded(each, lost.get(each.stream.order_id, ())) for each in evidence]
    return [each for each in looked if each.held or each.lost]
