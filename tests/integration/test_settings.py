"""The settings of every service: nothing prints a secret, and what must not be run is not, in a sentence each."""

import importlib
import json
import logging
import re
import subprocess
import sys
from dataclasses import fields, is_dataclass
from typing import Any

import pytest
from joserfc.jwk import OKPKey
from pydantic import SecretStr, ValidationError

from deskstream_chassis.run.settings import ServiceSettings
from deskstream_chassis.watch import logs

SERVICES = ("ingest_svc", "customer_svc", "ticket_svc", "routing_svc", "sla_svc", "notify_svc", "gateway")
PREFIXES = dict(zip(SERVICES, ("INGEST_", "CUSTOMER_", "TICKET_", "ROUTING_", "SLA_", "NOTIFY_", "GATEWAY_"), strict=True))
SOUNDS_SECRET = re.compile(r"secret|password|passphrase|key|token|credential|url")
NO_SECRETS = {
    "internal_public_key": "verifies, and signs nothing",
    "keep_tokens_days": "how long something is kept",
    "kafka_ssl_key_file": "the name of a file",
    "smtp_tls_key": "the name of a file",
    **{f"{owner}_url": "where a service is" for owner in ("ingest", "customer", "ticket", "routing", "sla", "notify")},
}
HIDDEN = "pR1v4te-and-l0ng-enough-to-be-one"
_KEY = OKPKey.generate_key("Ed25519")
_PRIVATE = json.dumps({**_KEY.as_dict(private=True), "kid": HIDDEN})
GIVEN: dict[str, str] = {
    "database_url": f"postgresql+asyncpg://nobody:{HIDDEN}@127.0.0.1:1/nowhere",
    "internal_public_key": json.dumps(_KEY.as_dict(private=False)),
    "internal_private_key": _PRIVATE,
    "kafka_sasl_username": "desk",
    "kafka_sasl_password": HIDDEN,
    "token_secret": HIDDEN,
    "reply_secret": HIDDEN,
    "files_secret": HIDDEN,
    "smtp_password": HIDDEN,
    "domain": "desk.example",
    "journal": "/nowhere/journal",
    **{f"{owner}_url": f"http://{owner}" for owner in ("ingest", "customer", "ticket", "routing", "sla", "notify")},
}


def kind_of(package: str) -> type[ServiceSettings]:
    found: type[ServiceSettings] = importlib.import_module(f"{package}.settings").Settings
    return found


@pytest.mark.parametrize("package", SERVICES)
def test_what_sounds_like_a_secret_is_one(package: str) -> None:
    named = {name: field.annotation for name, field in kind_of(package).model_fields.items() if SOUNDS_SECRET.search(name)}
    plain = {name for name, annotation in named.items() if annotation is not SecretStr}
    assert plain <= NO_SECRETS.keys(), plain - NO_SECRETS.keys()
    assert {"database_url", "kafka_sasl_password"} <= named.keys() - plain


@pytest.mark.parametrize("package", SERVICES)
def test_settings_and_what_is_wrong_with_them_never_show_a_secret(package: str, capsys: pytest.CaptureFixture[str]) -> None:
    settings = kind_of(package).model_validate(GIVEN)
    assert HIDDEN not in f"{settings!r} {settings} {settings.model_dump()} {settings.kafka!r}"
    with pytest.raises(ValidationError) as refused:
        kind_of(package).model_validate({**GIVEN, "database_url": {"a": HIDDEN}, "http_port": HIDDEN, "token_secret": HIDDEN[:9]})
    assert HIDDEN[:9] not in f"{refused.value} {refused.value!r}"
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    try:
        logs.configure("test-svc", "INFO")
        try:
            _fails(settings)
        except LookupError:
            logs.logger(f"test.{package}").exception("it fails", settings=settings)
    finally:
        root.handlers, root.level = handlers, level
    said = capsys.readouterr().out
    assert "_fails" in said
    assert HIDDEN not in said


def _fails(settings: ServiceSettings) -> None:
    url = settings.database_url.get_secret_value()
    raise LookupError(f"nobody by a name of {len(url)} characters")


@pytest.mark.parametrize("package", SERVICES)
def test_what_is_built_of_settings_does_not_print_them_either(package: str) -> None:
    service = importlib.import_module(f"{package}.wiring").build(kind_of(package).model_validate(GIVEN), "all")
    found = {id(thing): repr(thing) for thing in _dataclasses(service, set())}
    assert len(found) > 5
    assert not [text for text in found.values() if HIDDEN in text]


