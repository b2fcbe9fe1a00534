"""Changes in the books of the simulated Stripe without a request of ours: by the shop's people in the dashboard, by customers,
and by their banks."""

import time
from collections.abc import Iterator
from typing import Any

from explore.stripe_books import StripeBooks, order_of

OPEN = "needs_response"


def refund(books: StripeBooks, order_id: str, amount: int | None) -> None:
    """Refund the amount, or the rest, in the dashboard; no effect if the rest is smaller or disputed."""
    for intent in books.of(order_id):
        left = books.kept_of(intent)
        disputed = any(each["status"] == OPEN for each in books.disputes_of(intent["id"]))
        if intent["status"] == "succeeded" and left >= (amount or 1) and not disputed:
            books.refund({"payment_intent": intent["id"], "amount": str(amount or left)})


def void(books: StripeBooks, order_id: str) -> None:
    """Cancel every authorisation of the order in the dashboard."""
    for intent in books.of(order_id):
        if intent["status"] == "requires_capture":
            books.cancel(intent)


def capture(books: StripeBooks, order_id: str, amount: int | None) -> None:
    """Capture every authorisation, or this part of it, in the dashboard."""
    for intent in books.of(order_id):
        if intent["status"] == "requires_capture":
            books.capture(intent, amount)


def bounce(books: StripeBooks, order_id: str) -> None:
    """Fail the latest refund after the fact: the money comes back to us."""
    for each in [each for each in _refunds(books, order_id) if each["status"] == "succeeded"][-1:]:
        _fail(books, each)


def end_refunds(books: StripeBooks, order_id: str, *, succeeds: bool) -> None:
    for each in [each for each in _refunds(books, order_id) if each["status"] == "pending"]:
        if succeeds:
            each["status"] = "succeeded"
            books.emit(books.intents[each["payment_intent"]], "refund.updated", each)
        else:
            _fail(books, each)


def end_processing(books: StripeBooks, order_id: str, *, succeeds: bool) -> None:
    """End the processing of every payment of the order."""
    for intent in [each for each in books.of(order_id) if each["status"] == "processing"]:
        if succeeds:
            books.pay(intent)
        else:
            books.decline(intent, "payment_intent_payment_attempt_failed", "insufficient_funds", "The debit failed.")


def authenticate(books: StripeBooks, order_id: str, *, succeeds: bool) -> None:
    """The customer completes the authentication of a payment, or fails it."""
    for intent in [each for each in books.of(order_id) if each["status"] == "requires_action"]:
        if succeeds:
            books.pay(intent)
        else:
            code = "payment_intent_authentication_failure"
            books.decline(intent, code, code, "The customer could not be authenticated.")


def dispute(books: StripeBooks, order_id: str, amount: int | None) -> None:
    """The customer disputes the amount, or all that is kept, of a captured payment: the bank withdraws it."""
    for intent in books.of(order_id):
        kept = books.kept_of(intent)
        if intent["status"] != "succeeded" or kept < (amount or 1) or books.disputes_of(intent["id"]):
            continue
        intent["latest_charge"]["disputed"] = True
        opened = {
            "id": books.new_id("dp"),
            "object": "dispute",
            "payment_intent": intent["id"],
            "charge": intent["latest_charge"]["id"],
            "amount": amount or kept,
            "currency": intent["currency"],
            "status": OPEN,
            "reason": "fraudulent",
            "created": int(time.time()),
        }
        books.disputes[opened["id"]] = opened
        for change in ("created", "funds_withdrawn"):
            books.emit(intent, f"charge.dispute.{change}", opened)


def end_disputes(books: StripeBooks, order_id: str, *, won: bool) -> None:
    """The bank decides every open dispute of the order."""
    for intent in books.of(order_id):
        for each in [each for each in books.disputes_of(intent["id"]) if each["status"] == OPEN]:
            each["status"] = "won" if won else "lost"
            books.emit(intent, "charge.dispute.closed", each)


def refunded(books: StripeBooks, order_id: str) -> int:
    """Minor units that were refunded by hand."""
    return sum(
        each["amount"]
        for each in _refunds(books, order_id)
        if not each["metadata"] and each["status"] == "succeeded" and each["balance_transaction"]
    )


def bounced(books: StripeBooks, order_id: str) -> int:
    """Minor units of our refunds that failed."""
    return sum(each["amount"] for each in _refunds(books, order_id) if each["metadata"] and each["status"] == "failed")


def _refunds(books: StripeBooks, order_id: str) -> Iterator[dict[str, Any]]:
    """The order's refunds, the oldest first."""
    return (each for each in books.refunds.values() if order_of(books.intents[each["payment_intent"]]) == order_id)


def _fail(books: StripeBooks, failing: dict[str, Any]) -> None:
    intent = books.intents[failing["payment_intent"]]
    failing["status"] = "failed"
    intent["latest_charge"]["amount_refunded"] -= failing["amount"]
    books.emit(intent, "refund.failed", failing)
