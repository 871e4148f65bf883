"""The passwords and keys of one local stack: generated once, kept in `secrets.json`, readable by its owner only."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from pathlib import Path

from desk.errors import DeskError
from desk.files import replace_text

SHARED = ("reply", "token", "files", "postgres_admin", "subscriber")
"""Names of the keys that are not a service's database password."""


def load_secrets(home: Path, services: tuple[str, ...], forms: tuple[str, ...]) -> dict[str, str]:
    """The secrets of the stack on this home; what is missing is generated and kept."""
    path = home / "secrets.json"
    known: dict[str, str] = {}
    if path.exists():
        try:
            known = json.loads(path.read_text())
        except ValueError:
            raise DeskError(f"{path} is not JSON: restore it, or delete the stack with ./desk reset") from None
    elif (home / "postgres").exists():
        raise DeskError(f"{path} is gone, and with it the passwords: restore it, or delete the stack with ./desk reset")
    complete = completed(known, services, forms)
    if complete != known:
        replace_text(path, json.dumps(complete, indent=2, sort_keys=True) + "\n", mode=0o600, durable=True)
    return complete


def completed(known: Mapping[str, str], services: tuple[str, ...], forms: tuple[str, ...]) -> dict[str, str]:
    """These secrets, with new ones for what is missing.

    Keys: those of SHARED, `database_<service>`, `webhook_mail` and `form_<form>` (Standard Webhooks 1.0: `whsec_` and base64),
    and the pair `internal_private_key`, `internal_public_key` (JWKs, Ed25519).
    """
    wanted = {name: secrets.token_hex(32) for name in SHARED}
    wanted |= {f"database_{name}": secrets.token_hex(24) for name in services}
    signed = ("webhook_mail", *(f"form_{name}" for name in forms))
    wanted |= {name: "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode() for name in signed}
    if "internal_private_key" not in known:
        wanted |= _key_pair()
    return wanted | dict(known)


def _key_pair() -> dict[str, str]:
    from joserfc.jwk import OKPKey

    key = OKPKey.generate_key("Ed25519")
    return {
        "internal_private_key": json.dumps(key.as_dict(private=True)),
        "internal_public_key": json.dumps(key.as_dict(private=False)),
    }
