"""Tokens of the command line: whose, what for, how long; what they say, and what the list shows at 80 columns."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from joserfc import jwt
from joserfc.jwk import OctKey
from typer.testing import CliRunner

from desk.cli import token as command
from desk.client import Desk
from desk.errors import DeskError

SECRET = "t" * 64


class Calls(list[tuple[str, str, dict[str, Any]]]):
    """What the command asked of the gateway, and what it answers."""

    answer: Any = None

    def api(self, _: Desk, method: str, path: str, **options: Any) -> Any:
        self.append((method, path, options))
        return self.answer


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Calls:
    made = Calls()
    # Nobody listens there: a token is given out all the same.
    monkeypatch.setattr(command, "door", lambda: Desk(tmp_path, 1, {"token": SECRET}, {"gateway": "127.0.0.1:9"}))
    monkeypatch.setattr(Desk, "api", lambda *args, **options: made.api(*args, **options))
    monkeypatch.setattr(command.getpass, "getuser", lambda: "grace")
    monkeypatch.setenv("COLUMNS", "80")
    return made


def run(*arguments: str) -> str:
    app = typer.Typer()
    command.add_to(app)
    result = CliRunner().invoke(app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def claims(*arguments: str) -> dict[str, Any]:
    told = json.loads(run("token", "--json", *arguments))
    said = jwt.decode(told["token"], OctKey.import_key(SECRET), algorithms=["HS256"]).claims
    assert (told["jti"], told["id"], told["name"], told["roles"]) == (said["jti"], said["sub"], said["name"], said["roles"])
    return said


def test_if_nothing_is_said_a_token_is_the_least_for_hours_in_the_name_of_who_is_logged_in(calls: Calls) -> None:
    said = claims()
    assert (said["roles"], said["name"], said["kind"]) == (["viewer"], "grace", "staff")
    assert said["exp"] - said["iat"] == 8 * 3600
    plain = run("token").strip()
    assert jwt.decode(plain, OctKey.import_key(SECRET), algorithms=["HS256"]).claims["jti"] != said["jti"]


def test_more_is_asked_for_by_its_name(calls: Calls) -> None:
    said = claims("--role", "lead", "--role", "operator", "--name", " Ada Byron ", "--for", "90m", "--id", "ada@desk.example")
    assert (said["roles"], said["name"], said["sub"]) == (["lead", "operator"], "Ada Byron", "ada@desk.example")
    assert said["exp"] - said["iat"] == 90 * 60
    program = claims("--program", "--for", "365d")
    assert (program["kind"], program["exp"] - program["iat"]) == ("program", 365 * 86400)


def test_two_people_of_one_name_are_two(calls: Calls) -> None:
    assert claims("--name", "Ada")["sub"] != claims("--name", "Ada")["sub"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--for", "31d"), ("--for", "366d", "--program"), ("--for", "9m"), ("--for", "0h"), ("--for", "8"), ("--for", "-1h"),
        ("--for", "99999999d"), ("--for", ""), ("--name", " "), ("--name", "a\nb"), ("--name", "x" * 121),
        ("--id", "a b"), ("--id", ""),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_in_words(calls: Calls, arguments: tuple[str, ...]) -> None:
    with pytest.raises(DeskError):
        run("token", *arguments)


def test_one_token_or_all_of_somebody_are_revoked_and_never_nothing(calls: Calls) -> None:
    assert "is refused from now on" in run("token", "revoke", "a/b")
    assert "Ada Byron" in run("token", "revoke", "--of", "Ada Byron")
    assert calls == [("DELETE", "/tokens/a%2Fb", {}), ("DELETE", "/tokens", {"params": {"of": "Ada Byron"}})]
    for arguments in ((), ("jti", "--of", "Ada")):
        with pytest.raises(DeskError):
            run("token", "revoke", *arguments)


def test_the_list_is_read_at_80_columns(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime.now(UTC)
    one = {
        "jti": "c71fd39b-e6d6-45d4-b137-903fe83a45f9", "id": "ada", "name": "Ada Byron", "kind": "program",
        "roles": ["lead", "operator"],
        "issued_at": None, "expires_at": (now + timedelta(days=365, hours=1)).isoformat(), "first_used_at": now.isoformat(),
        "last_used_at": (now - timedelta(hours=3)).isoformat(), "revoked": False,
    }  # fmt: skip
    calls.answer = {"items": [one, {**one, "revoked": True}]}
    monkeypatch.setattr(command.console, "_width", 80)
    lines = run("tokens").splitlines()
    assert all(len(line) <= 80 for line in lines)
    shown = " ".join(" ".join(lines).split())
    assert "365d 3h ago c71fd39b-e6d6-45d4-b137-903fe83a45f9" in shown
    assert "revoked 3h ago" in shown
    assert json.loads(run("tokens", "--json")) == calls.answer["items"]
    calls.answer = {"items": []}
    assert "no token" in run("tokens")
