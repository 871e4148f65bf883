"""Keys and secrets are changed as docs/operations.md says, while requests come in: nobody is refused who may come in."""

import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import httpx
from joserfc.jwk import OKPKey

from desk.client import Desk
from desk.errors import DeskError
from deskstream_chassis.web.auth import TokenSigner
from deskstream_chassis.web.subjects import Role, Staff
from tests.faults.conftest import SERVICES, Broken

AWAY = {502, 503, 504}
"""A process of a service is started anew, and there is only one of each here."""


@contextmanager
def asked_all_the_time(desk: Desk) -> Iterator[list[int]]:
    """The statuses of requests that the gateway passes on to every service."""
    seen: list[int] = []
    end = threading.Event()

    def ask() -> None:
        while not end.wait(0.05):
            with suppress(DeskError):  # the gateway itself is started anew
                seen.append(desk.api_response("GET", "/admin/parked").status_code)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield seen
    finally:
        end.set()
        thread.join()


def test_keys_and_secrets_are_changed_and_nobody_is_refused(broken: Broken) -> None:
    desk = broken.desk
    old_private, old_public = desk.secrets["internal_private_key"], desk.secrets["internal_public_key"]
    key = OKPKey.generate_key("Ed25519")
    new_private, new_public = json.dumps(key.as_dict(private=True)), json.dumps(key.as_dict(private=False))
    both = json.dumps({"keys": [json.loads(old_public), json.loads(new_public)]})
    old_secret, new_secret = desk.secrets["token"], secrets.token_hex(32)
    newcomer = replace(desk, secrets={**desk.secrets, "token": new_secret})

    with asked_all_the_time(desk) as seen:
        for name in SERVICES:
            broken.restart(name, INTERNAL_PUBLIC_KEY=both)
        gateway = {"INTERNAL_PRIVATE_KEY": new_private, "INTERNAL_PUBLIC_KEY": both}
        broken.restart("gateway", **gateway, TOKEN_SECRET=f"{new_secret},{old_secret}")
        for name in SERVICES:
            broken.restart(name, INTERNAL_PUBLIC_KEY=new_public)
        assert newcomer.api("GET", "/admin/parked")["items"] == []
        assert desk.api("GET", "/admin/parked")["items"] == []
    assert seen.count(200) > len(seen) / 4
    assert set(seen) <= {200} | AWAY

    broken.restart("gateway", INTERNAL_PRIVATE_KEY=new_private, INTERNAL_PUBLIC_KEY=new_public, TOKEN_SECRET=new_secret)
    assert newcomer.api("GET", "/admin/parked")["items"] == []
    assert desk.api_response("GET", "/admin/parked").status_code == 401
    somebody = Staff("old", "Old", frozenset({Role.ADMIN, Role.OPERATOR}))
    for signer, status in ((TokenSigner(old_private, "gateway"), 401), (TokenSigner(new_private, "gateway"), 200)):
        headers = {"Authorization": f"Bearer {signer.token(somebody)}"}
        assert httpx.get(f"{broken.stack.url('ticket')}/admin/parked", headers=headers).status_code == status
