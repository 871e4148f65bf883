"""A visibility as a condition of a statement; that it finds the rows that are meant is held by the services' tests."""

from uuid import UUID

import pytest

from deskstream_chassis.store.visibility import MARK, Columns, condition
from deskstream_contracts.visibility import EVERYTHING, NOTHING, Visibility

ALL = Columns("t.customer", "t.team", "t.organization", "t.project")
IDS = frozenset({UUID(int=1), UUID(int=2)})


def test_whoever_sees_nothing_and_whoever_sees_everything_need_no_parameters() -> None:
    assert (condition(NOTHING, ALL).sql, condition(NOTHING, ALL).values) == (f"{MARK} false", {})
    assert (condition(EVERYTHING, ALL).sql, condition(EVERYTHING, ALL).values) == (f"{MARK} true", {})


def test_closed_teams_are_left_out_and_tickets_without_a_team_are_not() -> None:
    closed = condition(Visibility(everything=True, closed_team_ids=IDS), ALL)
    assert closed.sql == f"{MARK} (t.team IS NULL OR t.team <> ALL(CAST(:visible_closed_teams AS uuid[])))"
    assert closed.values == {"visible_closed_teams": sorted(IDS)}


@pytest.mark.parametrize(
    ("field", "column"), [("customers", "customer"), ("organizations", "organization"), ("projects", "project")]
)
def test_each_ground_is_a_condition_on_its_column(field: str, column: str) -> None:
    found = condition(Visibility(**{f"{column}_ids": IDS}), ALL)
    assert found.sql == f"{MARK} (t.{column} = ANY(CAST(:visible_{field} AS uuid[])))"
    assert found.values == {f"visible_{field}": sorted(IDS)}


def test_one_of_several_grounds_is_enough() -> None:
    of_customer, of_project = (f"t.{g} = ANY(CAST(:visible_{g}s AS uuid[]))" for g in ("customer", "project"))
    assert condition(Visibility(customer_ids=IDS, project_ids=IDS), ALL).sql == f"{MARK} ({of_customer} OR {of_project})"


def test_a_ground_that_a_statement_has_no_column_for_shows_nothing_by_it() -> None:
    assert condition(Visibility(organization_ids=IDS), Columns("t.customer", "t.team")).sql == f"{MARK} false"
