"""Requests from programs and agents, for our own gateway: they enter the ledger and travel the same line as a mail."""

import hashlib
from typing import Annotated

from fastapi import APIRouter, Depends, Request

from deskstream_chassis.refusals import Invalid
from deskstream_chassis.watch.tracing import of_request
from deskstream_chassis.web.auth import require
from deskstream_contracts.commands import Submission
from ingest_svc.api.webhooks import Accepted
from ingest_svc.handlers.accept import Acceptance, Incoming

Agent = Annotated[Subject, Depends(require("agent", "lead", "admin", "service"))]


def submission_routes(acceptance: Acceptance) -> APIRouter:
    router = APIRouter(tags=["submissions"])

    @router.post("/submissions", status_code=202)
    async def submit(body: Submission, request: Request, caller: Agent) -> Accepted:
        incoming = Incoming(
            door="api",
            raw=body.model_dump_json().encode(),
            media_type="application/json",
            recipients=[],
            form="api",
            idempotency=_idempotency(request.headers.get("idempotency-key"), caller),
            traceparent=of_request(request),
        )
        return Accepted(receipt=(await acceptance.accept(incoming))[0])

    return router


def _idempotency(key: str | None, caller: Subject) -> str | None:
    if key is None:
        return None
    if not 1 <= len(key) <= 255:
        raise Invalid("An Idempotency-Key has 1 to 255 characters.", pointer="Idempotency-Key")
    return hashlib.sha256(f"api\n{caller.id}\n{key}".encode("utf-8", "surrogateescape")).hexdigest()
