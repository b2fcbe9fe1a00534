"""The id and the trace of a request: in its response and in every log line of it."""

import asyncio
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from telemetry import requests
from web.front_door import FrontDoor
from web.request_id import request_id

TRACE = "0af7651916cd43dd8448eb211c80319c"
GIVEN = f"00-{TRACE}-b7ad6b7169203331-01"


@pytest.mark.parametrize("given", [None, "", "a b", "x" * 129, 'say "hi"', "line\nbreak"])
def test_a_request_without_a_usable_id_gets_a_new_one(given: str | None) -> None:
    assert request_id(given) not in (given, request_id(given))


def test_a_callers_id_is_kept() -> None:
    assert request_id("order-desk:2026/17") == "order-desk:2026/17"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(requests, "_tracer", provider.get_tracer("orders"))
    return exporter


def served(bound: list[dict[str, Any]], *paths: str, **headers: str) -> list[httpx.Response]:
    """Responses of an application that records the log context of each request."""
    api = FastAPI()

    @api.get("/v1/thing")
    @api.get("/assets/main.js")
    async def thing() -> None:
        bound.append(structlog.contextvars.get_contextvars())

    api.add_middleware(requests.RequestTelemetry)
    api.add_middleware(FrontDoor)

    async def answers() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=api)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            return [await http.get(path, headers=headers) for path in paths]

    return asyncio.run(answers())


def test_every_response_and_log_line_has_the_requests_id(spans: InMemorySpanExporter) -> None:
    bound: list[dict[str, Any]] = []
    answers = served(bound, "/v1/thing", "/assets/main.js", "/nowhere", **{"X-Request-Id": "mine-1"})
    assert [answer.headers["X-Request-Id"] for answer in answers] == ["mine-1"] * 3
    assert [each["request_id"] for each in bound] == ["mine-1"] * 2


def test_the_callers_trace_goes_on_and_is_returned_and_files_have_no_span(spans: InMemorySpanExporter) -> None:
    bound: list[dict[str, Any]] = []
    api, file = served(bound, "/v1/thing", "/assets/main.js", traceparent=GIVEN)
    [span] = spans.get_finished_spans()
    assert span.context is not None
    assert trace.format_trace_id(span.context.trace_id) == TRACE
    assert api.headers["traceparent"] == f"00-{TRACE}-{trace.format_span_id(span.context.span_id)}-01"
    assert bound[0]["trace_id"] == TRACE
    assert "traceparent" not in file.headers
    assert "trace_id" not in bound[1]
