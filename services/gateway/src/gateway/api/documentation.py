"""The API and the events as documents for programs and as pages for people; open to all, as nobody's data are in them."""

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from functools import cached_property, lru_cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, FastAPI
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse, Response

from gateway.api.openapi import operations

Json = Mapping[str, Any]
_FOLDER: Final = Path(__file__).parents[1] / "templates"
_PAGES: Final = Environment(
    loader=FileSystemLoader(_FOLDER), undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True
)
_CODE: Final = re.compile(r"`([^`]+)`")
_PAGES.filters["words"] = lambda text: Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704  # it is escaped
_STYLE: Final = (_FOLDER / "documentation.css").read_text()
# The guard's own policy lets nothing in; this page has one style, which is in it.
_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'; frame-ancestors 'none'"
)
PATHS: Final = frozenset({"/api", "/api/events", "/api/v1/openapi.json", "/api/v1/asyncapi.json"})
"""What is answered without a token."""


class Documentation:
    """Made at the first request, and kept: neither changes while a process runs."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    @cached_property
    def api_page(self) -> str:
        """The operations by their tags, and the schemas of what they take and give."""
        document = self._app.openapi()
        groups: dict[str, list[Json]] = {}
        for path, method, operation in operations(document):
            shown = _operation(method, path, operation)
            groups.setdefault(shown["tag"], []).append(shown)
        schemas = {name: _fields(schema) for name, schema in document["components"]["schemas"].items()}
        return _page("api.html", title="The API of Deskstream", groups=groups, schemas=schemas)

    @cached_property
    def events_page(self) -> str:
        """The topics with their events, and the schemas of their data."""
        document = json.loads(asyncapi())
        messages = document["components"]["messages"]
        topics = [
            {**channel, "messages": [messages[name] for name in channel["messages"]]} for channel in document["channels"].values()
        ]
        schemas = {name: _fields(schema) for name, schema in document["components"]["schemas"].items()}
        return _page("events.html", title="The events of Deskstream", topics=topics, schemas=schemas)


def documentation_routes(app: FastAPI) -> APIRouter:
    """`/api` and `/api/events` for people; `/api/v1/asyncapi.json` beside FastAPI's own `/api/v1/openapi.json` for programs."""
    router = APIRouter(include_in_schema=False)
    documentation = Documentation(app)

    @router.get("/api")
    async def api() -> Response:
        return _html(documentation.api_page)

    @router.get("/api/events")
    async def events() -> Response:
        return _html(documentation.events_page)

    @router.get("/api/v1/asyncapi.json")
    async def asyncapi_document() -> Response:
        return Response(asyncapi(), media_type="application/json")

    return router


@lru_cache
def asyncapi() -> str:
    """The AsyncAPI document, as it is published."""
    return (files("deskstream_contracts") / "asyncapi.json").read_text()


def _html(page: str) -> Response:
    return HTMLResponse(page, headers={"Content-Security-Policy": _POLICY, "Cache-Control": "public, max-age=300"})


def _page(name: str, **values: object) -> str:
    return _PAGES.get_template(name).render(style=_STYLE, **values)


def _operation(method: str, path: str, operation: Json) -> dict[str, Any]:
    body = operation.get("requestBody", {}).get("content", {})
    answers = {
        code: (answer["description"], [_type(content.get("schema", {})) for content in answer.get("content", {}).values()])
        for code, answer in operation["responses"].items()
        if code.startswith("2")
    }
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "tag": (operation.get("tags") or ["other"])[0],
        "summary": operation.get("summary", ""),
        "description": operation.get("description", ""),
        "parameters": [
            {**parameter, "type": _type(parameter["schema"]), "says": _says(parameter)}
            for parameter in operation.get("parameters", [])
        ],
        "body": [(media_type, _type(content.get("schema", {}))) for media_type, content in body.items()],
        "answers": answers,
    }


def _says(parameter: Json) -> str:
    return str(parameter.get("description") or parameter["schema"].get("description", ""))


def _fields(schema: Json) -> dict[str, Any]:
    required = set(schema.get("required", ()))
    fields = [
        {"name": name, "type": _type(field), "required": name in required, "says": field.get("description", "")}
        for name, field in schema.get("properties", {}).items()
    ]
    return {"says": schema.get("description", ""), "fields": fields, "type": None if fields else _type(schema)}


def _type(schema: Json) -> list[tuple[str, str | None]]:
    """A type as words, some with the name of a schema that they lead to."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return [(name, name)]
    if "const" in schema:
        return [(json.dumps(schema["const"]), None)]
    if "enum" in schema:
        return [(" | ".join(json.dumps(value) for value in schema["enum"]), None)]
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            parts = [_type(one) for one in schema[several]]
            return [word for n, part in enumerate(parts) for word in ([(" | ", None), *part] if n else part)]
    match schema.get("type"):
        case "array":
            return [("list of ", None), *_type(schema.get("items", {}))]
        case "object" if isinstance(schema.get("additionalProperties"), dict):
            return [("map of ", None), *_type(schema["additionalProperties"])]
        case None:
            return [("anything", None)]
        case kind:
            return [(f"{kind} ({schema['format']})" if "format" in schema else str(kind), None)]
