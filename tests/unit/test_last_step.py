"""The last step of an order, since which its work is lost: notes and tags are none."""

from order_streams.folded import OrderStream
from orders.events import Event
from orders.evolve import fold
from orders.state import NotPlaced
from tests.unit.orders.samples import CONFIRMED, NOTED, PAID, PLACED, tagged, untagged
from tests.unit.projection_samples import recorded


def stream(*events: Event) -> OrderStream:
    state = fold(events)
    assert not isinstance(state, NotPlaced)
    found = tuple((recorded(event, position), event) for position, event in enumerate(events, 1))
    return OrderStream("o-1", len(events), found, state)


def test_a_note_or_tag_is_no_step_of_the_order() -> None:
    assert stream(PLACED, CONFIRMED, NOTED, PAID, tagged(), untagged(), NOTED).last_step.type == "order.paid"
    assert stream(PLACED, NOTED).last_step.version == 1
