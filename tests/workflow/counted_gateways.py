"""Gateways that count their calls."""

from collections import Counter
from dataclasses import replace
from typing import Any, cast

from bootstrap import App
from gateways.payments import PaymentGateway
from gateways.shipping import ShippingGateway


class Asked:
    """adapt: puts a counter in front of both gateways of an app. calls: by `payment` or `shipping` and operation."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()

    def adapt(self, app: App) -> App:
        payments = cast(PaymentGateway, _Counted("payment", app.payments, self.calls))
        shipping = cast(ShippingGateway, _Counted("shipping", app.shipping, self.calls))
        return replace(app, payments=payments, shipping=shipping)


class _Counted:
    def __init__(self, name: str, gateway: Any, calls: Counter[str]) -> None:
        self._name, self._gateway, self._calls = name, gateway, calls

    def __getattr__(self, operation: str) -> Any:
        self._calls[f"{self._name}.{operation}"] += 1
        return getattr(self._gateway, operation)
