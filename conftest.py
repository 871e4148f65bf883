"""Fixtures for every test of the workspace: real PostgreSQL and real Kafka, started once a run, when first asked for."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import Phase, settings

from desk.backends import Backends, start_backends
from deskstream_chassis.testing.statements import Statements
from deskstream_chassis.testing.witness import Witness, use_cases_of

# No example is too slow on a busy machine; and CI tries the same examples each time, so that a red run is a change's own doing.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
# Which slips the tests notice is asked of the same examples each time; nobody reads the smallest that fails.
settings.register_profile("mutants", deadline=None, derandomize=True, phases=(Phase.explicit, Phase.generate))
# Many more examples, for hours when nothing else is to be done (HYPOTHESIS_PROFILE=long). To find the smallest that fails takes a
# state machine longer than to read the first.
settings.register_profile("long", deadline=None, max_examples=20_000, phases=(Phase.explicit, Phase.reuse, Phase.generate))
_PROFILE = os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "here")
settings.load_profile("mutants" if os.environ.get("DESK_MUTANTS") else _PROFILE)


_WITNESS = Witness()
_STATEMENTS = Statements(
    tables=(
        "tickets", "messages", "files",  # ticket-svc, and routing-svc's own
        "views.tickets", "views.ticket_counts", "views.slas", "views.decisions", "views.notifications",  # the gateway's
        "decisions", "slas", "timers", "outcomes", "deliveries", "receipts", "raw_messages", "threads",
    ),
    open_to=(
        # For those who account for what came and went; they see no content.
        "GET /ledger", "GET /ledger/summary", "GET /ledger/{id_}", "GET /deliveries", "GET /deliveries/summary",
        "GET /deliveries/{id_}",
        # Of a message, whose ticket the gateway has found before; ingest-svc knows no customers.
        "GET /messages/{id_}/raw", "GET /messages/{id_}/attachments/{part}", "GET /messages/{id_}/ticket",
        # An upload belongs to nothing yet; and what notify-svc sends on, it has a token for.
        "POST /files", "GET /files/{id_}",
        # Operators handle again what was parked, and build the read model again.
        "POST /admin/parked/replay", "POST /api/v1/admin/parked/replay", "POST /api/v1/admin/views/rebuild",
        # Doors: they add what they were given, and look for an earlier attempt under the caller's own key.
        "POST /submissions", "POST /webhooks/mail", "POST /webhooks/forms/{form_id}",
        # Sums over all tickets, for the staff.
        "GET /attainment",
    ),
)  # fmt: skip
_PACKAGES = {path.name: path.parents[1] for path in Path(__file__).parent.glob("services/*/src/*") if path.is_dir()}


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "last: runs after all others, and only where all of its service's tests ran")
    _WITNESS.watch()
    _STATEMENTS.watch()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What holds a service's tests against its code comes after all of them, and not at all where only some are asked for."""
    last = [item for item in items if item.get_closest_marker("last")]
    chosen = {item.path for item in items}
    narrowed = bool(config.option.keyword or config.option.markexpr or config.getoption("lf", False))
    whole = [] if narrowed else [item for item in last if _tests_of(item.callspec.params["package"]) <= chosen]  # type: ignore[attr-defined]
    for item in whole:
        _WITNESS.follow(use_cases_of(item.callspec.params["package"]))  # type: ignore[attr-defined]
    items[:] = [item for item in items if item not in last] + whole
    config.hook.pytest_deselected(items=[item for item in last if item not in whole])


def _tests_of(package: str) -> set[Path]:
    root = _PACKAGES[package]
    return {path for part in ("unit", "integration") for path in (root / "tests" / part).rglob("test_*.py")}


@pytest.fixture(autouse=True)
def _by_visibility() -> Iterator[None]:
    """No request may have asked for anything of tickets without the visibility of whoever made it."""
    _STATEMENTS.unguarded.clear()
    yield
    assert not _STATEMENTS.unguarded, f"without a visibility: {_STATEMENTS.unguarded}"


@pytest.fixture(scope="session")
def witness() -> Witness:
    return _WITNESS


@pytest.fixture(scope="session")
def backends() -> Iterator[Backends]:
    started = start_backends()
    yield started
    started.stop()


@pytest.fixture
def database_url(backends: Backends) -> Iterator[str]:
    """A fresh, empty database of the test's own (SQLAlchemy URL for asyncpg)."""
    url = asyncio.run(backends.create_database())
    yield url
    asyncio.run(backends.drop_database(url))


@pytest.fixture
def migrated_url(backends: Backends, request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh database of the test's own, with the schema of the service that the test belongs to (SQLAlchemy URL for asyncpg)."""
    root = next(folder for folder in request.path.parents if (folder / "migrations").is_dir())
    url = backends.create_migrated_database(root)
    yield url
    asyncio.run(backends.drop_database(url))


@pytest.fixture(scope="session")
def kafka_bootstrap(backends: Backends) -> str:
    """Bootstrap servers of a Kafka with every topic of the catalogue."""
    return backends.bootstrap_servers


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
