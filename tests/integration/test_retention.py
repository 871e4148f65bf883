"""Every table of every service is listed in docs/retention.md, and what is due is found without reading what stays."""

import asyncio
import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import pytest
import yaml
from joserfc.jwk import OKPKey

from desk.backends import Backends
from deskstream_chassis.run.retention import Retention
from deskstream_chassis.run.service import Service
from deskstream_chassis.run.settings import ServiceSettings
from deskstream_chassis.store.asyncpg_pool import AsyncpgConnection, AsyncpgPool
from deskstream_chassis.store.kept import Kept, KeptWithin, by_index

ROOT = Path(__file__).resolve().parents[2]
SERVICES = sorted(path.parent.name for path in ROOT.glob("services/*/migrations"))
OWNERS = ("ingest", "customer", "ticket", "routing", "sla", "notify")
KEY = OKPKey.generate_key("Ed25519")
FIXED = {"gateway": {}, "ticket-svc": {"inbox": 21, "undos": 1}}
"""What no setting is for; of all that are not named it is the inbox."""
WITHOUT = {"keep_idempotency_days", "keep_processes_days"}
"""Settings of tables that the gateway does not have."""


class Listed(NamedTuple):
    """A line of docs/retention.md: a table or a part of it; its setting, with the default."""

    table: str
    setting: str | None
    days: int | None


