"""The mailbox: what it keeps, and how it misbehaves when told to."""

from pathlib import Path

from desk.mailbox.behaviour import Behaviour, Mode
from desk.mailbox.store import MailStore, describe

RAW = (
    b"Message-ID:\r\n <one@desk.localhost>\r\nFrom: support@desk.localhost\r\nTo: ada@example.com\r\n"
    b"Subject: =?utf-8?q?Wir_k=C3=BCmmern_uns?=\r\nIn-Reply-To: <q@example.com>\r\nAuto-Submitted: auto-replied\r\n"
    b"\r\nMessage-ID: <not-a-header>\r\nbody\r\n"
)


def test_mails_survive_a_restart_and_half_a_record_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "mails"
    store = MailStore(path)
    for number in range(3):
        store.keep("a@x.example", ["b@y.example"], RAW + b"%d\n{not a record}\n" % number)
    with path.open("ab") as file:
        file.write(b'{"seq": 4, "at": 1.0, "from": "", "to": [], "id": "", "len": 999}\nhalf')
    again = MailStore(path)
    assert [mail.seq for mail in again.since(0, 10)] == [1, 2, 3]
    assert again.keep("", ["c@y.example"], RAW).seq == 4
    assert [again.raw(mail) for mail in again.since(0, 3)] == [RAW + b"%d\n{not a record}\n" % n for n in range(3)]
    assert again.stats() == {"count": 4, "distinct_message_ids": 1, "duplicates": 3, "last_seq": 4}
    assert again.duplicates() == {"<one@desk.localhost>": 4}


def test_numbers_are_not_used_twice_after_a_clear(tmp_path: Path) -> None:
    store = MailStore(tmp_path / "mails")
    store.keep("", ["a@x.example"], RAW)
    assert store.clear() == 1
    again = MailStore(tmp_path / "mails")
    assert again.keep("", ["a@x.example"], RAW).seq == 2
    assert again.get(1) is None and [mail.seq for mail in again.since(0, 10)] == [2]


def test_a_mail_is_described_with_its_decoded_headers(tmp_path: Path) -> None:
    store = MailStore(tmp_path / "mails")
    row = describe(store.keep("s@desk.localhost", ["ada@example.com"], RAW), RAW)
    assert row["subject"] == "Wir kümmern uns"
    assert row["message_id"] == "<one@desk.localhost>"
    assert row["in_reply_to"] == "<q@example.com>" and row["auto_submitted"] == "auto-replied"


def test_a_broken_mail_is_described_too(tmp_path: Path) -> None:
    store = MailStore(tmp_path / "mails")
    for raw in (
        b"",
        b"\xff\xfe\r\n\r\n\xff",
        b"Content-Type: text/plain; charset=nonsense\r\n\r\nx",
        b"To: <a@b\r\n\r\n",
    ):
        assert describe(store.keep("", [], raw), raw, whole=True)["size"] == len(raw)


def test_misbehaviour_is_for_the_matching_recipients_and_so_many_times() -> None:
    behaviour = Behaviour(mode=Mode.REFUSE_TEMPORARILY, match="Ada@", times=2)
    modes = [behaviour.next_mode([who]) for who in ("bob@x.example", "ada@x.example", "ada@x.example", "ada@x.example")]
    assert modes == [Mode.ACCEPT, Mode.REFUSE_TEMPORARILY, Mode.REFUSE_TEMPORARILY, Mode.ACCEPT]
