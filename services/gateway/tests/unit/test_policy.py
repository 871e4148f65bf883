"""Who may do and see what."""

from deskstream_chassis.web.auth import Staff
from gateway.domain.policy import ROLES, Sight, sight, widened


def caller(*roles: str) -> Subject:
    return Staff("1", "Ada", frozenset(roles))


def test_each_staff_role_includes_the_lower_ones() -> None:
    assert widened(frozenset({Role.AGENT})) == {"viewer", "agent"}
    assert widened(frozenset({Role.ADMIN})) == {"viewer", "agent", "lead", "admin"}


def test_an_operator_is_no_staff_and_staff_is_no_operator() -> None:
    assert widened(frozenset({Role.OPERATOR})) == {"operator"}
    assert "operator" not in widened(frozenset({Role.ADMIN}))


def test_an_unknown_role_gives_nothing() -> None:
    assert widened(frozenset({"root", "service", ""})) == frozenset()


def test_staff_sees_all_and_everybody_else_nothing() -> None:
    seen = {role: sight(caller(role)) for role in ROLES}
    assert seen == {
        "viewer": Sight.ALL, "agent": Sight.ALL, "lead": Sight.ALL, "admin": Sight.ALL, "operator": Sight.NOTHING,
    }  # fmt: skip
    assert sight(caller()) is Sight.NOTHING


def test_a_list_and_a_single_ticket_follow_the_same_sight() -> None:
    assert (Sight.ALL.condition(), Sight.ALL.covers("1")) == ("true", True)
    assert (Sight.NOTHING.condition(), Sight.NOTHING.covers("1")) == ("false", False)
