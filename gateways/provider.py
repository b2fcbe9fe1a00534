"""Interface between a provider's package and its users: settings, composition and audit."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import asyncpg

from gateways.payments import PaymentGateway
from gateways.shipping import ShippingGateway

G = TypeVar("G")


class MissingPackage(Exception):
    """A setting selects a provider whose client package is not installed: install the extra named in the message."""


@dataclass(frozen=True, slots=True)
class LedgerView:
    """SQL pieces over a provider's ledger, from which `gateways/statements.py` composes the audit's queries.

    tables: ledger tables with an indexed column order_id. charges: query over charges `c` that returns currency, charged,
    refunded and held in minor units, with `{of_order}` in its condition. labels: query over the live labels of order
    p.order_id. refund: query that returns a row if refund key $1 belongs to payment $2.
    """

    tables: tuple[str, ...]
    charges: str | None = None
    labels: str | None = None
    refund: str | None = None


@dataclass(frozen=True, slots=True)
class Option(Generic[G]):
    """A gateway that the settings may select. selected: returns its name in logs, or None if the settings do not select
    it. build: may raise MissingPackage."""

    selected: Callable[[Any], str | None]
    build: Callable[[Any, asyncpg.Pool], G]


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider's ledger and gateways, registered in `gateways/providers.py`."""

    ledger: LedgerView
    payments: Option[PaymentGateway] | None = None
    shipping: Option[ShippingGateway] | None = None


@contextmanager
def client_package(package: str, *, setting: str) -> Iterator[None]:
    """Guard the imports of an optional client package. Raises MissingPackage."""
    try:
        yield
    except ModuleNotFoundError as missing:
        if missing.name != package:
            raise
        raise MissingPackage(
            f"{setting} is set and the package {package} is not installed: pip install '.[{package}]'"
        ) from None
