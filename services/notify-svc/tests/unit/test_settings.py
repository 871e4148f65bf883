"""Which settings are refused at the start."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from notify_svc.settings import Settings
from notify_svc.wiring import _server

OWN = {"database_url": "x", "internal_public_key": "x", "domain": "desk.example", "reply_secret": "x", "journal": Path("j")}
OWN |= {"ticket_url": "http://ticket", "files_secret": "x"}
AWAY, LOGIN = {"smtp_host": "mx.acme.example"}, {"smtp_username": "desk", "smtp_password": "hidden"}


def made(**settings: Any) -> Settings:
    return Settings.model_validate({**OWN, **settings})


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        (AWAY | LOGIN, "the password for mx.acme.example would go over the network in clear"),
        ({"smtp_host": "10.0.0.7"} | LOGIN, "would go over the network in clear"),
        ({"smtp_host": "127.0.0.1.acme.example"} | LOGIN, "would go over the network in clear"),
        ({"smtp_starttls": True, "smtp_implicit_tls": True}, "choose one"),
        ({"smtp_ca_file": Path(__file__)}, "is of no use without"),
        ({"smtp_ca_file": Path("/nowhere.pem"), "smtp_starttls": True}, "does not point to a file"),
        ({"smtp_ehlo_name": "two words"}, "String should match pattern"),
        ({"smtp_ehlo_name": "mx\r\nRSET"}, "String should match pattern"),
        ({"domain": "bücher.example"}, "String should match pattern"),
    ],
)
def test_settings_that_are_unsafe_or_contradict_each_other_are_refused(settings: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why) as refusal:
        made(**settings)
    assert "hidden" not in str(refusal.value), "a refusal must not show the password"


@pytest.mark.parametrize(
    "settings",
    [
        AWAY,
        AWAY | LOGIN | {"smtp_starttls": True},
        AWAY | LOGIN | {"smtp_implicit_tls": True},
        {"smtp_host": "localhost"} | LOGIN,
        {"smtp_host": "127.0.0.9"} | LOGIN,
        {"smtp_host": "::1"} | LOGIN,
        {"smtp_ehlo_name": "[192.0.2.1]"},
    ],
)
def test_a_password_may_go_where_nobody_can_read_it(settings: dict[str, Any]) -> None:
    assert "hidden" not in repr(made(**settings))


def test_we_call_ourselves_by_the_domain_unless_told_otherwise_and_use_the_tls_that_is_set() -> None:
    assert _server(made()).ehlo_name == "desk.example"
    assert _server(made(smtp_ehlo_name="out.acme.example")).ehlo_name == "out.acme.example"
    assert [_server(made(**t)).tls for t in ({}, {"smtp_starttls": True}, {"smtp_implicit_tls": True})] == [
        "none",
        "starttls",
        "implicit",
    ]
