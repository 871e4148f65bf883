"""Bearer tokens of people and programs while their secret is changed."""

import asyncio
import time
from dataclasses import replace
from typing import Any

import pytest
from fastapi import Request
from joserfc import jwt
from joserfc.jwk import OctKey
from pydantic import ValidationError

from deskstream_chassis.refusals import Forbidden, Unauthenticated, Unavailable
from deskstream_chassis.run.clock import SystemClock
from deskstream_chassis.web.subjects import Customer, Program, Role, Staff
from deskstream_contracts.visibility import EVERYTHING, NOTHING
from gateway.api.accounts import AUDIENCE, PORTAL_AUDIENCE, Accounts, requires
from gateway.domain.session import Session
from gateway.settings import Settings

OLD, NEW = "o" * 40, "n" * 40


class Revoked:
    """Which tokens are revoked, by their jti."""

    def __init__(self, *jtis: str, ready: bool = True) -> None:
        self.jtis = set(jtis)
        self.ready = ready

    def covers(self, session: Session) -> bool:
        return session.jti in self.jtis


def token(secret: str, **changes: Any) -> str:
    claims = {
        "iss": "deskstream",
        "aud": "deskstream-api",
        "sub": "ada",
        "jti": "1",
        "roles": ["agent"],
        "exp": int(time.time()) + 60,
    }
    return jwt.encode({"alg": "HS256"}, {**claims, **changes}, OctKey.import_key(secret))


def settings(secret: str) -> Settings:
    urls = {f"{name}_url": "http://127.0.0.1" for name in ("ingest", "customer", "ticket", "routing", "sla", "notify")}
    keys = {"database_url": "postgresql+asyncpg://", "internal_public_key": "{}", "internal_private_key": "{}"}
    return Settings.model_validate({**urls, **keys, "token_secret": secret})


def accounts(secret: str, revoked: Revoked | None = None) -> Accounts:
    return Accounts(settings(secret).token_secrets, revoked or Revoked(), SystemClock())


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


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "another-program"},
        {"iss": "somebody"},
        {"exp": int(time.time()) - 60},
        {"roles": "agent"},
        {"jti": ""},
        {"jti": "x" * 201},
        {"iat": int(time.time()) + 86400},
        {"iat": 10**400},
        {"iat": "yesterday"},
        {"exp": int(time.time()) + 367 * 86400},
        {"exp": 10**30},
        {"sub": None},
    ],
)
def test_a_token_for_somebody_else_or_one_that_has_ended_is_not_taken(changes: dict[str, Any]) -> None:
    with pytest.raises(Unauthenticated):
        accounts(NEW).session(token(NEW, **changes), "c")


def test_a_revoked_token_is_not_taken_and_ends_what_it_has_begun() -> None:
    revoked = Revoked()
    known = accounts(NEW, revoked)
    session = known.session(token(NEW), "c")
    assert known.holds(session)
    revoked.jtis.add("1")
    assert not known.holds(session)
    with pytest.raises(Unauthenticated):
        known.session(token(NEW), "c")


def test_what_a_token_has_begun_ends_with_it() -> None:
    session = accounts(NEW).session(token(NEW), "c")
    assert not accounts(NEW).holds(replace(session, expires_at=time.time() - 6))


def test_each_token_of_staff_and_programs_is_told_of_with_what_it_says_and_no_other() -> None:
    noted: list[Session] = []
    known = Accounts(settings(NEW).token_secrets, Revoked("gone"), SystemClock(), noted.append)
    now = int(time.time())
    known.session(token(NEW, iat=now, roles=["lead"]), "c")
    known.session(token(NEW, aud=PORTAL_AUDIENCE, sub=CUSTOMER), "c", PORTAL_AUDIENCE)
    with pytest.raises(Unauthenticated):
        known.session(token(NEW, jti="gone"), "c")
    assert [(s.jti, s.issued_at, s.roles) for s in noted] == [("1", now, ("lead",))]


def test_before_it_is_known_what_is_revoked_nothing_is_taken() -> None:
    with pytest.raises(Unavailable):
        accounts(NEW, Revoked(ready=False)).session(token(NEW), "c")


def test_a_route_asks_for_a_role_or_one_that_includes_it() -> None:
    def asked(*roles: str) -> None:
        session = accounts(NEW).session(token(NEW, roles=list(roles)), "c")
        asyncio.run(requires(Role.AGENT)(Request({"type": "http", "state": {"session": session}})))

    asked("agent")
    asked("lead")
    for roles in ((), ("viewer",), ("operator",)):
        with pytest.raises(Forbidden):
            asked(*roles)


CUSTOMER = "0198c2f0-8f0e-7cc3-8f2e-2f1f3a4b5c6d"


@pytest.mark.parametrize(
    ("roles", "visibility"), [(["viewer"], EVERYTHING), (["admin"], EVERYTHING), (["operator"], NOTHING), ([], NOTHING)]
)
def test_the_staff_see_all_tickets_and_who_runs_the_desk_or_has_no_role_sees_none(roles: list[str], visibility: object) -> None:
    subject = accounts(NEW).session(token(NEW, roles=roles), "c").subject
    assert isinstance(subject, Staff)
    assert subject.visibility == visibility


def test_a_program_is_told_from_a_person() -> None:
    subject = accounts(NEW).session(token(NEW, kind="program", name="Report"), "c").subject
    assert subject == Program("ada", "Report", frozenset({Role.VIEWER, Role.AGENT}), EVERYTHING)


def test_a_customers_token_opens_the_face_of_customers_alone_and_gives_no_role_and_no_ticket() -> None:
    theirs = token(NEW, aud=PORTAL_AUDIENCE, sub=CUSTOMER, name="Ann", roles=["admin"])
    subject = accounts(NEW).session(theirs, "c", PORTAL_AUDIENCE).subject
    assert subject == Customer(CUSTOMER, "Ann", NOTHING)
    assert subject.roles == frozenset()
    with pytest.raises(Unauthenticated):
        accounts(NEW).session(theirs, "c", AUDIENCE)


def test_a_token_of_the_staff_does_not_open_the_face_of_customers() -> None:
    with pytest.raises(Unauthenticated):
        accounts(NEW).session(token(NEW, sub=CUSTOMER), "c", PORTAL_AUDIENCE)


def test_a_customers_token_names_a_customer() -> None:
    with pytest.raises(Unauthenticated):
        accounts(NEW).session(token(NEW, aud=PORTAL_AUDIENCE, sub="ada"), "c", PORTAL_AUDIENCE)
