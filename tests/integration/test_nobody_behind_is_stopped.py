"""Nobody can record what somebody behind cannot store, send or show: over all commands, and over all events of the contract.

Commands of every service are given values at the edges of their own schemas, and beyond them: an answer is never a 5xx. Events at
the edges of the contract, and those that such commands made, are given to every service that hears them: none of them is parked.
"""

import asyncio
import importlib
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from pydantic import ValidationError

from desk.backends import Backends
from deskstream_chassis.testing import OpenService, another, extremes, open_service
from deskstream_contracts.catalogue import EVENTS
from deskstream_contracts.wire import Event

pytestmark = pytest.mark.anyio
OWNERS = ("ingest_svc", "customer_svc", "ticket_svc", "routing_svc", "sla_svc", "notify_svc")
ROLES = ("admin", "lead", "agent", "operator")
_SERVICES = Path(__file__).parents[2] / "services"
_ROUNDS = 12
_REQUESTS = 15


@asynccontextmanager
async def opened(package: str, backends: Backends, folder: Path) -> AsyncIterator[OpenService]:
    url = await asyncio.to_thread(backends.create_migrated_database, _SERVICES / package.replace("_", "-"))
    settings = importlib.import_module(f"{package}.settings").Settings
    build = importlib.import_module(f"{package}.wiring").build
    own = {
        "domain": "desk.example",
        "reply_secret": "secret",
        "files_secret": "secret",
        "ticket_url": "http://ticket",
        "journal": folder / "journal",
    }
    try:
        async with open_service(build, settings, url, role="all", **own) as service:
            yield service
    finally:
        await backends.drop_database(url)


def extreme(model: type[Event], chance: random.Random) -> Event:
    """An event at the edges of its model, about things of its own."""
    schema = model.model_json_schema()
    ordinary = another(model)
    while True:
        drawn = extremes.value(schema, schema.get("$defs", {}), chance)
        drawn["type"] = model.event_type()
        try:
            return model.model_validate(_with_ids(drawn, ordinary.model_dump(mode="json")))
        except ValidationError as error:
            # Sums are no part of a JSON Schema (custom fields together, addresses together).
            if any(e["type"] != "value_error" for e in error.errors()):
                raise


def _with_ids(drawn: Any, ordinary: Any) -> Any:
    """The names of things stay those of the example, so that what belongs together does: keys and versions of an aggregate."""
    if isinstance(drawn, dict) and isinstance(ordinary, dict):
        kept = ("id", "number", "version", "root", "ticket_id", "ticket_number", "message_id", "customer_id", "at", "relation")
        return {
            name: ordinary[name] if name in kept and ordinary.get(name) is not None else _with_ids(held, ordinary.get(name))
            for name, held in drawn.items()
        }
    return drawn


async def parked(service: OpenService) -> list[str]:
    # Of a ticket that ticket-svc never made nobody decides anything.
    rows = await service.rows("SELECT event_type, error FROM parked WHERE poison AND error NOT LIKE 'NoSuchTicket%'")
    return [f"{row.event_type}: {row.error[:400]}" for row in rows]


@pytest.mark.parametrize("package", [p for p in OWNERS if p != "ingest_svc"] + ["ingest_svc"])
async def test_no_event_of_the_contract_stops_who_hears_it(package: str, backends: Backends, tmp_path: Path) -> None:
    chance = random.Random(package)
    async with opened(package, backends, tmp_path) as service:
        processor = service.service.processor
        heard = [m for m in EVENTS if processor is not None and m.event_type() in getattr(processor, "_use_cases", ())]
        assert heard
        for _ in range(_ROUNDS):
            for model in heard:
                await service.settle(extreme(model, chance))
        assert await parked(service) == []
        for event in await service.published():
            assert type(event).model_validate_json(event.model_dump_json()) == event


@pytest.mark.parametrize("package", OWNERS)
async def test_no_request_breaks_a_service_or_whoever_hears_of_it(package: str, backends: Backends, tmp_path: Path) -> None:
    chance = random.Random(package)
    async with opened(package, backends, tmp_path) as service:
        await _known_things(service)
        done: set[str] = set()
        document = service.service.app.openapi()
        definitions = document.get("components", {}).get("schemas", {})
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                for _ in range(_REQUESTS):
                    things = await _things(service)
                    if await _ask(service, method.upper(), path, operation, definitions, chance, things) < 300:
                        done.add(f"{method.upper()} {path}")
        published = await service.published()
    assert done, "no request got as far as to be done"
    for listener in OWNERS:
        heard = importlib.import_module(f"{listener}.subscriptions").SUBSCRIPTIONS
        events = [event for event in published if type(event) in heard]
        if events:
            async with opened(listener, backends, tmp_path) as service:
                await service.settle(*events)
                assert await parked(service) == []


async def _known_things(service: OpenService) -> None:
    """Something of everything that a service hears of, so that its commands find something to work on."""
    processor = service.service.processor
    for model in EVENTS:
        if processor is not None and model.event_type() in getattr(processor, "_use_cases", ()):
            await service.settle(another(model))


async def _ask(
    service: OpenService,
    method: str,
    path: str,
    operation: dict[str, Any],
    definitions: dict[str, Any],
    chance: random.Random,
    things: list[str],
) -> int:
    beyond = chance.choice((0.0, 0.0, 0.05, 0.3))
    parameters = {"path": {}, "query": {}, "header": {}, "cookie": {}}
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path" or chance.random() < 0.6:
            drawn = extremes.value(parameter["schema"], definitions, chance, beyond)
            known = parameter["in"] == "path" and things and chance.random() < 0.8
            parameters[parameter["in"]][parameter["name"]] = chance.choice(things) if known else str(drawn)[:2000]
    content = operation.get("requestBody", {}).get("content", {})
    schema = next(iter(content.values()), {}).get("schema")
    body = None if schema is None else extremes.value(schema, definitions, chance, beyond)
    headers = {n: v for n, v in parameters["header"].items() if v.isascii() and v.isprintable()}
    url = path
    for name, drawn in parameters["path"].items():
        url = url.replace("{" + name + "}", _quoted(drawn))
    answer = await service.as_(*ROLES).request(method, url, params=parameters["query"], json=body, headers=headers)
    assert answer.status_code < 500, f"{method} {url} {parameters} {str(body)[:500]}: {answer.status_code} {answer.text[:500]}"
    return answer.status_code


async def _things(service: OpenService) -> list[str]:
    """The keys of what the service has told of: ids of things that are there."""
    return [str(row.key) for row in await service.rows("SELECT key FROM outbox ORDER BY id DESC LIMIT 20")]


def _quoted(part: str) -> str:
    return quote(part, safe="") or "-"
