"""What becomes of a message: threads, proofs, suppression, quarantine."""

from uuid import UUID

import pytest

from deskstream_contracts import addressing
from deskstream_contracts.wire import Address, Requested
from ingest_svc.domain.contents import Content, Unreadable
from ingest_svc.domain.forms import Submission
from ingest_svc.domain.mail import Bounce, ParsedMail
from ingest_svc.domain.receipts import Receipt
from ingest_svc.domain.sorting import Admitted, Decision, Quarantined, Suppressed, Waits, decide, examine
from ingest_svc.domain.threading import EarlierMail, EarlierThread
from ingest_svc.messaging.published import published

from .given import DESK, SECRET, a_mail, a_receipt, an_id, dmarc

ROOT = an_id()
OUR_MESSAGE = addressing.message_id(ROOT, an_id(), "desk.example")
REPLY_ADDRESS = addressing.reply_address("support", "desk.example", ROOT, SECRET)
FORGED_ADDRESS = addressing.reply_address("support", "desk.example", ROOT, b"not our secret")
PASS = "mx.desk.example; dmarc=pass (p=none) header.from=example.com"
FAIL = "mx.desk.example; dmarc=fail header.from=example.com"


def _earlier(*participants: str) -> EarlierMail:
    return EarlierMail(
        roots={"<earlier@example.com>": [("support@desk.example", ROOT)]},
        threads={ROOT: EarlierThread(ROOT, frozenset(participants or {"alice@example.com"}))},
        tickets={1042: ROOT},
    )


def _decide(content: Content, receipt: Receipt | None = None, earlier: EarlierMail | None = None) -> Decision:
    decision = decide(examine(receipt or a_receipt(), content, DESK), earlier or EarlierMail(), DESK)
    assert not isinstance(decision, Waits)
    events = list(published(decision))
    assert len([e for e in events if e.type != "delivery.bounced.v1"]) == 1, "exactly one event tells what became of it"
    assert all(e.thread.root == decision.thread.root for e in events)
    return decision


def test_a_first_message_starts_a_thread_of_its_own() -> None:
    receipt = a_receipt()
    decision = _decide(a_mail(), receipt)
    assert isinstance(decision, Admitted)
    assert (decision.thread.root, decision.thread.relation, decision.thread.proof) == (receipt.id, "new", "none")


@pytest.mark.parametrize(
    ("mail", "recipient", "proof"),
    [
        (a_mail(), REPLY_ADDRESS, "reply_address"),
        (a_mail(to=[Address(email=REPLY_ADDRESS)]), "support@desk.example", "reply_address"),
        (a_mail(references=[OUR_MESSAGE]), "support@desk.example", "references"),
        (a_mail(references=["<unknown@example.com>", "<earlier@example.com>"]), "support@desk.example", "references"),
        (a_mail(subject="Re: [#1042] The printer"), "support@desk.example", "subject_tag"),
    ],
)
def test_a_participant_with_a_proof_joins_the_thread(mail: ParsedMail, recipient: str, proof: str) -> None:
    decision = _decide(mail, a_receipt(recipient=recipient), _earlier())
    assert isinstance(decision, Admitted)
    assert (decision.thread.root, decision.thread.relation, decision.thread.proof) == (ROOT, "reply", proof)


@pytest.mark.parametrize(
    ("mail", "recipient"),
    [
        (a_mail("eve@evil.example"), REPLY_ADDRESS),
        (a_mail("eve@evil.example", references=[OUR_MESSAGE]), "support@desk.example"),
        (a_mail("eve@evil.example", references=["<earlier@example.com>"]), "support@desk.example"),
        (a_mail("eve@evil.example", subject="[#1042]"), "support@desk.example"),
    ],
)
def test_a_stranger_with_a_proof_opens_a_thread_that_may_follow(mail: ParsedMail, recipient: str) -> None:
    receipt = a_receipt(recipient=recipient)
    decision = _decide(mail, receipt, _earlier())
    assert isinstance(decision, Admitted)
    assert decision.thread.root == receipt.id
    assert (decision.thread.relation, decision.thread.follows) == ("possible_follow_up", ROOT)


def test_a_forged_reply_address_is_no_proof_at_all() -> None:
    decision = _decide(a_mail(), a_receipt(recipient=FORGED_ADDRESS), _earlier())
    assert decision.thread.relation == "new"


