"""How a ticket is named, and who sees it."""

from uuid import UUID

import pytest

from deskstream_contracts.visibility import EVERYTHING, NOTHING, Visibility
from ticket_svc.domain.reference import TicketReference, is_seen
from ticket_svc.domain.refusals import NoSuchTicket
from ticket_svc.domain.ticket import Assignee, Organization, Requester

from .test_lifecycle import ticket

ID = UUID("0198c2f0-8f0e-7cc3-8f2e-2f1f3a4b5c6d")
CUSTOMER, ACME, TEAM = UUID(int=3), UUID(int=50), UUID(int=100)


def ids(*these: UUID) -> frozenset[UUID]:
    return frozenset(these)


@pytest.mark.parametrize(("text", "value"), [("1042", 1042), (str(ID), ID), (str(ID).upper(), ID)])
def test_a_ticket_is_named_by_its_number_or_its_id(text: str, value: int | UUID) -> None:
    assert TicketReference.of(text).value == value


@pytest.mark.parametrize("text", ["", "-", "#1042", "-1", "1042b", str(ID)[:-1], "²", "١٠٤٢", "0" * 36, "9" * 5000])
def test_what_is_neither_names_no_ticket(text: str) -> None:
    with pytest.raises(NoSuchTicket):
        TicketReference.of(text)


@pytest.mark.parametrize(
    ("visibility", "seen"),
    [
        (EVERYTHING, True),
        (NOTHING, False),
        (Visibility(customer_ids=ids(CUSTOMER)), True),
        (Visibility(customer_ids=ids(UUID(int=4))), False),
        (Visibility(organization_ids=ids(ACME)), True),
        (Visibility(organization_ids=ids(UUID(int=51))), False),
        (Visibility(customer_ids=ids(UUID(int=4)), organization_ids=ids(ACME)), True),
        (Visibility(everything=True, closed_team_ids=ids(UUID(int=101))), True),
        (Visibility(everything=True, closed_team_ids=ids(TEAM)), False),
        # What a closed team has is its customer's all the same.
        (Visibility(customer_ids=ids(CUSTOMER), closed_team_ids=ids(TEAM)), True),
    ],
)
def test_a_ticket_is_seen_by_its_customer_its_organization_and_the_staff_unless_its_team_is_closed(
    visibility: Visibility, seen: bool
) -> None:
    requester = Requester(CUSTOMER, 1, "jim@sample.com", "Jim", "en", organization=Organization(ACME, "ACME", {}))
    assert is_seen(ticket(requester=requester, assignee=Assignee(team_id=TEAM)), visibility) is seen


def test_a_ticket_of_no_organization_is_seen_through_none() -> None:
    assert not is_seen(ticket(), Visibility(organization_ids=ids(ACME)))
    assert is_seen(ticket(), Visibility(everything=True, closed_team_ids=ids(TEAM)))
