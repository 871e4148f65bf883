"""Who may do and see what."""

from deskstream_chassis.web.auth import Caller
from gateway.domain.policy import ROLES, Sight, sight, widened


def caller(*roles: str) -> Caller:
    return Caller("1", "Ada", frozenset(roles))


def test_each_staff_role_includes_the_lower_ones() -> None:
    assert widened(frozenset({"agent"})) == {"viewer", "agent"}
    assert widened(frozenset({"admin"})) == {"viewer", "agent", "supervisor", "admin"}


def test_an_operator_is_no_staff_and_staff_is_no_operator() -> None:
    assert widened(frozenset({"operator"})) == {"operator"}
    assert "operator" not in widened(frozenset({"admin"}))


def test_an_unknown_role_gives_nothing() -> None:
    assert widened(frozenset({"root", "service", ""})) == frozenset()


def test_staff_sees_all_and_everybody_else_nothing() -> None:
    seen = {role: sight(caller(role)) for role in ROLES}
    assert seen == {
        "viewer": Sight.ALL, "agent": Sight.ALL, "supervisor": Sight.ALL, "admin": Sight.ALL, "operator": Sight.NOTHING,
    }  # fmt: skip
    assert sight(caller()) is Sight.NOTHING


def test_a_list_and_a_single_ticket_follow_the_same_sight() -> None:
    assert (Sight.ALL.condition(), Sight.ALL.covers("1")) == ("true", True)
    assert (Sight.NOTHING.condition(), Sight.NOTHING.covers("1")) == ("false", False)
