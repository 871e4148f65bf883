"""The files of answers to a customer."""

from dataclasses import replace
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from gateway.adapters.owners import OwnerRequest, Owners
from gateway.api.accounts import session_of
from gateway.api.proxy import proxy
from gateway.portal.visibilities import SignedIn


def portal_files(owners: Owners) -> APIRouter:
    """The route for a file: whether its ticket is seen, and that it is of no note, ticket-svc decides by who asks."""
    router = APIRouter(tags=["portal"])

    @router.get(
        "/messages/{id}/files/{file}",
        operation_id="downloadOwnFile",
        summary="A file of an answer to the customer",
        response_class=Response,
    )
    async def download(id: UUID, file: UUID, request: Request, who: SignedIn) -> Response:  # noqa: A002
        asked = OwnerRequest("ticket", "GET", f"/messages/{id}/files/{file}")
        return await proxy(owners, asked, request, replace(session_of(request), subject=who), stream=True)

    return router
