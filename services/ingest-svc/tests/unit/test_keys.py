"""Which requests at the signed doors are repetitions of each other."""

import pytest
from starlette.datastructures import Headers

from deskstream_chassis.refusals import Invalid
from ingest_svc.api.webhooks import SignedRequest


def fingerprint(door: str, *, id_: str = "msg_1", key: str | None = None) -> str:
    headers = {"webhook-id": id_} if key is None else {"webhook-id": id_, "idempotency-key": key}
    return SignedRequest(Headers(headers), b"", None).key_at(door)


def test_the_same_id_at_the_same_door_is_a_repetition() -> None:
    assert fingerprint("mail") == fingerprint("mail")
    assert fingerprint("mail") != fingerprint("mail", id_="msg_2")


def test_a_key_of_the_senders_own_goes_before_the_id() -> None:
    assert fingerprint("mail", id_="msg_1", key="a") == fingerprint("mail", id_="msg_2", key="a")
    assert fingerprint("mail", key="a") != fingerprint("mail", key="b")


def test_two_forms_may_use_the_same_key() -> None:
    assert fingerprint("contact", key="a") != fingerprint("returns", key="a")


def test_a_key_is_not_taken_for_another_requests_id() -> None:
    assert fingerprint("mail", key="msg_1", id_="msg_9") != fingerprint("mail", id_="msg_1")


@pytest.mark.parametrize("key", ["", "k" * 256])
def test_a_key_that_is_none_is_refused(key: str) -> None:
    with pytest.raises(Invalid):
        fingerprint("mail", key=key)
