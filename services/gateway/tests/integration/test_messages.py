"""A message and its files are seen by whoever sees the ticket that they belong to."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from deskstream_contracts.visibility import Visibility

from ..events import opened, ticket  # noqa: TID252
from .conftest import Gateway

pytestmark = pytest.mark.anyio
Open = Callable[[], AbstractAsyncContextManager[Gateway]]


async def asked(gateway: Gateway, message: UUID) -> set[int]:
    return {(await gateway.ask("GET", f"/messages/{message}/{part}", "agent")).status_code for part in ("raw", "attachments/1")}


@pytest.fixture
def closed_teams(monkeypatch: pytest.MonkeyPatch) -> set[UUID]:
    """Teams whose tickets the staff of these tests does not see."""
    teams: set[UUID] = set()

    def visibility(*_: Any, **__: Any) -> Visibility:
        return Visibility(everything=True, closed_team_ids=frozenset(teams))

    monkeypatch.setattr("gateway.api.accounts.visibility_of", visibility)
    return teams


async def test_a_message_of_a_ticket_that_is_not_seen_is_not_there(open_gateway: Open, closed_teams: set[UUID]) -> None:
    message, hidden, shown, team = uuid4(), ticket(), ticket(), uuid4()
    closed_teams.add(team)
    hidden = hidden.model_copy(update={"assignee": hidden.assignee.model_copy(update={"team_id": team})})
    async with open_gateway() as gateway:
        await gateway.hear(opened(hidden), opened(shown))
        for whose, expected in ((hidden.id, {404}), (shown.id, {200}), (None, {404})):
            whose_json = {"ticket_id": None if whose is None else str(whose)}
            gateway.owners.answers["GET", f"ingest/messages/{message}/ticket"] = httpx.Response(200, json=whose_json)
            assert await asked(gateway, message) == expected
        gateway.owners.answers["GET", f"ingest/messages/{message}/ticket"] = httpx.Response(404, json={})
        assert await asked(gateway, message) == {404}


async def test_who_sees_everything_is_not_held_up(open_gateway: Open) -> None:
    message = uuid4()
    async with open_gateway() as gateway:
        assert await asked(gateway, message) == {200}
        assert {request.url.path for request in gateway.owners.asked} == {
            f"/messages/{message}/raw", f"/messages/{message}/attachments/1",
        }  # fmt: skip
