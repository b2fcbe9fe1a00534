"""Refusals by Stripe that are final, by code or parameter: all that the order's own amount, currency or means of payment
causes, and refunds that Stripe will never make. Any other refusal is taken for a misconfiguration.

Sources: https://docs.stripe.com/error-codes, https://docs.stripe.com/api/errors
"""

from dataclasses import dataclass
from typing import Final

USED: Final = "payment_method_used"
"""Our code for a used PaymentMethod: Stripe gives this refusal no code and no parameter."""
_UNKNOWN: Final = "Stripe does not know the order's means of payment"
_UNFIT: Final = "Stripe does not take the order's means of payment for this payment"
_MANDATE: Final = "the order's means of payment has no valid mandate"
_AMOUNTS: Final = {
    "amount_too_small": "it is below Stripe's minimum",
    "amount_too_large": "it is above Stripe's maximum",
    "invalid_charge_amount": "Stripe does not take the amount",
}
_CURRENCY: Final = "Stripe does not take the currency"
_METHODS: Final = {
    "resource_missing": _UNKNOWN,
    "parameter_missing": "the order's means of payment belongs to a Stripe customer, whom the charge does not name",
    USED: "the order's means of payment was used or detached before, and cannot be used again",
    "payment_method_unexpected_state": "the order's means of payment was used or detached before, and cannot be used again",
    "payment_method_currency_mismatch": "the order's means of payment has another currency",
    "payment_method_unsupported_type": _UNFIT,
    "payment_intent_incompatible_payment_method": _UNFIT,
    "payment_intent_mandate_invalid": _MANDATE,
    "mandate_invalid": _MANDATE,
    "bank_account_unusable": "the order's bank account cannot be debited",
    "bank_account_unverified": "the order's bank account is not verified",
}
_BY_CODE_ALONE: Final = frozenset(_METHODS) - {"resource_missing", "parameter_missing"}
_OURS: Final = frozenset({"parameter_unknown", "idempotency_error"})
_REFUNDS: Final = {
    "charge_disputed": "the payment is disputed",
    "refund_disputed_payment": "the payment is disputed",
    "charge_already_refunded": "nothing is left of the charge",
    "charge_not_refundable": "the payment cannot be refunded",
}


@dataclass(frozen=True, slots=True)
class ChargeRefusal:
    """A final refusal of a charge. of_amount: caused by the amount or currency, which no other means of payment mends."""

    code: str
    reason: str
    of_amount: bool = False


def refusal_of_charge(code: str, parameter: str) -> ChargeRefusal | None:
    """Return the final refusal that this code at this parameter means; None for any other."""
    if code in _OURS:
        return None
    if code in _AMOUNTS:
        return ChargeRefusal(code, _AMOUNTS[code], of_amount=True)
    if parameter == "currency":
        return ChargeRefusal("invalid_currency", _CURRENCY, of_amount=True)
    if parameter.partition("[")[0] in ("mandate", "mandate_data"):
        return ChargeRefusal("mandate_missing", _MANDATE)
    if code in _BY_CODE_ALONE or parameter in ("payment_method", "customer"):
        return ChargeRefusal(code, _METHODS.get(code, _UNFIT))
    return None


def is_of_amount(code: str) -> bool:
    """True for the code of a refusal that the amount or currency caused."""
    return code in _AMOUNTS or code == "invalid_currency"


def refusal_of_refund(code: str, parameter: str) -> str | None:
    """Return the reason why Stripe never makes the refund; None for any other refusal."""
    return _REFUNDS.get(code) or ("less is left of the charge" if parameter == "amount" and code not in _OURS else None)
