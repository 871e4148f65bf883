"""Each read that concerns tickets goes by what whoever asks sees; decisions are shown to who sees everything."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import TextClause

from deskstream_chassis.store.visibility import MARK
from deskstream_contracts.visibility import Visibility
from routing_svc.domain.references import TicketReference
from routing_svc.persistence import queries

pytestmark = pytest.mark.anyio
SINCE = datetime(2026, 5, 4, tzinfo=UTC)
TEAM, ANN, ACME = UUID(int=100), UUID(int=1), UUID(int=2)
TEAM_CLOSED = Visibility(everything=True, closed_team_ids=frozenset({TEAM}))
GIVEN = Visibility(customer_ids=frozenset({ANN}), organization_ids=frozenset({ACME}))


class Asked:
    """A connection that keeps what it is asked, and finds nothing."""

    def __init__(self) -> None:
        self.statements: list[tuple[str, Any]] = []

    async def execute(self, statement: TextClause, parameters: Any = None) -> "Asked":
        self.statements.append((str(statement), parameters))
        return self

    def all(self) -> list[Any]:
        return []

    def scalar_one_or_none(self) -> None:
        return None


async def of_decisions(asked: Asked, visibility: Visibility) -> None:
    await queries.decisions(asked, TicketReference(None, 1042), visibility)


async def of_a_ticket(asked: Asked, visibility: Visibility) -> None:
    await queries.ticket(asked, UUID(int=9), visibility)


async def of_history(asked: Asked, visibility: Visibility) -> None:
    await queries.history(asked, "assignment", SINCE, 10, visibility)


Read = Callable[[Asked, Visibility], Awaitable[None]]


@pytest.mark.parametrize("read", [of_decisions, of_a_ticket, of_history])
async def test_tickets_of_a_closed_team_are_left_out_by_the_team_they_are_of(read: Read) -> None:
    asked = Asked()
    await read(asked, TEAM_CLOSED)
    [(statement, parameters)] = asked.statements
    assert parameters["visible_closed_teams"] == [TEAM]
    condition = statement[statement.index(MARK) :]
    assert "t.state ->> 'team_id'" in condition


@pytest.mark.parametrize("read", [of_a_ticket, of_history])
async def test_a_program_asks_for_the_tickets_of_those_it_was_given(read: Read) -> None:
    asked = Asked()
    await read(asked, GIVEN)
    [(statement, parameters)] = asked.statements
    assert (parameters["visible_customers"], parameters["visible_organizations"]) == ([ANN], [ACME])
    condition = statement[statement.index(MARK) :]
    assert condition.index("t.state ->> 'customer_id'") < condition.index(":visible_customers")
    assert condition.index("t.state ->> 'organization_id'") < condition.index(":visible_organizations")


async def test_decisions_are_not_looked_for_on_behalf_of_who_does_not_see_everything() -> None:
    asked = Asked()
    await of_decisions(asked, GIVEN)
    assert asked.statements == []
