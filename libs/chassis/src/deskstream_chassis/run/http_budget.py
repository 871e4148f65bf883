"""How much a stranger may cost before anybody knows who it is: bytes, seconds and places of a process's HTTP side."""

from dataclasses import dataclass
from typing import Final

LIMITS: Final = (
    "header_bytes", "header_seconds", "body_bytes", "body_seconds", "bodies_bytes", "connections", "concurrency", "answer_seconds",
    "stall_seconds", "streams", "answers_bytes", "downloads", "reads",
)  # fmt: skip
"""What a request can meet, as the metric of refusals names it."""


@dataclass(frozen=True, slots=True)
class HttpBudget:
    """What every process holds its callers to; the settings (`http_…`) say what each is for."""

    header_bytes: int = 64 * 1024
    header_seconds: float = 15.0
    body_bytes: int = 1024 * 1024
    body_seconds: float = 60.0
    body_bytes_per_second: int = 32 * 1024
    bodies_bytes: int = 128 * 1024 * 1024
    connections: int = 800
    idle_seconds: int = 5
    stall_seconds: float = 30.0
    answers_bytes: int = 128 * 1024 * 1024
    downloads_of_an_account: int = 10
    concurrency: int = 100
    queue: int = 200
    queue_seconds: float = 5.0
    answer_seconds: float = 30.0
