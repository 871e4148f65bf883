"""A conversation as ticket-svc keeps it → as the API shows it."""

import re
from collections.abc import Mapping, Sequence
from html import unescape
from typing import Any, Final
from urllib.parse import unquote

from gateway.api.schemas import ConversationMessage

_CID: Final = re.compile(r'\b(src|href)="cid:([^"<>]*)"', re.IGNORECASE)
Json = Mapping[str, Any]
"""A message as ticket-svc answers it: what was received has other fields than what was written here."""


def shown(messages: Sequence[Json]) -> list[ConversationMessage]:
    """Oldest first. What came from outside has a link to its raw form; each file of either has one."""
    return [_message(m) for m in messages]


def _message(m: Json) -> ConversationMessage:
    href = f"/api/v1/messages/{m['id']}"
    # Of what came from outside ingest-svc has the files, by their part; of what was written here ticket-svc, by their id.
    received = [{**file, "href": f"{href}/attachments/{file['part']}"} for file in m.get("attachments", [])]
    written = [{**file, "href": f"{href}/files/{file['id']}"} for file in m.get("files", [])]
    return ConversationMessage.model_validate(
        {
            **m,
            "from": m.get("sender") or _written_by(m.get("author")),
            "to": _people(m.get("to", [])),
            "cc": _people(m.get("cc", [])),
            "date": m.get("sent_at"),
            "reply_text": m.get("reply_text") or m["text"],
            "html": _with_pictures(m.get("html"), received),
            "attachments": [*received, *written],
            "raw": {"size": m["raw_size"], "sha256": m["raw_sha256"], "href": f"{href}/raw"} if "raw_sha256" in m else None,
        }
    )


def _with_pictures(html: str | None, attachments: Sequence[Json]) -> str | None:
    """HTML whose `cid:` (RFC 2392) leads to the attachments; it was sanitised, so its attributes stand in double quotes."""
    if html is None or "cid:" not in html.lower():
        return html
    hrefs = {file["content_id"]: file["href"] for file in reversed(attachments) if file.get("content_id")}

    def led(found: re.Match[str]) -> str:
        named = unescape(found[2])
        href = hrefs.get(named) or hrefs.get(unquote(named))
        return "" if href is None else f'{found[1]}="{href}"'

    return _CID.sub(led, html)


def _written_by(author: Mapping[str, str] | None) -> dict[str, str | None] | None:
    # An account has an id, and only sometimes is that an address.
    if author is None:
        return None
    return {"email": author["id"] if "@" in author["id"] else None, "name": author["name"]}


def _people(found: Sequence[str | Json]) -> list[Json]:
    return [{"email": p} if isinstance(p, str) else p for p in found]
