"""F6: everything is lost but a backup; a new desk made from it goes on where the old one was, and nothing happens twice."""

import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from desk import backup
from desk.client import Desk, until
from desk.ports import free_port_base
from desk.stack import Stack
from desk.traffic.mails import Mail, Sender
from desk.traffic.seed import seed
from tests.faults.conftest import SERVICES, Broken, Load
from tests.faults.observed import count, lag, rewind

EVERYTHING = (*SERVICES, "gateway")


@pytest.fixture
def desks(tmp_path: Path) -> Iterator[Callable[[str], Broken]]:
    """Makes a desk on a home of that name; it has to be started."""
    made: list[Stack] = []

    def make(name: str) -> Broken:
        stack = Stack(tmp_path / name, free_port_base())
        made.append(stack)
        return Broken(stack, Desk.at(stack.home, stack.topology.port_base))

    yield make
    for stack in made:
        stack.destroy()


def _write(desk: Desk, name: str, count: int) -> list[Mail]:
    mails = [Mail(Sender(f"{name} {n}", f"{name}{n}@sample.com"), f"{name} {n}", "Help!") for n in range(count)]
    for mail in mails:
        desk.send(mail.raw(), mail.to, mail.sender.email)
    return mails


def _noted(desk: Desk, mail: Mail) -> tuple[str, bytes]:
    """Where a large file of a note is to be had, and what is in it."""
    (ticket,) = desk.api("GET", "/tickets", params={"q": mail.sender.email})["items"]
    blob = secrets.token_bytes(700_000)
    file = desk.api("POST", "/files", content=blob)
    desk.api("POST", f"/tickets/{ticket['number']}/notes", json={"text": "See the file.", "files": [file["id"]]})
    *_, note = desk.api("GET", f"/tickets/{ticket['number']}/conversation")["items"]
    return note["attachments"][0]["href"].removeprefix("/api/v1"), blob


def _confirmed(mails: list[dict[str, Any]]) -> Counter[str]:
    return Counter(mail["in_reply_to"] for mail in mails if mail["auto_submitted"])


def _settled(desk: Desk) -> bool:
    return bool(desk.api("GET", "/ledger/summary")["open"] == 0)


def test_f06_a_desk_restored_from_a_backup_goes_on_and_does_nothing_twice(desks: Callable[[str], Broken], tmp_path: Path) -> None:
    old = desks("old")
    old.stack.start()
    seed(old.desk)
    done = _write(old.desk, "done", 12)
    until(lambda: len(_confirmed(old.desk.mails())) == 12 and _settled(old.desk), 60, "the first mails")
    href, blob = _noted(old.desk, done[0])
    # Some are published and not yet taken, some are in the outbox, and some have not even been looked at.
    old.stack.stop_service("ticket")
    published = _write(old.desk, "published", 6)
    until(lambda: count(old.stack, "customer", "outbox") == 0 and count(old.stack, "customer", "inbox") == 18, 60, "the events")
    old.stack.kafka.freeze()
    stored = _write(old.desk, "stored", 6)
    until(lambda: count(old.stack, "ingest", "outbox") == 6, 60, "the outbox")
    for name in EVERYTHING:
        old.stack.kill(name)
    old.stack.kafka.thaw()
    before = old.desk.mails()
    backup.take(old.stack, tmp_path / "backup")
    assert count(old.stack, "ingest", "outbox") == 6
    old.stack.destroy()

    backup.prepare(tmp_path / "backup", tmp_path / "new")
    new = desks("new")
    new.stack.extra_env = {name: {f"{name.upper()}_CONSUMER_SESSION_TIMEOUT_MS": "3000"} for name in EVERYTHING}
    new.stack.start_backends()
    backup.restore(new.stack, tmp_path / "backup")
    new.stack.stop()
    new.stack.start()
    everything = [*done, *published, *stored]
    until(lambda: len(_confirmed(new.desk.mails())) == 12 and _settled(new.desk), 90, "the mails that were under way")
    confirmed = _confirmed([*before, *new.desk.mails()])
    assert confirmed == Counter(mail.message_id for mail in everything)
    assert count(new.stack, "ticket", "tickets") == len(everything)

    # A file that lies in no database is there as well.
    assert new.desk.api_response("GET", href).content == blob

    # It is the same desk: an answer to an old mail finds its ticket, and new mails get new numbers.
    answer = Mail(done[0].sender, "Re: done 0", "Once more.", in_reply_to=done[0].message_id)
    new.desk.send(answer.raw(), answer.to, answer.sender.email)
    with Load(new, 40, 40) as traffic:
        pass
    traffic.check()
    numbers = [ticket["number"] for ticket in new.desk.api("GET", "/tickets", params={"limit": 200})["items"]]
    assert len(numbers) == len(set(numbers)) == len(everything) + 20

    # Everything that the topics hold, once more: nothing comes of it, and the views are what the topics say.
    sent, tickets = new.desk.mailbox_stats()["last_seq"], _states(new)
    for name in EVERYTHING:
        new.stack.stop_service(name)
    replayed = rewind(new.bootstrap)
    for name in EVERYTHING:
        new.stack.start_service(name)
    new.stack.wait_ready(60)
    assert replayed > 200
    until(lambda: lag(new.bootstrap) == 0, 60, "every event to be taken again")
    assert _states(new) == tickets
    assert new.desk.mailbox_stats()["last_seq"] == sent
    assert new.desk.api("GET", "/admin/parked")["items"] == []
    new.desk.api("POST", "/admin/views/rebuild", role="operator")
    report = until(lambda: _rebuilt(new.desk), 60, "the views to be rebuilt")
    assert report["agree"], report


def _states(broken: Broken) -> str:
    return broken.stack.postgres.psql("SELECT id, version, state FROM tickets ORDER BY id", "ticket")


def _rebuilt(desk: Desk) -> dict[str, Any] | None:
    report: dict[str, Any] = desk.api("GET", "/admin/views/rebuild", role="operator")
    assert report["state"] != "failed", report
    return report if report["state"] == "done" else None