def test_a_reply_address_of_a_thread_nobody_knows_is_doubt() -> None:
    decision = _decide(a_mail(), a_receipt(recipient=REPLY_ADDRESS))
    assert (decision.thread.relation, decision.thread.follows) == ("possible_follow_up", ROOT)


def test_whom_our_own_relay_refutes_takes_part_in_nothing() -> None:
    decision = _decide(a_mail(references=[OUR_MESSAGE], dmarc=dmarc(FAIL)), None, _earlier())
    assert decision.thread.relation == "possible_follow_up"


def test_a_domain_that_has_no_dmarc_policy_refutes_nobody() -> None:
    none = "mx.desk.example; dmarc=none header.from=example.com"
    assert _decide(a_mail(references=[OUR_MESSAGE], dmarc=dmarc(none)), None, _earlier()).thread.relation == "reply"


def test_the_strongest_of_several_doubtful_hints_is_named() -> None:
    earlier, other = _earlier(), an_id()
    earlier.tickets[7] = other
    decision = _decide(a_mail("eve@evil.example", references=[OUR_MESSAGE], subject="[#7]"), None, earlier)
    assert (decision.thread.proof, decision.thread.follows) == ("references", ROOT)


def test_a_reply_address_in_the_envelope_alone_is_enough() -> None:
    mail = a_mail(to=[Address(email="someone@else.example")])
    assert _decide(mail, a_receipt(recipient=REPLY_ADDRESS), _earlier()).thread.root == ROOT


def test_a_reply_right_behind_a_doubtful_message_joins_it() -> None:
    earlier, doubtful = _earlier(), a_receipt()
    _decide(a_mail("eve@evil.example", references=[OUR_MESSAGE]), doubtful, earlier)
    again = a_mail("eve@evil.example", message_id="<second@evil.example>", references=["<first@example.com>"])
    reply = _decide(again, None, earlier)
    assert (reply.thread.root, reply.thread.relation) == (doubtful.id, "reply")


def test_an_old_secret_still_proves() -> None:
    address = addressing.reply_address("support", "desk.example", ROOT, b"an older one")
    assert _decide(a_mail(), a_receipt(recipient=address), _earlier()).thread.relation == "reply"


def test_a_reply_right_behind_its_original_finds_it_in_the_same_batch() -> None:
    earlier, first = EarlierMail(), a_receipt()
    _decide(a_mail(), first, earlier)
    reply = _decide(a_mail(message_id="<second@example.com>", references=["<first@example.com>"]), None, earlier)
    assert (reply.thread.root, reply.thread.relation) == (first.id, "reply")


ANSWER = a_mail(message_id="<second@example.com>", references=["<first@example.com>"])


def _unread(*ids: UUID) -> EarlierMail:
    return EarlierMail(unread={"<first@example.com>": set(ids)})


def test_an_answer_waits_for_the_last_of_what_it_may_answer_and_finds_it_then() -> None:
    others, first, answer = a_receipt(), a_receipt(), a_receipt()
    earlier = _unread(others.id, first.id, an_id())
    assert decide(examine(answer, ANSWER, DESK), earlier, DESK) == Waits(examine(answer, ANSWER, DESK), first.id)
    for receipt in (others, first):
        _decide(a_mail(), receipt, earlier)
    assert _decide(ANSWER, answer, earlier).thread.root == others.id


def test_what_waited_once_waits_no_more_and_what_is_no_answer_not_at_all() -> None:
    unread = an_id()
    assert _decide(ANSWER, a_receipt(behind=unread), _unread(unread)).thread.relation == "new"
    assert _decide(a_mail(), a_receipt(), _unread(unread)).thread.relation == "new"


def test_an_answer_with_another_proof_does_not_wait() -> None:
    earlier = _earlier()
    earlier.unread["<first@example.com>"] = {an_id()}
    assert _decide(ANSWER, a_receipt(recipient=REPLY_ADDRESS), earlier).thread.relation == "reply"


