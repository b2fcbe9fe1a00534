"""Gauges of the fleet's task queues: tasks that wait for a worker."""

import asyncio
from typing import Final

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue, TaskQueueStats
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

from activities.queues import Gateway, gateway_queue
from webhooks.steps import task_queue as webhooks_queue

_WORKFLOW: Final = TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
_ACTIVITY: Final = TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY
_NAMES: Final = {_WORKFLOW: "workflow", _ACTIVITY: "activity"}


async def backlogs(client: Client, fleet: str) -> list[Metric]:
    """Gauges of each task queue. fleet: the task queue of the workflows. Raises RPCError."""
    queues = [
        (fleet, _WORKFLOW),
        (gateway_queue(fleet, Gateway.PAYMENTS), _ACTIVITY),
        (gateway_queue(fleet, Gateway.LABELS), _ACTIVITY),
        (webhooks_queue(fleet), _WORKFLOW),
        (webhooks_queue(fleet), _ACTIVITY),
    ]
    labels = ["task_queue", "type"]
    tasks = GaugeMetricFamily(
        "orders_task_queue_backlog_tasks", "Tasks that wait for a worker, approximately", labels=labels
    )
    age = GaugeMetricFamily(
        "orders_task_queue_backlog_seconds", "Age of the task that has waited for longest, approximately", labels=labels
    )
    found = await asyncio.gather(*(_stats(client, *queue) for queue in queues))
    for (name, kind), stats in zip(queues, found, strict=True):
        tasks.add_metric([name, _NAMES[kind]], stats.approximate_backlog_count)
        age.add_metric([name, _NAMES[kind]], stats.approximate_backlog_age.ToMilliseconds() / 1000)
    return [tasks, age]


async def _stats(client: Client, name: str, kind: "TaskQueueType.ValueType") -> TaskQueueStats:
    request = DescribeTaskQueueRequest(
        namespace=client.namespace, task_queue=TaskQueue(name=name), task_queue_type=kind, report_stats=True
    )
    return (await client.workflow_service.describe_task_queue(request)).stats
