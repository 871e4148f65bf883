"""HTTP commands: use cases as units of work, one transaction each, with Idempotency-Key and a bounded retry; and their routes."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Generic

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from deskstream_chassis.refusals import OtherVersion, PreconditionFailed
from deskstream_chassis.run.clock import Clock, new_id
from deskstream_chassis.store.aggregates import ConcurrentChange
from deskstream_chassis.store.database import Transactions, is_conflict, is_rolled_back, is_transient
from deskstream_chassis.store.outbox import Cause
from deskstream_chassis.store.unit import OpenUnit, U, UseCase, carried_out
from deskstream_chassis.watch.tracing import SpanKind, Tracing, of_request
from deskstream_chassis.web import idempotency
from deskstream_chassis.web.auth import require
from deskstream_chassis.web.idempotency import Answer, Attempt
from deskstream_chassis.web.preconditions import IfMatch, expected_version
from deskstream_chassis.web.subjects import Role, Subject

_ATTEMPTS: Final = 5
_LONGEST_CORRELATION_ID: Final = 200
Shows = Callable[[Any], BaseModel]
"""Puts what a use case has returned into the answer's model; each takes what its own use case returns."""
AnyUseCase = UseCase[Any, object]
"""Of whatever unit: a table of commands is of one service, which has one."""


class Commands(Generic[U]):
    """Runs what is asked for; the answer is kept under its key."""

    def __init__(
        self,
        engine: Transactions,
        open_unit: OpenUnit[U],
        clock: Clock,
        tracing: Tracing,
        after_commit: Callable[[], None],
    ) -> None:
        self._engine = engine
        self._open_unit = open_unit
        self._clock = clock
        self._tracing = tracing
        self._after_commit = after_commit

    async def run(
        self, request: Request, caller: Subject, use_case: UseCase[U, object], shows: Shows | None = None, status: int = 200
    ) -> Response:
        """Raises whatever refusal the use case raises; nothing is kept then, so a mended request may use the key again."""
        key = request.headers.get("idempotency-key")
        attempt = None
        if key is not None:
            attempt = Attempt.of(caller.id, key, request.method.encode(), request.url.path.encode(), await request.body())
        with self._tracing.span("command", SpanKind.INTERNAL, of_request(request)) as traceparent:
            cause = Cause(_correlation_id(request), traceparent)
            for attempts_left in reversed(range(_ATTEMPTS)):
                try:
                    answer = await self._transaction(attempt, cause, use_case, shows, status)
                    break
                except Exception as error:
                    met = is_conflict(error) or isinstance(error, ConcurrentChange) or is_rolled_back(error)
                    # Without a key, a commit whose answer was lost would be done twice.
                    known = attempt is not None and is_transient(error)
                    if not attempts_left or not (met or known):
                        raise
                    await asyncio.sleep(0.02)
        return Response(answer.body, answer.status, media_type="application/json")

    async def _transaction(
        self, attempt: Attempt | None, cause: Cause, use_case: UseCase[U, object], shows: Shows | None, status: int
    ) -> Answer:
        async with self._engine.begin() as connection:
            if attempt is not None and (known := await idempotency.begin(connection, attempt)) is not None:
                return known
            unit = self._open_unit(connection, self._clock.now())
            unit.cause = cause
            result = await carried_out(unit, use_case)
            answer = Answer(status, "{}" if shows is None else shows(result).model_dump_json())
            if attempt is not None:
                await idempotency.finish(connection, attempt, answer)
        self._after_commit()
        return answer


def _correlation_id(request: Request) -> str:
    """The caller's own where it has one that fits into the headers of an event, else a new one."""
    given = request.headers.get("x-correlation-id", "")
    return given if 0 < len(given) <= _LONGEST_CORRELATION_ID and given.isascii() and given.isprintable() else str(new_id())


@dataclass(frozen=True, slots=True)
class Command:
    """One thing that may be asked of a service.

    `asked` makes the use case of a request: FastAPI fills its parameters (path, query, body) by their annotations, and `by` is
    the caller, who must have one of `roles`. `shows` puts what the use case returned into the answer's model, which is its return
    annotation (or itself, where it is a model). Where the body has an `expected_version`, If-Match says it too, and goes before it.
    """

    asked: Callable[..., AnyUseCase]
    roles: tuple[Role, ...]
    shows: Shows
    status: int = 200

    @property
    def use_case(self) -> type[AnyUseCase]:
        """The class of what `asked` makes, by its return annotation."""
        found: type[AnyUseCase] = inspect.signature(self.asked, eval_str=True).return_annotation
        return found

    @property
    def answer(self) -> type[BaseModel]:
        """The model of the answer."""
        if isinstance(self.shows, type):
            return self.shows
        found: type[BaseModel] = inspect.signature(self.shows, eval_str=True).return_annotation
        return found


CommandTable = Mapping[str, Command]
"""All that may be asked of a service: `METHOD /path` → command."""


def command_routes(commands: Commands[U], table: CommandTable) -> APIRouter:
    """The routes of a service's commands."""
    router = APIRouter(tags=["commands"])
    for place, command in table.items():
        method, _, path = place.partition(" ")
        router.add_api_route(
            path,
            _endpoint(commands, command),
            methods=[method],
            response_model=command.answer,
            status_code=command.status,
            name=command.use_case.__name__,
        )
    return router


def _endpoint(commands: Commands[U], command: Command) -> Callable[..., Awaitable[Response]]:
    parameters = dict(inspect.signature(command.asked, eval_str=True).parameters)
    takes_caller = parameters.pop("by", None) is not None
    body = parameters["body"].annotation if "body" in parameters else None
    if versioned := "expected_version" in getattr(body, "model_fields", ()):
        parameters["if_match"] = inspect.Parameter("if_match", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=IfMatch)

    async def endpoint(request: Request, caller: Subject, **given: Any) -> Response:
        if versioned:
            given["body"] = _expecting(given["body"], given.pop("if_match"))
        use_case = command.asked(**given, by=caller) if takes_caller else command.asked(**given)
        try:
            return await commands.run(request, caller, use_case, command.shows, command.status)
        except OtherVersion as other:
            if "if-match" in request.headers:
                raise PreconditionFailed(other.detail) from other
            raise

    own = {"request": Request, "caller": Annotated[Subject, Depends(require(*command.roles))]}
    keyword = inspect.Parameter.KEYWORD_ONLY
    # FastAPI reads the signature: so the parameters of `asked` are checked and described as if they were the endpoint's.
    endpoint.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(name, keyword, annotation=kind) for name, kind in own.items()]
        + [parameter.replace(kind=keyword) for parameter in parameters.values()]
    )
    return endpoint


def _expecting(body: Any, if_match: str | None) -> Any:
    return body.model_copy(update={"expected_version": expected_version(if_match, body.expected_version)})
