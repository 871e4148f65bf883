"""Everything that is only passed on to its owner, as one table."""

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Final
from urllib.parse import quote
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.params import Header
from pydantic import Field
from starlette.responses import JSONResponse, Response

from deskstream_chassis.documents.routes import Compared, PutBack, VersionPage, answer_of, path_of, put_body, tried_of
from deskstream_chassis.files.headers import Disposition, Sha256Header
from deskstream_chassis.refusals import NotFound
from deskstream_chassis.web.preconditions import IfMatch, RequiredIfMatch
from deskstream_chassis.web.subjects import Role
from deskstream_contracts import commands
from deskstream_contracts.api import deliveries, ledger, routing, sla, workforce
from deskstream_contracts.api.shapes import Page
from deskstream_contracts.documents import CUSTOMER_FIELDS, DOCUMENTS, ORGANIZATION_FIELDS, Document
from deskstream_contracts.events.customers import CustomerState
from deskstream_contracts.events.routing import AgentState, TeamState
from deskstream_contracts.events.settings import FieldDefinitions
from deskstream_contracts.events.tickets import TicketState
from deskstream_contracts.moments import Moment
from deskstream_contracts.timeline import Timeline
from deskstream_contracts.wire import File
from gateway.adapters.owners import OwnerRequest, Owners
from gateway.api import schemas
from gateway.api.accounts import requires, session_of
from gateway.api.proxy import headers_of, proxy
from gateway.domain.fields import DETAIL, Defined, entries
from gateway.domain.parked import Parked
from gateway.domain.session import Session

_NAME: Final = r"^[^\x00]*[^\s\x00][^\x00]*$"
_PATH_PARAMETERS: Final[Mapping[str, object]] = {
    "reference": schemas.Reference,
    "id": UUID,
    "part": Annotated[int, Path(ge=0, le=2**31 - 1, description="The number of the MIME part.")],
    "file": UUID,
    "version": Annotated[int, Path(ge=0, le=2**31 - 1)],
    "other": Annotated[int, Path(ge=0, le=2**31 - 1)],
    "team": Annotated[str, Path(max_length=120, pattern=_NAME, description="A team's name or id.")],
    "agent": Annotated[str, Path(max_length=254, pattern=_NAME, description="An agent's address or id.")],
    "email": Annotated[str, Path(max_length=254, pattern=_NAME)],
}
IdempotencyKey = Annotated[
    str | None, Header(alias="Idempotency-Key", max_length=255, description="A repetition with the same key has no second effect.")
]

_FILE_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        "description": "The file. Its Content-Type is kept as what its uploader says it is.",
    }
}


@dataclass(frozen=True, slots=True)
class ProxiedRoute:
    """A route, the owner it leads to, and who may take it. `name`: by which generated clients call it.

    `query` has the parameters that the owner knows, with their types; all are passed on.

    Whether the subject sees a ticket, its owner decides by the internal token; of a message (`of_message`) the gateway finds the
    ticket first, as the message's owner does not know whose it is. `shows_parked`: with each entry of the ledger, what waits of it.
    `upload`: the body is a file, which is passed on as it comes. `replaces`: what it replaces is said by If-Match;
    `versioned`: it may be.
    `shows_fields`: custom fields are shown as this document defines them.
    """

    name: str
    method: str
    path: str
    owner: str
    to: str
    roles: tuple[Role, ...]
    summary: str
    answer: object
    body: object = None
    optional_body: bool = False
    query: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    stream: bool = False
    of_message: bool = False
    shows_parked: bool = False
    upload: bool = False
    replaces: bool = False
    versioned: bool = False
    shows_fields: Document[Any] | None = None


STAFF: Final = (Role.VIEWER,)
AGENTS: Final = (Role.AGENT,)
LEADS: Final = (Role.LEAD,)
LEDGER_READERS: Final = (Role.VIEWER, Role.OPERATOR)
OPERATORS: Final = (Role.LEAD, Role.ADMIN, Role.OPERATOR)


