"""Spans of a system in the test's own process, as a tree."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from temporalio.client import Client
from temporalio.contrib.opentelemetry import TracingInterceptor


@dataclass(frozen=True)
class Traces:
    """Recorded spans."""

    exporter: InMemorySpanExporter
    interceptor: TracingInterceptor

    def through(self, client: Client) -> Client:
        """The client, and workers built on it, with traces."""
        config = client.config()
        config["interceptors"] = [self.interceptor]
        return Client(**config)

    @property
    def spans(self) -> Sequence[ReadableSpan]:
        return self.exporter.get_finished_spans()

    def tree(self) -> Counter[tuple[str, str]]:
        """Number of spans by name and parent's name; None for a root's parent."""
        by_id = {span.context.span_id: span for span in self.spans if span.context}
        return Counter((by_id[span.parent.span_id].name if span.parent else "", span.name) for span in self.spans)

    def trace_ids(self) -> set[int]:
        return {span.context.trace_id for span in self.spans if span.context}


def record(monkeypatch: pytest.MonkeyPatch) -> Traces:
    """Turn tracing on for one test. The process's own provider can be set only once, so it is not changed."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr("eventstore.tracing._tracer", provider.get_tracer("orders"))
    return Traces(exporter, TracingInterceptor(provider.get_tracer("temporalio")))
