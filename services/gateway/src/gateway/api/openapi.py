"""The OpenAPI document (3.1) says what the gateway does: also what it refuses, and how."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from fastapi import FastAPI

from deskstream_chassis.web import problems
from deskstream_chassis.web.preconditions import REQUIRED

Json = dict[str, Any]
ABOUT: Final = """\
All that people and programs do with a desk, and what they see of it. `/api` has this document as a page, `/api/events` the events.

A refusal is a problem (RFC 9457) with a `code`; `errors` point to the values that were wrong. Lists are `items` and `next`, which
is the `cursor` of the following page. A command may carry an `Idempotency-Key`: sent again with it, it is carried out once. What
has a version is changed with `If-Match`. A read may say what it has seen (`X-Seen: ticket/<id>@7`), and waits for it.
"""
TAGS: Final[Mapping[str, str]] = {
    "tickets": "Requests: lists, one with all that is known of it, and all that is done with it.",
    "messages": "What was written, as it was received.",
    "files": "Files of answers and notes: uploaded first, used once.",
    "customers": "People who ask for something.",
    "organizations": "Where customers belong.",
    "workforce": "Teams, and the agents in them.",
    "routing": "Rules: who gets what, and why.",
    "sla": "Promises: policies, calendars, and how they were kept.",
    "settings": "Documents of settings, with their versions.",
    "deliveries": "Mails that went out, or could not.",
    "ledger": "Everything that came in, and what became of it.",
    "jobs": "Long work.",
    "undo": "Taking back what was just done.",
    "events": "What happens, as it happens.",
    "operations": "For those who run the desk.",
    "portal": "What a customer sees and does.",
}
_REFUSALS: Final[Mapping[int, str]] = {
    400: "It cannot be read as a request.",
    401: "There is no token, or none that counts.",
    403: "The token's roles do not allow it.",
    404: "There is no such thing, or it is not seen.",
    409: "Something has changed since, or stands against it.",
    410: "It is not kept any more.",
    412: "It has another version than If-Match says.",
    413: "It is too large.",
    422: "It has values that cannot be accepted.",
    428: "If-Match is missing.",
    429: "Too much at a time; later is right.",
    500: "It went wrong, and was logged.",
    502: "A service behind refused the gateway.",
    503: "A service behind, or the database, is away or busy; later is right.",
}
_ALWAYS: Final = (400, 401, 403, 422, 429, 500, 502, 503)
_LATER: Final = (429, 503)
_BYTES: Final = {"*/*": {"schema": {"type": "string", "format": "binary"}}}


def completed(app: FastAPI) -> None:
    """Makes the application's document say what FastAPI does not know of it. To be called when all routes are there."""
    plain = app.openapi

    def openapi() -> Json:
        return app.openapi_schema or _completed(plain())

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to do so


def _completed(document: Json) -> Json:
    document["info"]["description"] = ABOUT
    document["servers"] = [{"url": "/", "description": "The desk that gives out this document."}]
    document["tags"] = [{"name": name, "description": words} for name, words in TAGS.items()]
    document["components"]["responses"] = {_name(status): _refusal(status, words) for status, words in _REFUSALS.items()}
    for schema in document["components"]["schemas"].values():
        _without_prefixes(schema)
    for path, method, operation in operations(document):
        answers = {code: answer for code, answer in operation["responses"].items() if code < "300"}
        for code, answer in answers.items():
            if code == "200" and not answer.get("content"):
                answer["content"] = _BYTES
        refused = {str(s): {"$ref": f"#/components/responses/{_name(s)}"} for s in sorted(_refused(path, method, operation))}
        operation["responses"] = {**answers, **refused}
    return document


def _without_prefixes(schema: object) -> None:
    # Of so and so many parts that are all alike; `prefixItems` of JSON Schema 2020-12 many readers do not know.
    if isinstance(schema, dict):
        parts = schema.get("prefixItems", [])
        if parts and all(part == parts[0] for part in parts):
            del schema["prefixItems"]
            schema["items"] = parts[0]
        for below in schema.values():
            _without_prefixes(below)
    elif isinstance(schema, list):
        for below in schema:
            _without_prefixes(below)


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    """Path, method and operation of each."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _refused(path: str, method: str, operation: Json) -> set[int]:
    found = set(_ALWAYS)
    parameters = {parameter["name"]: parameter for parameter in operation.get("parameters", ())}
    if "{" in path:
        found.add(404)
    if "as_of" in parameters:
        found.add(410)
    if method != "get":
        found |= {404, 409, 413}
    if (if_match := parameters.get("If-Match")) is not None:
        found.add(412)
        if if_match["schema"].get(REQUIRED):
            found.add(428)
    return found


def _name(status: int) -> str:
    return f"Problem{status}"


def _refusal(status: int, words: str) -> Json:
    found: Json = {
        "description": words,
        "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if status in _LATER:
        found["headers"] = {"Retry-After": {"description": "In so many seconds (RFC 9110 §10.2.3).", "schema": {"type": "integer"}}}
    return found
