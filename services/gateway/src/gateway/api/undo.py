"""Undoing, whatever it was: `<owner>.<uuid>` leads to its owner."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response

from deskstream_chassis.web.subjects import Role
from deskstream_contracts.undo import Undone
from gateway.adapters.owners import OwnerRequest, Owners
from gateway.api import schemas
from gateway.api.accounts import requires
from gateway.api.proxied_routes import IdempotencyKey
from gateway.api.proxy import headers_of, proxy
from gateway.domain.refusals import NoSuchUndo
from gateway.domain.session import Session

OWNERS_OF_UNDO: Final = ("ticket",)
"""Services whose commands can be undone."""
Agent = Annotated[Session, Depends(requires(Role.AGENT))]
UndoId = Annotated[
    str, Path(alias="id", description="<owner>.<uuid>, as a command has answered it.", max_length=60, pattern=schemas.OWNED_ID)
]


def undo_routes(owners: Owners) -> APIRouter:
    """The one route that undoes; who may, and whether it still can be, the owner says."""
    router = APIRouter(tags=["undo"])

    @router.post(
        "/undo/{id}",
        operation_id="undoCommand",
        summary="Undo a command: by a new one, or by never sending what is held",
        response_model=Undone,
        description="Asked again it answers the same. 409 (deskstream:problem:changed-since) names what has changed since and "
        "would be lost; 410 (deskstream:problem:too-late-to-undo) says that its time is over, or that it was sent.",
    )
    async def undo(id_: UndoId, request: Request, session: Agent, _: IdempotencyKey = None) -> Response:
        owner, _, uuid = id_.partition(".")
        if owner not in OWNERS_OF_UNDO:
            raise NoSuchUndo(id_)
        return await proxy(owners, OwnerRequest(owner, "POST", f"/undo/{uuid}", "", None, headers_of(request)), request, session)

    return router
