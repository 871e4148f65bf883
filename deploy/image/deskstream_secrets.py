"""Writes a tar archive with new keys and passwords for the Compose stack: one env file a service, and `secrets.json` with all.

`secrets.json` has the form of a local stack's, so that the command line can make tokens from it.
"""

import base64
import io
import json
import secrets
import sys
import tarfile

from joserfc.jwk import OKPKey

SERVICES = ("ingest", "customer", "ticket", "routing", "sla", "notify", "gateway")
FORM = {
    "mailbox": "support@desk.localhost",
    "fields": {
        "email": "email",
        "name": "name",
        "subject": "subject",
        "text": "message",
        "priority": "urgency",
        "company": "company",
        "language": "language",
    },
    "custom_fields": {"order": "order_number"},
}
"""The form of the demo."""


def new_secrets() -> dict[str, str]:
    key = OKPKey.generate_key("Ed25519")
    return {
        "internal_private_key": json.dumps(key.as_dict(private=True)),
        "internal_public_key": json.dumps(key.as_dict(private=False)),
        **{name: secrets.token_hex(32) for name in ("internal", "reply", "token", "postgres_admin")},
        **{f"database_{name}": secrets.token_hex(24) for name in SERVICES},
        "form_contact": "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode(),
    }


def environment(service: str, known: dict[str, str]) -> dict[str, str]:
    """What this service has to know, and nothing of another's."""
    values = {
        "DATABASE_URL": f"postgresql+asyncpg://{service}:{known[f'database_{service}']}@postgres:5432/{service}",
        "INTERNAL_PUBLIC_KEY": known["internal_public_key"],
    }
    if service in ("ingest", "notify"):
        values["REPLY_SECRET"] = known["reply"]
    if service == "gateway":
        values |= {"TOKEN_SECRET": known["token"], "INTERNAL_PRIVATE_KEY": known["internal_private_key"]}
    return {f"{service.upper()}_{name}": value for name, value in values.items()}


def files(known: dict[str, str]) -> dict[str, str]:
    postgres = {"POSTGRES_PASSWORD": known["postgres_admin"]}
    postgres |= {f"DATABASE_PASSWORD_{name.upper()}": known[f"database_{name}"] for name in SERVICES}
    env_files = {"postgres": postgres, **{name: environment(name, known) for name in SERVICES}}
    return {
        **{f"{name}.env": "".join(f"{key}='{value}'\n" for key, value in values.items()) for name, values in env_files.items()},
        "forms.json": json.dumps({"contact": {"secret": known["form_contact"], **FORM}}, indent=2) + "\n",
        "secrets.json": json.dumps(known, indent=2, sort_keys=True) + "\n",
    }


def main() -> None:
    with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as archive:
        for name, text in files(new_secrets()).items():
            entry = tarfile.TarInfo(name)
            # The container reads the forms as another user; the folder around them is closed.
            entry.mode = 0o644 if name == "forms.json" else 0o600
            content = text.encode()
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


if __name__ == "__main__":
    main()
