"""The only place of the gateway that constructs anything. It has no outbox, as it tells nothing, and no inbox, as its rows carry
versions.
"""

import httpx
from fastapi import APIRouter, Depends, FastAPI
from fastapi.security import HTTPBearer
from pydantic import ValidationError

from deskstream_chassis.run.assembly import Base
from deskstream_chassis.run.retention import Retention
from deskstream_chassis.run.service import Disposable, Service
from deskstream_chassis.run.worker import Worker
from deskstream_chassis.store.asyncpg_pool import AsyncpgPool
from deskstream_chassis.store.database import WAIT_SECONDS, create_engine, statement_timeout
from deskstream_chassis.watch.backlog import Backlog
from deskstream_chassis.web.auth import TokenSigner
from gateway.adapters.owners import Owners
from gateway.api.accounts import Accounts
from gateway.api.documentation import documentation_routes
from gateway.api.events import event_routes
from gateway.api.invalid_answers import invalid_answer
from gateway.api.jobs import job_routes
from gateway.api.messages import message_check
from gateway.api.openapi import completed
from gateway.api.operations import parked_routes, token_routes, view_routes
from gateway.api.people import people_reads
from gateway.api.proxied_routes import proxied_routes
from gateway.api.reads import Reads
from gateway.api.request_guard import PORTAL_PREFIX, PREFIX, RequestGuard
from gateway.api.schemas import Problem
from gateway.api.settings import settings_routes
from gateway.api.submissions import submissions
from gateway.api.tickets import ticket_assignment, ticket_reads
from gateway.api.undo import undo_routes
from gateway.domain.cursor import Cursors
from gateway.messaging.live import Live
from gateway.persistence.tables import kept
from gateway.portal.files import portal_files
from gateway.portal.tickets import portal_tickets
from gateway.portal.visibilities import Visibilities
from gateway.settings import Settings
from gateway.subscriptions import HEARD
from gateway.workers.defined_fields import DefinedFields
from gateway.workers.live_reader import LiveReader
from gateway.workers.parked_watch import ParkedWatch
from gateway.workers.projector import Projector
from gateway.workers.rebuilds import Rebuilds
from gateway.workers.revocations import Revocations
from gateway.workers.seen_tokens import SeenTokens
from gateway.workers.statistics import Statistics

NAME = "gateway"


def build(settings: Settings, role: str, to_owners: httpx.AsyncBaseTransport | None = None) -> Service:
    """`to_owners` stands in for the network in tests."""
    base = Base(NAME, settings)
    engine = base.engine
    base.kept += kept(settings)
    projector = Projector(base.pool, base.clock)
    signer = TokenSigner(settings.internal_private_key.get_secret_value(), NAME, base.clock)
    owners = Owners(owner_urls(settings), signer, base.tracing, settings.owner_timeout_seconds, to_owners)
    revocations = Revocations(base.pool)
    seen = SeenTokens(base.pool, base.clock)
    accounts = Accounts(settings.token_secrets, revocations, base.clock, seen.note)

    workers: list[Worker] = [revocations]
    pools: list[Disposable] = []
    if role in ("all", "worker"):
        workers += [
            base.subscriber(projector, HEARD, settings.consumer_group, settings.gather_milliseconds),
            Backlog(base.pool, base.waiting),
            Retention(base.pool, base.kept),
            # It reads whole tables, as nothing else does.
            Statistics(
                AsyncpgPool(settings.database_url.get_secret_value(), 1, {"enable_seqscan": "on"}), settings.statistics_seconds
            ),
        ]
    app = base.app("Deskstream API", f"{PREFIX}/openapi.json")
    if role in ("all", "api"):
        live = Live(settings.streams, settings.streams_of_an_account)
        revocations.on_change.append(live.review)
        # It reads whole tables, and nobody waits for an answer.
        unhurried = create_engine(settings.database_url.get_secret_value(), settings.database_pool_size)
        pools.append(unhurried)
        rebuilds = Rebuilds(unhurried, settings.kafka, settings.consumer_group)
        parked = ParkedWatch(owners, settings.parked_watch_seconds)
        defined = DefinedFields(base.pool)
        workers += [rebuilds, seen, LiveReader(settings.kafka, live), parked, defined]
        cursors = Cursors(settings.token_secrets)
        # A reader's filters decide which index is best: its plans are made for its values, and never kept.
        reads = AsyncpgPool(
            settings.database_url.get_secret_value(),
            settings.database_pool_size,
            {"plan_cache_mode": "force_custom_plan", **statement_timeout(settings.database_read_seconds)},
            wait_seconds=WAIT_SECONDS,
        )
        pools.append(reads)
        app.state.visibilities = Visibilities(reads)
        _publish(
            app,
            PREFIX,
            [
                ticket_reads(reads, cursors, owners, parked, defined),
                ticket_assignment(reads, owners),
                submissions(owners, defined),
                *people_reads(reads, cursors, defined),
                *proxied_routes(owners, message_check(reads, owners), parked, defined),
                job_routes(owners),
                undo_routes(owners),
                settings_routes(owners),
                event_routes(live, accounts, settings.heartbeat_seconds),
                parked_routes(engine, owners, projector),
                view_routes(engine, rebuilds),
                token_routes(engine, revocations, base.clock),
            ],
        )
        app.include_router(documentation_routes(app))
        _publish(app, PORTAL_PREFIX, [portal_tickets(reads, cursors, defined), portal_files(owners)])
        completed(app)
    uploads = {f"{PREFIX}/files": settings.file_bytes}
    service = base.assembled(app, projector, workers, uploads, pools)
    guard(app, accounts, Reads(settings.reads_of_an_account, settings.reads_waiting_of_an_account, settings.http_queue_seconds))
    return service


def guard(app: FastAPI, accounts: Accounts, reads: Reads) -> None:
    """Puts the guard outside of everything, so that not even an unforeseen error leaves without its headers."""
    app.middleware_stack = RequestGuard(app.build_middleware_stack(), accounts, reads)


def _publish(app: FastAPI, prefix: str, routers: list[APIRouter]) -> None:
    app.add_exception_handler(ValidationError, invalid_answer)
    # The guard has checked the token by then; this only puts it into the OpenAPI document.
    documented = [Depends(HTTPBearer(auto_error=False))]
    for router in routers:
        app.include_router(
            router,
            prefix=prefix,
            responses={422: {"model": Problem}},  # so that the document has its schema, and FastAPI's own is not in it
            dependencies=documented,
        )


def owner_urls(settings: Settings) -> dict[str, str]:
    """Short name of a service (ingest, ticket, …) → its address inside."""
    return {
        "ingest": settings.ingest_url,
        "customer": settings.customer_url,
        "ticket": settings.ticket_url,
        "routing": settings.routing_url,
        "sla": settings.sla_url,
        "notify": settings.notify_url,
    }
