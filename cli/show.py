"""`orders show`: one order, from its own stream."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from rich.console import RenderableType
from rich.text import Text

from application.balances import owed, payment_word, refunded
from application.documents import OrderDocument
from application.wire import camel_case
from cli.arguments import AsJson, OrderId
from cli.failures import explain
from cli.output import facts, moment, note, show, show_json, status_text, table, visible
from cli.running import executed, opened, temporal_if_reachable
from eventstore.command_handler import Loaded
from open_work.attention_list import StuckList, find_stuck_of
from open_work.evidence import gather
from open_work.kinds import Stuck
from order_streams import load_order
from orders.adjustments import returned_by, sentence_of
from orders.model import Address
from orders.money import format_money
from orders.records import ClosedRefund, Refund
from orders.state import Cancelled, Confirmed, ExistingOrder, Shipped
from settings import Settings


@executed()
async def show_order(settings: Settings, order_id: OrderId, as_json: AsJson = False) -> None:
    """Show an order: status, items and address, money that is owed or authorised, and failing steps."""
    async with opened(settings) as app:
        loaded = await load_order(app.orders, order_id)
        sources = app.sources(await temporal_if_reachable(settings))
        found = await find_stuck_of(sources, settings, order_id)
        evidence, _ = await gather(sources, [order_id])
    authorised = sum(each.held for each in evidence)
    if as_json:
        show_json(_document(loaded, authorised, found))
    else:
        show(*render_order(loaded.state, loaded.version, authorised, found.rows))
    if found.problem:
        note(f"without workflows: {explain(found.problem, settings)}")


def _document(loaded: Loaded[ExistingOrder], authorised: int, found: StuckList) -> dict[str, object]:
    """Return the order's document; complete: false where Temporal did not respond."""
    order = OrderDocument.of(loaded.state, loaded.version).model_dump(by_alias=True)
    rows = [camel_case(asdict(row)) for row in found.rows]
    return order | {"authorised": authorised, "attention": rows, "complete": found.problem is None}


def render_order(
    state: ExistingOrder, version: int, authorised: int, stuck: Sequence[Stuck]
) -> Iterator[RenderableType]:
    """Render the order as text. authorised: money on the customer's card that is not captured."""
    order = state.order
    yield facts(
        [
            ("order", order.order_id),
            ("customer", order.customer_id),
            ("status", status_text(state.status)),
            ("on hold", state.hold.reason if state.hold else None),
            ("needs attention", _attention(stuck)),
            ("payment", _payment(state)),
            ("owed to the customer", _money(owed(state), state)),
            ("authorised, not captured", _money(authorised, state)),
            ("payment failed", _failure(state)),
            ("payment method", state.payment_method or order.payment_method),
            ("refunds", _refund_lines(state) if isinstance(state, Shipped) and state.requested else None),
            ("settled", _settled(state) if isinstance(state, Cancelled) else None),
            ("at the provider", _adjustment_lines(state) if state.adjustments else None),
            ("reason", _reason(state)),
            ("shipment", f"{state.shipment.tracking_number} by {state.shipment.carrier}" if state.shipment else None),
            ("tags", ", ".join(state.tags) or None),
            ("metadata", _metadata(order.metadata) if order.metadata else None),
            ("placed at", order.placed_at),
            ("version", version),
            ("ship to", _address(order.shipping_address)),
        ]
    )
    yield Text("")
    yield table(
        "sku",
        "name",
        "quantity",
        "unit price",
        "amount",
        rows=_rows(state),
        right=("quantity", "unit price", "amount"),
    )


def _payment(state: ExistingOrder) -> str:
    currency = state.order.currency
    charged = f"{format_money(state.payment.amount, currency)} as {state.payment.payment_id}" if state.payment else ""
    back = f"{format_money(state.refund.amount, currency)} back as {state.refund.refund_id}" if state.refund else ""
    pending = _pending(state) if isinstance(state, Confirmed) else ""
    known = ", ".join(filter(None, (charged, pending, back)))
    word = payment_word(state.payment_state, refunded(state))
    return f"{word} ({known})" if known else word


def _money(amount: int, state: ExistingOrder) -> str | None:
    return format_money(amount, state.order.currency) if amount else None


def _attention(stuck: Sequence[Stuck]) -> Text | None:
    """A line for each failing step and each stalled or lost workflow; a hold has a line of its own."""
    lines = [f"{row.kind}: {visible(row.step)}: {visible(row.error)}" for row in stuck if row.kind != "onHold"]
    return Text("\n".join(lines), style="bold red") if lines else None


def _pending(state: Confirmed) -> str:
    if state.pending is None:
        return ""
    amount = format_money(state.pending.amount, state.order.currency)
    return f"{amount} pending as {state.pending.payment_id}, until {state.pending.until:%Y-%m-%d} at the latest"


def _adjustment_lines(state: ExistingOrder) -> Text:
    currency, returned = state.order.currency, returned_by(state.adjustments)
    lines = [visible(sentence_of(each, currency)) for each in state.adjustments]
    return Text("\n".join([*lines, f"{format_money(returned, currency)} returned by these"]))


def _failure(state: ExistingOrder) -> str | None:
    if state.awaited is None:
        return None
    return f"{state.awaited.reason} ({state.awaited.code}), waits until {moment(state.awaited.waits_until)}"


def _settled(state: Cancelled) -> str | None:
    currency = state.order.currency
    lines = [f"{format_money(each.amount, currency)} returned in another way: {each.reason}" for each in state.closed]
    return "; ".join(lines) or None


def _refund_lines(state: Shipped) -> Text:
    lines = (_refund_line(each, state, state.closing(each.refund_id)) for each in state.requested)
    return Text("\n".join(lines))


def _refund_line(asked: Refund, state: Shipped, closed: ClosedRefund | None) -> str:
    made, currency = state.made(asked.refund_id), state.order.currency
    amount = format_money((made or asked).amount, currency)
    less = f" of {format_money(asked.amount, currency)}" if made and made.amount < asked.amount else ""
    how = "back" if made else "asked for"
    ended = f"; {closed.outcome.replace('_', ' ')}: {visible(closed.reason)}" if closed else ""
    return f"{amount}{less} {how} as {visible(asked.refund_id)}: {visible(asked.reason)}{ended}"


def _reason(state: ExistingOrder) -> str | None:
    if not isinstance(state, Cancelled):
        return None
    short = ", ".join(f"{s.sku} ({s.available:,} of {s.requested:,})" for s in state.shortages)
    return f"{state.reason}, by {state.cancelled_by}" + (f"; short of {short}" if short else "")


def _address(address: Address) -> Text:
    town = " ".join(filter(None, (address.postal_code, address.city, address.region)))
    lines = filter(None, (address.name, address.line1, address.line2, town, address.country, address.phone))
    return Text("\n".join(map(visible, lines)))


def _metadata(metadata: Mapping[str, str]) -> Text:
    return Text("\n".join(f"{visible(key)}: {visible(value)}" for key, value in metadata.items()))


def _rows(state: ExistingOrder) -> Iterator[tuple[object, ...]]:
    order = state.order

    def money(amount: int) -> str:
        return format_money(amount, order.currency)

    for line in order.items:
        amount = line.quantity * line.unit_price
        yield line.sku, line.name, f"{line.quantity:,}", money(line.unit_price), money(amount)
    adjustments = order.adjustments
    for name, amount in (
        ("shipping", adjustments.shipping),
        ("tax", adjustments.tax),
        ("discount", -adjustments.discount),
    ):
        if amount:
            yield None, name, None, None, money(amount)
    yield None, "total", None, None, money(order.total)