def _text(most: int, description: str) -> Any:
    return Annotated[str, Field(max_length=most, pattern=r"^[^\x00]*$", description=description)]


def _limit(most: int) -> Any:
    return Annotated[int, Field(ge=1, le=most, description="How many at most.")]


def _moment(description: str) -> Any:
    return Annotated[Moment, Field(description=f"{description} RFC 3339, with an offset.")]


_CURSOR: Final = Annotated[UUID, Field(description="`next` of the page before.")]
_VERSION: Final = Annotated[int, Field(ge=0, le=2**31 - 1, description="`next` of the page before: the versions before this one.")]
_LEDGER_QUERY: Final[Mapping[str, Any]] = {
    "outcome": ledger.Outcome,
    "reason": _text(200, "Why it became that, as a code."),
    "state": ledger.LedgerState,
    "door": ledger.Door,
    "since": _moment("Received at this moment or later."),
    "until": _moment("Received before this moment."),
    "sender": _text(320, "The whole address, in any case."),
    "ticket": Annotated[int, Field(ge=1, le=2**62, description="A ticket's number.")],
    "cursor": _CURSOR,
    "limit": _limit(200),
}
_DELIVERIES_QUERY: Final[Mapping[str, Any]] = {
    "ticket_id": UUID,
    "status": deliveries.DeliveryStatus,
    "before": _moment("Queued before this moment."),
    "cursor": _CURSOR,
    "limit": _limit(500),
}
_SUPPRESSED_QUERY: Final[Mapping[str, Any]] = {"cursor": _text(320, "`next` of the page before."), "limit": _limit(1000)}
_TIMELINE_QUERY: Final[Mapping[str, Any]] = {
    "cursor": Annotated[int, Field(ge=0, le=2**31 - 1, description="`next` of the page before.")],
    "limit": _limit(200),
}
_ATTAINMENT_QUERY: Final[Mapping[str, Any]] = {
    "by": sla.AttainmentGroup,
    "since": _moment("Ended at this moment or later."),
    "until": _moment("Ended before this moment."),
}
_T: Final = "/tickets/{reference}"


def _ticket_command(
    name: str, method: str, verb: str, summary: str, body: object, answer: object = TicketState, *, optional_body: bool = False
) -> ProxiedRoute:
    path = f"{_T}/{verb}"
    versioned = isinstance(body, type) and issubclass(body, commands.Command)
    return ProxiedRoute(name, method, path, "ticket", path, AGENTS, summary, answer, body, optional_body, versioned=versioned)


def _document_routes(document: Document[Any]) -> tuple[ProxiedRoute, ...]:
    """What is asked of a document of settings; the same for each."""
    owner, path, about = document.owner.removesuffix("-svc"), path_of(document), document.title
    body, version, tried = put_body(document), answer_of(document), tried_of(document)
    name = "".join(word.capitalize() for word in document.name.split("-"))
    versions, one = f"{path}/versions", f"{path}/versions/{{version}}"
    compare, back, attempt = f"{one}/compare/{{other}}", f"{path}/put-back/{{version}}", f"{path}/try"
    return (
        ProxiedRoute(f"get{name}", "GET", path, owner, path, STAFF, f"{about}: what is in force", version),
        ProxiedRoute(f"put{name}", "PUT", path, owner, path, LEADS, f"{about}: put in force", version, body, replaces=True),
        ProxiedRoute(
            f"list{name}Versions", "GET", versions, owner, versions, STAFF, f"{about}: the history, newest first", VersionPage,
            query={"before": _VERSION, "limit": _limit(200)}
        ),
        ProxiedRoute(f"get{name}Version", "GET", one, owner, one, STAFF, f"{about}: a version", version),
        ProxiedRoute(
            f"compare{name}", "GET", compare, owner, compare, STAFF, f"{about}: what differs between two versions", Compared
        ),
        ProxiedRoute(
            f"putBack{name}", "POST", back, owner, back, LEADS, f"{about}: put a version in force again", version, PutBack,
            optional_body=True,
            replaces=True,
        ),
        ProxiedRoute(
            f"try{name}", "POST", attempt, owner, attempt, LEADS, f"{about}: what would differ, and come of it", tried, body
        ),
    )  # fmt: skip


