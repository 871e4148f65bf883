"""The client that openapi-typescript makes of the API's own document: typed from a path to a field of its answer.

It wants npm and its registry; what is missing makes it fail, as a test that is skipped shows nothing.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import pytest

from tests.applications import application
from tests.generators.languages import run

pytestmark = pytest.mark.timeout(900)  # the first time everything is fetched
PACKAGES: Final = ("openapi-typescript@7.13.0", "openapi-fetch@0.17.0", "typescript@5.9.3")
STRICTLY: Final = {
    "strict": True,
    "noEmit": True,
    "skipLibCheck": True,
    "target": "es2022",
    "lib": ["es2022", "dom"],
    "module": "esnext",
    "moduleResolution": "bundler",
}
USE: Final = Path(__file__).with_name("client.ts")
OF_ANY_KIND: Final = {"JsonValue: unknown;", '"text/event-stream": unknown;'}
"""Differences of settings have values of any kind; what the stream holds, AsyncAPI describes."""


def compiled(folder: Path, use: str) -> None:
    (folder / "client.ts").write_text(use)
    run(folder / "node_modules" / ".bin" / "tsc", "--project", ".", folder=folder)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the client in it."""
    folder = tmp_path_factory.mktemp("client")
    (folder / "package.json").write_text('{"private": true}')
    run("npm", "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock", *PACKAGES, folder=folder)
    (folder / "openapi.json").write_text(json.dumps(application("gateway", folder).openapi()))
    (folder / "tsconfig.json").write_text(json.dumps({"compilerOptions": STRICTLY, "files": ["client.ts"]}))
    # A field with a default need not be sent.
    made = ("--default-non-nullable=false", "--output", "api.ts")
    run(folder / "node_modules" / ".bin" / "openapi-typescript", "openapi.json", *made, folder=folder)
    return folder


def test_a_program_that_uses_it_compiles_and_what_is_misspelt_does_not(client: Path) -> None:
    compiled(client, USE.read_text())


@pytest.mark.parametrize("expected", re.findall(r"// @ts-expect-error .*\n", USE.read_text()))
def test_each_error_that_is_expected_is_one(client: Path, expected: str) -> None:
    with pytest.raises(AssertionError, match=r"client\.ts"):
        compiled(client, USE.read_text().replace(expected, ""))


def test_nothing_in_it_may_be_anything(client: Path) -> None:
    fields = re.findall(r"^ *(\S+: (?:any|unknown)\b.*)$", (client / "api.ts").read_text(), re.MULTILINE)
    # Headers of answers, and what an event of the stream has beside what all have.
    assert {field for field in fields if not field.startswith("[")} - OF_ANY_KIND == set()
