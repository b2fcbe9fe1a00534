"""The order as it is placed, and its validation: `parse_order`."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, ClassVar, Final, Protocol

from pydantic import BeforeValidator, Field, ValidationError

from orders.entry import entry_faults
from orders.errors import Fault, InvalidOrder
from orders.faults import faults_of, shortened
from orders.fields import (
    MAX_AMOUNT,
    MAX_LINES,
    Amount,
    CountryCode,
    CurrencyCode,
    Identifier,
    Metadata,
    OptionalText,
    PaymentMethod,
    Quantity,
    Sku,
    Strictly,
    Text,
    UtcTime,
    Wire,
)
from orders.ids import order_id_problem
from orders.reference import country_code, currency_exponent, has_postal_code


def _at_most_max_lines(value: object) -> object:
    if isinstance(value, list | tuple) and len(value) > MAX_LINES:
        raise ValueError(f"must have at most {MAX_LINES:,} entries, not {len(value):,}")
    return value


# Checks the length first: a million faulty lines would be a million faults.
_AT_MOST_MAX_LINES: Final = BeforeValidator(_at_most_max_lines)


class OrderLine(Wire):
    """Units of one SKU, and the price of each in minor units."""

    sku: Sku
    name: Text
    quantity: Quantity
    unit_price: Amount


OrderLines = Annotated[
    tuple[OrderLine, ...],
    Field(min_length=1),
    _AT_MOST_MAX_LINES,
    Strictly(Annotated[tuple[OrderLine, ...], Field(min_length=1, max_length=MAX_LINES)]),
]


class Adjustments(Wire):
    """Additions to the lines (shipping, tax) and their discount, in minor units and never negative."""

    shipping: Amount = 0
    tax: Amount = 0
    discount: Amount = 0


class Address(Wire):
    """Delivery address; `country` is an ISO 3166-1 alpha-2 code, `phone` the recipient's telephone for the carrier."""

    name: Text
    line1: Text
    line2: OptionalText = None
    city: Text
    region: OptionalText = None
    postal_code: OptionalText = None
    country: CountryCode
    phone: OptionalText = None


class OrderFact(Wire):
    """Ids that an order and each of its events carry. An event that has changed declares its own version."""

    schema_version: ClassVar[int] = 1

    order_id: Identifier
    customer_id: Identifier


class OrderContent(OrderFact):
    """The fields of an order. `total` is in minor units of `currency`, `placed_at` in UTC; `payment_method` is the
    payment provider's token; None in orders from before there were any. Stripe's: `pm_…` a card, `cus_…/pm_…` a customer's
    saved card, `cus_…` the customer's default one, `pi_…` a payment that the customer made at checkout. `metadata`: the
    shop's own, which this system stores and searches."""

    currency: CurrencyCode
    items: OrderLines
    adjustments: Adjustments = Adjustments()
    total: Amount
    shipping_address: Address
    payment_method: PaymentMethod = None
    metadata: Metadata = Field(default_factory=dict)
    placed_at: UtcTime


class Order(OrderContent):
    """A valid order, or one read from its stream."""


def quantities(order: OrderContent) -> dict[str, int]:
    """Units of each SKU, several lines of one SKU added up, in the order of first mention."""
    units_of: Counter[str] = Counter()
    for line in order.items:
        units_of[line.sku] += line.quantity
    return dict(units_of)


def units(order: OrderContent) -> int:
    """Units of all SKUs together."""
    return sum(line.quantity for line in order.items)


def parse_order(data: object, *, now: datetime) -> Order:
    """The order that decoded JSON in `data` describes, with `now` (aware) where it has no placedAt.

    Raises InvalidOrder with all faults at once, each with the path of its field on the wire, and with the order's id where that
    could be read.
    """
    if not isinstance(data, Mapping):
        raise InvalidOrder((Fault("", f"an order must be an object, not {shortened(data)}"),))
    entry = _completed(data, now)
    try:
        order = Order.model_validate(entry, extra="forbid", by_alias=True, by_name=False)
    except ValidationError as error:
        faults = [*_rule_faults(entry), *faults_of(error), *entry_faults(entry)]
        raise InvalidOrder(_one_per_path(faults), _readable_id(entry)) from None
    faults = [*_reference_faults(entry), *_sum_faults(order), *entry_faults(entry)]
    if faults:
        raise InvalidOrder(_one_per_path(faults), _readable_id(entry))
    return order


