"""Temporal: the client, the search attributes that a namespace needs, and the options that all workers share."""

import os
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import structlog
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleHandle,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
)
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import WorkerDeploymentConfig
from temporalio.worker.workflow_sandbox import SandboxRestrictions

from activities.queues import Gateway
from settings import Settings, SettingsError
from telemetry.tracing import temporal_interceptors
from webhooks.workflow import DeliverWebhooks
from workflows.fulfill_order import FulfillOrder
from workflows.model import RECONCILE_PAYMENTS_WORKFLOW, SEARCH_ATTRIBUTES, Begun
from workflows.notify_shipment import NotifyShipment
from workflows.reconcile_payments import ReconcilePayments
from workflows.refund_order import RefundOrder
from workflows.sandbox import Sandbox
from workflows.validate_order import ValidateOrder

WORKFLOWS: Final = [ValidateOrder, FulfillOrder, NotifyShipment, RefundOrder]
SCHEDULED_WORKFLOWS: Final = [ReconcilePayments]
WEBHOOK_WORKFLOWS: Final = [DeliverWebhooks]
_HEALTH_LIMIT: Final = timedelta(seconds=5)
_log = structlog.get_logger(__name__)
_OUR_MODULES: Final = ("activities", "eventstore", "orders", "webhooks", "workflows")

# Temporal keeps a run's next task for the worker that had the last one. If that was killed, each of its orders makes no
# progress for this long; with the SDK's default of ten seconds it took 13 s after a restart.
TASKS_OF_A_KILLED_WORKER: Final = timedelta(seconds=3)


async def connect_temporal(settings: Settings, *, lazy: bool = False) -> Client:
    """Connect by Temporal's own environment configuration, with the pydantic data converter. lazy: connect when used.
    Raises SettingsError where a key would be sent without TLS."""
    key = settings.temporal_api_key
    given = {"TEMPORAL_API_KEY": key.get_secret_value()} if key else {}
    config = ClientConfig.load_client_connect_config(override_env_vars=os.environ | given)
    config["target_host"] = settings.temporal_address or config.get("target_host") or "localhost:7233"
    if config.get("api_key") and config.get("tls") is False:
        raise SettingsError("TEMPORAL_API_KEY is set and TEMPORAL_TLS is false: the key would be sent for all to read")
    return await Client.connect(
        **config, lazy=lazy, data_converter=pydantic_data_converter, interceptors=temporal_interceptors()
    )


class TemporalUnreachable(Exception):
    """No Temporal server answers at the configured address."""


async def require_answer(client: Client) -> None:
    """Connect a lazy client, and check that the server answers. Raises TemporalUnreachable."""
    try:
        await client.service_client.check_health(timeout=_HEALTH_LIMIT)
    except (RuntimeError, RPCError) as error:  # the SDK has no error of its own for a connection that is refused
        raise TemporalUnreachable(str(error)) from None


async def reachable(client: Client) -> Client | None:
    """The client; None where Temporal does not answer."""
    try:
        await require_answer(client)
    except TemporalUnreachable:
        return None
    return client


async def require_search_attributes(client: Client) -> None:
    """Refuse a namespace without our search attributes, in which every start would fail. Raises SettingsError."""
    request = ListSearchAttributesRequest(namespace=client.namespace)
    try:
        known = (await client.operator_service.list_search_attributes(request)).custom_attributes
    except RPCError as error:
        if error.status in (RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED):
            return  # the first start fails where one is missing
        raise
    missing = [each for each in SEARCH_ATTRIBUTES if each.name not in known]
    if missing:
        commands = "; ".join(
            f"temporal operator search-attribute create --name {each.name} --type {each.indexed_value_type.name.title()}"
            for each in missing
        )
        raise SettingsError(
            f"Temporal's namespace {client.namespace!r} lacks search attributes, create them: {commands}"
        )


