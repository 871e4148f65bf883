"""HTTP of long work: how processes stand, and stopping or resuming them."""

from collections.abc import Callable
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from sqlalchemy.ext.asyncio import AsyncEngine

from deskstream_chassis.refusals import Conflict, NotFound
from deskstream_chassis.store import processes
from deskstream_chassis.store.processes import ProcessRow, ProcessState
from deskstream_chassis.web.auth import require
from deskstream_chassis.web.subjects import ACCOUNTABLE, LEADS, Role, Subject
from deskstream_contracts.jobs import Job
from deskstream_contracts.wire import Actor

SWITCHERS: Final = (*LEADS, Role.OPERATOR)


class NoSuchJob(NotFound):
    def __init__(self, id_: object) -> None:
        super().__init__(f"There is no job {id_}.")


class NotInThatState(Conflict):
    def __init__(self, job: Job, wanted: str) -> None:
        super().__init__(f"Job {job.id} is {job.state} and cannot be {wanted}.")


def job_routes(owner: str, engine: AsyncEngine, wake: Callable[[], None]) -> APIRouter:
    """`owner`: the service's short name, which ids of jobs begin with. `wake` is called when a job may run on."""
    router = APIRouter(prefix="/jobs", tags=["jobs"])
    Reader = Annotated[Subject, Depends(require(*ACCOUNTABLE))]
    Switcher = Annotated[Subject, Depends(require(*SWITCHERS))]

    async def found(id_: UUID) -> Job:
        async with engine.connect() as connection:
            process = await processes.one(connection, id_)
        if process is None:
            raise NoSuchJob(f"{owner}.{id_}")
        return job(owner, process)

    async def switch(id_: UUID, of: ProcessState, to: ProcessState, words: str) -> Job:
        async with engine.begin() as connection:
            switched = await processes.switch(connection, id_, of, to)
        now = await found(id_)
        if not switched and now.state != to:
            raise NotInThatState(now, words)
        return now

    @router.get("")
    async def newest(_: Reader, subject: str | None = None, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> list[Job]:
        async with engine.connect() as connection:
            return [job(owner, process) for process in await processes.newest(connection, subject, limit)]

    @router.get("/{id_}")
    async def one(id_: UUID, _: Reader) -> Job:
        return await found(id_)

    @router.post("/{id_}/stop")
    async def stop(id_: UUID, _: Switcher) -> Job:
        return await switch(id_, "running", "stopped", "stopped")

    @router.post("/{id_}/resume")
    async def resume(id_: UUID, _: Switcher) -> Job:
        resumed = await switch(id_, "stopped", "running", "resumed")
        wake()
        return resumed

    return router


def job(owner: str, process: ProcessRow) -> Job:
    """A process as the contract has it."""
    return Job(
        id=f"{owner}.{process.id}",
        kind=process.kind,
        subject=process.subject,
        state=process.state,
        done=process.done,
        total=process.total,
        failed=process.failed,
        error=process.error,
        asked_by=Actor.model_validate_json(process.asked_by),
        started_at=process.started_at,
        updated_at=process.updated_at,
        finished_at=process.finished_at,
    )
