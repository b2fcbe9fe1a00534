"""Notes and tags beside a running order: no workflow regards them, and no step is done twice or left out."""

import asyncio
from typing import Final

from temporalio.api.enums.v1 import EventType

from orders.interventions import NoteOrder, TagOrder, UntagOrder
from orders.state import Shipped
from tests.running_system import RunningSystem, new_id
from tests.workflow.steering import Steering

WORKFLOWS: Final = ("validate-order", "fulfill-order", "notify-shipment")
# Without the events of workflow tasks, whose number depends on the duration of local activities.
COMPARED: Final = (
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
    EventType.EVENT_TYPE_MARKER_RECORDED,
    EventType.EVENT_TYPE_TIMER_STARTED,
    EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED,
)


async def commands(system: RunningSystem, order_id: str) -> dict[str, list[str]]:
    """Events of each workflow of the order that its commands and signals cause."""
    return {
        name: [
            EventType.Name(event.event_type)
            async for event in system.workflow(name, order_id).fetch_history_events()
            if event.event_type in COMPARED
        ]
        for name in WORKFLOWS
    }


async def annotate(system: RunningSystem, order_id: str, about: str) -> None:
    await system.handle(order_id, NoteOrder(order_id, f"before {about}"))
    await system.handle(order_id, TagOrder(order_id, ("seen", about)))
    await system.handle(order_id, UntagOrder(order_id, ("seen",)))


async def test_an_order_annotated_before_every_step_goes_the_way_of_any_other(
    system: RunningSystem, steering: Steering
) -> None:
    plain = await system.place()
    await system.settled(plain, "shipped")
    expected, calls = await commands(system, plain), dict(steering.calls)
    assert len(calls) > 6, calls
    steering.calls.clear()

    held = {step: steering.hold_before(step) for step in calls}
    order_id = await system.place()
    for step in calls:
        async with asyncio.timeout(30):
            await held[step].reached.wait()
        await annotate(system, order_id, step)
        held[step].release.set()
    state = await system.settled(order_id, "shipped")
    await annotate(system, order_id, "end")
    await system.dispatched_all()

    assert isinstance(state, Shipped)
    assert state.tags == tuple(calls)
    assert steering.calls == calls
    assert await commands(system, order_id) == expected
    assert await system.money(order_id) == await system.money(plain)
    assert await system.running(order_id) == []


async def test_a_step_and_notes_at_the_same_time_are_all_recorded(system: RunningSystem) -> None:
    order_id, done = new_id(), asyncio.Event()

    async def write_notes() -> int:
        for number in range(200):
            if done.is_set():
                return number
            await system.handle(order_id, NoteOrder(order_id, f"note {number}"))
        return 200

    await system.place(order_id)
    writing = asyncio.create_task(write_notes())
    try:
        await system.settled(order_id, "shipped")
    finally:
        done.set()
    written, events = await writing, await system.events(order_id)
    assert events.count("order.noted") == written > 0
    assert "order.noted" in events[: events.index("order.shipped")], events
    steps = [event for event in events if event != "order.noted"]
    assert steps == ["order.placed", "order.confirmed", "order.paid", "order.shipped"]
    assert await system.money(order_id) == (3000, 0)
