"""Which requests at the signed doors are repetitions of each other."""

from starlette.datastructures import Headers

from ingest_svc.api.webhooks import SignedRequest


def fingerprint(door: str, *, id_: str = "msg_1", **headers: str) -> str:
    return SignedRequest(Headers({"webhook-id": id_, **headers}), b"", None).key_at(door)


def test_the_same_id_at_the_same_door_is_a_repetition() -> None:
    assert fingerprint("mail") == fingerprint("mail")
    assert fingerprint("mail") != fingerprint("mail", id_="msg_2")


def test_two_forms_may_use_the_same_id() -> None:
    assert fingerprint("contact") != fingerprint("returns")


def test_what_is_not_signed_makes_no_other_request() -> None:
    assert fingerprint("mail") == fingerprint("mail", **{"idempotency-key": "mine"})
