"""Topics: notes and tags are sent to endpoints that name them, every other event by a wildcard, too."""

import pytest

from webhooks.topics import BY_NAME, ORDER_EVENTS, wants


@pytest.mark.parametrize("event_type", sorted(BY_NAME))
def test_a_note_or_tag_is_sent_by_its_name_alone(event_type: str) -> None:
    assert wants([event_type], event_type)
    assert wants(["*", event_type], event_type)
    assert not wants(["*"], event_type)
    assert not wants(["order.*", "order.placed"], event_type)


@pytest.mark.parametrize("event_type", [*sorted(set(ORDER_EVENTS) - BY_NAME), "order.of_a_later_version"])
def test_any_other_event_of_an_order_is_sent_by_a_wildcard_or_its_name(event_type: str) -> None:
    assert all(wants([topic], event_type) for topic in ("*", "order.*", event_type))
    assert not wants(["notifications.shipment"], event_type)


def test_a_message_is_no_event_of_an_order() -> None:
    assert wants(["*"], "analytics.revenue")
    assert not wants(["order.*"], "analytics.revenue")
