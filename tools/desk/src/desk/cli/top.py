"""top: the pipeline live."""

from __future__ import annotations

import json
import time
from collections import deque
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from desk.errors import DeskError
from desk.overview import look
from desk.paths import desk_home
from desk.pipeline import Latency, Pipeline, pipeline, scrape
from desk.topology import PORT_OFFSETS, SERVICES
from deskstream_contracts.wire import PRIORITIES

console = Console(highlight=False)
_SHOWN_OVER = 10.0


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(top)


def top(
    every: Annotated[float, typer.Option("--every", "-n", min=0.2, help="Seconds between two looks.")] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="Two looks, and what lay between them.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For a program: a line a look.")] = False,
) -> None:
    """The pipeline live: rates, lag, outboxes, parked keys, latencies, mail in and out, the backlog, what is wrong."""
    seen = look(desk_home())
    if not seen.running:
        raise DeskError(f"nothing runs on {seen.home}: start it with ./desk up --detach")
    ports = {service.name: seen.port_base + PORT_OFFSETS[service.name] for service in SERVICES}
    looks = deque([scrape(ports)], maxlen=max(1, round(_SHOWN_OVER / every)))

    def again() -> Pipeline:
        time.sleep(every)
        after = scrape(ports)
        found = pipeline(looks[0], after)
        looks.append(after)
        return found

    if once:
        found = again()
        typer.echo(json.dumps(asdict(found))) if as_json else console.print(shown(found))
    elif as_json:
        while True:
            typer.echo(json.dumps(asdict(again())))
    else:
        with Live(Text("the first look …"), console=console, screen=True, auto_refresh=False) as live:
            while True:
                live.update(shown(again()), refresh=True)


def shown(found: Pipeline) -> RenderableType:
    """The whole screen."""
    head = Text(f"the last {found.seconds:.0f} s · Ctrl-C ends\n", style="dim")
    wrong = [Text(f"! {words}", style="bold red") for words in found.warnings] or [Text("nothing is wrong", style="green")]
    return Group(head, _services(found), Text(), _mail(found), Text(), _desk(found), Text(), *wrong)


def _services(found: Pipeline) -> Table:
    table = _table("service", "in/s", "out/s", "req/s", "5xx/s", "lag", "age", "outbox", "age", "parked", "CPU", "MiB")
    for s in found.services:
        if not s.answers:
            table.add_row(Text(s.name, style="bold red"), *["–"] * 11)
            continue
        table.add_row(
            s.name,
            _rate(s.handled),
            _rate(s.published),
            _rate(s.requests),
            _alarm(_rate(s.failed), s.failed > 0),
            f"{s.lag_messages:.0f}",
            _alarm(_seconds(s.lag_seconds), s.lag_seconds > 60),
            f"{s.outbox_events:.0f}",
            _alarm(_seconds(s.outbox_seconds), s.outbox_seconds > 60),
            _alarm(f"{s.parked_keys:.0f}", s.parked_keys > 0),
            f"{s.cpu:.0%}",
            f"{s.memory_mib:.0f}",
        )
    return table


def _mail(found: Pipeline) -> Table:
    mail = found.mail
    table = _table("mail in", "received", *mail.outcomes, "refused", "open", "oldest")
    table.add_row(
        "a second",
        _rate(mail.received),
        *map(_rate, mail.outcomes.values()),
        _rate(mail.refused),
        f"{mail.open_entries:.0f}",
        _alarm(_seconds(mail.oldest_open_seconds), mail.oldest_open_seconds > 120),
    )
    out = _table("mail out", "sent", "failed", "queued", "again", "oldest", "ticket p50", "p99", "confirmed p50", "p99")
    out.add_row(
        "a second",
        _rate(mail.sent),
        _alarm(_rate(mail.failed), mail.failed > 0),
        f"{mail.queued:.0f}",
        _alarm(f"{mail.refused_for_now:.0f}", mail.refused_for_now > 0),
        _alarm(_seconds(mail.oldest_queued_seconds), mail.oldest_queued_seconds > 900),
        *_latency(mail.to_ticket),
        *_latency(mail.to_confirmation),
    )
    both = Table.grid()
    both.add_row(table)
    both.add_row(out)
    return both


def _desk(found: Pipeline) -> Table:
    desk = found.desk
    priorities = PRIORITIES[::-1]
    table = _table("tickets", "all", *priorities, "no agent", "breached", "at risk", "oldest", "agents")
    table.add_row(
        "now",
        f"{sum(desk.by_priority.values()):.0f}",
        *(f"{desk.by_priority.get(name, 0):.0f}" for name in priorities),
        f"{desk.unassigned:.0f}",
        _alarm(f"{desk.breached:.0f}", desk.breached > 0),
        f"{desk.at_risk:.0f}",
        _seconds(desk.oldest_seconds),
        f"{desk.agents_available:.0f}",
    )
    return table


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(first, style="bold", min_width=8, no_wrap=True)
    for name in others:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _rate(value: float) -> str:
    return f"{value:.1f}" if value else "0"


def _seconds(value: float) -> str:
    if value >= 3600:
        return f"{value / 3600:.1f} h"
    return f"{value:.0f} s" if value else "0"


def _latency(found: Latency) -> list[str]:
    return ["–" if value is None else f"{value * 1000:.0f} ms" for value in (found.p50, found.p99)]


def _alarm(words: str, so: bool) -> Text:
    return Text(words, style="bold red" if so else "")