def _dataclasses(thing: Any, seen: set[int], depth: int = 0) -> list[Any]:
    """Every dataclass of ours that hangs on a service."""
    if id(thing) in seen or depth > 20 or isinstance(thing, str | bytes | int | float | type(None) | type):
        return []
    seen.add(id(thing))
    found = []
    if is_dataclass(thing):
        found.append(thing)
        inner = [getattr(thing, field.name, None) for field in fields(thing)]
    elif isinstance(thing, dict):
        inner = list(thing.values())
    elif isinstance(thing, list | tuple | set | frozenset):
        inner = list(thing)
    elif type(thing).__module__.startswith(("deskstream_", *SERVICES, "functools")) or callable(thing):
        cells = [cell.cell_contents for cell in getattr(thing, "__closure__", None) or ()]
        partial = [getattr(thing, name, None) for name in ("func", "keywords", "args", "__self__")]
        inner = [*cells, *partial, *getattr(thing, "__dict__", {}).values()]
    else:
        inner = []
    for part in inner:
        found += _dataclasses(part, seen, depth + 1)
    return found


def start(package: str, **changes: str | None) -> subprocess.CompletedProcess[str]:
    """The service, as it is started; ends at once where its settings are refused."""
    prefix = PREFIXES[package]
    given = {**GIVEN, "http_port": "0", **changes}
    env = {f"{prefix}{name.upper()}": value for name, value in given.items() if value is not None}
    return subprocess.run([sys.executable, "-m", package, "api"], env=env, capture_output=True, text=True, timeout=60)


RELAYS = "and this service is reached from outside: whoever sends mail could say who they are; name the networks of your relays"
IN_CLEAR = (
    "the password for mx.example would go over the network in clear: set NOTIFY_SMTP_STARTTLS=true or NOTIFY_SMTP_IMPLICIT_TLS=true"
)
GUESSED = "can be guessed, and this service is reached from outside: make one with `openssl rand -hex 32`"


@pytest.mark.parametrize(
    ("package", "changes", "said"),
    [
        ("ticket_svc", {"database_url": None}, ["ticket-svc: TICKET_DATABASE_URL: Field required"]),
        (
            "ticket_svc",
            {"http_port": "eighty", "internal_public_key": None},
            [
                "ticket-svc: TICKET_HTTP_PORT: Input should be a valid integer, unable to parse string as an integer",
                "ticket-svc: TICKET_INTERNAL_PUBLIC_KEY: Field required",
            ],
        ),
        (
            "ingest_svc",
            {"smtp_host": "0.0.0.0", "trusted_relays": "10.0.0.0/8,0.0.0.0/0"},
            [f"ingest-svc: INGEST_TRUSTED_RELAYS has 0.0.0.0/0, {RELAYS}"],
        ),
        ("ingest_svc", {"smtp_host": "::", "trusted_relays": "::/0"}, [f"ingest-svc: INGEST_TRUSTED_RELAYS has ::/0, {RELAYS}"]),
        (
            "ingest_svc",
            {"smtp_host": "mx.desk.example", "trusted_relays": "0.0.0.0/1,128.0.0.0/1"},
            [f"ingest-svc: INGEST_TRUSTED_RELAYS has 0.0.0.0/1, {RELAYS}"],
        ),
        ("ingest_svc", {"smtp_host": "0.0.0.0", "reply_secret": "changeme"}, [f"ingest-svc: INGEST_REPLY_SECRET {GUESSED}"]),
        (
            "notify_svc",
            {"http_host": "0.0.0.0", "reply_secret": f"{HIDDEN},secret"},
            [f"notify-svc: NOTIFY_REPLY_SECRET {GUESSED}"],
        ),
        ("gateway", {"http_host": "0.0.0.0", "token_secret": "change" * 6}, [f"gateway: GATEWAY_TOKEN_SECRET {GUESSED}"]),
        ("gateway", {"token_secret": "short"}, ["gateway: GATEWAY_TOKEN_SECRET: a secret has 32 characters or more"]),
        (
            "notify_svc",
            {"smtp_host": "mx.example", "smtp_username": "desk"},
            [f"notify-svc: {IN_CLEAR}"],
        ),
    ],
)
def test_what_must_not_be_run_is_refused_in_a_sentence(package: str, changes: dict[str, str | None], said: list[str]) -> None:
    ended = start(package, **changes)
    assert (ended.returncode, ended.stderr.splitlines(), ended.stdout) == (2, said, "")


@pytest.mark.parametrize(
    ("package", "changes"),
    [
        ("ingest_svc", {"trusted_relays": "0.0.0.0/0,::/0", "reply_secret": "short"}),
        ("ingest_svc", {"smtp_host": "0.0.0.0", "trusted_relays": "127.0.0.0/8,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7"}),
        ("ingest_svc", {"smtp_host": "0.0.0.0", "reply_secret": ""}),
        ("notify_svc", {"smtp_host": "localhost", "smtp_username": "desk"}),
        ("gateway", {"token_secret": "t" * 40}),
        ("gateway", {"http_host": "0.0.0.0"}),
    ],
)
def test_what_is_safe_is_taken(package: str, changes: dict[str, str]) -> None:
    kind_of(package).model_validate({**GIVEN, **changes})
