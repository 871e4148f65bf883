"""Internal tokens while keys are changed, and on hosts whose clocks are wrong."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from joserfc.jwk import OKPKey

from deskstream_chassis.refusals import Unauthenticated
from deskstream_chassis.web.auth import TokenSigner, TokenVerifier
from deskstream_chassis.web.subjects import Role, Staff

ADA = Staff("ada", "Ada", frozenset({Role.AGENT}))


@dataclass
class At:
    moment: datetime

    def now(self) -> datetime:
        return self.moment


def pair() -> tuple[str, dict[str, object]]:
    key = OKPKey.generate_key("Ed25519")
    return json.dumps(key.as_dict(private=True)), dict(key.as_dict(private=False))


def test_while_keys_are_changed_tokens_of_the_old_and_of_the_new_key_are_believed() -> None:
    (old, old_public), (new, new_public) = pair(), pair()
    both = TokenVerifier(json.dumps({"keys": [old_public, new_public]}))
    for private in (old, new):
        assert both.subject(TokenSigner(private, "gateway").token(ADA)) == ADA


def test_a_key_that_is_not_in_the_set_is_not_believed() -> None:
    (old, _), (_, new_public), (_, other_public) = pair(), pair(), pair()
    for given in (new_public, {"keys": [new_public, other_public]}):
        with pytest.raises(Unauthenticated):
            TokenVerifier(json.dumps(given)).subject(TokenSigner(old, "gateway").token(ADA))


def test_the_life_of_a_token_is_counted_by_the_clock_that_is_given() -> None:
    private, public = pair()
    wrong_by_hours = At(datetime.now(UTC) + timedelta(hours=2))
    token = TokenSigner(private, "gateway", wrong_by_hours).token(ADA, lifetime_seconds=60)
    verifier = TokenVerifier(json.dumps(public), wrong_by_hours)
    assert verifier.subject(token) == ADA
    wrong_by_hours.moment += timedelta(seconds=66)
    with pytest.raises(Unauthenticated):
        verifier.subject(token)
