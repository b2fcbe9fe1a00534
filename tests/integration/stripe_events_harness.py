"""Stripe's webhooks, signed by hand after its documentation."""

import hashlib
import hmac
import json
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx
from temporalio.client import Client

from bootstrap import App
from gateways.payments import Charge, ChargeRequest
from orders.names import charge_key
from tests.gateways.local_stripe import API_KEY
from tests.gateways.stripe_proxy import StripeProxy
from tests.integration.api_harness import KEYS, Api, api
from tests.integration.projections_harness import owner
from tests.running_system import new_id

SECRET: Final = "whsec_of-the-tests"
PATH: Final = "/v1/gateways/stripe/events"
Json = dict[str, Any]


def stripe_settings(server: StripeProxy) -> dict[str, Any]:
    return {
        "stripe_api_key": API_KEY,
        "stripe_api_base": server.address,
        "stripe_webhook_secret": SECRET,
        "api_keys": KEYS,
    }


@asynccontextmanager
async def stripe_api(database_url: str, client: Client, server: StripeProxy, **settings: Any) -> AsyncIterator[Api]:
    """The API alone, with payments by Stripe, called without our keys, as Stripe does."""
    async with api(database_url, client, **stripe_settings(server), **settings) as served:
        yield served


def signature(body: bytes, secret: str = SECRET, at: float | None = None) -> str:
    """https://docs.stripe.com/webhooks#verify-manually"""
    seconds = int(time.time() if at is None else at)
    signed = hmac.new(secret.encode(), b"%d.%s" % (seconds, body), hashlib.sha256).hexdigest()
    return f"t={seconds},v1={signed}"


def an_event(kind: str, about: Json, **changes: object) -> Json:
    """An event in the form that Stripe documents."""
    return {
        "id": f"evt_{uuid.uuid4().hex}",
        "object": "event",
        "type": kind,
        "created": int(time.time()),
        "data": {"object": about},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        **changes,
    }


def of_intent(kind: str, intent_id: str, status: str, **changes: object) -> Json:
    return an_event(kind, {"id": intent_id, "object": "payment_intent", "status": status}, **changes)


def of_refund(kind: str, intent_id: str, refund_id: str, status: str, amount: int = 400, **about: object) -> Json:
    return an_event(
        kind,
        {
            "id": refund_id,
            "object": "refund",
            "payment_intent": intent_id,
            "status": status,
            "amount": amount,
            "currency": "eur",
            "metadata": {},
            **about,
        },
    )


async def deliver(served: Api, event: object, **signing: Any) -> httpx.Response:
    """Send it signed, without our keys."""
    body = event if isinstance(event, bytes) else json.dumps(event, indent=2).encode()
    return await deliver_signed(served, body, signature(body, **signing))


async def deliver_signed(served: Api, body: bytes, signed: str | None, **headers: str) -> httpx.Response:
    given = {"Content-Type": "application/json; charset=utf-8", **headers}
    if signed is not None:
        given["Stripe-Signature"] = signed
    return await served.http.post(PATH, content=body, headers=given)


async def charged(app: App, order_id: str | None = None, payment_method: str = "pm_card_visa") -> Charge:
    """A charge that Stripe has made for an order. Raises the gateway's refusals."""
    order_id = order_id or new_id()
    request = ChargeRequest(charge_key(order_id), order_id, "ALFKI", 3000, "EUR", payment_method=payment_method)
    return await app.payments.charge(request)


async def set_charge(database_url: str, intent_id: str, **columns: object) -> None:
    """Set a row of the ledger back to an earlier state, which the application cannot."""
    names = ", ".join(f"{name} = ${number}" for number, name in enumerate(columns, 2))
    async with owner(database_url) as connection, connection.transaction():
        await connection.execute("alter table gateways.stripe_charges disable trigger stripe_charges_forward")
        await connection.execute(
            f"update gateways.stripe_charges set {names} where intent_id = $1", intent_id, *columns.values()
        )
        await connection.execute("alter table gateways.stripe_charges enable trigger stripe_charges_forward")


async def state_of(app: App, intent_id: str) -> str | None:
    state: str | None = await app.pool.fetchval(
        "select state from gateways.stripe_charges where intent_id = $1", intent_id
    )
    return state


async def refund_states(app: App) -> dict[str, str]:
    rows = await app.pool.fetch("select key, state from gateways.stripe_refunds order by key")
    return {row["key"]: row["state"] for row in rows}


async def inbox(app: App) -> dict[str, bool]:
    """True for each handled event, by id."""
    rows = await app.pool.fetch("select event_id, handled_at from gateways.stripe_inbox order by event_id")
    return {row["event_id"]: row["handled_at"] is not None for row in rows}
