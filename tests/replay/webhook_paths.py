"""Paths through deliver-webhooks."""

from tests.running_system import RunningSystem, until
from tests.webhook_receiver import Answer, Receiver, receiving
from tests.workflow.steering import Steering
from webhooks.deliveries import State
from webhooks.steps import workflow_id


async def delivered(system: RunningSystem, steering: Steering) -> str:
    """All events of a shipped order."""
    async with receiving() as receiver:
        return await _delivered(system, receiver, "*", {State.DELIVERED: 6})


async def parked(system: RunningSystem, steering: Steering) -> str:
    """Postponed by a day each time, until the three days of retries are over."""
    async with receiving() as receiver:
        receiver.decide = lambda _: Answer(503, {"retry-after": "86400"})
        return await _delivered(system, receiver, "order.placed", {State.PARKED: 1})


async def gone(system: RunningSystem, steering: Steering) -> str:
    """The receiver answers 410: the endpoint is disabled, and its pending deliveries stay pending."""
    async with receiving() as receiver:
        receiver.decide = lambda _: Answer(410)
        held = steering.hold_before("deliver-webhook")
        endpoint, _ = await system.app.endpoints.add(receiver.url, ["order.*"])
        order_id = await system.place()
        await system.settled(order_id, "shipped")
        await _counted(system, endpoint.id, {State.PENDING: 4})
        held.release.set()
        await _counted(system, endpoint.id, {State.PARKED: 1, State.PENDING: 3})
        return await _ended(system, endpoint.id, order_id)


async def _delivered(system: RunningSystem, receiver: Receiver, topic: str, counts: dict[State, int]) -> str:
    endpoint, _ = await system.app.endpoints.add(receiver.url, [topic])
    order_id = await system.place()
    await system.settled(order_id, "shipped")
    await _counted(system, endpoint.id, counts)
    return await _ended(system, endpoint.id, order_id)


async def _counted(system: RunningSystem, endpoint_id: str, counts: dict[State, int]) -> None:
    async def counted() -> bool:
        page = await system.app.deliveries.list(endpoint_id=endpoint_id, limit=100)
        found = [State(row.state) for row in page.rows]
        return {state: found.count(state) for state in set(found)} == counts

    await until(counted, f"deliveries are {counts}")


async def _ended(system: RunningSystem, endpoint_id: str, order_id: str) -> str:
    """Wait for the end of the workflow; return the rest of its id after its type."""
    await system.client.get_workflow_handle(workflow_id(endpoint_id, order_id)).result()
    return f"{endpoint_id}-{order_id}"
