"""The HTTP side that every service has: problems, health, metrics, request times, parked messages."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Response
from fastapi.telemetry import TelemetryConfig
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.responses import JSONResponse
from starlette.types import Scope

from deskstream_chassis.bus import parking
from deskstream_chassis.bus.processor import Poison, Processor
from deskstream_chassis.refusals import Conflict, NotFound
from deskstream_chassis.run.clock import Clock
from deskstream_chassis.run.worker import Worker
from deskstream_chassis.store.database import is_refused_login
from deskstream_chassis.watch.tracing import Tracing
from deskstream_chassis.web import problems
from deskstream_chassis.web.auth import TokenVerifier, require
from deskstream_chassis.web.limits import Limits
from deskstream_chassis.web.subjects import OPERATORS, Subject
from deskstream_chassis.web.timing import Timed
from deskstream_contracts.wire import Line

STALLED_AFTER_SECONDS = 60.0
_NOT_TRACED = ("/health/", "/metrics")


def create_app(
    title: str, public_jwks: str, tracing: Tracing, openapi_url: str = "/openapi.json", clock: Clock | None = None
) -> FastAPI:
    # FastAPI makes the SERVER spans; what machines ask every few seconds is nobody's story.
    telemetry = TelemetryConfig(tracing=tracing.on, metrics=False, logs=False, operation_spans=False, exclude=_is_not_traced)
    app = FastAPI(title=title, docs_url=None, redoc_url=None, openapi_url=openapi_url, telemetry=telemetry)
    app.state.verifier = TokenVerifier(public_jwks, clock)
    problems.install(app)
    app.add_middleware(Limits)
    app.add_middleware(Timed)
    return app


def _is_not_traced(scope: Scope) -> bool:
    return str(scope["path"]).startswith(_NOT_TRACED)


def health_routes(engine: AsyncEngine, workers: Sequence[Worker]) -> APIRouter:
    """`/health/live` fails when a worker makes no progress, `/health/ready` when the database or a worker is not there."""
    router = APIRouter()

    @router.get("/health/live", include_in_schema=False)
    async def live() -> Response:
        stalled = {w.name: why for w in workers if (why := w.stalled(STALLED_AFTER_SECONDS))}
        return JSONResponse({"status": "stalled" if stalled else "live", **stalled}, 503 if stalled else 200)

    @router.get("/health/ready", include_in_schema=False)
    async def ready() -> Response:
        missing = {w.name: w.failure or "starting" for w in workers if not w.ready}
        try:
            async with engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except Exception as error:  # any failure to reach the database has the same answer here
            refused = is_refused_login(error)
            missing["database"] = "PostgreSQL refuses our user or password" if refused else type(error).__name__
        return JSONResponse({"status": "not ready" if missing else "ready", **missing}, 503 if missing else 200)

    @router.get("/metrics", include_in_schema=False)
    async def expose() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router


class ParkedKey(BaseModel):
    topic: Line
    key: Line


def parked_routes(engine: AsyncEngine, processor: Processor) -> APIRouter:
    """What is parked, and the two things that can be done with it. For operators."""
    router = APIRouter(prefix="/admin/parked", tags=["operations"])
    Operator = Annotated[Subject, Depends(require(*OPERATORS))]

    @router.get("")
    async def list_parked(_: Operator) -> list[dict[str, Any]]:
        async with engine.connect() as connection:
            return [parked._asdict() for parked in await parking.summary(connection)]

    @router.post("/replay")
    async def replay(parked: ParkedKey, _: Operator) -> dict[str, int]:
        try:
            return {"replayed": await processor.replay(parked.topic, parked.key)}
        except Poison as poison:
            raise Conflict(f"It was refused again: {poison}") from poison

    @router.post("/discard")
    async def discard(parked: ParkedKey, _: Operator) -> dict[str, int]:
        dropped = await processor.discard(parked.topic, parked.key)
        if not dropped:
            raise NotFound("Nothing is parked under this key.")
        return {"discarded": dropped}

    return router