def _readable_id(entry: Mapping[object, object]) -> str | None:
    order_id = entry.get("orderId")
    return order_id if isinstance(order_id, str) and order_id_problem(order_id) is None else None


class _PricedLine(Wire):
    quantity: Quantity
    unit_price: Amount


class _Amounts(Wire):
    """Fields of the sum, which is checked even where names and addresses are invalid."""

    items: Annotated[tuple[_PricedLine, ...], Field(min_length=1), _AT_MOST_MAX_LINES]
    adjustments: Adjustments = Adjustments()
    total: Amount


class _Priced(Protocol):
    @property
    def quantity(self) -> int: ...
    @property
    def unit_price(self) -> int: ...


class _Summed(Protocol):
    @property
    def items(self) -> Sequence[_Priced]: ...
    @property
    def adjustments(self) -> Adjustments: ...
    @property
    def total(self) -> int: ...


def _completed(data: Mapping[object, object], now: datetime) -> dict[object, object]:
    """The data with placedAt filled in, and a known country as its code."""
    entry = dict(data)
    if entry.get("placedAt") is None:
        entry["placedAt"] = now
    address = entry.get("shippingAddress")
    country = address.get("country") if isinstance(address, Mapping) else None
    if isinstance(address, Mapping) and isinstance(country, str):
        entry["shippingAddress"] = {**address, "country": country_code(country) or country}
    return entry


def _rule_faults(entry: Mapping[object, object]) -> Iterator[Fault]:
    """Faults across fields and in reference data, as far as other faults allow the check."""
    yield from _reference_faults(entry)
    try:
        amounts = _Amounts.model_validate(entry, by_alias=True, by_name=False)
    except ValidationError:
        return
    yield from _sum_faults(amounts)


def _reference_faults(entry: Mapping[object, object]) -> Iterator[Fault]:
    currency = entry.get("currency")
    if isinstance(currency, str) and currency_exponent(currency) is None:
        yield Fault("currency", f"must be an ISO 4217 currency such as EUR, not {shortened(currency)}")
    address = entry.get("shippingAddress")
    if isinstance(address, Mapping):
        yield from _address_faults(address.get("country"), address.get("postalCode"))


def _address_faults(country: object, postal_code: object) -> Iterator[Fault]:
    if not isinstance(country, str):
        return
    if country_code(country) is None:
        yield Fault("shippingAddress.country", f"must be a country or its ISO 3166-1 code, not {shortened(country)}")
    elif isinstance(postal_code, str) and postal_code.strip() and not has_postal_code(country):
        yield Fault("shippingAddress.postalCode", f"must be left out, as {country} has no postal codes")


def _sum_faults(order: _Summed) -> Iterator[Fault]:
    adjustments = order.adjustments
    gross = sum(line.quantity * line.unit_price for line in order.items) + adjustments.shipping + adjustments.tax
    if gross > MAX_AMOUNT:
        yield Fault("total", f"must stay within {MAX_AMOUNT:,}, but the order adds up to {shortened(gross)}")
    elif adjustments.discount > gross:
        yield Fault("adjustments.discount", f"must be at most {gross:,}, not {adjustments.discount:,}")
    elif order.total != gross - adjustments.discount:
        expected = gross - adjustments.discount
        yield Fault("total", f"must be the sum of lines and adjustments, {expected:,}, not {order.total:,}")


def _one_per_path(faults: Sequence[Fault]) -> tuple[Fault, ...]:
    first: dict[str, Fault] = {}
    for fault in faults:
        first.setdefault(fault.path, fault)
    return tuple(first.values())
