"""token, tokens: bearer tokens for the API: given out, listed, revoked."""

from __future__ import annotations

import getpass
import json
import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final
from urllib.parse import quote

import httpx
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from desk.cli.door import door
from desk.client import Desk, api_token
from desk.errors import DeskError
from deskstream_chassis.web.subjects import Role

console = Console(highlight=False)
_hints = Console(stderr=True, highlight=False)
_UNITS: Final = {"m": 60, "h": 3600, "d": 86400}
_LEAST: Final = 600
_MOST_OF_A_PERSON: Final = 30 * 86400
_MOST_OF_A_PROGRAM: Final = 365 * 86400


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    group = typer.Typer(invoke_without_command=True, no_args_is_help=False)
    group.callback()(token)
    group.command()(revoke)
    app.add_typer(group, name="token")
    app.command()(tokens)


def token(
    context: typer.Context,
    role: Annotated[list[Role] | None, typer.Option(help="What it may do; may be given twice. Left out: viewer.")] = None,
    name: Annotated[str | None, typer.Option(help="Whose it is: tickets and notes say so. Left out: your login.")] = None,
    id_: Annotated[str | None, typer.Option("--id", help="An address or the like, where two are of one name.")] = None,
    lifetime: Annotated[str, typer.Option("--for", metavar="TIME", help="90m, 8h, 7d; 30d at most, a program 365d.")] = "8h",
    program: Annotated[bool, typer.Option("--program", help="It is a program's, not a person's: histories say so.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For a program.")] = False,
) -> None:
    """Print a bearer token for the API: to look, for 8 hours, in your name, if nothing else is said."""
    if context.invoked_subcommand is not None:
        return
    whose = (getpass.getuser() if name is None else name).strip()
    if not 1 <= len(whose) <= 120 or not whose.isprintable():
        raise DeskError("say by --name whose the token is, in 120 characters or less")
    if id_ is not None and not re.fullmatch(r"[^\s\x00-\x1f]{1,254}", id_):
        raise DeskError("an id has no spaces, and 254 characters or less")
    seconds, desk, roles = _seconds(lifetime, program), door(), [str(r) for r in role or [Role.VIEWER]]
    jti = str(uuid.uuid4())
    # Two people of one name are two: what one has asked for by an Idempotency-Key is not answered to the other.
    subject = id_ or f"{whose.lower().replace(' ', '.')}.{jti[:8]}"
    made = api_token(desk.secrets["token"], roles, whose, seconds, "program" if program else "staff", subject, jti)
    _introduce(desk, made)
    if as_json:
        told = {"token": made, "jti": jti, "id": subject, "name": whose, "roles": roles, "seconds": seconds}
        typer.echo(json.dumps({**told, "api": f"{desk.url('gateway')}/api/v1"}))
    else:
        typer.echo(made)


def tokens(as_json: Annotated[bool, typer.Option("--json", help="For a program.")] = False) -> None:
    """Tokens that were given out and have not ended: whose, what they may do, until when, when used last (to the hour)."""
    found = door().api("GET", "/tokens")["items"]
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    if not found:
        console.print("no token is in use")
        return
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for column in ("whose", "roles"):
        table.add_column(column, overflow="fold")
    for column in ("ends in", "used", "jti"):
        table.add_column(column, no_wrap=True)
    now = datetime.now(UTC)
    for one in found:
        whose = escape(one["name"]) + (" [dim](program)[/dim]" if one["kind"] == "program" else "")
        ends = "[red]revoked[/red]" if one["revoked"] else _span(_moment(one["expires_at"]) - now)
        used = f"{_span(now - _moment(one['last_used_at']))} ago"
        table.add_row(whose, escape(", ".join(one["roles"])), ends, used, escape(one["jti"]))
    console.print(table)


def revoke(
    jti: Annotated[str | None, typer.Argument(help="The token's id: ./desk tokens lists them.")] = None,
    of: Annotated[
        str | None, typer.Option("--of", metavar="NAME", help="All that somebody was given until now: name or id.")
    ] = None,
) -> None:
    """Refuse a token from now on, or all of somebody; it holds everywhere within seconds."""
    if (jti is None) == (of is None):
        raise DeskError("say which token: its JTI, or --of NAME for all of somebody")
    if jti is not None:
        door().api("DELETE", f"/tokens/{quote(jti, safe='')}")
        console.print(f"token {escape(jti)} is refused from now on")
    else:
        door().api("DELETE", "/tokens", params={"of": of})
        console.print(f"all tokens of {escape(str(of))} until now are refused from now on")


def _introduce(desk: Desk, made: str) -> None:
    """Shows the token to the gateway once, so that it is listed from the beginning."""
    try:
        headers = {"Authorization": f"Bearer {made}"}
        answer = httpx.get(f"{desk.url('gateway')}/api/v1/tokens/current", headers=headers, timeout=5, trust_env=False)
        known = answer.status_code == 200
    except httpx.TransportError:
        known = False
    if not known:
        _hints.print("[yellow]the gateway does not answer: ./desk tokens lists the token once it has been used[/yellow]")


def _seconds(lifetime: str, program: bool) -> int:
    found = re.fullmatch(r"([0-9]{1,6})([mhd])", lifetime.strip().lower())
    if found is None:
        raise DeskError(f"--for takes a number and m, h or d, as in 90m, 8h or 7d; not {lifetime}")
    seconds = int(found[1]) * _UNITS[found[2]]
    most = _MOST_OF_A_PROGRAM if program else _MOST_OF_A_PERSON
    if not _LEAST <= seconds <= most:
        raise DeskError(f"a {'program' if program else 'person'}'s token is good for 10m to {most // 86400}d")
    return seconds


def _moment(text: Any) -> datetime:
    return datetime.fromisoformat(str(text))


def _span(span: timedelta) -> str:
    minutes = max(int(span.total_seconds()) // 60, 0)
    if minutes < 120:
        return f"{minutes}m"
    return f"{minutes // 60}h" if minutes < 48 * 60 else f"{minutes // 1440}d"
