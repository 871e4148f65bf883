"""Every route that is only passed on: a request that fits reaches its owner, and the owner's answer comes back."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest

from gateway.api.proxied_routes import PROXIED, ProxiedRoute

from .conftest import VALUES, Gateway

pytestmark = pytest.mark.anyio
Open = Callable[[], AbstractAsyncContextManager[Gateway]]

ROUTES: Final = [route for routes in PROXIED.values() for route in routes]
# A body that fits, where a route wants one.
_CONTENTS: Final = {
    "ticket-types": {"types": [{"key": "Fault"}]},
    "closing": {"close_resolved_after_days": 14},
    "languages": {"supported": ["en"], "fallback": "en"},
    "domains": {"create_organizations": True},
    "ticket-fields": {"fields": [{"key": "cost", "kind": "number"}]},
    "customer-fields": {"only_defined": True},
    "organization-fields": {"only_defined": True},
}
BODIES: Final[dict[str, Any]] = {
    **{f"PUT /settings/{name}": {"content": content, "note": "Why."} for name, content in _CONTENTS.items()},
    **{f"POST /settings/{name}/try": {"content": content} for name, content in _CONTENTS.items()},
    **{f"POST /settings/{name}/put-back/{{version}}": {"note": "Why."} for name in _CONTENTS},
    "POST /tickets/{reference}/replies": {"text": "Done."},
    "POST /tickets/{reference}/start": {},
    "POST /tickets/{reference}/notes": {"text": "Between us."},
    "POST /tickets/{reference}/resolve": {"solution": "Restarted."},
    "POST /tickets/{reference}/reopen": {"reason": "asked again"},
    "POST /tickets/{reference}/close": {"reason": "confirmed"},
    "PUT /tickets/{reference}/priority": {"priority": "high"},
    "PATCH /tickets/{reference}/classification": {"tags": ["vip"]},
    "POST /customers": {"email": "ann@acme.example"},
    "PATCH /customers/{id}": {"phone": "1"},
    "POST /organizations": {"name": "ACME"},
    "PATCH /organizations/{id}": {"sharing": "own"},
    "POST /deliveries/resend": {"answer": "535"},
    "PUT /routing/configuration": {"rules": [{"name": "All", "actions": {"team": "Support"}}]},
    "POST /routing/configuration/try": {"rules": [], "sample": {"ticket": {"priority": "high"}}},
    "POST /routing/configuration/try-history": {"rules": [], "days": 1},
    "PUT /teams/{team}": {"manager": {"email": "lea@desk.example"}},
    "PUT /agents/{agent}": {"name": "Ada", "teams": ["Billing"]},
    "POST /agents/{agent}/availability": {"available": False},
    "PUT /sla/policies": {"policies": [{"name": "Standard", "targets": {"high": {"resolution": 3600}}}]},
    "PUT /sla/calendars": {"calendars": [{"name": "Office", "weekly": {"monday": [["08:00", "16:00"]]}}]},
}
QUERY: Final = {
    **dict.fromkeys(("cursor", "ticket_id"), "0197a3b0-5c1e-7d7a-9f00-3f6f3b1e2a01"),
    **dict.fromkeys(("since", "until", "before"), "2026-03-02T09:00:00Z"),
    "outcome": "opened",
    "reason": "new",
    "state": "closed",
    "door": "smtp",
    "sender": "ann@acme.example",
    "ticket": "1006",
    "status": "failed",
    "by": "team",
    "limit": "10",
}


@pytest.mark.parametrize("route", ROUTES, ids=lambda r: f"{r.method} {r.path}")
async def test_a_request_that_fits_reaches_its_owner(open_gateway: Open, route: ProxiedRoute) -> None:
    values = {**VALUES, "{id}": str(uuid4())}
    path, there = route.path, route.to
    for name, value in values.items():
        path, there = path.replace(name, value), there.replace(name, value)
    body = BODIES[f"{route.method} {route.path}"] if route.body is not None else None
    versions = {"before": "3", "cursor": "3"} if path.endswith(("/versions", "/timeline")) else {}
    query = {name: (QUERY | versions)[name] for name in route.query}
    # An entry of the ledger stands under the key of its thread, by which parked messages are found.
    entry = {"by": "owner", "thread_root": str(uuid4())} if route.shows_parked else {"by": "owner"}
    async with open_gateway() as gateway:
        gateway.owners.answers[route.method, f"{route.owner}{there}"] = httpx.Response(route.status, json=entry)
        answer = await gateway.ask(route.method, path, str(route.roles[0]), json=body, params=query, headers={"if-match": '"7"'})
        shown = entry | ({"parked": []} if route.shows_parked else {}) | ({"fields": []} if route.shows_fields else {})
        assert (answer.status_code, answer.json()) == (route.status, shown), answer.text
        asked = gateway.owners.asked[-1]
        assert (asked.method, asked.url.host, asked.url.path) == (route.method, route.owner, there)
        assert asked.headers["if-match"] == '"7"'
        assert asked.url.query == httpx.QueryParams(query).__str__().encode()
