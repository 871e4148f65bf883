"""A message as ticket-svc keeps it, as the API shows it."""

from typing import Any

import pytest

from gateway.api.conversation import shown

ID = "0197a1c0-0000-7000-8000-000000000001"


def _received(html: str, *content_ids: str | None) -> dict[str, Any]:
    files = [
        {
            "part": n,
            "name": "image.png",
            "media_type": "image/png",
            "size": 3,
            "sha256": "0" * 64,
            "inline": True,
            "content_id": cid,
        }
        for n, cid in enumerate(content_ids, start=2)
    ]
    files = [{name: value for name, value in file.items() if value is not None} for file in files]
    return {
        "id": ID,
        "kind": "customer",
        "at": "2026-11-22T10:00:00Z",
        "sender": {"email": "ann@example.com"},
        "text": "See.",
        "html": html,
        "attachments": files,
    }


@pytest.mark.parametrize(
    ("html", "led"),
    [
        ('<img src="cid:a@x"> <img src="cid:b@x">', '<img src="{}/2"> <img src="{}/3">'),
        ('<img src="CID:a@x" alt="A">', '<img src="{}/2" alt="A">'),
        ('<img src="cid:with%20blank@x">', '<img src="{}/4">'),
        ('<img src="cid:a&amp;b@x">', '<img src="{}/5">'),
        ('<a href="cid:a@x">A</a>', '<a href="{}/2">A</a>'),
        ('<img src="cid:nowhere@x" alt="gone">', '<img  alt="gone">'),
        ("<p>cid:a@x in words</p>", "<p>cid:a@x in words</p>"),
    ],
)
def test_pictures_that_came_along_lead_to_their_attachments(html: str, led: str) -> None:
    (message,) = shown([_received(html, "a@x", "b@x", "with blank@x", "a&b@x", None)])
    assert message.html == led.replace("{}", f"/api/v1/messages/{ID}/attachments")
    assert message.reply_text == message.text == "See."
    assert [a.content_id for a in message.attachments] == ["a@x", "b@x", "with blank@x", "a&b@x", None]


def test_a_conversation_gives_all_of_a_text_and_what_is_new_in_it() -> None:
    (message,) = shown([{**_received("<p>Yes</p>"), "text": "Yes.\n\n> Is it broken?", "reply_text": "Yes."}])
    assert (message.text, message.reply_text) == ("Yes.\n\n> Is it broken?", "Yes.")
