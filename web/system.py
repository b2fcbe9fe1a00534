"""Shared state of the routes while the API is served."""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request
from temporalio.client import Client

from application.readiness import Ready
from gateways.payments import PaymentGateway
from gateways.stripe.events import StripeEvents
from inventory.adjustments import Adjustments
from inventory.stock import Stock
from open_work.sources import Sources
from order_streams import Orders
from projections.queries import Queries
from settings import Settings
from web.bulk_actions import BulkActions
from web.idempotency import Idempotency
from web.keys import Caller, Keyring
from web.rebuilds import Rebuilds
from web.refusals import Refusals
from web.request_rate import RequestRate
from web.streams import Streams
from web.wrong_keys import WrongKeys
from webhooks.deliveries import Deliveries
from webhooks.endpoints import Endpoints


@dataclass(frozen=True)
class System:
    """The parts of the system that routes use, Temporal's client (connected or not), and the API's own parts."""

    settings: Settings
    client: Client
    sources: Sources
    orders: Orders
    stock: Stock
    adjustments: Adjustments
    queries: Queries
    endpoints: Endpoints
    deliveries: Deliveries
    payments: PaymentGateway
    stripe_events: StripeEvents | None
    keyring: Keyring
    idempotency: Idempotency
    rebuilds: Rebuilds
    streams: Streams
    bulk_actions: BulkActions
    refusals: Refusals
    wrong_keys: WrongKeys
    request_rate: RequestRate
    readiness: Ready


def system_of(request: Request) -> System:
    return cast(System, request.app.state.system)


def caller_of(request: Request) -> Caller:
    """Return the caller, which `web.route.ApiRoute` sets before any handler runs."""
    return cast(Caller, request.state.caller)


def command_id_of(request: Request) -> str:
    """Return the id of the request's command: of a POST the same for the same content and Idempotency-Key."""
    return cast(str, request.state.command_id)


Shared = Annotated[System, Depends(system_of)]
Asking = Annotated[Caller, Depends(caller_of)]
CommandId = Annotated[str, Depends(command_id_of)]
