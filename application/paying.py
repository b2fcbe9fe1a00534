"""The payment of an order that may wait for another means of payment, or for its customer at the provider."""

from dataclasses import dataclass

import structlog
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from dispatcher.older_ids import id_in_use
from eventstore.errors import EventStoreError
from gateways.payments import CustomerAction, CustomerActions, PaymentGateway
from order_streams import Orders, load_order
from orders.errors import OrderError
from orders.names import charge_key
from orders.records import PaymentFailure
from orders.state import Confirmed, ExistingOrder, State
from temporal import reachable
from workflows.model import FULFILL_ORDER, RETRY

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class OrderPayment:
    """An order's payment. failure: of an order that waits; None for any other. action: what the provider needs of the customer,
    read from it at the time of the request, and stored nowhere."""

    state: ExistingOrder
    version: int
    failure: PaymentFailure | None
    action: CustomerAction | None


async def payment_of(orders: Orders, gateway: PaymentGateway, order_id: str) -> OrderPayment:
    """Read an order's payment; of a waiting order also the customer's action. Raises OrderNotFound, or a GatewayError where the
    provider does not answer."""
    loaded = await load_order(orders, order_id)
    failure = loaded.state.awaited
    action = None
    if failure is not None and isinstance(gateway, CustomerActions):
        action = await gateway.customer_action(charge_key(order_id))
    return OrderPayment(loaded.state, loaded.version, failure, action)


def waits_for_payment(state: State) -> bool:
    """True of an order that waits for another means of payment, for its customer, or for the provider's decision."""
    return isinstance(state, Confirmed) and (state.awaited is not None or state.pending is not None)


async def wake_if_waiting(orders: Orders, client: Client, order_id: str) -> None:
    """Have an order whose payment is awaited or pending look at it: the provider reports a change. Without an answer of
    Temporal's it looks later, by itself."""
    try:
        waits = waits_for_payment((await load_order(orders, order_id)).state)
    except (OrderError, EventStoreError):  # `orders audit` reports such a stream
        return
    connected = await reachable(client) if waits else None
    if connected is None:
        return
    try:
        workflow_id = await id_in_use(connected, FULFILL_ORDER, order_id)
        await connected.get_workflow_handle(workflow_id).signal(RETRY)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            _log.warning("an order that waits for its payment could not be woken", orderId=order_id, error=str(error))
