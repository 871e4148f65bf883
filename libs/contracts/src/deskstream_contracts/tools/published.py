"""What is committed beside the models: schemas, the AsyncAPI document, and every version of a schema or example there ever was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deskstream_contracts.catalogue import BY_TYPE, EVENTS
from deskstream_contracts.tools.asyncapi import asyncapi
from deskstream_contracts.tools.compatibility import breaking_changes, normal
from deskstream_contracts.tools.schemas import SCHEMAS, Json, bundle, example, schema
from deskstream_contracts.wire import Event

BUNDLE = "deskstream.json"


@dataclass(frozen=True, slots=True)
class History:
    """A folder with every version there ever was: `<type>/schema-<digest>.json` and `<type>/example-<digest>.json`.

    They are named by what they hold, so that two branches that change the same event do not meet in one file. Schemas are kept
    without what is only said to people, so that a better description makes no version.
    """

    folder: Path

    def schemas(self, event_type: str) -> list[tuple[str, Json]]:
        """Names and contents."""
        return [(path.name, json.loads(path.read_text())) for path in sorted(self.folder.glob(f"{event_type}/schema-*.json"))]

    def examples(self, event_type: str) -> list[tuple[str, Json]]:
        """Names and contents."""
        return [(path.name, json.loads(path.read_text())) for path in sorted(self.folder.glob(f"{event_type}/example-*.json"))]

    def types(self) -> set[str]:
        """The types of all events there ever were."""
        return {path.name for path in self.folder.iterdir() if path.is_dir()}

    def of(self, event: type[Event]) -> dict[Path, str]:
        """Where the present version of an event is kept, and what stands there."""
        kept = {"schema": normal(schema(event)), "example": example(event)}
        return {self._path(event.event_type(), kind, document): _compact(document) for kind, document in kept.items()}

    def _path(self, event_type: str, kind: str, document: Json) -> Path:
        digest = hashlib.sha256(_compact(document).encode()).hexdigest()[:12]
        return self.folder / event_type / f"{kind}-{digest}.json"

    def problems(self) -> list[str]:
        """Why what the models say now cannot follow on all that was published before; empty where it can."""
        gone = [f"{event_type}: no model reads it any more" for event_type in sorted(self.types() - set(BY_TYPE))]
        return gone + [
            f"{event.event_type()} {problem} [{name}]"
            for event in EVENTS
            for name, before in self.schemas(event.event_type())
            for problem in breaking_changes(before, schema(event))
        ]


def write(version: str, asyncapi_path: Path, history: History) -> None:
    """Writes everything anew, and keeps what is new. Whoever calls it has asked for `history.problems()` before."""
    for path, text in _wanted(version, asyncapi_path, history):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def differences(version: str, asyncapi_path: Path, history: History) -> list[str]:
    """What is committed and is not what the models say, or is not kept."""
    wanted = dict(_wanted(version, asyncapi_path, history))
    wrong = [f"{path.parent.name}/{path.name}" for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    return wrong + [f"schemas/{path.name} belongs to no event" for path in SCHEMAS.glob("*.json") if path not in wanted]


def _wanted(version: str, asyncapi_path: Path, history: History) -> Iterator[tuple[Path, str]]:
    for event in EVENTS:
        yield SCHEMAS / f"{event.event_type()}.json", _text(schema(event))
        yield from history.of(event).items()
    yield SCHEMAS / BUNDLE, _text(bundle())
    yield asyncapi_path, _text(asyncapi(version))


def _text(document: Json) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _compact(document: Json) -> str:
    return json.dumps(document, ensure_ascii=False, sort_keys=True) + "\n"
