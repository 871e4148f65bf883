"""Requests that staff and programs put in: custom fields become texts here, as whoever receives everything knows no definitions."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from deskstream_chassis.fields import all_texts, check_required
from deskstream_chassis.web.subjects import Role
from deskstream_contracts import commands
from deskstream_contracts.documents import TICKET_FIELDS
from gateway.adapters.owners import OwnerRequest, Owners
from gateway.api import schemas
from gateway.api.accounts import requires
from gateway.api.proxied_routes import IdempotencyKey
from gateway.api.proxy import headers_of, proxy
from gateway.domain.fields import Defined
from gateway.domain.session import Session

Agent = Annotated[Session, Depends(requires(Role.AGENT))]
_AT = ("requested", "custom_fields")


def submissions(owners: Owners, defined: Defined) -> APIRouter:
    """The route by which a request is put in. What is required of a new ticket is required here."""
    router = APIRouter(tags=["tickets"])

    @router.post(
        "/tickets",
        summary="Put in a request; it becomes a ticket as a mail does",
        response_model=schemas.Submitted,
        status_code=202,
        operation_id="createTicket",
    )
    async def submit(
        body: commands.NewTicket, request: Request, session: Agent, idempotency_key: IdempotencyKey = None
    ) -> Response:
        fields = defined.of(TICKET_FIELDS)
        texts = all_texts(fields, body.requested.custom_fields, {}, _AT)
        check_required(fields, "create", texts, _AT)
        given = body.model_dump(mode="json", exclude_unset=True)
        requested = {**given.get("requested", {}), "custom_fields": texts}
        submission = commands.Submission.model_validate({**given, "requested": requested})
        sent = submission.model_dump_json(exclude_unset=True).encode()
        headers = {**headers_of(request), "content-type": "application/json"}
        return await proxy(owners, OwnerRequest("ingest", "POST", "/submissions", "", sent, headers), request, session)

    return router
