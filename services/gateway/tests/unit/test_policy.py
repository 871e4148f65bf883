"""Who may do what."""

from deskstream_chassis.web.subjects import Role
from gateway.domain.policy import widened


def test_each_staff_role_includes_the_lower_ones() -> None:
    assert widened(["agent"]) == {Role.VIEWER, Role.AGENT}
    assert widened(["admin"]) == {Role.VIEWER, Role.AGENT, Role.LEAD, Role.ADMIN}


def test_an_operator_is_no_staff_and_staff_is_no_operator() -> None:
    assert widened(["operator"]) == {Role.OPERATOR}
    assert Role.OPERATOR not in widened(["admin"])


def test_an_unknown_role_gives_nothing() -> None:
    assert widened(["root", "service", ""]) == frozenset()