PROXIED: Final[Mapping[str, Sequence[ProxiedRoute]]] = {
    "tickets": (
        _ticket_command("replyToTicket", "POST", "replies", "Answer the customer", commands.Reply, commands.MessageWritten),
        _ticket_command("addNote", "POST", "notes", "Add an internal note", commands.Note, commands.MessageWritten),
        _ticket_command(
            "startTicket", "POST", "start", "Take the ticket up: open → in progress", commands.Command, optional_body=True
        ),
        _ticket_command("resolveTicket", "POST", "resolve", "Resolve the ticket", commands.Resolve, commands.TicketAnswer),
        _ticket_command("reopenTicket", "POST", "reopen", "Open the ticket again", commands.Reopen),
        _ticket_command("closeTicket", "POST", "close", "Close the ticket for good", commands.Close, commands.TicketAnswer),
        _ticket_command("setPriority", "PUT", "priority", "Set the priority", commands.SetPriority, commands.TicketAnswer),
        _ticket_command("classifyTicket", "PATCH", "classification", "Change type, tags or custom fields", commands.Classify),
        ProxiedRoute(
            "getTimeline", "GET", f"{_T}/timeline", "ticket", f"{_T}/timeline", STAFF,
            "What happened, who did it and why, oldest first", Timeline, query=_TIMELINE_QUERY,
        ),
        ProxiedRoute(
            "sendHeldNow", "POST", f"{_T}/held/{{id}}/send-now", "ticket", f"{_T}/held/{{id}}/send-now", AGENTS,
            "Send now what is held, by the id of its message", commands.TicketAnswer,
        ),
    ),
    "files": (
        ProxiedRoute(
            "uploadFile", "POST", "/files", "ticket", "/files", AGENTS, "Upload a file, to answer or to note with", File,
            status=201, upload=True
        ),
        ProxiedRoute(
            "downloadFile", "GET", "/messages/{id}/files/{file}", "ticket", "/messages/{id}/files/{file}", AGENTS,
            "A file of an answer or a note", None, stream=True,
        ),
    ),
    "messages": (
        ProxiedRoute(
            "downloadRawMessage", "GET", "/messages/{id}/raw", "ingest", "/messages/{id}/raw", AGENTS,
            "A message as it was received", None,
            stream=True, of_message=True,
        ),
        ProxiedRoute(
            "downloadAttachment", "GET", "/messages/{id}/attachments/{part}", "ingest", "/messages/{id}/attachments/{part}", AGENTS,
            "An attachment of a message", None, stream=True, of_message=True,
        ),
    ),
    "customers": (
        ProxiedRoute(
            "addCustomer", "POST", "/customers", "customer", "/customers", AGENTS, "Add a customer", CustomerState,
            commands.NewCustomer,
            status=201,
        ),
        ProxiedRoute(
            "getCustomer", "GET", "/customers/{id}", "customer", "/customers/{id}", STAFF, "A customer", schemas.CustomerEntry,
            shows_fields=CUSTOMER_FIELDS,
        ),
        ProxiedRoute(
            "changeCustomer", "PATCH", "/customers/{id}", "customer", "/customers/{id}", AGENTS, "Change a customer", CustomerState,
            commands.ChangedCustomer, versioned=True,
        ),
        ProxiedRoute(
            "deactivateCustomer", "POST", "/customers/{id}/deactivate", "customer", "/customers/{id}/deactivate", AGENTS,
            "Switch a customer off",
            CustomerState,
        ),
        ProxiedRoute(
            "reactivateCustomer", "POST", "/customers/{id}/reactivate", "customer", "/customers/{id}/reactivate", AGENTS,
            "Switch a customer on again",
            CustomerState,
        ),
    ),
    "organizations": (
        ProxiedRoute(
            "addOrganization", "POST", "/organizations", "customer", "/organizations", LEADS, "Add an organization",
            commands.OrganizationAnswer,
            commands.NewOrganization, status=201,
        ),
        ProxiedRoute(
            "getOrganization", "GET", "/organizations/{id}", "customer", "/organizations/{id}", STAFF, "An organization",
            schemas.OrganizationEntry, shows_fields=ORGANIZATION_FIELDS,
        ),
        ProxiedRoute(
            "changeOrganization", "PATCH", "/organizations/{id}", "customer", "/organizations/{id}", LEADS,
            "Change an organization",
            commands.OrganizationAnswer, commands.ChangedOrganization, versioned=True,
        ),
    ),
    "ledger": (
        ProxiedRoute(
            "listLedger", "GET", "/ledger", "ingest", "/ledger", LEDGER_READERS,
            "Everything received, newest first, and what became of it",
            Page[schemas.LedgerLine], query=_LEDGER_QUERY, shows_parked=True,
        ),
        ProxiedRoute(
            "summarizeLedger", "GET", "/ledger/summary", "ingest", "/ledger/summary", LEDGER_READERS,
            "How much was received, closed, is open",
            ledger.LedgerSummary,
        ),
        ProxiedRoute(
            "getLedgerEntry", "GET", "/ledger/{id}", "ingest", "/ledger/{id}", LEDGER_READERS, "One entry of the ledger",
            schemas.LedgerLine,
            shows_parked=True,
        ),
    ),
    "deliveries": (
        ProxiedRoute(
            "listDeliveries", "GET", "/deliveries", "notify", "/deliveries", LEDGER_READERS, "What was sent, and what could not be",
            Page[deliveries.Delivery], query=_DELIVERIES_QUERY,
        ),
        ProxiedRoute(
            "resendDeliveries", "POST", "/deliveries/resend", "notify", "/deliveries/resend", OPERATORS,
            "Send again what failed since a moment, or with an answer", deliveries.ResentDeliveries, deliveries.ResendDeliveries,
        ),
        ProxiedRoute(
            "hurryDeliveries", "POST", "/deliveries/hurry", "notify", "/deliveries/hurry", OPERATORS,
            "Try now whatever waits for a later attempt",
            deliveries.HurriedDeliveries,
        ),
        ProxiedRoute(
            "resendDelivery", "POST", "/deliveries/{id}/resend", "notify", "/deliveries/{id}/resend", OPERATORS,
            "Send a failed delivery again",
            deliveries.ResentDelivery,
        ),
        ProxiedRoute(
            "summarizeDeliveries", "GET", "/deliveries/summary", "notify", "/deliveries/summary", LEDGER_READERS,
            "Deliveries by kind and status",
            Page[deliveries.DeliveryCount],
        ),
        ProxiedRoute(
            "getDelivery", "GET", "/deliveries/{id}", "notify", "/deliveries/{id}", LEDGER_READERS,
            "A delivery, with what the mail server said",
            deliveries.Delivery,
        ),
        ProxiedRoute(
            "listSuppressedAddresses", "GET", "/addresses/suppressed", "notify", "/addresses/suppressed", LEDGER_READERS,
            "Addresses that are not written to",
            Page[deliveries.SuppressedAddress], query=_SUPPRESSED_QUERY,
        ),
        ProxiedRoute(
            "unsuppressAddress", "DELETE", "/addresses/suppressed/{email}", "notify", "/addresses/suppressed/{email}", OPERATORS,
            "Write to an address again", deliveries.UnsuppressedAddress,
        ),
    ),
    "routing": (
        ProxiedRoute(
            "getRules", "GET", "/routing/configuration", "routing", "/configuration", STAFF, "The rules in force",
            routing.Rules
        ),
        ProxiedRoute(
            "putRules", "PUT", "/routing/configuration", "routing", "/configuration", LEADS, "Replace the rules",
            routing.Rules, routing.PutRules, versioned=True,
        ),
        ProxiedRoute(
            "listRuleVersions", "GET", "/routing/configuration/versions", "routing", "/configuration/versions", STAFF,
            "The rules' history, newest first",
            Page[routing.RulesVersion], query={"cursor": _VERSION, "limit": _limit(200)},
        ),
        ProxiedRoute(
            "getRuleVersion", "GET", "/routing/configuration/versions/{version}", "routing",
            "/configuration/versions/{version}", STAFF,
            "The rules of a version", routing.Rules,
        ),
        ProxiedRoute(
            "rollBackRules", "POST", "/routing/configuration/rollback/{version}", "routing",
            "/configuration/rollback/{version}", LEADS,
            "Put a version into force again", routing.Rules, versioned=True,
        ),
        ProxiedRoute(
            "tryRules", "POST", "/routing/configuration/try", "routing", "/configuration/try", LEADS,
            "What rules would decide, and why",
            routing.TriedRules, routing.TryRules,
        ),
        ProxiedRoute(
            "tryRulesOnHistory", "POST", "/routing/configuration/try-history", "routing", "/configuration/try-history", LEADS,
            "What rules would have decided differently", routing.TriedRulesOnHistory, routing.TryRulesOnHistory,
        ),
    ),
    "settings": tuple(route for document in DOCUMENTS for route in _document_routes(document)),
    "workforce": (
        ProxiedRoute("getTeam", "GET", "/teams/{team}", "routing", "/teams/{team}", STAFF, "A team", TeamState),
        ProxiedRoute(
            "putTeam", "PUT", "/teams/{team}", "routing", "/teams/{team}", LEADS, "Add or change a team", workforce.TeamAnswer,
            workforce.PutTeam, versioned=True,
        ),
        ProxiedRoute(
            "getAgent", "GET", "/agents/{agent}", "routing", "/agents/{agent}", STAFF, "An agent, with open tickets",
            workforce.AgentWithLoad,
        ),
        ProxiedRoute(
            "putAgent", "PUT", "/agents/{agent}", "routing", "/agents/{agent}", LEADS, "Add or change an agent",
            workforce.AgentAnswer,
            workforce.PutAgent, versioned=True,
        ),
        ProxiedRoute(
            "setAvailability", "POST", "/agents/{agent}/availability", "routing", "/agents/{agent}/availability", AGENTS,
            "Say whether an agent can be given tickets", AgentState, workforce.Availability,
        ),
    ),
    "sla": (
        ProxiedRoute("getPolicies", "GET", "/sla/policies", "sla", "/policies", STAFF, "The policies in force", sla.Policies),
        ProxiedRoute(
            "putPolicies", "PUT", "/sla/policies", "sla", "/policies", LEADS, "Replace the policies", sla.Policies,
            sla.PutPolicies, versioned=True,
        ),
        ProxiedRoute(
            "getCalendars", "GET", "/sla/calendars", "sla", "/calendars", STAFF, "The business calendars", sla.Calendars
        ),
        ProxiedRoute(
            "putCalendars", "PUT", "/sla/calendars", "sla", "/calendars", LEADS, "Replace the calendars", sla.Calendars,
            sla.PutCalendars, versioned=True,
        ),
        ProxiedRoute(
            "getAttainment", "GET", "/sla/attainment", "sla", "/attainment", STAFF, "How well deadlines were kept",
            sla.Attainment,
            query=_ATTAINMENT_QUERY,
        ),
    ),
}  # fmt: skip
"""Everything that is only passed on, by its tag."""


