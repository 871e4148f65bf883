"""F36: ticket-svc is killed while answers are held: each goes out once, and none that was undone."""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from desk.client import until
from desk.traffic.checker import end_offsets, published_since
from desk.traffic.mails import Mail, Sender
from tests.faults.conftest import Broken
from tests.faults.observed import count
from tests.outsider import Outsider


def _ticket(broken: Broken) -> tuple[str, int]:
    """Somebody who has written in, and the number of their ticket."""
    pat = Sender("Pat Doe", f"pat.{secrets.token_hex(4)}@sample.com")
    mail = Mail(pat, "Where is it?", "Please say.")
    broken.desk.send(mail.raw(), mail.to, pat.email)
    found = until(lambda: broken.desk.api("GET", "/tickets", params={"q": pat.email})["items"], 30, "the ticket")
    return pat.email, found[0]["number"]


def _held(broken: Broken, number: int, text: str = "Here.", **body: Any) -> dict[str, Any]:
    answer: dict[str, Any] = broken.desk.api(
        "POST", f"/tickets/{number}/replies", json={"text": text, **body}, role="agent", name="Ada"
    )
    assert answer["held_until"]
    return answer


def _answers(broken: Broken, to: str) -> int:
    outsider = Outsider(broken.desk)
    return [outsider.kind_of(mail) for mail in outsider.mails_to(to)].count("agent_reply")


@pytest.mark.parametrize("where", ["before_commit", "committed"])
def test_f36_an_answer_that_was_due_when_its_process_was_killed_goes_out_once(broken: Broken, where: str) -> None:
    to, number = _ticket(broken)
    offsets = end_offsets(broken.bootstrap)
    broken.restart("ticket", HOLD_SECONDS="1", FAILPOINTS=f"held.{where}=kill")
    answer = _held(broken, number)
    broken.wait_dead("ticket")
    assert count(broken.stack, "ticket", "held_messages") == (1 if where == "before_commit" else 0)
    broken.revive()
    Outsider(broken.desk).mail_to(to, "agent_reply", 30)
    until(lambda: count(broken.stack, "ticket", "outbox") == 0, 30, "all that is to be published")
    told = [event for event in published_since(broken.bootstrap, offsets) if event.type == "ticket.agent_replied.v1"]
    assert [event.data["message_id"] for event in {event.id: event for event in told}.values()] == [answer["message_id"]]
    assert _answers(broken, to) == 1


def test_f36_what_is_held_and_what_was_undone_are_known_after_a_restart(broken: Broken) -> None:
    to, number = _ticket(broken)
    broken.restart("ticket", HOLD_SECONDS="30")
    kept, undone = _held(broken, number, "Here it is."), _held(broken, number, "Go away!")
    broken.desk.api("POST", f"/undo/{undone['undo']['id']}", role="agent", name="Ada")
    broken.stack.kill("ticket")
    broken.restart("ticket")
    detail = broken.desk.api("GET", f"/tickets/{number}/conversation")["items"]
    assert [(m["id"], m["text"]) for m in detail if m["held"]] == [(kept["message_id"], "Here it is.")]
    again = broken.desk.api("POST", f"/undo/{undone['undo']['id']}", role="agent", name="Ada")
    assert again["withdrawn"]["text"] == "Go away!"
    broken.desk.api("POST", f"/tickets/{number}/held/{kept['message_id']}/send-now", role="agent", name="Bo")
    Outsider(broken.desk).mail_to(to, "agent_reply", 30)
    assert _answers(broken, to) == 1
    texts = [m["text"] for m in broken.desk.api("GET", f"/tickets/{number}/conversation")["items"] if m["kind"] == "agent"]
    assert texts == ["Here it is."]