def test_an_answer_that_waits_is_no_original_of_its_copies() -> None:
    first, answer, copy = a_receipt(), a_receipt(), a_receipt()
    earlier = _unread(first.id)
    for receipt in (answer, copy):
        assert isinstance(decide(examine(receipt, ANSWER, DESK), earlier, DESK), Waits)
    _decide(a_mail(), first, earlier)
    assert isinstance(_decide(ANSWER, answer, earlier), Admitted)
    assert isinstance(_decide(ANSWER, copy, earlier), Suppressed)


def test_a_reply_goes_to_the_thread_of_the_mailbox_it_was_sent_to() -> None:
    earlier, billing = EarlierMail(), a_receipt(mailbox="billing@desk.example", channel="billing")
    _decide(a_mail(), a_receipt(), earlier)
    _decide(a_mail(), billing, earlier)
    receipt = a_receipt(mailbox="billing@desk.example")
    reply = _decide(a_mail(message_id="<second@example.com>", references=["<first@example.com>"]), receipt, earlier)
    assert reply.thread.root == billing.id


@pytest.mark.parametrize(
    ("results", "trusted", "proven"),
    [
        ([PASS], True, True),
        (["MX.Desk.Example; spf=pass smtp.mailfrom=x; DMARC=pass header.from=Example.COM"], True, True),
        ([PASS], False, False),
        ([], True, False),
        ([FAIL, PASS], True, False),
        (["mx.desk.example; spf=pass", PASS], True, False),
        (["mx.other.example; dmarc=pass header.from=example.com"], True, False),
        (["mx.desk.example.evil; dmarc=pass header.from=example.com"], True, False),
        (["mx.desk.example; dmarc=pass header.from=evil.example"], True, False),
        (["mx.desk.example; dmarc=pass"], True, False),
        (["mx.desk.example; dmarc=fail header.from=example.com; dmarc=pass header.from=example.com"], True, False),
        (["mx.desk.example; dkim=pass (dmarc=pass header.from=example.com)"], True, False),
        (["mx.desk.example; ((((", PASS], True, False),
        ([f"mx.desk.example; {'(' * 900}{')' * 900} dmarc=pass header.from=example.com", PASS], True, False),
        ([f"mx.desk.example; spf=pass ({'a' * 4000}); dmarc=pass header.from=example.com", PASS], True, False),
        (["mx.desk.example; dmarc=pass header.from=example.com; dmarc=fail header.from=evil.example"], True, False),
        (["mx.desk.example; dmarc=pass header.from=evil.example header.from=example.com"], True, False),
    ],
)
def test_only_our_own_relays_aligned_dmarc_pass_proves_the_sender(results: list[str], trusted: bool, proven: bool) -> None:
    decision = _decide(a_mail(dmarc=dmarc(*results)), a_receipt(relay_trusted=trusted))
    assert isinstance(decision, Admitted)
    assert decision.message.sender_proven is proven


@pytest.mark.parametrize(
    ("mail", "envelope_from", "reason"),
    [
        (a_mail(facts={"auto-submitted": "auto-replied (vacation)"}), "a@b.c", "auto_reply"),
        (a_mail(facts={"precedence": "auto_reply"}), "a@b.c", "auto_reply"),
        (a_mail(facts={"precedence": "bulk"}, absence="text"), "a@b.c", "auto_reply"),
        (a_mail(facts={"x-auto-response-suppress": "All"}, absence="text"), "a@b.c", "auto_reply"),
        (a_mail(absence="subject"), "a@b.c", "auto_reply"),
        (a_mail(absence="text"), "", "auto_reply"),
        (a_mail(facts={"content-type": "multipart/report; report-type=disposition-notification"}), "a@b.c", "auto_reply"),
        (a_mail(facts={"x-ms-exchange-generated-message-source": "Mailbox Rules Agent"}), "a@b.c", "auto_reply"),
        (a_mail(facts={"x-autogenerated": "Reply"}), "a@b.c", "auto_reply"),
        (a_mail(facts={"x-autoreply": "yes"}), "a@b.c", "auto_reply"),
        (a_mail("mailer-daemon@mx.example"), "", "bounce"),
        (a_mail("mailer-daemon@mx.example", is_delivery_report=True), "x@y.z", "bounce"),
        (a_mail(message_id=OUR_MESSAGE), "a@b.c", "own_message"),
        (a_mail(facts={"x-deskstream": "1"}), "a@b.c", "own_message"),
        (a_mail("support@desk.example"), "a@b.c", "loop"),
        (a_mail("billing+r1@desk.example"), "a@b.c", "loop"),
        (a_mail(received_hops=51), "a@b.c", "loop"),
        (a_mail(facts={"x-list-administrivia": "yes"}), "a@b.c", "mailing_list_control"),
        (a_mail(facts={"list-id": "<l>"}, subject="confirm 0123456789abcdef0123"), "a@b.c", "mailing_list_control"),
    ],
)
def test_what_nobody_wrote_is_suppressed_with_its_reason(mail: ParsedMail, envelope_from: str, reason: str) -> None:
    decision = _decide(mail, a_receipt(envelope_from=envelope_from))
    assert isinstance(decision, Suppressed)
    assert decision.reason == reason
    assert decision.detail


