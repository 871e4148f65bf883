"""Whatever is sent to the API, it answers as its document says, and never with a 5xx: by each role, on a stack of its own."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from desk.client import Desk, api_token, until
from desk.ports import free_port_base
from desk.stack import Stack
from desk.traffic.mails import Mail, Sender
from desk.traffic.seed import seed
from tests.applications import application
from tests.outsider import AT_ONCE

CHECKS: Final = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
NOT_ASKED: Final = frozenset({"streamEvents", "revokeTokensOf", "revokeToken"})
"""What does not end, and what would end the tests' own tokens."""
EXAMPLES: Final = 4


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    home = tmp_path_factory.mktemp("documented") / "home"
    stack = Stack(home, free_port_base(), AT_ONCE)
    stack.start()
    desk = Desk.at(home, stack.topology.port_base)
    seed(desk)
    yield desk
    stack.destroy()


@pytest.fixture(scope="module")
def things(desk: Desk) -> Mapping[str, str]:
    """First part of a path, and the name of a parameter → a thing that is there."""
    sender = Sender("Pat Doe", "pat@documented.example")
    mail = Mail(sender, "Help", "The printer is on fire.")
    desk.send(mail.raw(), mail.to, sender.email)
    (ticket,) = until(lambda: desk.api("GET", "/tickets", params={"customer": sender.email})["items"], 20, "the ticket")
    return {
        "tickets/reference": str(ticket["number"]),
        "customers/id": ticket["requester"]["customer_id"],
        "messages/id": desk.api("GET", f"/tickets/{ticket['number']}/conversation")["items"][0]["id"],
    }


with TemporaryDirectory() as folder:
    DOCUMENT: Final = application("gateway", Path(folder)).openapi()
schema = schemathesis.openapi.from_dict(DOCUMENT).exclude(operation_id=sorted(NOT_ASKED))


@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_an_operation_answers_as_the_document_says(case: Any, desk: Desk, things: Mapping[str, str]) -> None:
    # Of what nobody has, little can be told: every second time it is something that is there.
    for name in case.path_parameters or {}:
        known = things.get(f"{case.operation.path.split('/')[3]}/{name}")
        if known is not None and zlib.crc32(repr(case.body).encode() + repr(case.query).encode()) % 2:
            case.path_parameters[name] = known
    # A version that nobody has is waited for, and answered with 503.
    case.headers.pop("X-Seen", None)
    token = api_token(desk.secrets["token"], ["admin", "operator"], "Documented")
    case.call_and_validate(base_url=desk.url("gateway"), headers={"Authorization": f"Bearer {token}"}, checks=CHECKS)
