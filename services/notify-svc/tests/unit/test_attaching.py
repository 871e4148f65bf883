"""A mail with files, as whoever gets it takes it apart."""

import email
import email.policy
from email.message import EmailMessage
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskstream_chassis.files.names import fit
from deskstream_contracts.wire import File
from notify_svc.domain.attaching import with_files
from notify_svc.domain.email_address import parse
from notify_svc.domain.mail import compose

from .working import DESK, NOW

ID, ROOT = UUID(int=7), UUID(int=8)


def mail(text: str = "Here it is.\n") -> bytes:
    made = compose(
        DESK, id_=ID, kind="agent_reply", thread_root=ROOT, mailbox=None, recipient=parse("jim@sample.com"), name="Jim Ågård",
        language="en", subject="Re: Rechnung für März", text=text, references=["<1@sample.com>"], automatic=False, now=NOW,
    )  # fmt: skip
    return made.content


def called(name: str, media_type: str = "application/pdf") -> File:
    return File(id=uuid4(), name=name, media_type=media_type, size=0, sha256="0" * 64)


def read(content: bytes) -> EmailMessage:
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert not any(part.defects for part in message.walk())
    return message


def test_text_and_files_arrive_as_they_were() -> None:
    blob = bytes(range(256)) * 300
    files = [(called("Résumé März.pdf"), blob), (called("empty.txt", "text/plain"), b""), (called("dots.txt"), b".\n.\r\n--x\n")]
    message = read(with_files(mail(), ID, files))
    body = message.get_body(("plain",))
    assert body is not None
    assert body.get_content() == "Here it is.\r\n"
    attachments = list(message.iter_attachments())
    assert [part.get_filename() for part in attachments] == ["Résumé März.pdf", "empty.txt", "dots.txt"]
    assert [part.get_payload(decode=True) for part in attachments] == [blob, b"", b".\n.\r\n--x\n"]
    assert attachments[1].get_content_type() == "text/plain"
    assert {part.get_content_disposition() for part in attachments} == {"attachment"}


def test_everything_else_in_the_mail_stays_as_it_was() -> None:
    plain, attached = read(mail()), read(with_files(mail(), ID, [(called("a.pdf"), b"a")]))
    of_the_text = ("Content-Type", "Content-Transfer-Encoding")
    headers = [[(name, str(value)) for name, value in found.items() if name not in of_the_text] for found in (plain, attached)]
    assert headers[0] == headers[1]
    assert attached.get_all("Content-Type") == [attached["Content-Type"]]
    assert "Content-Transfer-Encoding" not in attached


def test_a_mail_that_is_tried_again_is_the_same_mail() -> None:
    content, files = mail(), [(called("a.pdf"), b"a")]
    assert with_files(content, ID, files) == with_files(content, ID, files)


@given(st.text(min_size=1, max_size=300), st.binary(max_size=400))
def test_whatever_a_file_is_called_it_comes_out_by_that_name(text: str, data: bytes) -> None:
    name = fit(text)
    content = with_files(mail(), ID, [(called(name), data)])
    (part,) = read(content).iter_attachments()
    assert part.get_filename() == name
    assert part.get_payload(decode=True) == data
    assert content.isascii()
    assert all(len(line) <= 98 for line in content.split(b"\r\n"))


@pytest.mark.parametrize("media_type", ["message/rfc822", "multipart/mixed"])
def test_what_is_made_of_parts_itself_goes_as_octets(media_type: str) -> None:
    inner = mail()
    (part,) = read(with_files(mail(), ID, [(called("forwarded.eml", media_type), inner)])).iter_attachments()
    assert part.get_content_type() == "application/octet-stream"
    assert part.get_payload(decode=True) == inner