@pytest.mark.parametrize(
    "mail",
    [
        a_mail(facts={"auto-submitted": "no"}),
        a_mail(facts={"precedence": "bulk"}, subject="Our newsletter printer"),
        a_mail(facts={"list-id": "<users.example.com>", "precedence": "list"}, subject="Question about the printer"),
        a_mail(absence="text"),
        a_mail(facts={"x-autoreply": "no"}),
        a_mail(facts={"x-autoreply": "False"}),
        a_mail("postmaster@example.com"),
        a_mail(received_hops=50),
    ],
)
def test_what_somebody_wrote_goes_on(mail: ParsedMail) -> None:
    assert isinstance(_decide(mail), Admitted)


@pytest.mark.parametrize(
    ("mail", "envelope_from", "kind"),
    [
        (a_mail(facts={"auto-submitted": "auto-generated"}), "a@b.c", "auto_generated"),
        (a_mail(facts={"auto-submitted": "auto-notified; owner-email=x"}), "a@b.c", "auto_generated"),
        (a_mail(facts={"auto-submitted": "auto-generated", "precedence": "bulk"}), "", "auto_generated"),
        (a_mail(), "", "null_sender"),
        (a_mail(facts={"list-id": "<l>"}), "a@b.c", "list"),
        (a_mail(facts={"precedence": "list"}), "a@b.c", "list"),
        (a_mail(facts={"precedence": "bulk"}), "a@b.c", "bulk"),
        (a_mail(facts={"list-unsubscribe": "<u>"}), "a@b.c", "bulk"),
        (a_mail(facts={"x-auto-response-suppress": "DR, OOF, AutoReply"}), "a@b.c", "asks_for_none"),
        (a_mail(facts={"x-auto-response-suppress": "DR, RN"}), "a@b.c", None),
        (a_mail("no-reply@example.com"), "a@b.c", "robot_address"),
        (a_mail("noreply+17@example.com"), "a@b.c", "robot_address"),
        (a_mail("norepler@example.com"), "a@b.c", None),
        (a_mail(facts={"auto-submitted": "no"}), "a@b.c", None),
        (a_mail(), None, None),
    ],
)
def test_what_asks_for_something_and_for_no_automatic_answer_opens_a_ticket_that_says_so(
    mail: ParsedMail, envelope_from: str | None, kind: str | None
) -> None:
    decision = _decide(mail, a_receipt(envelope_from=envelope_from))
    assert isinstance(decision, Admitted)
    assert decision.message.automatic == kind


@pytest.mark.parametrize(
    ("mail", "kind"),
    [
        (a_mail(references=[OUR_MESSAGE], facts={"auto-submitted": "auto-replied"}), "auto_replied"),
        (a_mail(references=[OUR_MESSAGE], absence="subject"), "auto_replied"),
        (a_mail(subject="Out of Office: [#1042] The printer", absence="subject"), "auto_replied"),
        (
            a_mail(references=[OUR_MESSAGE], facts={"content-type": "multipart/report; report-type=disposition-notification"}),
            "receipt",
        ),
        (a_mail(references=[OUR_MESSAGE], facts={"auto-submitted": "auto-generated"}), "auto_generated"),
    ],
)
def test_what_a_machine_answers_goes_to_the_ticket_that_it_answers(mail: ParsedMail, kind: str) -> None:
    decision = _decide(mail, None, _earlier())
    assert isinstance(decision, Admitted)
    assert (decision.thread.root, decision.message.automatic) == (ROOT, kind)


