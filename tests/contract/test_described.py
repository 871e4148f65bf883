"""Everything that others read of the contract says what it is: every field of every event and command, every event, every part."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, Field

from deskstream_contracts import commands, jobs, visibility
from deskstream_contracts.api import deliveries, ledger, routing, shapes, sla, workforce
from deskstream_contracts.catalogue import EVENTS
from deskstream_contracts.events.tickets import TicketState
from deskstream_contracts.tools.asyncapi import summary
from deskstream_contracts.tools.personal import fields, personal_fields
from deskstream_contracts.tools.schemas import schema
from deskstream_contracts.wire import Event, Personal, Word

COMMANDS = tuple(
    model
    for module in (commands, jobs, visibility, deliveries, ledger, routing, shapes, sla, workforce)
    for _, model in inspect.getmembers(module, inspect.isclass)
    if issubclass(model, BaseModel) and model.__module__ == module.__name__ and not model.__name__.startswith("_")
)
# Texts that are neither about a person nor written to or about one, by the end of their path: each has been looked at.
NOT_PERSONAL = frozenset(
    (
        # the desk's own doors, and names that it gives
        *("channel.address", "channel.name", "team.name", "assign.team_name", "assignee.team_name", "previous.team_name"),
        *("organization.name", "organization.domains[]", "deadline.policy", "sla.policy", "sla.calendar", "rules[].rule_name"),
        *("ticket.sla_policy", "sla_policy", "ticket.ticket_type", "requested.ticket_type", "ticket_type", "ticket.external_id"),
        # tags, languages, names of fields
        *("customer.tags[]", "requester.tags[]", "requested.tags[]", "ticket.tags[]", "organization.tags[]", "add_tags[]"),
        *("added[]", "removed[]", "changed[]", "customer.language", "requester.language", "requested.language"),
        *("notification.language", "agent.languages[]", "previous"),
        # Message-IDs, digests, codes
        *("message.rfc_message_id", "notification.rfc_message_id", "rfc_message_id", "original_rfc_message_id", "in_reply_to"),
        *("references[]", "message.raw_sha256", "attachments[].sha256", "attachments[].media_type", "status"),
        *("attachments[].content_id",),
        *("files[].sha256", "files[].media_type"),
        # settings
        *("document", "types[].key", "types[].names", "types[].names{}", "aliases[]", "types[].aliases[]", "types[].description"),
        *("fields[].key", "fields[].names", "fields[].names{}", "fields[].help", "fields[].help{}"),
        *("options[].id", "options[].names", "options[].names{}"),
        *("content.supported[]", "content.fallback", "content.public[]", "content.private[]"),
        # sentences of the desk itself
        *("message.defects[]", "agents[].why", "rules[].note", "conditions[].expression"),
    )
)
# Why a clock runs or rests is the desk's word; why a ticket was reopened or closed is somebody's.
REASONS_OF_THE_DESK = frozenset(("sla.clock_started.v1", "sla.paused.v1", "sla.resumed.v1"))


def undescribed(document: dict[str, Any]) -> list[str]:
    """Parts and fields of a JSON Schema that do not say what they are. What a part says counts for a field that is one."""
    parts = document.get("$defs", {})
    return [
        path
        for path, found in _objects(document.get("title", "#"), document)
        for path, said in [
            (path, found.get("description")),
            *((f"{path}.{name}", _said(field, parts)) for name, field in found["properties"].items()),
        ]
        if not said and not path.endswith(".type")
    ]


def _objects(path: str, document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from ((name, part) for name, part in {path: document, **document.get("$defs", {})}.items() if "properties" in part)


def _said(field: dict[str, Any], parts: dict[str, Any]) -> str | None:
    if "$ref" in field and "description" not in field:
        return _said(parts[field["$ref"].rpartition("/")[2]], parts)
    return field.get("description") or next((said for one in field.get("anyOf", ()) if (said := _said(one, parts))), None)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.event_type())
def test_every_field_of_an_event_says_what_it_is(event: type[Event]) -> None:
    assert undescribed(schema(event)) == []


def test_every_event_has_a_summary_of_its_own() -> None:
    assert [event.event_type() for event in EVENTS if not summary(event)] == []
    assert len({summary(event) for event in EVENTS}) == len(EVENTS)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__)
def test_every_field_of_a_command_says_what_it_is(command: type[BaseModel]) -> None:
    assert undescribed(command.model_json_schema()) == []


def test_what_says_nothing_is_found() -> None:
    class Silent(BaseModel):
        said: int = Field(description="Something.")
        unsaid: int
        part: TicketState

    assert undescribed(Silent.model_json_schema()) == ["Silent", "Silent.unsaid"]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.event_type())
def test_every_text_is_marked_as_personal_or_known_not_to_be(event: type[Event]) -> None:
    undecided = [
        path
        for path, field in fields(event)
        if (field.get("type") == "string" or "additionalProperties" in field)
        and not {"enum", "const", "format", "x-personal", "x-known-values"} & field.keys()
        and ".".join(path.split(".")[-2:]) not in NOT_PERSONAL
        and not (path == "reason" and event.event_type() in REASONS_OF_THE_DESK)
    ]
    assert undecided == []


def test_what_people_are_called_and_write_is_marked() -> None:
    marked = {path for event in EVENTS for path in personal_fields(event)}
    assert {
        "message.text",
        "message.sender.email",
        "message.to[].name",
        "ticket.participants[]",
        "ticket.requester.name",
        "ticket.custom_fields",
        "customer.phone",
        "rules[].conditions[].values{}",
        "by.id",
    } <= marked
    assert not {"ticket.channel.address", "team.name", "ticket.sla_policy"} & marked


def test_a_text_that_nobody_decided_on_is_found() -> None:
    class Told(BaseModel):
        told: Word
        by: Personal[Word]

    found = Told.model_json_schema()["properties"]
    assert "x-personal" not in found["told"]
    assert found["by"]["x-personal"] is True
