"""Acts of a sequence: interventions of customers, operators and providers, and faults."""

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg

from application.acting import act
from application.closing_refunds import close_refund
from application.refunding import RefundIdTaken, request_refund
from application.retrying import retry
from eventstore.errors import EventStoreError
from explore import temporal_acts
from explore.calm import dispatched
from explore.provider_acts import AT_STRIPE, at_stripe, deliver_webhooks, reconcile
from explore.statements import LEDGER_TIMES, SHIFT_TIMES
from explore.system import Explored
from gateways.errors import GatewayError
from orders.commands import CancelOrder, CloseRefund
from orders.errors import OrderError
from orders.events import CancelledBy
from orders.ids import CANCELLATION
from orders.interventions import HoldOrder, ReleaseOrder, RequestRefund, RetryOrder
from orders.payment_attempts import GivePaymentMethod
from orders.payment_events import RefundOutcome

How = Mapping[str, Any]
ACTOR: Final = "explore"
LOSES_THE_ATTEMPT: Final = ("kill", "zombie")
_LOOKED_BACK: Final = timedelta(seconds=60)


async def perform(system: Explored, order_id: str, sku: str, what: str, how: How, command_id: str) -> None:
    """Perform one act. A refusal by the domain or a provider is a valid result, after which a person may repeat the act."""
    with contextlib.suppress(OrderError, RefundIdTaken, EventStoreError, GatewayError):
        await _ACTS[what](system, order_id, sku, how, command_id)
    if how.get("heard"):
        await dispatched(system, order_id)


async def _cancel(system: Explored, order_id: str, sku: str, how: How, command_id: str) -> None:
    by = CancelledBy(how.get("by", "customer"))
    await act(system.app.orders, CancelOrder(order_id, "changed my mind", by), actor=ACTOR, command_id=command_id)


async def _hold(system: Explored, order_id: str, sku: str, how: How, command_id: str) -> None:
    await act(system.app.orders, HoldOrder(order_id, "fraud suspected"), actor=ACTOR, command_id=command_id)


async def _release(system: Explored, order_id: str, sku: str, how: How, command_id: str) -> None:
    await act(system.app.orders, ReleaseOrder(order_id), actor=ACTOR, command_id=command_id)


async def _retry(system: Explored, order_id: str, sku: str, how: How, command_id: str) -> None:
    command = RetryOrder(order_id, "impatient", how.get("carrier"), how.get("service"))
    await retry(system.app.orders, system.client, system.app.settings, command, actor=ACTOR, command_id=command_id)


async def _refund(system: Explored, order_id: str, sku: str, how: How, command_id: str) -> None:
    asked = RequestRefund(order_id, how["id"], how["amount"], "it arrived late")
    await request_refund(system.app.orders, asked, actor=ACTOR, command_id=command_id)


async def _pay(system: Explored, order_id: str, sku: str, how: How, command_id: str) -> None:
    command = GivePaymentMethod(order_id, how["method"])
    await act(system.app.orders, command, actor=ACTOR, command_id=command_id)


async def _close_refund(system: Explored, order_id: str, sku: str, how: How, command_id: str) -> None:
    app, id_ = system.app, how.get("id", CANCELLATION)
    command = CloseRefund(order_id, id_, RefundOutcome(how["outcome"]), "agreed with the customer")
    await close_refund(app.orders, app.payments, app.pool, command, actor=ACTOR, command_id=command_id)


async def _reconcile(system: Explored, order_id: str, sku: str, how: How, command_id: str) -> None:
    await reconcile(system, order_id, datetime.now(UTC) - _LOOKED_BACK)


async def _kill(system: Explored, order_id: str, sku: str, how: How, command_id: str) -> None:
    system.clock.lose_task(await temporal_acts.workflow_ids(system, order_id))


async def _zombie(system: Explored, order_id: str, sku: str, how: How, command_id: str) -> None:
    system.boundaries.zombie_delays[order_id] = how["boundaries"]


async def _fault(system: Explored, order_id: str, sku: str, how: How, command_id: str) -> None:
    system.weather.set(order_id, how["operation"], how["kind"], how["calls"])


async def _sold_elsewhere(system: Explored, order_id: str, sku: str, how: How, command_id: str) -> None:
    await system.app.adjustments.set_level(sku, 0, actor=ACTOR)


async def _unsent(system: Explored, order_id: str, sku: str, how: How, command_id: str) -> None:
    system.older.unsent[order_id] = how["messages"]


async def _days_pass(system: Explored, order_id: str, sku: str, how: How, command_id: str) -> None:
    system.weather.land(order_id)  # no call is in progress for a day
    owner = await asyncpg.connect(system.app.settings.app_database_url)
    try:
        for relation, columns in await owner.fetch(LEDGER_TIMES):
            earlier = ", ".join(f"{column} = {column} - interval '2 days'" for column in columns)
            await owner.execute(SHIFT_TIMES.format(relation=relation, columns=earlier), order_id)
    finally:
        await owner.close()


_Perform = Callable[[Explored, str, str, How, str], Awaitable[None]]


def _at_once(do: Callable[[Explored, str, How], object]) -> _Perform:
    async def perform_it(system: Explored, order_id: str, sku: str, how: How, command_id: str) -> None:
        do(system, order_id, how)

    return perform_it


def _in_temporal(do: Callable[..., Awaitable[None]]) -> _Perform:
    async def perform_it(system: Explored, order_id: str, sku: str, how: How, command_id: str) -> None:
        await do(system, order_id, **how)

    return perform_it


_ACTS: Final[dict[str, _Perform]] = {
    "cancel": _cancel,
    "hold": _hold,
    "release": _release,
    "retry": _retry,
    "refund": _refund,
    "close refund": _close_refund,
    "pay": _pay,
    "reconcile": _reconcile,
    "cancel in Temporal": _in_temporal(temporal_acts.cancel),
    "terminate": _in_temporal(temporal_acts.terminate),
    "reset": _in_temporal(temporal_acts.reset),
    "restore": _in_temporal(temporal_acts.restore),
    "unsent": _unsent,
    "kill": _kill,
    "zombie": _zombie,
    "fault": _fault,
    "land": _at_once(lambda system, order_id, how: system.weather.land(order_id)),
    "webhooks": lambda system, order_id, sku, how, command_id: deliver_webhooks(system, order_id, **how),
    "sold elsewhere": _sold_elsewhere,
    "days pass": _days_pass,
    **{what: at_stripe(what) for what in AT_STRIPE},
}
