"""Evidence about an order: its stream, and its money, label, reserved units and messages in the other tables."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from eventstore.statements import STREAMS_OF_EVENTS
from gateways.books import OrderBooks
from open_work.sources import Sources
from order_streams.folded import OrderStream, read_orders
from order_streams.messages import message_id
from orders.state import ExistingOrder
from orders.topics import TOPICS


@dataclass(frozen=True, slots=True)
class Evidence:
    """An order whose stream folds, and its entries in the ledgers. Amounts in minor units of the order's currency.

    held: part of the charge that is authorised and not captured. foreign: charges in another currency. reserved: units by
    SKU. missing: topics without the message about its shipment.
    """

    stream: OrderStream
    state: ExistingOrder
    charged: int
    refunded: int
    held: int
    foreign: tuple[OrderBooks, ...]
    live_labels: int
    reserved: dict[str, int]
    missing: tuple[str, ...]

    @property
    def kept(self) -> int:
        """Money charged and not returned."""
        return self.charged - self.refunded


async def gather(sources: Sources, ids: Sequence[str]) -> tuple[list[Evidence], list[OrderStream]]:
    """The evidence about each of these orders, and the streams that do not fold.

    The streams are read first: each step for an order is done after the event that required it.
    """
    streams = await read_orders(sources.pool, sources.codec, ids)
    books = _by_order(await _books(sources, ids))
    reserved = await sources.stock.reserved(ids)
    published = await _published(sources.pool, streams)
    evidence = [
        _evidence(stream, stream.state, books[stream.order_id], reserved.get(stream.order_id, {}), published)
        for stream in streams
        if stream.state is not None
    ]
    return evidence, [stream for stream in streams if stream.state is None]


async def _books(sources: Sources, ids: Sequence[str]) -> list[OrderBooks]:
    return await sources.ledger.books(ids, limit=len(ids)) if ids else []


def _by_order(books: Iterable[OrderBooks]) -> dict[str, list[OrderBooks]]:
    by_order: dict[str, list[OrderBooks]] = defaultdict(list)
    for each in books:
        by_order[each.order_id].append(each)
    return by_order


async def _published(pool: asyncpg.Pool, streams: Iterable[OrderStream]) -> set[tuple[UUID, str]]:
    """Published messages, by id and topic."""
    wanted = [id_ for stream in streams for id_, _ in _messages(stream)]
    return {(UUID(int=id_.int), name) for id_, name in await pool.fetch(STREAMS_OF_EVENTS, wanted)}


def _messages(stream: OrderStream) -> list[tuple[UUID, str]]:
    if stream.shipment is None:
        return []
    recorded, _ = stream.shipment
    return [(message_id(stream.order_id, topic, recorded.version), topic) for topic in TOPICS]


def _evidence(
    stream: OrderStream,
    state: ExistingOrder,
    books: Sequence[OrderBooks],
    reserved: dict[str, int],
    published: set[tuple[UUID, str]],
) -> Evidence:
    own = [each for each in books if each.currency == state.order.currency]
    return Evidence(
        stream=stream,
        state=state,
        charged=sum(each.charged for each in own),
        refunded=sum(each.refunded for each in own),
        held=sum(each.held for each in own),
        foreign=tuple(each for each in books if each.currency not in (None, state.order.currency)),
        live_labels=books[0].live_labels if books else 0,
        reserved=reserved,
        missing=tuple(topic for id_, topic in _messages(stream) if (id_, topic) not in published),
    )
