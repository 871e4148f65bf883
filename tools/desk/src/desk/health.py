"""Asking a process whether it is ready."""

from __future__ import annotations

import http.client
import json
from typing import Any

from desk.paths import HOST


def answers_ready(port: int) -> bool:
    """Whether what listens there answers `/health/ready` with 200."""
    try:
        return request(port, "GET", "/health/ready", timeout=2)[0] == 200
    except (OSError, http.client.HTTPException):
        return False


def request(port: int, method: str, path: str, timeout: float = 30.0) -> tuple[int, bytes]:
    """One HTTP request to this machine, past any proxy that the environment names: status and body."""
    connection = http.client.HTTPConnection(HOST, port, timeout=timeout)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def request_json(port: int, method: str, path: str) -> Any:
    """The same for JSON; raises OSError if the answer is not a success."""
    status, body = request(port, method, path)
    if status >= 400:
        raise OSError(f"{method} {path} was answered with {status}: {body[:200].decode(errors='replace')}")
    return json.loads(body)
