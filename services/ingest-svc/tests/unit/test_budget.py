"""What SMTP sessions may hold together."""

from ingest_svc.doors.budget import Budget, Limits

STRANGER, OTHER, RELAY = "192.0.2.1", "192.0.2.2", "10.0.0.1"


def test_a_stranger_has_so_many_sessions_and_our_relay_as_many_as_there_are() -> None:
    budget: Budget[int] = Budget(Limits(sessions=10, peer_sessions=2))
    assert [budget.begin(n, STRANGER, False) for n in range(3)] == [True, True, False]
    assert budget.begin(3, OTHER, False)
    assert [budget.begin(10 + n, RELAY, True) for n in range(8)] == [True] * 7 + [False]
    budget.end(0)
    assert budget.begin(20, STRANGER, False)
    assert len(budget) == 10


def test_strangers_leave_a_fifth_to_our_relays() -> None:
    budget: Budget[int] = Budget(Limits(sessions=10, peer_sessions=2))
    assert sum(budget.begin(n, f"192.0.2.{n}", False) for n in range(20)) == 8
    assert budget.begin(100, RELAY, True)


def test_who_was_not_taken_in_ends_without_a_trace() -> None:
    budget: Budget[int] = Budget(Limits(sessions=1))
    assert budget.begin(1, STRANGER, False) is False or budget.begin(2, RELAY, True) is False
    budget.end(2)
    assert len(budget) <= 1


def test_where_bytes_are_too_many_the_largest_of_the_greediest_ends() -> None:
    budget: Budget[str] = Budget(Limits(bytes=100))
    for session, peer in (("a", STRANGER), ("b", STRANGER), ("c", OTHER), ("small", RELAY)):
        budget.begin(session, peer, peer == RELAY)
    assert budget.hold("c", 40) is None
    assert budget.hold("a", 25) is None
    assert budget.hold("b", 30) is None
    assert budget.hold("small", 10) == "b"  # not the one that came last, nor the one of another that holds more by itself
    budget.end("b")
    assert budget.held == 75
    assert budget.hold("small", 10) is None
    assert budget.hold("a", 0) is None
    assert budget.held == 50
