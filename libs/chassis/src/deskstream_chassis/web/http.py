"""The HTTP side that every service has: problems, health, metrics, request times, parked messages."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Response
from fastapi.telemetry import TelemetryConfig
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.responses import JSONResponse
from starlette.types import Scope

from deskstream_chassis.bus import parking
from deskstream_chassis.bus.processor import Handled, Processor
from deskstream_chassis.refusals import Invalid, NotFound
from deskstream_chassis.run.clock import Clock
from deskstream_chassis.run.worker import Worker
from deskstream_chassis.store.asyncpg_pool import AsyncpgPool
from deskstream_chassis.store.database import is_refused_login
from deskstream_chassis.watch.tracing import Tracing
from deskstream_chassis.web import problems
from deskstream_chassis.web.auth import TokenVerifier, require
from deskstream_chassis.web.limits import Limits
from deskstream_chassis.web.parameters import only_known
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
    known = [Depends(only_known)]
    app = FastAPI(title=title, docs_url=None, redoc_url=None, openapi_url=openapi_url, telemetry=telemetry, dependencies=known)
    app.state.verifier = TokenVerifier(public_jwks, clock)
    problems.install(app)
    app.add_middleware(Limits)
    app.add_middleware(Timed)
    return app


def _is_not_traced(scope: Scope) -> bool:
    return str(scope["path"]).startswith(_NOT_TRACED)


def health_routes(pool: AsyncpgPool, workers: Sequence[Worker]) -> APIRouter:
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
            # A connection of its own: while all others are busy the database is there all the same.
            async with pool.session() as connection:
                await connection.execute(text("SELECT 1"))
        except Exception as error:  # any failure to reach the database has the same answer here
            refused = is_refused_login(error)
            missing["database"] = "PostgreSQL refuses our user or password" if refused else type(error).__name__
        return JSONResponse({"status": "not ready" if missing else "ready", **missing}, 503 if missing else 200)

    @router.get("/metrics", include_in_schema=False)
    async def expose() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router


class Parked(BaseModel):
    """Which parked keys are meant: at least one of topic, key and error says so. `after` goes on where an answer's `next` was."""

    model_config = ConfigDict(extra="forbid")
    topic: Line | None = None
    key: Line | None = None
    error: Line | None = Field(default=None, min_length=1, description="A part of what was wrong with the first message.")
    after: int = Field(default=0, ge=0, le=2**63 - 1)

    @property
    def wanted(self) -> parking.Wanted:
        """As the chassis has it. Raises Invalid where nothing is said."""
        if self.topic is None and self.key is None and self.error is None:
            raise Invalid("Say which: by topic, key or error.", pointer="#/topic")
        return parking.Wanted(self.topic, self.key, self.error, self.after)


class Refused(BaseModel):
    """A key that was refused again, and why."""

    topic: str
    key: str
    error: str


class ParkedHandled(BaseModel):
    """`messages` of `keys` were done; `next` is where to go on, None where that was all."""

    messages: int
    keys: int
    refused: list[Refused]
    next: int | None

    @staticmethod
    def of(handled: Handled) -> "ParkedHandled":
        """Of what the processor did. Raises NotFound where no key was meant."""
        if not handled.keys:
            raise NotFound("Nothing is parked that fits.")
        refused = [Refused(topic=parked.topic, key=parked.key, error=error) for parked, error in handled.refused]
        return ParkedHandled(messages=handled.messages, keys=handled.keys, refused=refused, next=handled.next)


def parked_routes(engine: AsyncEngine, processor: Processor) -> APIRouter:
    """What is parked, and the two things that can be done with it. For operators."""
    router = APIRouter(prefix="/admin/parked", tags=["operations"])
    Operator = Annotated[Subject, Depends(require(*OPERATORS))]

    @router.get("")
    async def list_parked(_: Operator) -> list[dict[str, Any]]:
        async with engine.connect() as connection:
            return [parked._asdict() for parked in await parking.summary(connection)]

    @router.post("/replay")
    async def replay(parked: Parked, _: Operator) -> ParkedHandled:
        return ParkedHandled.of(await processor.replay_all(parked.wanted))

    @router.post("/discard")
    async def discard(parked: Parked, _: Operator) -> ParkedHandled:
        return ParkedHandled.of(await processor.discard_all(parked.wanted))

    return router
