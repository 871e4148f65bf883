"""The clocks of a ticket are looked for among the tickets that are seen by whoever asks."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import TextClause

from deskstream_chassis.store.visibility import MARK
from deskstream_contracts.visibility import NOTHING, Visibility
from sla_svc.persistence import queries

pytestmark = pytest.mark.anyio
TICKET, TEAM, ANN, ACME = (UUID(int=n) for n in range(1, 5))


class Asked:
    """A connection that keeps what it is asked, and finds nothing."""

    def __init__(self) -> None:
        self.statements: list[tuple[str, Any]] = []

    async def execute(self, statement: TextClause, parameters: Any = None) -> "Asked":
        self.statements.append((str(statement), parameters))
        return self

    def scalar_one_or_none(self) -> None:
        return None


async def asked_for(visibility: Visibility) -> tuple[str, dict[str, Any]]:
    """The condition of the statement, and its parameters."""
    asked = Asked()
    assert await queries.sla(asked, TICKET, visibility) is None
    [(statement, parameters)] = asked.statements
    return statement[statement.index(MARK) :], parameters


async def test_the_clocks_of_a_closed_team_are_left_out_by_the_team_that_has_the_ticket() -> None:
    condition, parameters = await asked_for(Visibility(everything=True, closed_team_ids=frozenset({TEAM})))
    assert "s.state -> 'ticket' ->> 'team_id'" in condition
    assert parameters["visible_closed_teams"] == [TEAM]


async def test_a_program_asks_for_the_clocks_of_those_it_was_given() -> None:
    given = Visibility(customer_ids=frozenset({ANN}), organization_ids=frozenset({ACME}))
    condition, parameters = await asked_for(given)
    for column, name, ids in (
        ("'customer_id'", "visible_customers", [ANN]),
        ("'organization_id'", "visible_organizations", [ACME]),
    ):
        assert condition.index(column) < condition.index(f":{name}")
        assert parameters[name] == ids


async def test_who_was_given_nothing_finds_nothing() -> None:
    assert (await asked_for(NOTHING))[0] == f"{MARK} false"
