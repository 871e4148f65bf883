"""Documents of settings of all services, in one list; what is asked of one is passed on to its owner."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request

from deskstream_chassis.documents.routes import PREFIX, VersionEntry
from deskstream_chassis.watch.tracing import of_request
from deskstream_chassis.web.subjects import Role
from deskstream_contracts.documents import DOCUMENTS
from gateway.adapters.owners import Owners
from gateway.api import schemas
from gateway.api.accounts import requires
from gateway.domain.session import Session

OWNERS_OF_DOCUMENTS: Final = tuple(dict.fromkeys(document.owner.removesuffix("-svc") for document in DOCUMENTS))
"""Services that keep documents."""
Reader = Annotated[Session, Depends(requires(Role.VIEWER))]


def settings_routes(owners: Owners) -> APIRouter:
    """The list of documents, in the order of the catalogue."""
    router = APIRouter(tags=["settings"])

    @router.get(
        "/settings", operation_id="listSettings", summary="What is settled: each document, with the version that is in force"
    )
    async def documents(request: Request, session: Reader) -> schemas.Documents:
        entries, away = await owners.lists(OWNERS_OF_DOCUMENTS, PREFIX, session, of_request(request))
        order = [document.name for document in DOCUMENTS]
        found = [VersionEntry.model_validate(entry) for _, entry in entries]
        return schemas.Documents(items=sorted(found, key=lambda entry: order.index(entry.document)), away=away)

    return router
