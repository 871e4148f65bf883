"""For those who run the desk: parked messages of all services, rebuilding the views, revoking tokens."""

from datetime import UTC, datetime
from typing import Annotated, Protocol

import orjson
from fastapi import APIRouter, Depends, Request
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.responses import JSONResponse, Response

from deskstream_chassis.bus import parking
from deskstream_chassis.bus.processor import Processor
from deskstream_chassis.run.clock import Clock
from deskstream_chassis.watch.tracing import of_request
from deskstream_chassis.web.http import ParkedHandled
from deskstream_chassis.web.subjects import Role
from gateway.adapters.owners import OwnerRequest, Owners
from gateway.api import schemas
from gateway.api.accounts import requires
from gateway.api.proxy import proxy
from gateway.domain.refusals import NeverRebuilt, RebuildRuns
from gateway.domain.session import Session
from gateway.persistence import rebuilds as record
from gateway.persistence.tokens import SeenToken, in_use

Operator = Annotated[Session, Depends(requires(Role.OPERATOR, Role.ADMIN))]
Anybody = Annotated[Session, Depends(requires(Role.VIEWER, Role.OPERATOR))]
Admin = Annotated[Session, Depends(requires(Role.ADMIN))]
_SELF = "gateway"


class Rebuilder(Protocol):
    async def begin(self, started_by: str, swap: bool) -> bool:
        """Begins to build the views again. False where that runs already."""
        ...


class Revoker(Protocol):
    def revoked(self, jti: str, id_: str, name: str, issued_at: float) -> bool:
        """Whether a token is revoked; `issued_at` in Unix seconds, 0 where it does not say."""
        ...

    async def revoke(self, jti: str, by: str) -> None:
        """Refuses a token from now on."""
        ...

    async def revoke_person(self, who: str, by: str) -> None:
        """Refuses all tokens that were issued until now to whom this is the id or the name of."""
        ...


def parked_routes(engine: AsyncEngine, owners: Owners, processor: Processor) -> APIRouter:
    """Routes for the parked messages of every owner and of the gateway itself, whose own are the processor's."""
    router = APIRouter(prefix="/admin/parked", tags=["operations"])

    @router.get("", operation_id="listParked", summary="Messages that no service could take, by key")
    async def list_parked(request: Request, session: Operator) -> schemas.Parked:
        async with engine.connect() as connection:
            own = [{"service": _SELF, **parked._asdict()} for parked in await parking.summary(connection)]
        found, away = await owners.lists(owners.names, "/admin/parked", session, of_request(request))
        return schemas.Parked.model_validate(
            {"items": [*own, *({"service": owner, **entry} for owner, entry in found)], "away": away}
        )

    @router.post(
        "/replay",
        operation_id="replayParked",
        summary="Handle parked messages again, each key's in order",
        response_model=ParkedHandled,
    )
    async def replay(parked: schemas.ParkedOf, request: Request, session: Operator) -> Response:
        if parked.service != _SELF:
            return await there(parked, "replay", request, session)
        return JSONResponse(ParkedHandled.of(await processor.replay_all(parked.wanted)).model_dump())

    @router.post(
        "/discard",
        operation_id="discardParked",
        summary="Drop the first parked message of each key for good",
        response_model=ParkedHandled,
    )
    async def discard(parked: schemas.ParkedOf, request: Request, session: Operator) -> Response:
        if parked.service != _SELF:
            return await there(parked, "discard", request, session)
        return JSONResponse(ParkedHandled.of(await processor.discard_all(parked.wanted)).model_dump())

    async def there(parked: schemas.ParkedOf, verb: str, request: Request, session: Session) -> Response:
        body = parked.model_dump_json(exclude={"service"}, exclude_none=True).encode()
        asked = OwnerRequest(parked.service, "POST", f"/admin/parked/{verb}", "", body, {"content-type": "application/json"})
        return await proxy(owners, asked, request, session)

    return router


def view_routes(engine: AsyncEngine, rebuilds: Rebuilder) -> APIRouter:
    """Routes that begin a rebuild of the read model, and report the newest."""
    router = APIRouter(prefix="/admin/views", tags=["operations"])

    async def report() -> schemas.RebuildReport:
        found = await record.last(engine)
        if found is None:
            raise NeverRebuilt
        comparison = orjson.loads(found.comparison) if found.comparison else None
        return schemas.RebuildReport.model_validate({**found._asdict(), "comparison": comparison})

    @router.post(
        "/rebuild",
        operation_id="rebuildViews",
        summary="Build the views again from Kafka beside the live ones, and compare",
        status_code=202,
    )
    async def rebuild(session: Operator, swap: bool = False) -> schemas.RebuildReport:
        if not await rebuilds.begin(session.subject.id, swap):
            raise RebuildRuns
        return await report()

    @router.get("/rebuild", operation_id="getRebuild", summary="How the last rebuild is getting on, or what it found")
    async def state(_: Operator) -> schemas.RebuildReport:
        return await report()

    return router


def token_routes(engine: AsyncEngine, revocations: Revoker, clock: Clock) -> APIRouter:
    """Tokens that are in use, and their revocation by `jti` (RFC 7519 §4.1.7) or by whose they are: for admins only."""
    router = APIRouter(prefix="/tokens", tags=["operations"])

    @router.get("", operation_id="listTokens", summary="Tokens that have been used and have not ended, by name")
    async def tokens(_: Admin) -> schemas.Tokens:
        async with engine.connect() as connection:
            found = await in_use(connection, clock.now())
        return schemas.Tokens(items=[_shown(token, revocations) for token in found])

    @router.get("/current", operation_id="getCurrentToken", summary="The token that this is asked with")
    async def current(session: Anybody) -> schemas.CurrentToken:
        subject = session.subject
        until = datetime.fromtimestamp(session.expires_at, UTC)
        return schemas.CurrentToken(jti=session.jti, id=subject.id, name=subject.name, roles=list(session.roles), expires_at=until)

    @router.delete(
        "/{jti}", operation_id="revokeToken", summary="Refuse a token from now on", status_code=204, response_class=Response
    )
    async def revoke(jti: schemas.Jti, session: Admin) -> None:
        await revocations.revoke(jti, session.subject.id)

    @router.delete(
        "",
        operation_id="revokeTokensOf",
        summary="Refuse all tokens that somebody was given until now",
        status_code=204,
        response_class=Response,
    )
    async def revoke_all_of(of: schemas.Whose, session: Admin) -> None:
        await revocations.revoke_person(of, session.subject.id)

    return router


def _shown(token: SeenToken, revocations: Revoker) -> schemas.Token:
    issued_at = token.issued_at.timestamp() if token.issued_at else 0.0
    revoked = revocations.revoked(token.jti, token.subject_id, token.name, issued_at)
    return schemas.Token.model_validate({**token._asdict(), "revoked": revoked})
