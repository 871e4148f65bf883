"""What every document of settings answers to, for the tests of whoever keeps some."""

from collections.abc import Mapping
from typing import Any

from deskstream_chassis.documents.routes import path_of
from deskstream_chassis.testing.answers import accepted
from deskstream_chassis.testing.open_service import OpenService
from deskstream_contracts.documents import Document


async def put_and_put_back(desk: OpenService, document: Document[Any], content: Mapping[str, object]) -> None:
    """From version 0 to another content and back, by each of a document's requests. `content`: another than it comes with."""
    path, lead, reader = path_of(document), desk.as_("lead", id="lea", name="Lea"), desk.as_("viewer")
    first = accepted(await reader.get(path))
    assert (first["version"], first["content"]) == (0, document.content().model_dump(mode="json"))
    tried = accepted(await lead.post(f"{path}/try", json={"content": content}))
    assert tried["differences"]
    put = accepted(await lead.put(path, json={"content": content, "note": "Why."}, headers={"if-match": '"0"'}))
    assert (put["version"], put["content"]) == (1, tried["content"])
    compared = accepted(await reader.get(f"{path}/versions/0/compare/1"))
    assert compared == {"from_version": 0, "to_version": 1, "differences": tried["differences"]}
    back = accepted(await lead.post(f"{path}/put-back/0", headers={"if-match": '"1"'}))
    assert (back["version"], back["note"]) == (2, "Back to version 0.")
    assert accepted(await reader.get(f"{path}/versions/1"))["content"] == put["content"]
    history = accepted(await reader.get(f"{path}/versions"))["items"]
    assert [(entry["version"], entry["by"]["id"], entry["note"]) for entry in history] == [
        (2, "lea", "Back to version 0."),
        (1, "lea", "Why."),
    ]
    told = await desk.published(document.event)
    assert [(event.document, event.version, event.by.id) for event in told] == [(document.name, n, "lea") for n in (1, 2)]
    listed = accepted(await reader.get("/settings"))
    assert [entry["version"] for entry in listed if entry["document"] == document.name] == [2]
