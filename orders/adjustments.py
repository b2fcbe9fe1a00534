"""Adjustments of a payment: refunds, captures, releases and disputes at the provider that this system did not request."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from orders.fields import MAX_AMOUNT, Amount, CurrencyCode, OptionalText, Text
from orders.model import OrderFact
from orders.money import format_money

AdjustmentAction = Literal["refunded", "captured", "released", "disputed", "dispute_won", "dispute_lost"]
_SENTENCES: Final[dict[AdjustmentAction, str]] = {
    "refunded": "{money} was refunded at the provider as {reference}",
    "captured": "only {money} of {reference} was captured at the provider",
    "released": "the authorisation {reference} of {money} was released at the provider",
    "disputed": "the customer disputes {money} as {reference}",
    "dispute_won": "the dispute {reference} of {money} was won",
    "dispute_lost": "the dispute {reference} of {money} was lost",
}
INCLUDED_IN_CANCELLATION: Final = frozenset({"refunded", "released"})
"""Actions whose money the refund of a cancelled order includes."""


class PaymentAdjusted(OrderFact):
    """The payment was changed at the provider, not by this system. Amounts in minor units.

    reference: the provider's id of the refund, dispute or payment. amount: of the refund or dispute; captured: the amount
    that was captured. returned: the amount by which the money kept shrinks; negative where money comes back. status: the
    order's status at that time.
    """

    event_type: ClassVar[str] = "order.payment_adjusted"

    action: AdjustmentAction
    reference: Text
    payment_id: Text
    amount: Amount
    returned: Annotated[int, Field(strict=True, ge=-MAX_AMOUNT, le=MAX_AMOUNT)]
    currency: CurrencyCode
    status: Text
    reason: OptionalText = None

    @property
    def summary(self) -> str:
        return sentence_of(self, self.currency)


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A recorded adjustment; see PaymentAdjusted."""

    action: AdjustmentAction
    reference: str
    amount: int
    returned: int
    reason: str | None = None


def sentence_of(adjusted: PaymentAdjusted | Adjustment, currency: str) -> str:
    """The adjustment in a sentence."""
    money = format_money(adjusted.amount, currency)
    sentence = _SENTENCES[adjusted.action].format(money=money, reference=adjusted.reference)
    return f"{sentence}: {adjusted.reason}" if adjusted.reason else sentence


def returned_by(adjustments: Iterable[Adjustment], actions: frozenset[str] | None = None) -> int:
    """The amount by which the adjustments shrink the money kept; actions: of these alone."""
    return sum(each.returned for each in adjustments if actions is None or each.action in actions)


def withdrawn_by(adjustments: Iterable[Adjustment]) -> int:
    """The amount by which the adjustments shrank the money kept, as if no dispute had been won."""
    return sum(each.returned for each in adjustments if each.returned > 0)


def captured_of(payment: int, adjustments: Iterable[Adjustment]) -> int:
    return payment - returned_by(adjustments, frozenset({"captured", "released"}))


def standing_dispute(adjustments: Iterable[Adjustment]) -> Adjustment | None:
    """The first dispute that is open or lost."""
    latest = {each.reference: each for each in adjustments if each.action.startswith("dispute")}
    return next((each for each in latest.values() if each.action != "dispute_won"), None)
