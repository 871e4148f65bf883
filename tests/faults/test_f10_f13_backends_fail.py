"""F10, F13: the broker is killed, restarted and frozen; PostgreSQL is restarted, or its answer is lost; nothing that was
accepted is lost or doubled."""

import smtplib
import time
import uuid
from collections.abc import Callable

import pytest

from desk.traffic.mails import Mail
from tests.faults.conftest import Broken, Load
from tests.faults.cut_network import wire_to_database_of
from tests.outsider import Outsider


def test_f10_the_broker_is_killed_and_started_again(broken: Broken, load: Callable[..., Load]) -> None:
    with load(200, 20) as traffic:
        time.sleep(1)
        broken.stack.kafka.kill()
        time.sleep(2)
        broken.stack.kafka.start()
        broken.stack.kafka.wait_ready()
    traffic.check(120)


def test_f10_the_broker_is_frozen_for_a_while(broken: Broken, load: Callable[..., Load]) -> None:
    with load(200, 20) as traffic:
        time.sleep(1)
        broken.stack.kafka.freeze()
        time.sleep(8)
        broken.stack.kafka.thaw()
    traffic.check(120)


def test_f13_postgresql_is_restarted_under_load(broken: Broken, load: Callable[..., Load]) -> None:
    with load(200, 20) as traffic:
        for mode in ("fast", "immediate"):
            time.sleep(1.5)
            broken.stack.postgres.restart(mode)
    traffic.check(120)


def test_f13_a_mail_whose_commit_was_not_answered_is_sent_again_and_is_one_ticket(broken: Broken) -> None:
    outsider = Outsider(broken.desk)
    pat = outsider.person()
    mail = Mail(pat, f"Lost answer {uuid.uuid4().hex}", "Was this heard?")
    with wire_to_database_of(broken, "ingest") as wire:
        wire.lose_the_answer(mail.subject.encode())
        with pytest.raises(smtplib.SMTPDataError) as refusal:
            outsider.write(mail)
        assert refusal.value.smtp_code == 451
        outsider.write(mail)
        outsider.mail_to(pat.email, "confirmation")
        outcomes = {(entry["outcome"], entry["reason"]) for entry in outsider.entries_of(pat)}
        assert outcomes == {("opened", "new"), ("suppressed", "duplicate")}
    assert len(broken.desk.api("GET", "/tickets", params={"q": pat.email})["items"]) == 1
    assert len(outsider.mails_to(pat.email)) == 1


def test_f13_a_request_whose_commit_was_not_answered_has_one_effect_under_its_key(broken: Broken) -> None:
    outsider = Outsider(broken.desk)
    pat, headers = outsider.person(), {"Idempotency-Key": uuid.uuid4().hex}
    body = {"email": pat.email, "name": pat.name, "subject": f"Lost answer {uuid.uuid4().hex}", "text": "Was this heard?"}
    with wire_to_database_of(broken, "ingest") as wire:
        wire.lose_the_answer(body["subject"].encode())
        assert broken.desk.api_response("POST", "/tickets", json=body, headers=headers).status_code == 503
        again, third = (broken.desk.api("POST", "/tickets", json=body, headers=headers) for _ in range(2))
        assert again == third
        outsider.mail_to(pat.email, "confirmation")
        assert [entry["outcome"] for entry in outsider.entries_of(pat)] == ["opened"]
    assert len(broken.desk.api("GET", "/tickets", params={"q": pat.email})["items"]) == 1
    assert len(outsider.mails_to(pat.email)) == 1


def test_f13_an_agents_answer_whose_commit_was_not_answered_is_written_once(broken: Broken) -> None:
    outsider = Outsider(broken.desk)
    pat = outsider.person()
    outsider.write(Mail(pat, "A question", "Is anybody there?"))
    number = outsider.ticket_of(pat)["ticket"]["number"]
    body = {"text": f"Lost answer {uuid.uuid4().hex}"}
    with wire_to_database_of(broken, "ticket") as wire:
        wire.lose_the_answer(body["text"].encode(), b"COMMIT")
        broken.desk.api("POST", f"/tickets/{number}/replies", json=body, headers={"Idempotency-Key": uuid.uuid4().hex})
        assert not wire.is_to_lose, "no answer was lost"
        outsider.mail_to(pat.email, "agent_reply")
    replies = [m["text"].strip() for m in outsider.ticket_of(pat)["conversation"]].count(body["text"])
    assert replies == 1
    assert [outsider.kind_of(mail) for mail in outsider.mails_to(pat.email)].count("agent_reply") == 1
