"""A conversation as ticket-svc keeps it → as the API shows it."""

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.api.schemas import ConversationMessage

Json = Mapping[str, Any]
"""A message as ticket-svc answers it: what was received has other fields than what was written here."""


def shown(messages: Sequence[Json]) -> list[ConversationMessage]:
    """Oldest first. What came from outside has a link to its raw form; each file of either has one."""
    return [_message(m) for m in messages]


def _message(m: Json) -> ConversationMessage:
    href = f"/api/v1/messages/{m['id']}"
    return ConversationMessage.model_validate(
        {
            **m,
            "from": m.get("sender") or _written_by(m.get("author")),
            "to": _people(m.get("to", [])),
            "cc": _people(m.get("cc", [])),
            "date": m.get("sent_at"),
            # Of what came from outside ingest-svc has the files, by their part; of what was written here ticket-svc, by their id.
            "attachments": [
                *({**file, "href": f"{href}/attachments/{file['part']}"} for file in m.get("attachments", [])),
                *({**file, "href": f"{href}/files/{file['id']}"} for file in m.get("files", [])),
            ],
            "raw": {"size": m["raw_size"], "sha256": m["raw_sha256"], "href": f"{href}/raw"} if "raw_sha256" in m else None,
        }
    )


def _written_by(author: Mapping[str, str] | None) -> dict[str, str | None] | None:
    # An account has an id, and only sometimes is that an address.
    if author is None:
        return None
    return {"email": author["id"] if "@" in author["id"] else None, "name": author["name"]}


def _people(found: Sequence[str | Json]) -> list[Json]:
    return [{"email": p} if isinstance(p, str) else p for p in found]
