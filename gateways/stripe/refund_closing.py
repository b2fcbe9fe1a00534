"""Refunds at Stripe that are given up: withdrawn by a person, or returned in another way."""

from typing import Final

from gateways.errors import RefundUnderWay
from gateways.payments import RefundRequest
from gateways.stripe.api import StripeApi
from gateways.stripe.errors import StripeRefused
from gateways.stripe.ledger import ChargeRow
from gateways.stripe.refund_credits import RefundRow, manual_credits
from gateways.stripe.refund_ledger import StripeRefundLedger
from gateways.stripe.refunds import StripeRefunds
from orders.names import key_of_order

_WAITS_FOR_CUSTOMER: Final = "requires_action"


class StripeRefundClosing:
    """Closes refunds after a look at Stripe. A call that is lost may still take effect later: the refund then enters the
    stream as a change of the payment."""

    def __init__(self, api: StripeApi, ledger: StripeRefundLedger, refunds: StripeRefunds) -> None:
        self._api, self._ledger, self._refunds = api, ledger, refunds

    async def close(self, request: RefundRequest) -> None:
        """As PaymentGateway.close_refund. The ledger is closed first: no refund is requested after the look at Stripe."""
        await self._ledger.close(request.key, request)
        await self._cancel_waiting(request)
        row = (await self._refunds.synced(request.payment_id, request.currency))[request.key]
        if row.made or row.state == "settled":
            raise RefundUnderWay(request.key, _state_of(row))
        if not row.closed:
            await self._ledger.close(request.key, request)

    async def close_void(self, charge: ChargeRow) -> int:
        """Close the failed refund of a cancelled order's charge; return the amount due. Otherwise raises RefundUnderWay."""
        key = key_of_order("refund-payment", charge.order_id)
        rows = await self._refunds.synced(charge.intent_id or "", charge.currency)
        row = rows.get(key)
        if row is None or row.state != "failed":
            raise RefundUnderWay(key, _state_of(row) if row else "it has not been requested yet")
        due = row.amount if row.closed else row.coverable - manual_credits(rows.values())[key]
        if due <= 0:
            raise RefundUnderWay(key, "the money was returned in the dashboard: `orders retry` records it")
        await self._ledger.close(key, row)
        return due

    async def _cancel_waiting(self, request: RefundRequest) -> None:
        for refund in await self._api.refunds(request.payment_id):
            if refund.key == request.key and refund.status == _WAITS_FOR_CUSTOMER:
                try:
                    await self._api.cancel_refund(refund.id)
                except StripeRefused:
                    raise RefundUnderWay(request.key, "Stripe no longer cancels it") from None


def _state_of(row: RefundRow) -> str:
    states = {"pending": "Stripe has it, and has not decided yet", "asked": "it is in progress"}
    return states.get(row.state, "it was made, or refunds in the dashboard have covered it")
