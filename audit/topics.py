"""Published messages, each compared with the shipment that it is about."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from audit.report import MESSAGES, Finding
from eventstore.model import RecordedEvent
from open_work.sources import Sources
from order_streams.folded import OrderStream, read_orders
from order_streams.messages import cloud_event, message_id
from orders.topics import TOPICS

_PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class TopicPage:
    """A page of a topic: its number of messages, and its findings."""

    topic: str
    messages: int
    findings: list[Finding]


async def audit_topics(sources: Sources) -> AsyncIterator[TopicPage]:
    """Every topic, a page at a time. The id that order, topic and shipment give a message is unique in the log."""
    for topic in TOPICS:
        version = 0
        while page := await sources.store.read_stream(topic, from_version=version + 1, limit=_PAGE):
            yield TopicPage(topic, len(page), [each async for each in _audit_page(sources, topic, page)])
            version = page[-1].version


async def _audit_page(sources: Sources, topic: str, page: Sequence[RecordedEvent]) -> AsyncIterator[Finding]:
    orders = {stream.order_id: stream for stream in await _orders_of(sources, page)}
    for message in page:
        subject = message.data.get("subject")
        order = orders.get(subject) if isinstance(subject, str) else None
        if problem := _problem(topic, message, order):
            name = subject if isinstance(subject, str) else f"{topic}@{message.version}"
            yield Finding(MESSAGES, name, f"{topic}, message {message.version}, {problem}")


async def _orders_of(sources: Sources, page: Iterable[RecordedEvent]) -> list[OrderStream]:
    subjects = {message.data.get("subject") for message in page}
    ids = [subject for subject in subjects if isinstance(subject, str)]
    return await read_orders(sources.pool, sources.codec, ids)


def _problem(topic: str, message: RecordedEvent, order: OrderStream | None) -> str | None:
    if order is None:
        return "is about an order that does not exist"
    if order.state is None:
        return None  # its stream does not fold, which is a finding of its own
    if order.shipment is None:
        return f"is about an order that is {order.state.status}, not shipped"
    recorded, shipped = order.shipment
    if message.id != (id_ := message_id(order.order_id, topic, recorded.version)):
        return f"was published beside the one message of this shipment, {id_}"
    return _difference(message, cloud_event(id_, topic, recorded, shipped))


def _difference(message: RecordedEvent, due: dict[str, Any]) -> str | None:
    differing = sorted(key for key in {*due, *message.data} if due.get(key) != message.data.get(key))
    return f"differs from its shipment in {', '.join(differing)}" if differing else None
