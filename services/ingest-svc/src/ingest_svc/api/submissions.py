"""Requests from programs and agents, for our own gateway: they enter the ledger and travel the same line as a mail."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from deskstream_chassis.watch.tracing import of_request
from deskstream_chassis.web.auth import require
from deskstream_chassis.web.subjects import AGENTS, Subject
from deskstream_contracts.commands import Submission
from ingest_svc.api import idempotency
from ingest_svc.api.schemas import Accepted
from ingest_svc.handlers.accept import Acceptance, Incoming

Submitter = Annotated[Subject, Depends(require(*AGENTS))]


def submitted(body: Submission, by: Subject, key: str | None, traceparent: str | None) -> Incoming:
    """A request as a door hands it in. `key`: the caller's own, under which a repetition is the same request."""
    return Incoming(
        door="api",
        raw=body.model_dump_json().encode(),
        media_type="application/json",
        recipients=[],
        form="api",
        idempotency=None if key is None else idempotency.digest("api", by.id, idempotency.checked(key)),
        traceparent=traceparent,
    )


def submission_routes(acceptance: Acceptance) -> APIRouter:
    """The door of programs and agents."""
    router = APIRouter(tags=["submissions"])

    @router.post("/submissions", status_code=202)
    async def submit(body: Submission, request: Request, by: Submitter) -> Accepted:
        key = request.headers.get("idempotency-key")
        return Accepted.of(await acceptance.accept(submitted(body, by, key, of_request(request))))

    return router
