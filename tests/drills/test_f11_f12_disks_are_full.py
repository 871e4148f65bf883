"""F11, F12: Kafka's disk is full, PostgreSQL's disk is full; then there is room again."""

import smtplib
from collections.abc import Callable
from pathlib import Path

from desk.client import until
from desk.traffic.mails import Mail, Sender
from tests.drills.conftest import Disk, started
from tests.faults.conftest import Broken, Load
from tests.faults.observed import count, metric

MakeDisk = Callable[..., Disk]


def test_f11_with_kafkas_disk_full_the_doors_stay_open_and_the_outbox_says_so_and_drains(desk: Broken, disk: MakeDisk) -> None:
    stack = desk.stack
    small = disk(stack.home / "kafka" / "data", 96)
    stack.extra_env["ingest"] = {"INGEST_RELAY_PATIENCE_SECONDS": "5"}
    started(desk)
    with Load(desk, 160, 10) as traffic:
        until(lambda: desk.desk.mailbox_stats()["last_seq"] > traffic.mail_seq, 60, "the first confirmation")
        small.fill()
        until(lambda: not stack.kafka.child.running, 60, "the broker to give up")
        until(lambda: count(stack, "ingest", "outbox") >= 20, 60, "mails to be taken and to wait")
        until(lambda: metric(stack, "ingest", "deskstream_outbox_events") >= 20, 60, "the alarm: events that wait")
        until(lambda: metric(stack, "ingest", "deskstream_relay_failures_total") >= 1, 60, "the alarm: failures of the relay")
        small.free()
        stack.kafka.start()
        stack.kafka.wait_ready()
    traffic.check(120)
    assert count(stack, "ingest", "outbox") == 0


def test_f12_with_postgresqls_disk_full_the_doors_say_later_and_there_is_no_half_state(
    desk: Broken, disk: MakeDisk, tmp_path: Path
) -> None:
    stack = desk.stack
    stack.postgres.prepare()
    small = disk(stack.postgres.data, 500, stack.postgres.user)
    started(desk)
    before = _received(desk)
    small.fill()
    accepted = 0
    answer = None
    while answer is None and accepted < 400:
        answer = _refusal(desk, accepted)
        accepted += answer is None
    assert answer in (451, 452), f"{answer} after {accepted} mails"
    form = desk.desk.submit_form("contact", {"email": "full@sample.com", "message": "x" * 400_000})
    assert form.status_code == 503
    assert form.headers["content-type"].startswith("application/problem+json")
    assert form.headers["retry-after"]

    small.free()
    if stack.pid("postgres") is None:
        stack.restart("postgres")
        stack.postgres.wait_ready()
    until(lambda: _ready(desk), 60, "the services")
    until(lambda: desk.desk.api("GET", "/ledger/summary")["open"] == 0, 90, "what was accepted to be settled")
    assert _received(desk) == before + accepted
    assert count(stack, "ingest", "receipts r FULL JOIN raw_messages m ON m.id = r.raw_id WHERE r.id IS NULL OR m.id IS NULL") == 0
    assert count(stack, "ticket", "tickets") == accepted
    with Load(desk, 40, 20) as traffic:
        pass
    traffic.check()


def _received(desk: Broken) -> int:
    return int(desk.desk.api("GET", "/ledger/summary")["received"])


def _ready(desk: Broken) -> bool:
    return all(desk.stack.is_ready(service.name) for service in desk.stack.services)


def _refusal(desk: Broken, n: int) -> int | None:
    """Hands in a mail with a big attachment. Returns the code of the refusal, None for an acceptance."""
    mail = Mail(
        Sender("Full", f"full{n}@sample.com"), f"Full {n}", "Hello.", attachments=(("a.bin", "image/png", b"\1\2\3" * 70_000),)
    )
    try:
        desk.desk.send(mail.raw(), mail.to, mail.sender.email)
    except smtplib.SMTPResponseException as refusal:
        return refusal.smtp_code
    except smtplib.SMTPRecipientsRefused as refusal:
        [(code, _)] = refusal.recipients.values()
        return int(code)
    return None
