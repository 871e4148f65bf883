"""Forms: what a submission says by its mapping, and what its signature proves."""

import base64
import json
from datetime import timedelta

import pytest
from pydantic import ValidationError
from standardwebhooks import Webhook

from deskstream_chassis.refusals import Invalid, Unauthenticated
from ingest_svc.domain.forms import Form, Forms, Submission, read_request, read_submission
from ingest_svc.domain.signatures import separate, sign, verify
from ingest_svc.settings import Settings

from .given import NOW

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()
FORM = Form.model_validate(
    {
        "secret": SECRET,
        "fields": {
            "email": "Email",
            "name": "Name",
            "subject": "Subject",
            "text": "Message",
            "priority": "Urgency",
            "language": "lang",
        },
        "custom_fields": {"order": "Order/No"},
    }
)
GIVEN = {"Email": "Bob@Example.com ", "Name": "Bob van Dyke", "Message": "Hello\0", "Urgency": "High", "Order/No": 12}


def _json(given: object) -> Submission:
    return read_submission(FORM, "application/json; charset=utf-8", json.dumps(given).encode())


def test_a_json_submission_is_read_by_its_mapping() -> None:
    found = _json(GIVEN)
    assert (found.sender.email, found.sender.name, found.text) == ("bob@example.com", "Bob van Dyke", "Hello")
    assert (found.requested.first_name, found.requested.last_name, found.requested.priority) == ("Bob", "van Dyke", "high")
    assert found.requested.custom_fields == {"order": "12"}
    assert found.sender_proven is False


def test_a_form_encoded_submission_says_the_same() -> None:
    body = b"Email=bob%40example.com&Message=Gr%C3%BC%C3%9Fe+dich&Email=second@example.com"
    found = read_submission(FORM, "application/x-www-form-urlencoded", body)
    assert (found.sender.email, found.text) == ("bob@example.com", "Grüße dich")


def test_google_forms_named_values_are_understood() -> None:
    found = _json({"range": "A1", "namedValues": {"Email": ["bob@example.com"], "Message": ["Hello", "again"], "Name": []}})
    assert (found.sender.email, found.text) == ("bob@example.com", "Hello")


def test_a_first_name_of_its_own_field_goes_before_the_whole_name() -> None:
    form = FORM.model_copy(update={"fields": {**FORM.fields, "first_name": "First"}})
    found = read_submission(form, "application/json", json.dumps({**GIVEN, "First": "Robert"}).encode())
    assert (found.requested.first_name, found.requested.last_name, found.sender.name) == ("Robert", None, "Robert")


def test_a_forms_own_subject_stands_in_where_none_is_given_and_then_the_text() -> None:
    form = FORM.model_copy(update={"default_subject": "From our shop"})
    subjects = [
        read_submission(f, "application/json", json.dumps(given).encode()).subject
        for f, given in ((form, {**GIVEN, "Subject": "Late"}), (form, GIVEN), (FORM, GIVEN))
    ]
    assert subjects == ["Late", "From our shop", "Hello"]


def test_who_calls_the_api_does_not_prove_whom_it_is_for() -> None:
    found = read_request(json.dumps({"email": "Bob@example.com", "subject": "Help", "text": "Please."}).encode())
    assert (found.sender.email, found.sender_proven) == ("bob@example.com", False)


