"""F23: the inbox has been pruned, and everything is told again: nothing is opened, mailed, moved or silenced a second time."""

from collections.abc import Callable
from typing import Any

from desk.client import until
from desk.traffic.checker import end_offsets, published_since
from desk.traffic.mails import Mail, Sender, bounce
from tests.faults.conftest import SERVICES, Broken, Load
from tests.faults.observed import count, lag, rewind
from tests.outsider import Outsider


def a_life(outsider: Outsider, pat: Sender) -> int:
    """A ticket to which people have done, after rules and messages, what these must not undo. Returns its number."""
    desk = outsider.desk
    outsider.write(Mail(pat, "An invoice", "I was charged twice."))
    number: int = outsider.ticket_of(pat)["ticket"]["number"]
    confirmation = outsider.mail_to(pat.email, "confirmation")
    outsider.write(Mail(pat, f"Re: [#{number}] An invoice", "It is urgent.", in_reply_to=confirmation["message_id"]))
    until(lambda: len(desk.api("GET", f"/tickets/{number}")["conversation"]) == 2, 20, "the reply")
    # Silenced by a bounce, and written to again by hand.
    to = confirmation["envelope_from"]
    desk.send(bounce(confirmation["message_id"], pat.email, to), to, "")
    until(lambda: any(a["email"] == pat.email for a in desk.api("GET", "/addresses/suppressed")["items"]), 20, "the suppression")
    desk.api("DELETE", f"/addresses/suppressed/{pat.email}")
    desk.api("POST", f"/tickets/{number}/replies", json={"text": "We look into it."})
    outsider.mail_to(pat.email, "agent_reply")
    desk.api("PUT", f"/tickets/{number}/assignee", json={"team": "General"})
    desk.api("PUT", f"/tickets/{number}/priority", json={"priority": "low"})
    desk.api("POST", f"/tickets/{number}/resolve", json={"solution": "It was charged back."})
    outsider.mail_to(pat.email, "resolution")
    customer = desk.api("GET", f"/tickets/{number}")["ticket"]["requester"]["customer_id"]
    desk.api("POST", f"/customers/{customer}/deactivate")
    until(lambda: not desk.api("GET", f"/customers/{customer}")["active"], 20, "the deactivation")
    return number


def looks(broken: Broken, tickets: list[str], number: int) -> dict[str, Any]:
    """What people see of it all."""
    desk = broken.desk
    detail = desk.api("GET", f"/tickets/{number}")
    return {
        "tickets": [desk.api("GET", f"/tickets/{id_}") for id_ in sorted(tickets)],
        "life": {**detail, "customer": desk.api("GET", f"/customers/{detail['ticket']['requester']['customer_id']}")},
        "ledger": desk.api("GET", "/ledger/summary")["counts"],
        "deliveries": count(broken.stack, "notify", "deliveries"),
        "suppressed": desk.api("GET", "/addresses/suppressed")["items"],
        "rows": {service: count(broken.stack, service, "tickets") for service in ("ticket", "routing")},
        "customers": count(broken.stack, "customer", "customers"),
        "mails": desk.mailbox_stats()["last_seq"],
    }


def settled(broken: Broken) -> bool:
    """Whether nobody has anything to tell, and nobody anything to hear."""
    told = all(count(broken.stack, service, "outbox") == 0 for service in SERVICES)
    return told and lag(broken.bootstrap) == 0


def test_f23_all_that_is_told_again_after_the_inbox_was_pruned_is_harmless(broken: Broken, load: Callable[..., Load]) -> None:
    since = end_offsets(broken.bootstrap)
    with load(20) as traffic:
        pass
    tickets = [e.data["ticket"]["id"] for e in traffic.check() if e.type == "ticket.opened.v1"]
    outsider = Outsider(broken.desk)
    number = a_life(outsider, outsider.person())
    until(lambda: settled(broken), 30, "all to be told and heard")
    before = looks(broken, tickets, number)
    names = [*SERVICES, "gateway"]
    for name in names:
        broken.stack.stop_service(name)
    for service in SERVICES:
        broken.stack.postgres.psql("DELETE FROM inbox", service)
    assert rewind(broken.bootstrap, since) > 100
    offsets = end_offsets(broken.bootstrap)
    for name in names:
        broken.stack.start_service(name)
    broken.stack.wait_ready(60)
    until(lambda: settled(broken), 60, "all to be told and heard again")
    assert broken.desk.api("GET", "/admin/parked")["items"] == []
    assert looks(broken, tickets, number) == before
    # customer-svc does not remember which messages it has named the sender of; whoever hears it does.
    assert {e.type for e in published_since(broken.bootstrap, offsets)} <= {"requester.identified.v1"}
    outsider.write(Mail(pat := outsider.person(), "And now", "Does anybody answer?"))
    outsider.mail_to(pat.email, "confirmation")
