"""Who is shown what was sent."""

from uuid import UUID

import pytest

from deskstream_chassis.web.subjects import Customer, Program, Role, Staff, Subject
from deskstream_contracts.visibility import EVERYTHING, NOTHING, Visibility
from notify_svc.api.deliveries import sees_deliveries

OF_ONE = Visibility(customer_ids=frozenset([UUID(int=3)]))
BUT_ONE_TEAM = Visibility(everything=True, closed_team_ids=frozenset([UUID(int=100)]))
VIEWER, OPERATOR = frozenset([Role.VIEWER]), frozenset([Role.OPERATOR])


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        (Staff("1", "Ada", VIEWER, EVERYTHING), True),
        (Program("1", "Report", VIEWER, EVERYTHING), True),
        (Staff("1", "Olga", OPERATOR, NOTHING), True),
        (Staff("1", "Ada", VIEWER, BUT_ONE_TEAM), False),
        (Program("1", "Report", VIEWER, OF_ONE), False),
        (Customer("1", "Jim", OF_ONE), False),
        (Staff("1", "Ada", frozenset(Role) - OPERATOR, NOTHING), False),
    ],
)
def test_what_was_sent_is_for_who_sees_every_ticket_and_for_who_runs_the_desk(who: Subject, sees: bool) -> None:
    assert sees_deliveries(who) is sees