async def schedule_reconciliation(client: Client, settings: Settings) -> None:
    """Create the schedule of reconcile-payments, or bring it up to date; one that an operator paused stays paused. Without
    payments by Stripe, delete it. Logs where the namespace refuses schedules: `orders reconcile` does without."""
    handle = client.get_schedule_handle(reconciliation_id(settings))
    try:
        if settings.stripe_api_key is None:
            await handle.delete()
        else:
            await _create_or_update(client, handle, _reconciliation(settings))
    except RPCError as error:
        if error.status in (RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED):
            _log.warning("payments are not reconciled by a schedule", error=error.message)
        elif error.status is not RPCStatusCode.NOT_FOUND:
            raise


async def _create_or_update(client: Client, handle: ScheduleHandle, schedule: Schedule) -> None:
    try:
        await client.create_schedule(handle.id, schedule)
    except ScheduleAlreadyRunningError:
        await handle.update(lambda found: ScheduleUpdate(replace(schedule, state=found.description.schedule.state)))


def reconciliation_id(settings: Settings) -> str:
    """Id of the fleet's schedule of reconcile-payments, with which the ids of its workflows begin."""
    return f"{RECONCILE_PAYMENTS_WORKFLOW}-{settings.task_queue}"


def _reconciliation(settings: Settings) -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(
            RECONCILE_PAYMENTS_WORKFLOW, Begun(), id=reconciliation_id(settings), task_queue=settings.task_queue
        ),
        spec=ScheduleSpec(
            intervals=[ScheduleIntervalSpec(every=timedelta(seconds=settings.stripe_reconcile_seconds))],
            jitter=timedelta(seconds=settings.stripe_reconcile_seconds / 20),
        ),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP),
    )


def workflow_runner() -> Sandbox:
    """The sandbox that workflows run and replay in. Our own modules pass through it and are checked by tests/determinism.py
    instead: importing them anew for each run costs a sixth of a worker's time or more (decision 10)."""
    return Sandbox(restrictions=SandboxRestrictions.default.with_passthrough_modules(*_OUR_MODULES))


def worker_options(settings: Settings) -> dict[str, Any]:
    """Options of every worker: the sandbox, the stop, and the version."""
    return {
        "workflow_runner": workflow_runner(),
        "graceful_shutdown_timeout": timedelta(seconds=settings.shutdown_seconds),
        "sticky_queue_schedule_to_start_timeout": TASKS_OF_A_KILLED_WORKER,
        "deployment_config": _deployment(settings),
    }


def order_worker_limits(settings: Settings) -> dict[str, Any]:
    """Limits of concurrency of the worker of orders."""
    return {
        "max_concurrent_workflow_tasks": settings.worker_workflow_tasks,
        "max_concurrent_activities": settings.worker_activities,
        "max_concurrent_local_activities": settings.worker_database_steps,
        "max_concurrent_workflow_task_polls": settings.worker_pollers,
        "max_concurrent_activity_task_polls": settings.worker_pollers,
        "max_cached_workflows": settings.worker_cached_workflows,
    }


def gateway_worker_limits(settings: Settings, gateway: Gateway) -> dict[str, Any]:
    """Limits of the worker of a gateway: places in this process, and a rate of the whole fleet."""
    rates = {Gateway.PAYMENTS: settings.payments_per_second, Gateway.LABELS: settings.labels_per_second}
    return {
        "max_concurrent_activities": settings.worker_activities,
        "max_concurrent_activity_task_polls": settings.worker_pollers,
        "max_task_queue_activities_per_second": rates[gateway],
    }


def _deployment(settings: Settings) -> WorkerDeploymentConfig | None:
    """Opt-in worker versioning. A run moves on to the current version: not every old one is kept running as long as an
    order may wait, so a change of a workflow is patched all the same."""
    if settings.deployment_name is None or settings.build_id is None:
        return None
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(deployment_name=settings.deployment_name, build_id=settings.build_id),
        use_worker_versioning=True,
        default_versioning_behavior=VersioningBehavior.AUTO_UPGRADE,
    )
