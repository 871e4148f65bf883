"""Filters → SQL."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from pydantic import ValidationError

from gateway.domain.filters import (
    AgentFilters,
    CustomerFilters,
    Filters,
    OrganizationFilters,
    PortalFilters,
    TicketFilters,
)
from gateway.persistence.conditions import ACTIVE, TICKET_SORTS, Conditions, contains, names, ticket_conditions

ID = UUID(int=7)


def conditions(**filters: object) -> Conditions:
    """What filters come to where every name leads to one."""
    given = TicketFilters.model_validate(filters)
    return ticket_conditions(given, {name: [ID] for name in names(given)})


def test_without_filters_every_ticket_is_meant_that_is_not_archived() -> None:
    assert conditions().sql() == "(t.archived_at IS NULL)"
    assert conditions(status=["open"]).sql() == "(t.status IN ('open'))"


def test_what_people_typed_is_a_parameter_and_never_in_the_statement() -> None:
    evil = "x' OR 1=1 --"
    found = conditions(q=evil, team=evil, agent=evil, customer=evil, organization=evil, tag=[evil], ticket_type=evil)
    assert evil not in found.sql()
    assert found.values["ticket_type_0"] == found.values["tag_0"] == evil


def test_a_word_that_is_not_of_the_list_gets_nowhere_near_the_statement() -> None:
    for filters in ({"status": ["open'"]}, {"priority": ["x"]}, {"channel": "'"}, {"waiting_for": "'"}, {"sort": "id; --"}):
        with pytest.raises(ValidationError):
            TicketFilters.model_validate(filters)


@pytest.mark.parametrize("filters", [TicketFilters, CustomerFilters, OrganizationFilters, AgentFilters, PortalFilters])
def test_an_unknown_filter_is_refused(filters: type[Filters]) -> None:
    with pytest.raises(ValidationError):
        filters.model_validate({"statsu": ["open"]})


def test_people_are_found_by_id_or_by_name() -> None:
    by_id, by_name = TicketFilters(team=str(ID)), TicketFilters(team="Billing")
    assert (names(by_id), names(by_name)) == ({}, {"team": "Billing"})
    assert ticket_conditions(by_id, {}).values == {"team": ID}
    for ids in ([], [ID], [ID, UUID(int=8)]):
        assert ticket_conditions(by_name, {"team": ids}).values == {"team": ids if len(ids) != 1 else ID}


def test_several_statuses_mean_any_and_several_filters_mean_all() -> None:
    found = conditions(status=["open", "in_progress"], breached=True, unassigned=True)
    assert found.sql() == "(t.status IN ('open', 'in_progress')) AND (t.breached) AND (t.agent_id IS NULL)"


def test_what_is_asked_for_as_not_so_is_a_filter_too() -> None:
    found = conditions(breached=False, unassigned=False)
    assert found.sql() == "(NOT t.breached) AND (t.agent_id IS NOT NULL) AND (t.archived_at IS NULL)"


def test_each_of_several_tags_is_asked_for() -> None:
    assert conditions(tag=["vip", "late"]).values == {"tag_0": "vip", "tag_1": "late"}


def test_a_number_is_searched_as_a_number_too() -> None:
    assert conditions(q="#1006").values["q_number"] == 1006
    assert "q_number" not in conditions(q="1006b").values
    assert "q_number" not in conditions(q="9" * 30).values
    assert "q_number" not in conditions(q="١٠٠٦").values


def test_what_is_too_short_for_the_index_is_looked_for_where_there_is_little() -> None:
    assert conditions(q="ab").sql().startswith(f"({ACTIVE} AND ")
    assert ACTIVE not in conditions(q="abc").sql()
    assert ACTIVE not in conditions(q="#7").sql()
    assert conditions(q="٧").sql().startswith(f"({ACTIVE} AND "), "no number, and too short for the index"


def test_the_signs_of_like_are_taken_literally() -> None:
    assert contains(r"50%_\x") == r"%50\%\_\\x%"


def test_a_page_follows_the_last_row_in_the_order_of_its_list() -> None:
    newest, due = TICKET_SORTS["newest"], TICKET_SORTS["due"]
    assert newest.order() == "t.opened_at DESC, t.id DESC"
    assert newest.after().startswith("(t.opened_at, t.id) < (")
    assert due.after().startswith("(coalesce(t.due_at, 'infinity'), t.id) > (")


def test_a_time_needs_an_offset() -> None:
    with pytest.raises(ValidationError):
        TicketFilters.model_validate({"due_before": "2026-01-01T00:00:00"})
    assert TicketFilters.model_validate({"due_before": "2026-01-01T00:00:00Z"}).due_before == datetime(2026, 1, 1, tzinfo=UTC)
