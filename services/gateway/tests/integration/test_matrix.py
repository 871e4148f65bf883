"""Who may use which route: a table of routes and subjects, held against what is published. What nobody listed fails."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Final

import httpx
import pytest

from deskstream_chassis.web.subjects import Role
from deskstream_contracts.documents import DOCUMENTS
from gateway.api.accounts import PORTAL_AUDIENCE

from ..events import registered  # noqa: TID252
from .conftest import OWNERS, Gateway, filled, operations, token

pytestmark = pytest.mark.anyio
Open = Callable[[], AbstractAsyncContextManager[Gateway]]

STAFF: Final = "viewer agent lead admin"
AGENTS: Final = "agent lead admin"
LEADS: Final = "lead admin"
OPERATORS: Final = "operator admin"
ACCOUNTABLE: Final = f"{STAFF} operator"
CUSTOMERS: Final = "customer"

# A program with a role may do what one of the staff with that role may; it is tried as `program`, which has the role of an agent.
MATRIX: dict[str, str] = {
    "GET /api/portal/v1/messages/{id}/files/{file}": CUSTOMERS,
    "GET /api/portal/v1/tickets": CUSTOMERS,
    "GET /api/v1/addresses/suppressed": ACCOUNTABLE,
    "DELETE /api/v1/addresses/suppressed/{email}": f"{LEADS} operator",
    "GET /api/v1/admin/parked": OPERATORS,
    "POST /api/v1/admin/parked/discard": OPERATORS,
    "POST /api/v1/admin/parked/replay": OPERATORS,
    "GET /api/v1/admin/views/rebuild": OPERATORS,
    "POST /api/v1/admin/views/rebuild": OPERATORS,
    "GET /api/v1/agents": STAFF,
    "GET /api/v1/agents/{agent}": STAFF,
    "PUT /api/v1/agents/{agent}": LEADS,
    "POST /api/v1/agents/{agent}/availability": AGENTS,
    "GET /api/v1/customers": STAFF,
    "POST /api/v1/customers": AGENTS,
    "GET /api/v1/customers/{id}": STAFF,
    "PATCH /api/v1/customers/{id}": AGENTS,
    "POST /api/v1/customers/{id}/deactivate": AGENTS,
    "POST /api/v1/customers/{id}/reactivate": AGENTS,
    "GET /api/v1/customers/{id}/tickets": STAFF,
    "GET /api/v1/deliveries": ACCOUNTABLE,
    "POST /api/v1/deliveries/hurry": f"{LEADS} operator",
    "POST /api/v1/deliveries/resend": f"{LEADS} operator",
    "GET /api/v1/deliveries/summary": ACCOUNTABLE,
    "GET /api/v1/deliveries/{id}": ACCOUNTABLE,
    "POST /api/v1/deliveries/{id}/resend": f"{LEADS} operator",
    "GET /api/v1/events": STAFF,
    "POST /api/v1/files": AGENTS,
    "GET /api/v1/jobs": ACCOUNTABLE,
    "GET /api/v1/jobs/{id}": ACCOUNTABLE,
    "POST /api/v1/jobs/{id}/resume": f"{LEADS} operator",
    "POST /api/v1/jobs/{id}/stop": f"{LEADS} operator",
    "GET /api/v1/ledger": ACCOUNTABLE,
    "GET /api/v1/ledger/summary": ACCOUNTABLE,
    "GET /api/v1/ledger/{id}": ACCOUNTABLE,
    "GET /api/v1/messages/{id}/attachments/{part}": AGENTS,
    "GET /api/v1/messages/{id}/files/{file}": AGENTS,
    "GET /api/v1/messages/{id}/raw": AGENTS,
    "GET /api/v1/organizations": STAFF,
    "POST /api/v1/organizations": LEADS,
    "GET /api/v1/organizations/{id}": STAFF,
    "PATCH /api/v1/organizations/{id}": LEADS,
    "GET /api/v1/organizations/{id}/tickets": STAFF,
    "GET /api/v1/routing/configuration": STAFF,
    "PUT /api/v1/routing/configuration": LEADS,
    "POST /api/v1/routing/configuration/rollback/{version}": LEADS,
    "POST /api/v1/routing/configuration/try": LEADS,
    "POST /api/v1/routing/configuration/try-history": LEADS,
    "GET /api/v1/routing/configuration/versions": STAFF,
    "GET /api/v1/routing/configuration/versions/{version}": STAFF,
    "GET /api/v1/settings": STAFF,
    "GET /api/v1/sla/attainment": STAFF,
    "GET /api/v1/sla/calendars": STAFF,
    "PUT /api/v1/sla/calendars": LEADS,
    "GET /api/v1/sla/policies": STAFF,
    "PUT /api/v1/sla/policies": LEADS,
    "GET /api/v1/teams": STAFF,
    "GET /api/v1/teams/{team}": STAFF,
    "PUT /api/v1/teams/{team}": LEADS,
    "GET /api/v1/tickets": STAFF,
    "POST /api/v1/tickets": AGENTS,
    "GET /api/v1/tickets/counts": STAFF,
    "GET /api/v1/tickets/{reference}": STAFF,
    "PUT /api/v1/tickets/{reference}/assignee": AGENTS,
    "PATCH /api/v1/tickets/{reference}/classification": AGENTS,
    "POST /api/v1/tickets/{reference}/close": AGENTS,
    "GET /api/v1/tickets/{reference}/conversation": STAFF,
    "POST /api/v1/tickets/{reference}/held/{id}/send-now": AGENTS,
    "POST /api/v1/tickets/{reference}/notes": AGENTS,
    "PUT /api/v1/tickets/{reference}/priority": AGENTS,
    "POST /api/v1/tickets/{reference}/reopen": AGENTS,
    "POST /api/v1/tickets/{reference}/replies": AGENTS,
    "POST /api/v1/tickets/{reference}/resolve": AGENTS,
    "GET /api/v1/tickets/{reference}/sla/explain": STAFF,
    "POST /api/v1/tickets/{reference}/start": AGENTS,
    "GET /api/v1/tickets/{reference}/timeline": STAFF,
    "GET /api/v1/tokens": "admin",
    "DELETE /api/v1/tokens": "admin",
    "GET /api/v1/tokens/current": ACCOUNTABLE,
    "DELETE /api/v1/tokens/{jti}": "admin",
    "POST /api/v1/undo/{id}": AGENTS,
}
for _document in DOCUMENTS:
    _path = f"/api/v1/settings/{_document.name}"
    MATRIX |= {
        f"GET {_path}": STAFF,
        f"PUT {_path}": LEADS,
        f"GET {_path}/versions": STAFF,
        f"GET {_path}/versions/{{version}}": STAFF,
        f"GET {_path}/versions/{{version}}/compare/{{other}}": STAFF,
        f"POST {_path}/put-back/{{version}}": LEADS,
        f"POST {_path}/try": LEADS,
    }
SUBJECTS: Final = (*(str(role) for role in Role), "program", "customer", "nobody", "stranger")


def bearer(subject: str, customer_id: str) -> str:
    """A token as that subject has one: no role (`nobody`), a role there is not (`stranger`)."""
    match subject:
        case "program":
            return token("agent", kind="program")
        case "customer":
            return token(aud=PORTAL_AUDIENCE, sub=customer_id)
        case "nobody":
            return token()
        case "stranger":
            return token("root")
        case role:
            return token(role)


def may(subjects: str) -> set[str]:
    """Everybody who is let in by an entry of the table."""
    listed = set(subjects.split())
    return listed | ({"program"} if "agent" in listed else set())


def unlisted(gateway: Gateway) -> set[str]:
    """Published routes of which nobody has said who may use them."""
    return {f"{method} {path}" for method, path in operations(gateway)} - MATRIX.keys()


async def test_every_published_route_is_listed_and_no_other(open_gateway: Open) -> None:
    async with open_gateway() as gateway:
        assert unlisted(gateway) == set()
        assert MATRIX.keys() - {f"{method} {path}" for method, path in operations(gateway)} == set()


async def test_a_route_that_nobody_listed_is_found(open_gateway: Open) -> None:
    async def secrets() -> list[str]:
        return []

    async with open_gateway() as gateway:
        gateway.service.app.openapi_schema = None
        gateway.service.app.add_api_route("/api/v1/secrets", secrets, methods=["GET"])
        assert unlisted(gateway) == {"GET /api/v1/secrets"}


@pytest.mark.parametrize("route", MATRIX)
async def test_each_subject_may_do_what_is_listed_and_nothing_more(open_gateway: Open, route: str) -> None:
    method, _, path = route.partition(" ")
    ada = registered("ada@acme.example")
    async with open_gateway() as gateway:
        await gateway.hear(ada)
        for owner in OWNERS:
            for listing in ("/admin/parked", "/jobs", "/settings"):
                gateway.owners.answers["GET", f"{owner}{listing}"] = httpx.Response(200, json=[])
        let_in = set()
        for subject in SUBJECTS:
            headers = {"authorization": f"Bearer {bearer(subject, str(ada.customer.id))}"}
            # A live stream would go on; that it begins is seen by its tests.
            params = {"types": "no.such.type"} if path.endswith("/events") else {}
            answer = await gateway.http.request(method, filled(path), headers=headers, params=params)
            if answer.status_code not in (401, 403):
                let_in.add(subject)
        assert let_in == may(MATRIX[route])