def test_a_form_may_vouch_for_its_sender() -> None:
    form = FORM.model_copy(update={"vouches_for_sender": True})
    assert read_submission(form, "application/json", json.dumps(GIVEN).encode()).sender_proven


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({**GIVEN, "Email": "nobody"}, "#/Email"),
        ({**GIVEN, "Email": ""}, "#/Email"),
        ({**GIVEN, "Email": "a@b.c\r\nBcc: d@e.f"}, "#/Email"),
        ({**GIVEN, "Email": {"a": 1}}, "#/Email"),
        ({"Email": "a@b.c"}, "#/Message"),
        ({**GIVEN, "Urgency": "yesterday"}, "#/Urgency"),
        ({**GIVEN, "Order/No": [{}]}, "#/Order~1No"),
        ({**GIVEN, "lang": "x"}, "#/lang"),
        ([], "#"),
    ],
)
def test_a_wrong_field_is_named(given: object, pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        _json(given)
    assert refused.value.pointer == pointer


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("application/json", b"{"),
        ("application/json", b"[" * 100_000),
        ("application/json", b'{"Email": "\xff"}'),
        ("application/x-www-form-urlencoded", b"\xff=1"),
        ("application/x-www-form-urlencoded", b"a&" * 1000),
        ("text/plain", b"Hello"),
        ("", b"{}"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(media_type: str, body: bytes) -> None:
    with pytest.raises(Invalid):
        read_submission(FORM, media_type, body)


def test_a_form_has_to_map_what_it_requires() -> None:
    with pytest.raises(ValidationError, match="must be mapped"):
        Forms.validate_python({"contact": {"secret": SECRET, "fields": {"email": "Email"}}})


def test_a_form_may_have_several_secrets() -> None:
    both = (SECRET, "A" * 32)
    assert Forms.validate_python({"contact": {"secrets": list(both)}})["contact"].keys == both


@pytest.mark.parametrize("secret", ["", "whsec_", " ", "whsec_c2hvcnQ=", "A" * 31, "whsec_!" + "A" * 40, "päßwort" * 10])
def test_a_secret_that_is_empty_short_or_none_is_not_taken(secret: str) -> None:
    with pytest.raises(ValidationError, match="a webhook's secret"):
        Forms.validate_python({"contact": {"secrets": [SECRET, secret]}})
    if secret.strip():
        with pytest.raises(ValidationError, match="a webhook's secret"):
            Settings.model_validate({"webhook_mail_secrets": f"{SECRET},{secret}", "database_url": "x", "internal_public_key": "x"})


def test_doors_that_share_a_secret_under_whatever_spelling_are_told_apart_before_anything_starts() -> None:
    separate({"mail": [SECRET], "form 'a'": ["A" * 32, "whsec_" + "A" * 32]})
    with pytest.raises(ValueError, match="form 'a' and form 'b' have the same"):
        separate({"form 'a'": [SECRET, "A" * 32], "form 'b'": ["whsec_" + "A" * 32]})


def test_the_window_is_never_longer_than_what_is_kept() -> None:
    for seconds in (0, -1, 3601, 10**9):
        with pytest.raises(ValidationError):
            Settings.model_validate({"webhook_window_seconds": seconds, "database_url": "x", "internal_public_key": "x"})


def _verify(signature: str, *, body: bytes = b"{}", id_: str = "msg_1", timestamp: str | None = None) -> None:
    moment = str(int(NOW.timestamp())) if timestamp is None else timestamp
    verify([SECRET, "whsec_" + "A" * 32], id_, moment, signature, body, NOW, timedelta(minutes=5))


def test_the_reference_implementations_signature_is_valid() -> None:
    _verify(Webhook(SECRET).sign("msg_1", NOW, "{}"))
    _verify("v1,bm8= v1a,xyz " + sign(SECRET, "msg_1", int(NOW.timestamp()), b"{}"))


def test_a_second_secret_is_as_good() -> None:
    _verify(sign("whsec_" + "A" * 32, "msg_1", int(NOW.timestamp()), b"{}"))


@pytest.mark.parametrize("signature", ["", "v1,", "v1,ü", "v2,abc", "v1," + "A" * 44])
def test_a_wrong_signature_is_refused(signature: str) -> None:
    with pytest.raises(Unauthenticated):
        _verify(signature)


def test_another_body_or_another_id_is_refused() -> None:
    good = sign(SECRET, "msg_1", int(NOW.timestamp()), b"{}")
    for changed in ({"body": b"{ }"}, {"id_": "msg_2"}):
        with pytest.raises(Unauthenticated):
            _verify(good, **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize("offset", [-300, 300])
def test_a_request_at_the_edge_of_the_window_is_in_time(offset: int) -> None:
    moment = int(NOW.timestamp()) + offset
    _verify(sign(SECRET, "msg_1", moment, b"{}"), timestamp=str(moment))


@pytest.mark.parametrize("offset", [-301, 301])
def test_a_stale_or_early_request_is_refused(offset: int) -> None:
    moment = int(NOW.timestamp()) + offset
    with pytest.raises(Unauthenticated):
        _verify(sign(SECRET, "msg_1", moment, b"{}"), timestamp=str(moment))


@pytest.mark.parametrize("timestamp", ["", "now", "-1", "9" * 30, "1²"])
def test_a_timestamp_that_is_none_is_refused(timestamp: str) -> None:
    with pytest.raises(Unauthenticated):
        _verify("v1,abc", timestamp=timestamp)
