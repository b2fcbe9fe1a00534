"""Gateways that forget idempotency keys, as a real one does after a day, and find their earlier effects nevertheless."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from bootstrap import App
from gateways.payments import Charge, ChargeRequest, PaymentChange, PaymentGateway, Refund, RefundRequest, Voided
from gateways.shipping import Label, LabelRequest, ShippingGateway, VoidedLabel
from gateways.simulated import Operation


@dataclass
class Forgetful:
    """Calls of the doubles: each is an effect of its own. keys: the first ledger key of each request."""

    asked: Counter[Operation] = field(default_factory=Counter)
    keys: dict[tuple[Operation, str], str] = field(default_factory=dict)

    def new_key(self, operation: Operation, key: str) -> str:
        """Create a key that is new to the ledger."""
        self.asked[operation] += 1
        fresh = f"{key}#{self.asked[operation]}"
        self.keys.setdefault((operation, key), fresh)
        return fresh

    def known(self, operation: Operation, key: str) -> str:
        return self.keys.get((operation, key), key)


def forgetful(doubles: Forgetful) -> Callable[[App], App]:
    """Put the doubles in front of the gateways of an app."""

    def adapt(app: App) -> App:
        return replace(
            app,
            payments=_ForgetfulPayments(app.payments, doubles),
            shipping=_ForgetfulShipping(app.shipping, doubles),
        )

    return adapt


class _ForgetfulPayments:
    def __init__(self, gateway: PaymentGateway, doubles: Forgetful) -> None:
        self._gateway, self._doubles = gateway, doubles

    async def charge(self, request: ChargeRequest) -> Charge:
        return await self._gateway.charge(replace(request, key=self._doubles.new_key("payment.charge", request.key)))

    async def capture(self, key: str) -> Charge:
        return await self._gateway.capture(self._doubles.known("payment.charge", key))

    async def refund(self, request: RefundRequest) -> Refund:
        return await self._gateway.refund(replace(request, key=self._doubles.new_key("payment.refund", request.key)))

    async def void(self, key: str, reason: str) -> Voided:
        return await self._gateway.void(self._doubles.known("payment.charge", key), reason)

    async def close_void(self, key: str) -> int:
        return await self._gateway.close_void(self._doubles.known("payment.charge", key))

    async def close_refund(self, request: RefundRequest) -> None:
        await self._gateway.close_refund(replace(request, key=self._doubles.known("payment.refund", request.key)))

    async def find(self, key: str) -> Charge | None:
        return await self._gateway.find(self._doubles.known("payment.charge", key))

    async def find_refund(self, key: str) -> Refund | None:
        return await self._gateway.find_refund(self._doubles.known("payment.refund", key))

    async def changes(self, key: str, *, crediting: bool) -> Sequence[PaymentChange]:
        return await self._gateway.changes(self._doubles.known("payment.charge", key), crediting=crediting)


class _ForgetfulShipping:
    def __init__(self, gateway: ShippingGateway, doubles: Forgetful) -> None:
        self._gateway, self._doubles = gateway, doubles

    def needs_customs(self, country: str) -> bool:
        return self._gateway.needs_customs(country)

    async def create(self, request: LabelRequest) -> Label:
        return await self._gateway.create(replace(request, key=self._doubles.new_key("shipping.create", request.key)))

    async def void(self, key: str, reason: str) -> VoidedLabel:
        return await self._gateway.void(self._doubles.known("shipping.create", key), reason)

    async def find(self, key: str) -> Label | None:
        return await self._gateway.find(self._doubles.known("shipping.create", key))
