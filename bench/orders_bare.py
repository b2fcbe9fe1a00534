"""Bare Temporal: three empty workflows one after the other on the same server, each started where our dispatcher starts
it, with a worker tuned as ours is: uvloop, our sandbox and its exceptions, the pydantic converter, eager start; with one task
queue, or with one for each gateway too, as ours."""

import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

from temporalio.client import Client
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxRestrictions

from activities.queues import Gateway, gateway_queue
from bench.bare_steps import BareSteps, OrderRef
from bench.bare_workflows import APART, BARE, STARTS
from bench.side import Ground, Order, measures_of, order_ids
from temporal import TASKS_OF_A_KILLED_WORKER
from workflows.model import CUSTOMER_ID, ORDER_ID, ORDER_STATUS
from workflows.sandbox import Sandbox


@asynccontextmanager
async def taking(client: Client, *, eager: bool, apart: bool = False, **options: Any) -> AsyncIterator[Order]:
    """Takes an order through the three workflows and answers with its id. apart: the gateways' steps have task queues and
    workers of their own. options: the workers'."""
    steps, queue, ids = BareSteps(), f"{APART if apart else ''}bare-{uuid.uuid4().hex[:8]}", order_ids()
    gateways = [gateway_queue(queue, gateway) for gateway in Gateway] if apart else []

    async def order() -> str:
        ref = OrderRef(next(ids), str(uuid.uuid4()), str(uuid.uuid4()))
        for workflow, status, until in STARTS:
            reached = steps.expect(until, ref.order_id)
            await client.start_workflow(
                workflow,
                ref,
                id=f"{workflow}-{ref.order_id}",
                task_queue=queue,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                static_summary=f"Order {ref.order_id} of ALFKI, 814.50 USD",
                search_attributes=_search_attributes(ref.order_id, status),
                request_eager_start=eager,
            )
            await reached
        return ref.order_id

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(
            Worker(client, task_queue=queue, workflows=BARE, activities=steps.all, **options)
        )
        for each in gateways:
            await stack.enter_async_context(Worker(client, task_queue=each, activities=steps.all, **options))
        yield order


def _search_attributes(order_id: str, status: str) -> TypedSearchAttributes:
    return TypedSearchAttributes(
        [
            SearchAttributePair(ORDER_ID, order_id),
            SearchAttributePair(CUSTOMER_ID, "ALFKI"),
            SearchAttributePair(ORDER_STATUS, status),
        ]
    )


@asynccontextmanager
async def tuned(ground: Ground, *, apart: bool = False) -> AsyncIterator[Order]:
    """With the options of worker.order_worker; its interceptors, which do things of ours, are left out."""
    client = await Client.connect(ground.temporal_address, data_converter=pydantic_data_converter)
    restrictions = SandboxRestrictions.default.with_passthrough_modules("activities", "bench", "orders", "workflows")
    async with taking(
        client,
        eager=True,
        apart=apart,
        workflow_runner=Sandbox(restrictions=restrictions),
        sticky_queue_schedule_to_start_timeout=TASKS_OF_A_KILLED_WORKER,
    ) as order:
        yield order


measure_orders, measure_single = measures_of(tuned)
measure_orders_apart, measure_single_apart = measures_of(partial(tuned, apart=True))
