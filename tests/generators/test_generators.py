"""What other languages get of the published schemas: types that compile, each part once, and no field that may be anything.

These want go, npm, mvn with a JDK, and registries; what is missing makes them fail, as a test that is skipped shows nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.generators.languages import NAMES, Go, Java, Language, Python, TypeScript

pytestmark = pytest.mark.timeout(900)  # the first time everything is fetched
LANGUAGES: tuple[type[Language], ...] = (Go, TypeScript, Python, Java)


@pytest.fixture(scope="module")
def installing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[type[Language], Future[Language]]]:
    """All of them beside each other: they wait for their registries."""

    def installed(language: type[Language]) -> Language:
        made = language(tmp_path_factory.mktemp(language.__name__))  # type: ignore[call-arg]
        made.install()
        return made

    with ThreadPoolExecutor(2) as pool:
        yield {language: pool.submit(installed, language) for language in LANGUAGES}


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.__name__)
def test_typed_code_that_compiles(language: type[Language], installing: dict[type[Language], Future[Language]]) -> None:
    generator = installing[language].result()
    source = generator.generate()
    assert [name for name in (*NAMES.values(), "TicketState") if len(declared(name, source)) != 1] == []
    assert generator.untyped(source) == []
    generator.check()


def declared(name: str, source: str) -> list[str]:
    """Where a type is declared, or one of the same name with a number behind it."""
    return re.findall(rf"^(?:type|export interface|class|public class) {name}_*\d*\b", source, re.MULTILINE)


@pytest.mark.parametrize(
    ("language", "typed", "untyped"),
    [
        (Go, '\tTicket TicketState `json:"ticket"`', '\tTicket interface{} `json:"ticket"`'),
        (TypeScript, "  ticket: TicketState;", "  ticket?: unknown;"),
        (Python, "    ticket: TicketState", "    ticket: Annotated[Any, Field(title='Ticket')] = None"),
        (Java, "    private TicketState ticket;", "    private Object ticket;"),
    ],
    ids=lambda held: held.__name__ if isinstance(held, type) else "",
)
def test_a_field_that_may_be_anything_is_found(language: type[Language], typed: str, untyped: str, tmp_path: Path) -> None:
    generator = language(tmp_path)  # type: ignore[call-arg]
    assert generator.untyped(f"{typed}\n{untyped}\n") == [untyped]
