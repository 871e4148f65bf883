"""W3C trace context through SMTP, HTTP, the outbox and Kafka headers, and spans for each hop (OpenTelemetry semantic conventions).

Without an OTLP endpoint no span is made, but the context is still begun and handed on, so that a subscriber can join the trace.
"""

import re
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, Status, StatusCode, TraceFlags, Tracer
from starlette.requests import Request

__all__ = ["OpenSpan", "SpanKind", "Tracing", "messaging", "of_request"]

Attributes = Mapping[str, str | int]
_TRACEPARENT = re.compile("[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


def _new_traceparent() -> str:
    """A fresh, sampled `traceparent` (W3C Trace Context level 1)."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def of_request(request: Request) -> str | None:
    """The `traceparent` for what a request makes: its own span's where tracing is on, else what it came with."""
    own = trace.get_current_span().get_span_context()
    return _format(own) if own.is_valid else request.headers.get("traceparent")


def messaging(operation: str, topic: str, message_id: str, event_type: str) -> dict[str, str | int]:
    """Attributes of a span about one event (semantic conventions for messaging, Kafka, CloudEvents)."""
    return {
        "messaging.system": "kafka",
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
        "messaging.destination.name": topic,
        "messaging.message.id": message_id,
        "cloudevents.event_id": message_id,
        "cloudevents.event_type": event_type,
    }


@dataclass(frozen=True, slots=True)
class OpenSpan:
    """A span that has begun; `traceparent` is what its children are given."""

    span: Span
    traceparent: str

    def end(self, error: str | None = None) -> None:
        if error is not None:
            self.span.set_status(Status(StatusCode.ERROR, error))
        self.span.end()


@dataclass(frozen=True, slots=True)
class Tracing:
    """Makes spans where tracing is on; where it is off, hands the parent's context on unchanged."""

    tracer: Tracer | None

    @property
    def on(self) -> bool:
        return self.tracer is not None

    @staticmethod
    def configure(service: str, otlp_endpoint: str) -> "Tracing":
        """`otlp_endpoint`: OTLP over HTTP, with its path (`…/v1/traces`). Sampling and batching: the OTEL_* variables."""
        if not otlp_endpoint:
            return Tracing(None)
        provider = TracerProvider(resource=Resource.create({"service.name": service, "service.namespace": "deskstream"}))
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=otlp_endpoint)))
        trace.set_tracer_provider(provider)
        return Tracing(provider.get_tracer("deskstream"))

    def span(
        self, name: str, kind: SpanKind, parent: str | None, attributes: Attributes | None = None
    ) -> AbstractContextManager[str]:
        """Yields the traceparent to hand on: the new span's, or the parent's (made if there was none)."""
        if self.tracer is None:
            return nullcontext(parent if parent and _TRACEPARENT.fullmatch(parent) else _new_traceparent())
        return self._recorded(name, kind, parent, attributes)

    @contextmanager
    def _recorded(self, name: str, kind: SpanKind, parent: str | None, attributes: Attributes | None) -> Iterator[str]:
        opened = self.begin(name, kind, parent, attributes)
        try:
            yield opened.traceparent
        except BaseException as error:
            opened.end(type(error).__name__)
            raise
        opened.end()

    def begin(
        self, name: str, kind: SpanKind, parent: str | None, attributes: Attributes | None = None, seconds_ago: float = 0.0
    ) -> OpenSpan:
        """A span for what does not nest; whoever begins it ends it. Only where tracing is `on`."""
        assert self.tracer is not None
        context = trace.set_span_in_context(NonRecordingSpan(parsed)) if (parsed := _parse(parent)) else None
        started = time.time_ns() - int(seconds_ago * 1e9)
        span = self.tracer.start_span(name, context=context, kind=kind, attributes=attributes, start_time=started)
        return OpenSpan(span, _format(span.get_span_context()))

    def shutdown(self) -> None:
        provider = trace.get_tracer_provider()
        if self.tracer is not None and isinstance(provider, TracerProvider):
            provider.shutdown()


def _format(context: SpanContext) -> str:
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def _parse(traceparent: str | None) -> SpanContext | None:
    parts = _TRACEPARENT.fullmatch(traceparent or "")
    if parts is None:
        return None
    trace_id, span_id, flags = (int(part, 16) for part in parts.groups())
    found = SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(flags))
    return found if found.is_valid else None
