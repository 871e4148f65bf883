"""The HTTP side of the mailbox: what came, and how it shall behave."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, HTTPException, Query, Response

from desk.mailbox.behaviour import Behaviour
from desk.mailbox.smtp import CatchAll
from desk.mailbox.store import Caught, MailStore, describe


def web_app(store: MailStore, handler: CatchAll) -> FastAPI:
    """The application."""
    app = FastAPI(title="Deskstream local mailbox", openapi_url="/openapi.json")

    def find(seq: int) -> Caught:
        mail = store.get(seq)
        if mail is None:
            raise HTTPException(404, f"there is no mail {seq}")
        return mail

    @app.get("/messages")
    def messages(
        since: Annotated[int, Query(ge=0)] = 0, limit: Annotated[int, Query(ge=1, le=10_000)] = 100
    ) -> list[dict[str, object]]:
        """The mails after sequence number `since`, oldest first, with the headers that tests ask for."""
        return [describe(mail, store.raw(mail)) for mail in store.since(since, limit)]

    @app.get("/arrivals")
    def arrivals(
        since: Annotated[int, Query(ge=0)] = 0, limit: Annotated[int, Query(ge=1, le=100_000)] = 10_000
    ) -> list[tuple[int, float, str]]:
        """Sequence number, time and Message-ID only: cheap, for load tests."""
        return [(mail.seq, mail.received_at, mail.message_id) for mail in store.since(since, limit)]

    @app.get("/messages/{seq}")
    def message(seq: int) -> dict[str, object]:
        """One mail with all its headers and its whole text."""
        mail = find(seq)
        return describe(mail, store.raw(mail), whole=True)

    @app.get("/messages/{seq}/raw")
    def raw(seq: int) -> Response:
        """One mail as it came."""
        return Response(store.raw(find(seq)), media_type="message/rfc822")

    @app.delete("/messages")
    async def clear() -> dict[str, int]:
        """Forget all mails."""
        return {"deleted": store.clear()}

    @app.get("/stats")
    async def stats() -> dict[str, object]:
        """Counts, and the Message-IDs that came twice."""
        return {**store.stats(), "duplicate_message_ids": store.duplicates()}

    @app.get("/behaviour")
    async def behaviour() -> Behaviour:
        """How it behaves now."""
        return handler.behaviour

    @app.put("/behaviour")
    async def behave(wanted: Behaviour) -> Behaviour:
        """Behave so from the next mail on."""
        handler.behaviour = wanted
        return wanted

    @app.get("/health/ready")
    async def ready() -> dict[str, str]:
        """It answers."""
        return {"status": "ready"}

    return app
