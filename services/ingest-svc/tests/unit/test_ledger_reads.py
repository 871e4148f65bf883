"""Who may look into the ledger and into raw messages, and how the ledger is searched."""

from typing import Any, cast

import pytest
from fastapi.routing import APIRoute
from sqlalchemy.ext.asyncio import AsyncEngine

from deskstream_chassis.refusals import Forbidden, Invalid
from deskstream_chassis.web.subjects import Customer, Program, Role, Staff
from deskstream_contracts.visibility import EVERYTHING, Visibility
from ingest_svc.api.ledger import accountable, ledger_filter, ledger_reads
from ingest_svc.domain.refusals import NoSuchMessage

from .given import an_id

ONE_TEAM_CLOSED = Visibility(everything=True, closed_team_ids=frozenset({an_id()}))
ONE_CUSTOMER = Visibility(customer_ids=frozenset({an_id()}))
LEAD, OPERATOR, AGENT = (frozenset({role}) for role in (Role.LEAD, Role.OPERATOR, Role.AGENT))


def staff(roles: frozenset[Role], visibility: Visibility = EVERYTHING) -> Staff:
    return Staff("sue", "Sue", roles, visibility)


@pytest.mark.anyio
@pytest.mark.parametrize("who", [staff(LEAD), staff(OPERATOR), staff(OPERATOR, ONE_TEAM_CLOSED), Program("crm", "CRM", LEAD)])
async def test_who_sees_all_tickets_or_runs_the_desk_looks_into_the_ledger(who: Staff | Program) -> None:
    assert await accountable(who) is who


@pytest.mark.anyio
@pytest.mark.parametrize("who", [staff(LEAD, ONE_TEAM_CLOSED), Program("crm", "CRM", LEAD, ONE_CUSTOMER)])
async def test_who_sees_some_tickets_only_does_not(who: Staff | Program) -> None:
    with pytest.raises(Forbidden):
        await accountable(who)


@pytest.mark.anyio
async def test_a_raw_message_is_not_looked_for_on_behalf_of_who_does_not_see_everything() -> None:
    [download] = [
        route.endpoint
        for route in ledger_reads(cast("AsyncEngine", None), cast("Any", None), 2.0, {False: 90, True: 180}).routes
        if isinstance(route, APIRoute) and route.path == "/messages/{id_}/raw"
    ]
    for who in (Program("crm", "CRM", AGENT, ONE_CUSTOMER), Customer("ann", "Ann", ONE_CUSTOMER)):
        with pytest.raises(NoSuchMessage):
            await download(cast("Any", None), who, an_id())


def test_an_address_is_looked_for_in_lower_case() -> None:
    assert ledger_filter(None, None, None, None, None, None, "Ada@ACME.example", None).sender == "ada@acme.example"


@pytest.mark.parametrize("what", ["reason", "sender"])
def test_text_that_no_entry_can_hold_is_pointed_to(what: str) -> None:
    with pytest.raises(Invalid) as refused:
        ledger_filter(**{**dict.fromkeys(("outcome", "state", "door", "since", "until", "ticket")), what: "a\0b"})  # type: ignore[arg-type]
    assert refused.value.pointer == what
