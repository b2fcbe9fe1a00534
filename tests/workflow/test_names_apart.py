"""Ids that resemble names of the system: every order and refund keeps its own effects."""

import hashlib

import orjson
from temporalio.client import Client

from activities.shipping import label_key
from bootstrap import build_app
from eventstore.pool import open_pool
from gateways.payments import ChargeRequest, RefundRequest
from gateways.shipping import LabelRequest, Recipient
from orders.commands import ConfirmOrder, PlaceOrder
from orders.ids import stream_name
from orders.interventions import RequestRefund
from orders.model import parse_order
from orders.names import charge_key, older_name
from orders.state import Shipped
from settings import Settings
from tests.integration.api_harness import api_of
from tests.running_system import PLACED_AT, RunningSystem, new_id, order_data, running_system, until
from tests.workflow.books import assert_the_books_hold
from tests.workflow.steering import Steering

RECIPIENT = Recipient("Maria Anders", "Obere Str. 57", None, "Berlin", None, "12209", "DE")


async def shipped(system: RunningSystem, order_id: str) -> str:
    await system.place(order_id, quantity=1)
    await system.settled(order_id, "shipped")
    return order_id


async def refund(system: RunningSystem, order_id: str, refund_id: str, amount: int = 5_00) -> None:
    await system.handle(order_id, RequestRefund(order_id, refund_id, amount, "it arrived late"))


async def refunded(system: RunningSystem, order_id: str) -> int:
    state = await system.state(order_id)
    assert isinstance(state, Shipped)
    return sum(each.amount for each in state.refunds)


async def given_back(system: RunningSystem, order_id: str, amount: int) -> None:
    """Wait until the stream has the refund, then compare the gateway's own books."""

    async def recorded() -> bool:
        return await refunded(system, order_id) == amount

    await until(recorded, f"{amount} of {order_id} are recorded as refunded")
    assert await system.money(order_id) == (15_00, amount)


async def test_given_two_refunds_whose_ids_join_to_the_same_text_then_each_gets_its_money(
    system: RunningSystem,
) -> None:
    first = await shipped(system, new_id())
    second = await shipped(system, f"{first}:return-payment:y")
    await refund(system, first, "y:return-payment:z")
    await given_back(system, first, 5_00)
    await refund(system, second, "z")
    await given_back(system, second, 5_00)
    await assert_the_books_hold(system)


async def test_given_a_refund_named_as_a_step_then_the_order_whose_id_ends_so_is_confirmed(
    system: RunningSystem,
) -> None:
    first = await shipped(system, new_id())
    await refund(system, first, "confirm")
    await given_back(system, first, 5_00)
    await shipped(system, f"{first}:record-requested-refund")
    await assert_the_books_hold(system)


async def test_given_an_order_whose_id_ends_in_a_step_then_anothers_refund_is_recorded(system: RunningSystem) -> None:
    first = await shipped(system, new_id())
    await shipped(system, f"{first}:record-requested-refund")
    await refund(system, first, "confirm")
    await given_back(system, first, 5_00)
    await assert_the_books_hold(system)


async def test_given_an_idempotency_key_made_of_a_refunds_name_then_that_refund_is_recorded(
    system: RunningSystem,
) -> None:
    name = new_id()
    order_id = await shipped(system, f"api:local:{name}")
    path, body = f"/v1/orders/{order_id}/retry", orjson.dumps({"reason": "to be sure"})
    digests = [hashlib.sha256(part).digest() for part in (b"POST", path.encode(), b"", body)]
    fingerprint = hashlib.sha256(b"\0".join(digests)).hexdigest()
    headers = {"Idempotency-Key": f"{name}:record-requested-refund", "Content-Type": "application/json"}
    async with api_of(system.app, system.client) as served:
        answer = await served.http.post(path, content=body, headers=headers)
        assert answer.status_code == 202, answer.text
        asked = {"amount": 5_00, "reason": "it arrived late", "refundId": fingerprint}
        answer = await served.post(f"/v1/orders/{order_id}/refunds", asked)
        assert answer.status_code == 202, answer.text
        await given_back(system, order_id, 5_00)
    await assert_the_books_hold(system)


async def test_an_order_placed_and_charged_by_older_names_is_charged_once_and_undone(
    database_url: str, temporal_client: Client, steering: Steering
) -> None:
    order_id = f"{new_id()}:return-payment:r"
    await begun_by_older_names(database_url, order_id)
    steering.refuse("record-shipment")
    async with running_system(database_url, temporal_client, interceptors=[steering]) as system:
        await system.stock(TEA_1=10)
        await system.settled(order_id, "cancelled")
        assert await system.money(order_id) == (30_00, 30_00)
        assert await system.live_labels(order_id) == 0
        for ledger in ("charges", "labels"):
            keys = await system.app.pool.fetch(f"select key from simulated.{ledger} where order_id = $1", order_id)
            assert len(keys) == 1, ledger
        assert await system.events(order_id) == [
            "order.placed", "order.confirmed", "order.paid", "order.cancelled", "order.refunded"
        ]  # fmt: skip
        assert await system.available("TEA-1") == 10
        await assert_the_books_hold(system)


async def begun_by_older_names(database_url: str, order_id: str) -> None:
    """Order that is confirmed, charged and labelled; its process ended before it recorded that."""
    order = parse_order(order_data(order_id), now=PLACED_AT)
    content = order.model_dump_json(by_alias=True, exclude={"placed_at"})
    async with open_pool(database_url) as pool:
        app = build_app(Settings(database_url=database_url), pool)
        stream, place = stream_name(order_id), f"{order_id}:place:{hashlib.sha256(content.encode()).hexdigest()}"
        await app.orders.handle(stream, PlaceOrder(order), command_id=place)
        await app.orders.handle(stream, ConfirmOrder(order_id), command_id=f"{order_id}:confirm")
        charge, label = f"{order_id}:charge-payment", f"{order_id}:create-shipment"
        assert (charge_key(order_id), label_key(order_id)) == (charge, label)
        await app.payments.charge(ChargeRequest(charge, order_id, "ALFKI", 30_00, "EUR"))
        await app.shipping.create(LabelRequest(label, order_id, 2, RECIPIENT))
        await app.close()


async def test_a_refund_made_by_an_older_key_is_made_once_and_anothers_of_that_key_too(
    system: RunningSystem, steering: Steering
) -> None:
    first = await shipped(system, new_id())
    second = await shipped(system, f"{first}:return-payment:y")
    held = steering.hold_before("return-payment")
    await refund(system, first, "y:return-payment:z")
    await refund(system, second, "z")
    await held.reached.wait()
    older = older_name("return-payment", second, "z")
    assert older == older_name("return-payment", first, "y:return-payment:z")
    payment = (await system.state(first)).payment
    assert payment
    await system.app.payments.refund(RefundRequest(older, payment.payment_id, 5_00, "EUR", "requested"))
    held.release.set()
    for order_id in (first, second):
        await given_back(system, order_id, 5_00)
    await assert_the_books_hold(system)
