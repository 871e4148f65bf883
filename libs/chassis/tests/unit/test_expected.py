"""Who waits for work is woken by commits that leave some, and by no others."""

from deskstream_chassis.run.expected import Expected


def test_only_a_commit_that_leaves_work_wakes_and_once() -> None:
    expected, woken = Expected(), list[str]()

    def wake() -> None:
        woken.append("woken")

    expected.committed()
    assert woken == []
    expected.expect(wake)
    expected.expect(wake)
    assert woken == [], "it is not committed yet"
    expected.committed()
    expected.committed()
    assert woken == ["woken"]
