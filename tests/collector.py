"""A trace collector of the tests: takes OTLP over HTTP (protobuf) as any collector does, and remembers the spans."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from desk.paths import HOST


@dataclass(frozen=True, slots=True)
class Span:
    """`label` is `<service>: <name>`; times are nanoseconds since the epoch."""

    trace: bytes
    id: bytes
    parent: bytes
    label: str
    began: int
    ended: int
    attributes: dict[str, str | int]


@dataclass(slots=True)
class Trace:
    """The spans of one trace."""

    spans: dict[bytes, Span]

    def path_to(self, label: str) -> list[str]:
        """The labels from the root to the span of this label; raises KeyError where a parent was never exported."""
        (span,) = [s for s in self.spans.values() if s.label == label]
        path = [span.label]
        while span.parent:
            span = self.spans[span.parent]
            path.insert(0, span.label)
        return path

    def edges(self) -> set[tuple[str, str]]:
        """Every (parent, child)."""
        return {(self.spans[s.parent].label, s.label) for s in self.spans.values() if s.parent}

    def find(self, label: str) -> Span:
        return next(s for s in self.spans.values() if s.label == label)


@dataclass(slots=True)
class Collector:
    """Everything that was exported so far."""

    endpoint: str
    spans: list[Span] = field(default_factory=list)

    def take(self, body: bytes) -> None:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            (service,) = [a.value.string_value for a in resource.resource.attributes if a.key == "service.name"]
            for scope in resource.scope_spans:
                for s in scope.spans:
                    values = {a.key: a.value.string_value or a.value.int_value for a in s.attributes}
                    times = (s.start_time_unix_nano, s.end_time_unix_nano)
                    self.spans.append(Span(s.trace_id, s.span_id, s.parent_span_id, f"{service}: {s.name}", *times, values))

    def trace_with(self, key: str, value: str) -> Trace | None:
        """The whole trace that has a span with this attribute."""
        found = next((s for s in list(self.spans) if s.attributes.get(key) == value), None)
        return None if found is None else Trace({s.id: s for s in list(self.spans) if s.trace == found.trace})


@contextmanager
def collector() -> Iterator[Collector]:
    """A collector on a free port of the loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.take(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the library's name)
            return

    server = ThreadingHTTPServer((HOST, 0), Handler)
    taken = Collector(f"http://{HOST}:{server.server_port}/v1/traces")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield taken
    finally:
        server.shutdown()
        server.server_close()
