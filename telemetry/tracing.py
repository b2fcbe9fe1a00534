"""Traces, sent by OpenTelemetry's own variables: OTEL_TRACES_EXPORTER=otlp, OTEL_EXPORTER_OTLP_ENDPOINT and the rest."""

import os
from typing import TYPE_CHECKING

from opentelemetry import trace

from application.version import program_version
from eventstore.tracing import record_spans
from settings import Settings, SettingsError

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource
    from temporalio.contrib.opentelemetry import TracingInterceptor

_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")


def configure_tracing(settings: Settings) -> None:
    """Record and send spans if the settings ask for it; the last ones are sent at the process's end. Raises SettingsError."""
    if settings.traces_exporter != "otlp":
        return
    for name in _PROTOCOLS:
        if (protocol := os.environ.get(name, "http/protobuf")) != "http/protobuf":
            raise SettingsError(f"{name} is {protocol!r}: traces are sent as http/protobuf alone")
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    defaults = Resource.create({SERVICE_NAME: "orders", SERVICE_VERSION: program_version()})
    resource = defaults.merge(Resource.create())  # the variables of OpenTelemetry take precedence
    provider = TracerProvider(resource=_named(defaults, resource))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    record_spans()


def _named(defaults: "Resource", resource: "Resource") -> "Resource":
    from opentelemetry.sdk.resources import SERVICE_NAME  # noqa: PLC0415

    given = str(resource.attributes.get(SERVICE_NAME, "unknown_service"))
    return defaults if given.startswith("unknown_service") else resource


def temporal_interceptors() -> "list[TracingInterceptor]":
    """Interceptors that propagate traces through Temporal; none while tracing is off, so that histories are unchanged."""
    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        return []
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 – with the next line 8 MB
    from temporalio.contrib.opentelemetry import TracingInterceptor  # noqa: PLC0415

    return [TracingInterceptor()] if isinstance(trace.get_tracer_provider(), TracerProvider) else []
