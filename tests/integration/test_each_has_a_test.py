"""Each route, each use case and each refusal of every service has a test, in unit or integration: the list is derived.

It runs last, and only where all unit and integration tests of the service ran before it (conftest.py in the root).
"""

import importlib
import json

import pytest
from joserfc.jwk import OKPKey

from deskstream_chassis.testing.witness import Witness, name_of, refusals_of, routes_of, use_cases_of

SERVICES = ("ingest_svc", "customer_svc", "ticket_svc", "routing_svc", "sla_svc", "notify_svc", "gateway")
_KEY = OKPKey.generate_key("Ed25519")
_OWNERS = ("ingest", "customer", "ticket", "routing", "sla", "notify")


def untested(package: str, witness: Witness) -> set[str]:
    """What a service has and the witness has not seen."""
    settings = importlib.import_module(f"{package}.settings").Settings(
        database_url="postgresql+asyncpg://nobody:nothing@127.0.0.1:1/nowhere",
        internal_public_key=json.dumps(_KEY.as_dict(private=False)),
        internal_private_key=json.dumps(_KEY.as_dict(private=True)),
        token_secret="t" * 40,
        domain="desk.example",
        reply_secret="secret",
        files_secret="secret",
        journal="/nowhere/journal",
        **{f"{owner}_url": f"http://{owner}" for owner in _OWNERS},
    )
    app = importlib.import_module(f"{package}.wiring").build(settings, "all").app
    routes = {route for route in routes_of(app) if (app.title, route) not in witness.routes}
    use_cases = {name_of(c) for c in use_cases_of(package)} - witness.use_cases
    refusals = {name_of(c) for c in refusals_of(package)} - witness.refusals
    return routes | use_cases | refusals


@pytest.mark.last
@pytest.mark.parametrize("package", SERVICES)
def test_each_route_use_case_and_refusal_has_a_test(package: str, witness: Witness) -> None:
    left = sorted(untested(package, witness))
    assert not left, "without a test: " + ", ".join(left)


def test_what_nobody_tries_is_found() -> None:
    found = untested("ticket_svc", Witness())
    assert "POST /tickets/{reference}/resolve" in found
    assert "ticket_svc.handlers.resolve_ticket.ResolveTicket" in found
    assert "ticket_svc.domain.refusals.AlreadyClosed" in found
    seen = Witness(use_cases={"ticket_svc.handlers.resolve_ticket.ResolveTicket"})
    assert "ticket_svc.handlers.resolve_ticket.ResolveTicket" not in untested("ticket_svc", seen)
