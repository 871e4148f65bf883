"""token: a bearer token for the API."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from desk.cli.door import door
from desk.client import api_token
from desk.errors import DeskError
from deskstream_chassis.web.subjects import Role


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(token)


def token(
    role: Annotated[list[Role] | None, typer.Option(help="What it may do; may be given twice.")] = None,
    name: Annotated[str, typer.Option(help="Who it is for; tickets and notes will say so.")] = "Desk Admin",
    program: Annotated[bool, typer.Option("--program", help="It is a program's, not a person's: histories will say so.")] = False,
    days: Annotated[float, typer.Option(min=0.001, max=3650, help="How long it is good for.")] = 30.0,
    as_json: Annotated[bool, typer.Option("--json", help="For a program.")] = False,
) -> None:
    """Print a bearer token for the API (an admin's for 30 days, if nothing is said)."""
    if not name.strip():
        raise DeskError("the name is empty: say who the token is for")
    desk = door()
    roles = [str(r) for r in role or [Role.ADMIN]]
    made = api_token(desk.secrets["token"], roles, name.strip(), days, "program" if program else "staff")
    if as_json:
        typer.echo(json.dumps({"token": made, "roles": roles, "name": name, "days": days, "api": f"{desk.url('gateway')}/api/v1"}))
    else:
        typer.echo(made)