CheckMessage = Callable[[str, Request, Session], Awaitable[None]]
"""Raises NoSuchMessage where a message is not there, or its ticket is not seen."""


def proxied_routes(owners: Owners, check_message: CheckMessage, parked: Parked, defined: Defined) -> list[APIRouter]:
    """A router for each tag of `PROXIED`; its routes check the parameters, and leave the body to the owner."""
    routers = []
    for tag, routes in PROXIED.items():
        router = APIRouter(tags=[tag])
        for route in routes:
            router.add_api_route(
                route.path,
                _endpoint(route, owners, check_message, parked, defined),
                methods=[route.method],
                summary=route.summary,
                response_model=route.answer,
                response_class=Response if route.stream else JSONResponse,
                status_code=route.status,
                dependencies=[Depends(requires(*route.roles))],
                operation_id=route.name,
                openapi_extra=_FILE_BODY if route.upload else None,
            )
        routers.append(router)
    return routers


def _with_parked(answer: Response, parked: Parked) -> Response:
    found = orjson.loads(answer.body)
    for entry in found.get("items", [found]):
        entry["parked"] = parked.of(entry["thread_root"])
    return Response(orjson.dumps(found), media_type="application/json")


def _with_fields(answer: Response, defined: FieldDefinitions) -> Response:
    found = orjson.loads(answer.body)
    found["fields"] = entries(defined, found.get("custom_fields", {}), DETAIL)
    return Response(orjson.dumps(found), media_type="application/json")


