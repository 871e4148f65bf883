"""What a visibility covers and shows."""

from typing import get_args
from uuid import UUID, uuid4

import pytest

from deskstream_contracts.visibility import EVERYTHING, NOTHING, Part, Visibility

ADA, ACME, ATLAS, LEGAL = (UUID(int=n) for n in range(1, 5))
OF_EVERYBODY = {"conversation", "files", "progress"}


def test_without_a_ground_nothing_is_seen() -> None:
    assert not NOTHING.covers(customer_id=ADA, organization_id=ACME, team_id=LEGAL, project_id=ATLAS)
    assert not NOTHING.covers(customer_id=None)


@pytest.mark.parametrize(
    ("given", "ticket"),
    [
        (Visibility(customer_ids=frozenset({ADA})), {"customer_id": ADA}),
        (Visibility(organization_ids=frozenset({ACME})), {"organization_id": ACME}),
        (Visibility(project_ids=frozenset({ATLAS})), {"project_id": ATLAS}),
    ],
)
def test_each_ground_covers_what_is_of_it_and_nothing_else(given: Visibility, ticket: dict[str, UUID]) -> None:
    others = {"customer_id": uuid4(), "organization_id": uuid4(), "team_id": LEGAL, "project_id": uuid4()}
    assert given.covers(**{**others, **ticket})
    assert not given.covers(**others)
    assert not given.covers(customer_id=None), "a ticket that is of nobody is not everybody's"


def test_the_staff_see_every_ticket_but_those_of_teams_that_are_closed_to_them() -> None:
    assert EVERYTHING.covers(customer_id=None)
    closed = Visibility(everything=True, closed_team_ids=frozenset({LEGAL}))
    assert closed.covers(customer_id=ADA, team_id=None)
    assert closed.covers(customer_id=ADA, team_id=uuid4())
    assert not closed.covers(customer_id=ADA, team_id=LEGAL)


@pytest.mark.parametrize("part", get_args(Part))
def test_a_customer_is_shown_the_conversation_its_files_and_how_far_it_is(part: Part) -> None:
    assert Visibility(customer_ids=frozenset({ADA})).shows(part) is (part in OF_EVERYBODY)
    assert EVERYTHING.shows(part)
