"""The sender is woken by commits that leave it something, and by no others."""

from notify_svc.workers.due_mails import DueMails


def test_only_a_commit_that_leaves_a_mail_due_wakes_and_once() -> None:
    due, woken = DueMails(), list[str]()
    due.wake = lambda: woken.append("woken")
    due.committed()
    assert woken == []
    due.expect()
    due.expect()
    assert woken == [], "it is not committed yet"
    due.committed()
    due.committed()
    assert woken == ["woken"]