def _endpoint(
    route: ProxiedRoute, owners: Owners, check_message: CheckMessage, parked: Parked, defined: Defined
) -> Callable[..., Awaitable[Response]]:
    names = [part[1:-1] for part in route.path.split("/") if part.startswith("{")]

    async def endpoint(request: Request, **_: object) -> Response:
        session = session_of(request)
        values = {name: request.path_params[name] for name in names}
        if route.of_message:
            await check_message(values["id"], request, session)
        headers = headers_of(request, upload=route.upload)
        if route.upload:
            asked = OwnerRequest(route.owner, route.method, target(route.to, values), "", request.stream(), headers)
            return await proxy(owners, asked, request, session)
        body = await request.body() if route.method not in ("GET", "DELETE") else None
        if route.body is not None:
            body, headers["content-type"] = body or b"{}", "application/json"
        asked = OwnerRequest(route.owner, route.method, target(route.to, values), request.url.query, body, headers)
        answer = await proxy(owners, asked, request, session, stream=route.stream)
        if answer.status_code != 200:
            return answer
        if route.shows_fields is not None:
            return _with_fields(answer, defined.of(route.shows_fields))
        return _with_parked(answer, parked) if route.shows_parked else answer

    # FastAPI reads the signature: so the parameters are checked, and described, although they are only passed on.
    endpoint.__signature__ = inspect.Signature(_parameters(route, names))  # type: ignore[attr-defined]
    return endpoint


