"""W3C trace context through HTTP and Kafka headers. Without an OTLP endpoint the context is still made and passed on."""

import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags, Tracer

__all__ = ["SpanKind", "Tracing", "new_traceparent"]


def new_traceparent() -> str:
    """A fresh, sampled `traceparent` (W3C Trace Context level 1)."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


@dataclass(frozen=True, slots=True)
class Tracing:
    """Makes spans where tracing is on; where it is off, hands the parent's context on unchanged."""

    tracer: Tracer | None

    @staticmethod
    def configure(service: str, otlp_endpoint: str) -> "Tracing":
        if not otlp_endpoint:
            return Tracing(None)
        provider = TracerProvider(resource=Resource.create({"service.name": service, "service.namespace": "deskstream"}))
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=otlp_endpoint)))
        trace.set_tracer_provider(provider)
        return Tracing(provider.get_tracer("deskstream"))

    def span(self, name: str, kind: SpanKind, parent: str | None, **attributes: str | int) -> AbstractContextManager[str]:
        """Yields the traceparent to hand on: the new span's, or the parent's (made if there was none)."""
        if self.tracer is None:
            return nullcontext(parent or new_traceparent())
        return self._recorded(self.tracer, name, kind, parent, attributes)

    @contextmanager
    def _recorded(
        self, tracer: Tracer, name: str, kind: SpanKind, parent: str | None, attributes: dict[str, str | int]
    ) -> Iterator[str]:
        context = trace.set_span_in_context(NonRecordingSpan(parsed)) if (parsed := _parse(parent)) else None
        with tracer.start_as_current_span(name, context=context, kind=kind, attributes=attributes) as span:
            own = span.get_span_context()
            yield f"00-{own.trace_id:032x}-{own.span_id:016x}-{own.trace_flags:02x}"

    def shutdown(self) -> None:
        provider = trace.get_tracer_provider()
        if self.tracer is not None and isinstance(provider, TracerProvider):
            provider.shutdown()


def _parse(traceparent: str | None) -> SpanContext | None:
    parts = (traceparent or "").split("-")
    if len(parts) != 4:
        return None
    try:
        flags = TraceFlags(int(parts[3], 16))
        found = SpanContext(int(parts[1], 16), int(parts[2], 16), is_remote=True, trace_flags=flags)
    except ValueError:
        return None
    return found if found.is_valid else None