def test_a_raw_mail_without_an_envelope_is_no_automatic_answer() -> None:
    assert isinstance(_decide(a_mail(), a_receipt(door="http_mail", envelope_from=None)), Admitted)


def test_a_bounce_is_told_for_each_recipient_in_the_thread_of_what_was_sent() -> None:
    bounces = [Bounce(recipient=f"{n}@example.com", action="failed", status="5.1.1") for n in range(2)]
    mail = a_mail("mailer-daemon@mx.example", is_delivery_report=True, bounces=bounces, bounced_message_id=OUR_MESSAGE)
    decision = _decide(mail)
    events = list(published(decision))
    assert [e.type for e in events] == ["message.suppressed.v1", "delivery.bounced.v1", "delivery.bounced.v1"]
    assert {e.key() for e in events} == {str(ROOT)}


def test_the_same_message_again_is_a_duplicate_of_the_first() -> None:
    earlier, first, mail = EarlierMail(), a_receipt(), a_mail()
    _decide(mail, first, earlier)
    again = _decide(mail, None, earlier)
    assert isinstance(again, Suppressed)
    assert (again.reason, again.duplicate_of) == ("duplicate", first.id)


def test_every_further_copy_is_a_duplicate_of_the_first() -> None:
    earlier, first, mail = EarlierMail(), a_receipt(), a_mail()
    _decide(mail, first, earlier)
    copies = [_decide(mail, None, earlier) for _ in range(2)]
    assert [c.duplicate_of for c in copies if isinstance(c, Suppressed)] == [first.id, first.id]


@pytest.mark.parametrize("proven", [True, False])
def test_a_form_says_for_itself_whether_its_sender_is_proven(proven: bool) -> None:
    decision = _decide(Submission(Address(email="bob@example.com"), proven, "Help", "Please.", Requested()), a_receipt(door="form"))
    assert isinstance(decision, Admitted)
    assert decision.message.sender_proven is proven


def test_a_form_that_gives_our_own_address_goes_no_further() -> None:
    decision = _decide(Submission(Address(email="support@desk.example"), False, "Help", "Please.", Requested()))
    assert isinstance(decision, Suppressed)
    assert decision.reason == "loop"


def test_the_same_message_in_another_mailbox_is_no_duplicate() -> None:
    earlier, mail = EarlierMail(), a_mail()
    _decide(mail, None, earlier)
    assert isinstance(_decide(mail, a_receipt(mailbox="billing@desk.example"), earlier), Admitted)


def test_another_message_under_a_used_message_id_is_no_duplicate() -> None:
    earlier = EarlierMail()
    _decide(a_mail(content_hash="1"), None, earlier)
    assert isinstance(_decide(a_mail(content_hash="2"), None, earlier), Admitted)


def test_messages_without_message_id_and_date_are_never_duplicates() -> None:
    earlier, mail = EarlierMail(), a_mail(message_id=None, content_hash=None)
    _decide(mail, None, earlier)
    assert isinstance(_decide(mail, None, earlier), Admitted)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (a_mail(None, no_sender="its From field is empty"), "no_sender"),
        (Unreadable("parser_limit", "too slow"), "parser_limit"),
        (Unreadable("unparseable", "gone"), "unparseable"),
    ],
)
def test_what_cannot_be_understood_is_quarantined(content: ParsedMail | Unreadable, reason: str) -> None:
    decision = _decide(content)
    assert isinstance(decision, Quarantined)
    assert decision.reason == reason
    assert decision.detail


def test_a_message_that_passed_carries_where_it_came_from() -> None:
    receipt = a_receipt(channel="billing", mailbox="billing@desk.example")
    decision = _decide(a_mail(), receipt)
    assert isinstance(decision, Admitted)
    assert (decision.message.id, decision.message.raw_sha256) == (receipt.id, receipt.sha256)
    assert decision.message.channel.model_dump() == {"kind": "email", "name": "billing", "address": "billing@desk.example"}


def test_an_author_who_can_be_read_in_two_ways_is_not_proven() -> None:
    for is_sure in (True, False):
        decision = _decide(a_mail(sender_sure=is_sure, dmarc=dmarc(PASS)))
        assert isinstance(decision, Admitted)
        assert decision.message.sender_proven is is_sure
