"""Long work of all services: `<owner>.<uuid>` leads to its owner."""

from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from deskstream_chassis.watch.tracing import of_request
from deskstream_chassis.web.subjects import Role
from deskstream_contracts.jobs import Job
from gateway.adapters.owners import OwnerRequest, Owners
from gateway.api import schemas
from gateway.api.accounts import requires
from gateway.api.proxy import headers_of, proxy
from gateway.domain.filters import Word
from gateway.domain.refusals import NoSuchJob
from gateway.domain.session import Session

OWNERS_OF_JOBS: Final = ("customer", "sla")
"""Services that have long work."""
Reader = Annotated[Session, Depends(requires(Role.VIEWER, Role.OPERATOR))]
Switcher = Annotated[Session, Depends(requires(Role.LEAD, Role.OPERATOR))]
JobId = Annotated[str, Path(alias="id", description="<owner>.<uuid>", max_length=60, pattern=schemas.OWNED_ID)]
Subject = Annotated[Word | None, Query(description="What it is about: <kind>/<id>.")]


def job_routes(owners: Owners) -> APIRouter:
    """Routes that list the jobs of all owners together, and lead what is asked of one to its owner."""
    router = APIRouter(tags=["jobs"])

    async def there(id_: str, method: str, verb: str, request: Request, session: Session) -> Response:
        owner, _, uuid = id_.partition(".")
        if owner not in OWNERS_OF_JOBS:
            raise NoSuchJob(id_)
        asked = OwnerRequest(owner, method, f"/jobs/{uuid}{verb}", "", None, headers_of(request))
        return await proxy(owners, asked, request, session)

    @router.get("/jobs", operation_id="listJobs", summary="Long work, the newest first")
    async def jobs(request: Request, session: Reader, subject: Subject = None) -> schemas.Jobs:
        query = f"?{urlencode({'subject': subject}, safe='/')}" if subject else ""
        entries, away = await owners.lists(OWNERS_OF_JOBS, f"/jobs{query}", session, of_request(request))
        found = [Job.model_validate(entry) for _, entry in entries]
        return schemas.Jobs(items=sorted(found, key=lambda job: job.started_at, reverse=True), away=away)

    @router.get("/jobs/{id}", operation_id="getJob", summary="How long work stands", response_model=Job)
    async def job(id_: JobId, request: Request, session: Reader) -> Response:
        return await there(id_, "GET", "", request, session)

    @router.post("/jobs/{id}/stop", operation_id="stopJob", summary="Stop long work; what is done stays", response_model=Job)
    async def stop(id_: JobId, request: Request, session: Switcher) -> Response:
        return await there(id_, "POST", "/stop", request, session)

    @router.post("/jobs/{id}/resume", operation_id="resumeJob", summary="Let stopped work go on where it was", response_model=Job)
    async def resume(id_: JobId, request: Request, session: Switcher) -> Response:
        return await there(id_, "POST", "/resume", request, session)

    return router