def _parameters(route: ProxiedRoute, names: Sequence[str]) -> list[inspect.Parameter]:
    def parameter(name: str, annotation: object, default: object = inspect.Parameter.empty) -> inspect.Parameter:
        return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)

    found = [parameter("request", Request), *(parameter(name, _PATH_PARAMETERS[name]) for name in names)]
    found += [parameter(f"query_{name}", Annotated[kind | None, Query(alias=name)], None) for name, kind in route.query.items()]
    if route.upload:
        found += [parameter("content_disposition", Disposition, None), parameter("sha256", Sha256Header, None)]
    elif route.method != "GET":
        found.append(parameter("idempotency_key", IdempotencyKey, None))
        if route.replaces:
            found.append(parameter("if_match", RequiredIfMatch, None))
        elif route.versioned:
            found.append(parameter("if_match", IfMatch, None))
    if route.body is not None:
        found.append(parameter("body", route.body, None if route.optional_body else inspect.Parameter.empty))
    return found


def target(template: str, values: Mapping[str, str]) -> str:
    """The owner's path. Raises NotFound for a name that would lead elsewhere."""
    if any(value in (".", "..") for value in values.values()):
        raise NotFound("There is no such thing.")
    return template.format(**{name: quote(value, safe="@") for name, value in values.items()})
