"""Every setting, with its variable, limits and description."""

from datetime import timedelta
from typing import Any, Literal, Self
from urllib.parse import quote

from pydantic import ConfigDict, Field, SecretStr, field_validator, model_validator

from gateways.providers import GatewaySettings
from settings.sources import SettingsError, variables


class Settings(GatewaySettings):
    """Read once at the start. Temporal's address, TLS and keys are Temporal's own `TEMPORAL_*` variables."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    database_url: str | None = Field(
        None, alias="DATABASE_URL", description="PostgreSQL 15 or newer; its user must be able to act as orders_app"
    )
    database_owner_url: str | None = Field(
        None, alias="DATABASE_OWNER_URL", description="for `orders migrate`: the database's owner; default DATABASE_URL"
    )
    database_pool_size: int = Field(
        20,
        alias="ORDERS_DATABASE_POOL_SIZE",
        ge=3,
        description="the most connections of a process's pool; a rebuild takes three at once",
    )
    temporal_address: str | None = Field(
        None, alias="TEMPORAL_ADDRESS", description="host:port of Temporal, beside its other TEMPORAL_* variables"
    )
    temporal_api_key: SecretStr | None = Field(
        None, alias="TEMPORAL_API_KEY", description="Temporal's API key, one of its own variables; from a file too"
    )
    temporal_ui_url: str | None = Field(
        None, alias="TEMPORAL_UI_URL", description="the Temporal Web UI's address, for links"
    )
    page_url: str | None = Field(
        None, alias="ORDERS_PAGE_URL", description="the operators' page's address, for links from the Temporal Web UI"
    )
    runbook_url: str | None = Field(
        None, alias="ORDERS_RUNBOOK_URL", description="the runbook's address, for links from the Temporal Web UI"
    )
    task_queue: str = Field(
        "orders",
        alias="ORDERS_TASK_QUEUE",
        min_length=1,
        max_length=240,
        description="Temporal task queue of the worker; those of gateways and webhooks begin with it",
    )
    deployment_name: str | None = Field(
        None,
        alias="TEMPORAL_DEPLOYMENT_NAME",
        description="with TEMPORAL_WORKER_BUILD_ID: take part in Temporal's worker versioning as this deployment",
    )
    build_id: str | None = Field(
        None,
        alias="TEMPORAL_WORKER_BUILD_ID",
        description="the version of this worker within TEMPORAL_DEPLOYMENT_NAME",
    )
    worker_workflow_tasks: int = Field(
        100, alias="ORDERS_WORKER_WORKFLOW_TASKS", ge=2, description="workflow tasks that a worker runs at once"
    )
    worker_activities: int = Field(
        100, alias="ORDERS_WORKER_ACTIVITIES", ge=1, description="calls to each gateway that a worker makes at once"
    )
    payments_per_second: float | None = Field(
        None,
        alias="ORDERS_PAYMENTS_PER_SECOND",
        gt=0,
        description="steps at the payment gateway begun a second, by the fleet",
    )
    labels_per_second: float | None = Field(
        None,
        alias="ORDERS_LABELS_PER_SECOND",
        gt=0,
        description="steps at the shipping gateway begun a second, by the fleet",
    )
    worker_database_steps: int = Field(
        100, alias="ORDERS_WORKER_DATABASE_STEPS", ge=1, description="database steps that a worker runs at once"
    )
    worker_pollers: int = Field(
        5,
        alias="ORDERS_WORKER_POLLERS",
        ge=2,
        description="a worker's requests for tasks that are open at once, of each kind",
    )
    worker_cached_workflows: int = Field(
        1000,
        alias="ORDERS_WORKER_CACHED_WORKFLOWS",
        ge=0,
        description="runs that a worker keeps in memory between tasks",
    )
    bulk_in_flight: int = Field(
        20,
        alias="ORDERS_BULK_IN_FLIGHT",
        ge=1,
        description="orders of imports that are in progress at once in the fleet",
    )
    webhooks_allow_private: bool = Field(
        False,
        alias="ORDERS_WEBHOOKS_ALLOW_PRIVATE",
        description="let webhooks go to private and loopback addresses, and without TLS",
    )
    payment_deadline: timedelta | None = Field(
        None,
        alias="ORDERS_PAYMENT_DEADLINE",
        ge=timedelta(0),
        le=timedelta(days=365),
        description="how long an order waits for another payment after a decline, as P3D or PT2H; default: it is cancelled",
    )
    shutdown_seconds: float = Field(
        30, alias="ORDERS_SHUTDOWN_SECONDS", ge=0, description="how long a stopping worker lets activities finish"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", alias="ORDERS_LOG_LEVEL", description="the least severe log line written"
    )
    log_format: Literal["auto", "json", "console"] = Field(
        "auto", alias="ORDERS_LOG_FORMAT", description="auto: JSON lines off a terminal"
    )

    health_address: str | None = Field(
        None, alias="ORDERS_HEALTH_ADDRESS", description="host:port at which a worker answers /livez and /readyz"
    )
    metrics_address: str | None = Field(
        None,
        alias="ORDERS_METRICS_ADDRESS",
        description="host:port at which a serving process shows /metrics to Prometheus",
    )
    temporal_metrics_address: str | None = Field(
        None,
        alias="ORDERS_TEMPORAL_METRICS_ADDRESS",
        description="host:port of the metrics of Temporal's SDK in a serving process",
    )
    traces_exporter: Literal["none", "otlp"] = Field(
        "none",
        alias="OTEL_TRACES_EXPORTER",
        description="otlp: send traces, as configured by OpenTelemetry's other variables",
    )
    api_address: str | None = Field(
        None, alias="ORDERS_API_ADDRESS", description="host:port of the HTTP API; default 127.0.0.1:8080"
    )
    api_keys: SecretStr | None = Field(
        None,
        alias="ORDERS_API_KEYS",
        description="who may use the HTTP API: name:role:key, separated by commas; the roles are read, write, operate",
    )
    api_requests_per_second: float | None = Field(
        200.0,
        alias="ORDERS_API_REQUESTS_PER_SECOND",
        gt=0,
        description="requests of one API key that a process of the HTTP API takes, on average over ten seconds",
    )

    @model_validator(mode="before")
    @classmethod
    def _with_variables(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Add the environment's values to the given ones, which take precedence."""
        names = {str(field.alias) for name, field in cls.model_fields.items() if name not in given}
        return variables(sorted(names - given.keys())) | given

    @property
    def app_database_url(self) -> str:
        """The application's database. Raises SettingsError."""
        if self.database_url is None:
            raise SettingsError(
                "DATABASE_URL is not set and no `orders dev` runs in this folder: start one, or name a database"
            )
        return self.database_url

    def with_database(self, url: str) -> Self:
        """Copy of the settings with this database. An owner's address belongs to a configured one."""
        owner = self.database_owner_url if self.database_url else None
        return self.model_copy(update={"database_url": url, "database_owner_url": owner})

    @property
    def owner_database_url(self) -> str:
        """The database with the rights to migrate it. Raises SettingsError."""
        return self.database_owner_url or self.app_database_url

    @field_validator("health_address", "metrics_address", "temporal_metrics_address", "api_address")
    @classmethod
    def _is_an_address(cls, address: str | None) -> str | None:
        if address is not None:
            host_and_port(address)
        return address

    @field_validator("payment_deadline", mode="before")
    @classmethod
    def _in_seconds(cls, deadline: object) -> object:
        # Pydantic reads a number as a duration, but not its text.
        return f"PT{deadline}S" if isinstance(deadline, str) and deadline.isdecimal() else deadline

    @field_validator("payment_deadline")
    @classmethod
    def _none_at_zero(cls, deadline: timedelta | None) -> timedelta | None:
        return deadline or None

    @model_validator(mode="after")
    def _deployment_is_whole(self) -> Self:
        if (self.deployment_name is None) != (self.build_id is None):
            raise ValueError("TEMPORAL_DEPLOYMENT_NAME and TEMPORAL_WORKER_BUILD_ID go together")
        if self.deployment_name is not None and "." in self.deployment_name:
            raise ValueError("TEMPORAL_DEPLOYMENT_NAME may not contain a dot")
        return self

    @property
    def versioned(self) -> bool:
        """True if the worker takes part in Temporal's worker versioning."""
        return self.deployment_name is not None

    def with_page(self, url: str) -> Self:
        """Copy of the settings, with the operators' page at this address, unless they name one."""
        return self.model_copy(update={"page_url": self.page_url or url})

    def workflow_url(self, workflow_id: str, run_id: str | None = None) -> str | None:
        """A workflow's page in the Temporal Web UI, where its address is known."""
        if self.workflows_url is None:
            return None
        path = f"{self.workflows_url}/{quote(workflow_id, safe='')}"
        return f"{path}/{run_id}" if run_id else path

    @property
    def workflows_url(self) -> str | None:
        """The list of workflows in the Temporal Web UI, where its address is known."""
        if self.temporal_ui_url is None:
            return None
        return f"{self.temporal_ui_url.rstrip('/')}/namespaces/{quote(temporal_namespace())}/workflows"


def host_and_port(address: str) -> tuple[str, int]:
    """`host:port`, an IPv6 address in brackets. Raises ValueError."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or not 0 <= int(port) <= 65535:
        raise ValueError(f"must be like 127.0.0.1:9464, not {address!r}")
    return host.removeprefix("[").removesuffix("]"), int(port)


def temporal_namespace() -> str:
    """The namespace of Temporal's own environment configuration, by default `default`."""
    from temporalio.envconfig import ClientConfig  # noqa: PLC0415 – half the time of a command that needs no Temporal

    return ClientConfig.load_client_connect_config().get("namespace") or "default"