def listed(service: str) -> list[Listed]:
    """What docs/retention.md says of a service, with what it says of all."""
    text = (ROOT / "docs" / "retention.md").read_text()
    found = []
    for name in ("Every service", service):
        section = re.search(rf"^## {name}$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
        assert section, f"docs/retention.md has no heading ## {name}"
        for line in section[1].splitlines():
            if line.startswith("| `"):
                table, _, kept, *_ = [cell.strip() for cell in line.strip("|").split("|")]
                prefix = "<SERVICE>" if name == "Every service" else name.removesuffix("-svc").upper()
                setting = re.search(rf"`{prefix}_(KEEP_\w+_DAYS)`", kept)
                days = re.search(r"\b(\d+) days?", kept)
                found.append(Listed(table.strip("`"), setting and setting[1].lower(), int(days[1]) if days else None))
    return [one for one in found if not (service == "gateway" and one.table in ("outbox", "inbox", "idempotency", "processes"))]


def built(service: str, url: str, folder: Path, **settings: Any) -> Service:
    package = next(path.name for path in (ROOT / "services" / service / "src").iterdir() if path.is_dir())
    made: ServiceSettings = importlib.import_module(f"{package}.settings").Settings(
        database_url=url,
        internal_public_key=json.dumps(KEY.as_dict(private=False)),
        internal_private_key=json.dumps(KEY.as_dict(private=True)),
        token_secret="t" * 40,
        domain="desk.example",
        reply_secret="secret",
        files_secret="secret",
        journal=folder / "journal",
        **{f"{owner}_url": f"http://{owner}" for owner in OWNERS},
        **settings,
    )
    return importlib.import_module(f"{package}.wiring").build(made, "worker")  # type: ignore[no-any-return]


def kept_by(service: Service) -> list[Kept]:
    (worker,) = [worker for worker in service.workers if isinstance(worker, Retention)]
    return list(worker.kept)


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def migrated(service: str, backends: Backends) -> Iterator[str]:
    url = backends.create_migrated_database(ROOT / "services" / service)
    yield url
    asyncio.run(backends.drop_database(url))


def test_every_table_is_listed_with_how_long_it_keeps_what(service: str, migrated: str) -> None:
    async def tables() -> set[str]:
        connection = await asyncpg.connect(migrated.replace("+asyncpg", ""))
        rows = await connection.fetch(
            r"""SELECT CASE nspname WHEN 'public' THEN '' ELSE nspname || '.' END || relname
               FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'alembic_version'
               AND nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'"""
        )
        await connection.close()
        return {row[0] for row in rows}

    assert {one.table for one in listed(service) if "." not in one.table or one.table.startswith("views.")} == asyncio.run(tables())


def test_what_is_listed_with_a_setting_is_let_go_by_it_and_nothing_else_is(service: str, tmp_path: Path) -> None:
    url = "postgresql+asyncpg://nobody:nothing@127.0.0.1:1/nowhere"
    settings = built(service, url, tmp_path).settings
    with_settings = [one for one in listed(service) if one.setting is not None]
    for one in with_settings:
        assert getattr(settings, str(one.setting)) == (one.days or 0), one
    fields = {name for name in type(settings).model_fields if name.startswith("keep_")}
    if service == "gateway":
        fields -= WITHOUT
    assert {one.setting for one in with_settings} == fields
    # Each under its own number of days, so that a setting that is wired to another table shows.
    days = {name: 1000 + n for n, name in enumerate(sorted(fields))}
    found = {
        kept.counted_as: kept.days for kept in kept_by(built(service, url, tmp_path, **days)) if not isinstance(kept, KeptWithin)
    }
    expected = {one.table.removeprefix("views."): days[str(one.setting)] for one in with_settings}
    assert found == expected | FIXED.get(service, {"inbox": 21})


def test_compose_and_the_chart_have_every_setting_with_its_default(service: str, tmp_path: Path) -> None:
    settings = built(service, "postgresql+asyncpg://nobody:nothing@127.0.0.1:1/nowhere", tmp_path).settings
    fields = {name for name in type(settings).model_fields if name.startswith("keep_")} - (
        WITHOUT if service == "gateway" else set()
    )
    expected = {name.upper(): getattr(settings, name) for name in fields}
    prefix = service.removesuffix("-svc").upper()
    compose = re.findall(
        rf"^ +{prefix}_(KEEP_\w+): \$\{{KEEP_\w+:-(\d+)\}}$", (ROOT / "docker-compose.yml").read_text(), re.MULTILINE
    )
    assert {name: int(days) for name, days in compose} == expected
    chart = ROOT / "deploy" / "helm" / "deskstream"
    values = yaml.safe_load((chart / "values.yaml").read_text())["retention"]
    template = (chart / "templates" / "_env.tpl").read_text()
    own = re.findall(rf'"{prefix}_(KEEP_\w+)" \(toString \$values\.retention\.(\w+)\)', template)
    of_all = re.findall(r'"%s_(KEEP_\w+)" \$prefix\) \(toString \$values\.retention\.(\w+)\)', template)
    assert {name: values[value] for name, value in [*own, *of_all] if name.lower() in fields} == expected


async def plan(connection: AsyncpgConnection, statement: str) -> str:
    rows = await connection._raw.fetch(f"EXPLAIN (COSTS off) {statement.replace(':days', '30')}")
    return "\n".join(row[0] for row in rows)


def test_what_is_due_is_found_by_an_index_of_its_own_and_what_stays_is_not_read(
    service: str, migrated: str, tmp_path: Path
) -> None:
    async def plans() -> list[tuple[Kept, str, str]]:
        found = []
        async with AsyncpgPool(migrated, 1).session() as connection:
            await by_index(connection)
            for kept in kept_by(built(service, migrated, tmp_path)):
                # A row that is locked is held against the whole condition again; to find it the index is to be enough.
                finding, whole = kept.due("ctid"), kept.statement().text
                found.append((kept, await plan(connection, finding), await plan(connection, whole)))
        return found

    for kept, finding, whole in asyncio.run(plans()):
        if isinstance(kept, KeptWithin):
            # What is there is bounded by it, and nothing else is read.
            assert f"Scan using ix_receipts_quarantined on {kept.table}" in finding, finding
            assert "Seq Scan" not in whole, whole
            continue
        assert re.search(r"Limit\n *->  Index (Only )?Scan using \w+ on \w+", finding), (kept.counted_as, finding)
        assert "Filter" not in finding, (kept.counted_as, finding)
        # What names no table here are the chunk's own rows.
        read_whole = set(re.findall(r"Seq Scan on (\w+)", whole))
        assert not read_whole, (kept.counted_as, whole)


@pytest.mark.parametrize("days", [1, 20])
def test_what_topics_would_bring_again_is_kept_for_longer_than_they_keep_it(days: int, tmp_path: Path) -> None:
    url = "postgresql+asyncpg://nobody:nothing@127.0.0.1:1/nowhere"
    for setting in ("keep_parked_days", "keep_decisions_days", "keep_notifications_days"):
        with pytest.raises(ValueError, match="21 and more"):
            built("gateway", url, tmp_path, **{setting: days})
