"""Bearer tokens of people and programs while their secret is changed."""

import time

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from pydantic import ValidationError

from deskstream_chassis.refusals import Unauthenticated
from deskstream_chassis.run.clock import SystemClock
from gateway.api.accounts import Accounts
from gateway.settings import Settings

OLD, NEW = "o" * 40, "n" * 40


class NoneRevoked:
    ready = True

    def __contains__(self, jti: str) -> bool:
        return False


def token(secret: str) -> str:
    claims = {
        "iss": "deskstream",
        "aud": "deskstream-api",
        "sub": "ada",
        "jti": "1",
        "roles": ["agent"],
        "exp": int(time.time()) + 60,
    }
    return jwt.encode({"alg": "HS256"}, {**claims, "exp": int(time.time()) + 60}, OctKey.import_key(secret))


def settings(secret: str) -> Settings:
    urls = {f"{name}_url": "http://127.0.0.1" for name in ("ingest", "customer", "ticket", "routing", "sla", "notify")}
    keys = {"database_url": "postgresql+asyncpg://", "internal_public_key": "{}", "internal_private_key": "{}"}
    return Settings.model_validate({**urls, **keys, "token_secret": secret})


def accounts(secret: str) -> Accounts:
    return Accounts(settings(secret).token_secrets, NoneRevoked(), SystemClock())


def test_while_the_secret_is_changed_tokens_of_both_are_believed() -> None:
    for secret in (OLD, NEW):
        assert accounts(f"{NEW},{OLD}").session(token(secret), "c").subject.id == "ada"


def test_when_the_old_secret_is_gone_so_are_its_tokens() -> None:
    with pytest.raises(Unauthenticated):
        accounts(NEW).session(token(OLD), "c")


@pytest.mark.parametrize("secret", ["short", f"{OLD},", f"{OLD},short"])
def test_a_secret_that_is_too_short_is_refused_at_the_start(secret: str) -> None:
    with pytest.raises(ValidationError):
        settings(secret)
