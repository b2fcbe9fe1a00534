"""`orders show`: one order, from its own stream."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from application.documents import OrderDocument
from cli.arguments import AsJson, OrderId
from cli.output import facts, moment, show, show_json, status_text, table, visible
from cli.running import execute, opened
from order_streams import Orders, load_order
from orders.adjustments import returned_by, sentence_of
from orders.model import Address
from orders.money import format_money
from orders.state import Cancelled, ClosedRefund, Confirmed, ExistingOrder, Refund, Shipped
from settings import Settings


def show_order(order_id: OrderId, as_json: AsJson = False) -> None:
    """Show an order from its stream: status, payment, items, address."""

    async def command(settings: Settings) -> None:
        async with opened(settings) as app:
            state, version = await _load(app.orders, order_id)
        if as_json:
            show_json(OrderDocument.of(state, version))
        else:
            show(*render_order(state, version))

    execute(command)


async def _load(orders: Orders, order_id: str) -> tuple[ExistingOrder, int]:
    loaded = await load_order(orders, order_id)
    return loaded.state, loaded.version


def render_order(state: ExistingOrder, version: int) -> Iterator[RenderableType]:
    """Render the order as text."""
    order = state.order
    yield facts(
        [
            ("order", order.order_id),
            ("customer", order.customer_id),
            ("status", status_text(state.status)),
            ("on hold", state.hold.reason if state.hold else None),
            ("payment", _payment(state)),
            ("payment failed", _failure(state)),
            ("payment method", state.payment_method or order.payment_method),
            ("refunds", _refund_lines(state) if isinstance(state, Shipped) and state.requested else None),
            ("settled", _settled(state) if isinstance(state, Cancelled) else None),
            ("at the provider", _adjustment_lines(state) if state.adjustments else None),
            ("reason", _reason(state)),
            ("shipment", f"{state.shipment.tracking_number} by {state.shipment.carrier}" if state.shipment else None),
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
    return f"{state.payment_state} ({known})" if known else state.payment_state


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
