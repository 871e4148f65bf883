"""The API's document is one that the field's linters find nothing to say against."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest

from tests.applications import application
from tests.generators.languages import run

pytestmark = pytest.mark.timeout(900)  # the first time everything is fetched
PACKAGES: Final = ("@redocly/cli@2.77.0", "@stoplight/spectral-cli@6.16.3")
# Where the summary says all there is, a description would only say it again. A desk is run by whoever runs it: there is nobody to
# contact, and no licence of what its owner's API may be used for.
REDOCLY: Final = {"extends": ["recommended-strict"], "rules": {"info-license": "off"}}
SPECTRAL: Final = {"extends": ["spectral:oas"], "rules": {"operation-description": "off", "info-contact": "off"}}


@pytest.fixture(scope="module")
def linted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the linters and the document in it."""
    folder = tmp_path_factory.mktemp("document")
    (folder / "package.json").write_text('{"private": true}')
    run("npm", "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock", *PACKAGES, folder=folder)
    (folder / "openapi.json").write_text(json.dumps(application("gateway", folder).openapi()))
    (folder / "redocly.yaml").write_text(json.dumps(REDOCLY))
    (folder / ".spectral.json").write_text(json.dumps(SPECTRAL))
    return folder


COMMANDS: Final = {
    "redocly": ("lint", "openapi.json", "--format", "stylish"),
    "spectral": ("lint", "openapi.json", "--ruleset", ".spectral.json", "--fail-severity", "hint"),
}


@pytest.mark.parametrize("linter", COMMANDS)
def test_a_linter_has_nothing_to_say(linted: Path, linter: str) -> None:
    run(linted / "node_modules" / ".bin" / linter, *COMMANDS[linter], folder=linted)


@pytest.mark.parametrize("linter", COMMANDS)
def test_it_would_have_if_there_were_something(linted: Path, linter: str) -> None:
    whole = (linted / "openapi.json").read_text()
    document = json.loads(whole)
    del document["paths"]["/api/v1/tickets"]["get"]["operationId"]
    (linted / "openapi.json").write_text(json.dumps(document))
    try:
        with pytest.raises(AssertionError):
            run(linted / "node_modules" / ".bin" / linter, *COMMANDS[linter], folder=linted)
    finally:
        (linted / "openapi.json").write_text(whole)
