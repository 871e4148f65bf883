"""Structured logs: one JSON object a line, on standard output, with the correlation id of what is being handled.

A traceback names frames and never what was in their variables: keys and mails are among them. Lines are bounded, and what repeats
itself is counted instead of written, so that nobody fills a disk by asking for the same error again and again.
"""

import json
import logging
import sys
import time
from collections.abc import MutableMapping
from typing import Any, Final

import structlog

_LONGEST_TEXT: Final = 2000
_MOST_ITEMS: Final = 30
_DEEPEST: Final = 6
_LONGEST_LINE: Final = 16 * 1024
_OF_A_KIND: Final = 20
_WINDOW_SECONDS: Final = 60.0
_MOST_KINDS: Final = 1000


def configure(service: str, level: str) -> None:
    """Sends structlog and the standard library's loggers through one JSON renderer."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False, max_frames=20)),
        _bounded,
    ]
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.EventRenamer("message"),
                structlog.processors.JSONRenderer(serializer=_line),
            ],
        )
    )
    handler.addFilter(Repetition())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for noisy in ("aiokafka", "mail.log", "uvicorn.access", "uvicorn.error", "httpx", "faststream"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))
    structlog.contextvars.bind_contextvars(service=service)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


class Repetition(logging.Filter):
    """Lets of each kind of warning or error so many through a minute; the next after that says how many were held back."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """A kind: who says it, and the message without its values."""
        if record.levelno < logging.WARNING:
            return True
        said: Any = record.msg
        kind = (record.name, str(said.get("event") if isinstance(said, dict) else said)[:200])
        now = time.monotonic()
        began, count = self._seen.get(kind, (now, 0))
        if now - began >= _WINDOW_SECONDS:
            if count > _OF_A_KIND and isinstance(said, dict):
                record.msg = {**said, "held_back": count - _OF_A_KIND}
            began, count = now, 0
        if len(self._seen) >= _MOST_KINDS:
            self._seen.clear()
        self._seen[kind] = (began, count + 1)
        return count < _OF_A_KIND


def _bounded(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {name: _short(value, 0) for name, value in event.items()}


def _short(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= _LONGEST_TEXT else f"{value[:_LONGEST_TEXT]}… ({len(value)} characters)"
    if isinstance(value, dict | list | tuple) and depth >= _DEEPEST:
        return "…"
    if isinstance(value, dict):
        return {name: _short(held, depth + 1) for name, held in list(value.items())[:_MOST_ITEMS]}
    if isinstance(value, list | tuple):
        return [_short(held, depth + 1) for held in value[:_MOST_ITEMS]]
    return value


def _line(event: dict[str, Any], **options: Any) -> str:
    found = json.dumps(event, **options)
    if len(found) <= _LONGEST_LINE:
        return found
    kept = {name: value for name, value in event.items() if isinstance(value, str | int | float) and len(str(value)) < 500}
    return json.dumps({**kept, "cut": len(found)}, **options)


def logger(name: str) -> structlog.stdlib.BoundLogger:
    bound: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return bound
