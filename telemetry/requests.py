"""A request to the HTTP API: how long it took until it was answered, and the span that all it leads to hangs below."""

import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import structlog
from fastapi.telemetry import TelemetryConfig
from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SECONDS: Final = Histogram(
    "orders_http_request_seconds",
    "From a request to the beginning of its answer",
    ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
_API: Final = "/v1/"
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
# FastAPI's spans hold the path and the query, its logs the words of exceptions: all that ours leave out.
WITHOUT_ITS_OWN: Final[TelemetryConfig] = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
_MAX_TRACE_HEADER: Final = 512  # characters; https://www.w3.org/TR/trace-context/ asks for no more
_tracer = trace.get_tracer("orders")
_propagator = TraceContextTextMapPropagator()


class RequestTelemetry:
    """An ASGI layer. Inside of what turns bugs into answers: one that ends so is counted as 500. The caller's trace,
    where it sends one, goes on, and its header is returned; a path's values and the query are in neither metric nor span.
    The page's files and the probes have no span."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in _METHODS else "other"
        if not scope["path"].startswith(_API):
            await self._observed(method, scope, receive, _Answered(send))
            return
        caller = _propagator.extract(_trace_headers(scope))
        with _tracer.start_as_current_span(
            method, caller, SpanKind.SERVER, record_exception=False, set_status_on_exception=False
        ) as span:
            answered = _Answered(send, _trace_of(span))
            try:
                await self._observed(method, scope, receive, answered)
            finally:
                status, route = answered.status or 500, route_of(scope)
                span.update_name(f"{method} {route}")
                span.set_attributes({"http.request.method": method, "http.route": route})
                span.set_attribute("http.response.status_code", status)
                if status >= 500:
                    span.set_status(StatusCode.ERROR)

    async def _observed(self, method: str, scope: Scope, receive: Receive, answered: "_Answered") -> None:
        try:
            await self._app(scope, receive, answered.send)
        finally:
            status = str(answered.status or 500)
            _SECONDS.labels(method, route_of(scope), status).observe(answered.seconds)


def _trace_of(span: Span) -> dict[str, str]:
    """Return the trace headers of the response, none while no trace is recorded or passed on; the log has the trace's id."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier, trace.set_span_in_context(span))
    context = span.get_span_context()
    if context.is_valid:
        structlog.contextvars.bind_contextvars(trace_id=trace.format_trace_id(context.trace_id))
    return carrier


def _trace_headers(scope: Scope) -> dict[str, str]:
    """The caller's trace alone. Overlong ones are left out: the propagator would log them whole."""
    headers = Headers(scope=scope)
    given = {name: headers.get(name, "") for name in ("traceparent", "tracestate")}
    return {name: value for name, value in given.items() if 0 < len(value) <= _MAX_TRACE_HEADER}


def route_of(scope: Scope) -> str:
    """The template of a request's path, never the path; "none" where there is no such address."""
    return str(getattr(scope.get("route"), "path", "none"))


class _Answered:
    """Sends an answer with its trace headers; when it began, and its status."""

    def __init__(self, send: Send, trace_headers: Mapping[str, str] = MappingProxyType({})) -> None:
        self._send, self._trace_headers = send, trace_headers
        self._started, self._began = time.perf_counter(), 0.0
        self.status: int | None = None

    @property
    def seconds(self) -> float:
        return (self._began or time.perf_counter()) - self._started

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self._began = message["status"], time.perf_counter()
            MutableHeaders(scope=message).update(self._trace_headers)
        await self._send(message)
