"""Web forms: what a submission says, by the field mapping of its form. Pure; the wire formats are JSON and form-encoded."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, TypeAdapter, field_validator, model_validator

from deskstream_chassis.refusals import Invalid, pointer
from deskstream_contracts import commands
from deskstream_contracts.addressing import folded
from deskstream_contracts.wire import MAX_FIELD_CHARACTERS, MAX_FIELDS, PRIORITIES, Address, Requested, Word
from ingest_svc.domain.signatures import key_of
from ingest_svc.domain.texts import clean, cut, is_email, one_line

FieldName = Literal[
    "email", "name", "first_name", "last_name", "subject", "text", "priority", "ticket_type", "phone", "company", "language", "tags"
]
_MAX_FIELDS = 200


def _several(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class Form(BaseModel):
    """One form of the configuration. `fields` and `custom_fields` map our name to the form's.

    `vouches_for_sender`: whoever runs the form has made sure that the address is the sender's (they were logged in).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    secrets: Annotated[tuple[SecretStr, ...], BeforeValidator(_several)] = Field(min_length=1, alias="secret")
    mailbox: str | None = None
    fields: dict[FieldName, str] = {"email": "email", "name": "name", "subject": "subject", "text": "text"}
    custom_fields: dict[Word, str] = {}
    required: tuple[FieldName, ...] = ("email", "text")
    vouches_for_sender: bool = False
    default_subject: str = ""

    @model_validator(mode="before")
    @classmethod
    def _either_name(cls, value: Any) -> Any:
        if isinstance(value, dict) and "secrets" in value:
            value = {**value, "secret": value["secrets"]}
            del value["secrets"]
        return value

    @field_validator("secrets")
    @classmethod
    def _are_secrets(cls, secrets: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for secret in secrets:
            key_of(secret.get_secret_value())
        return secrets

    @model_validator(mode="after")
    def _email_is_mapped(self) -> "Form":
        if "email" not in self.fields or not set(self.required) <= set(self.fields):
            raise ValueError("every required field, and email, must be mapped")
        return self

    @property
    def keys(self) -> tuple[str, ...]:
        """The secrets, to be used."""
        return tuple(secret.get_secret_value() for secret in self.secrets)


Forms = TypeAdapter(dict[str, Form], config=ConfigDict(hide_input_in_errors=True))


@dataclass(frozen=True, slots=True)
class Submission:
    """What somebody wrote into a form."""

    sender: Address
    sender_proven: bool
    subject: str
    text: str
    requested: Requested
    defects: tuple[str, ...] = ()


def read_submission(form: Form, media_type: str, body: bytes) -> Submission:
    """Reads a submission. Raises Invalid, with a pointer to the field as the form names it (RFC 6901)."""
    given = _fields(media_type, body)
    values: dict[str, str] = {ours: _text(given.get(theirs), theirs) for ours, theirs in form.fields.items()}
    for name in form.required:
        if not values[name]:
            raise Invalid(f"The field {form.fields[name]!r} is required.", pointer=pointer(form.fields[name]))
    email = folded(values["email"].strip())
    # Of an address nothing is cleaned away: what is left could be somebody else's.
    if not is_email(email) or values["email"] != _first(given.get(form.fields["email"])):
        raise Invalid("This is not an email address.", pointer=pointer(form.fields["email"]))
    text, was_cut = cut(clean(values.get("text", "")))
    first, last = _names(values)
    return Submission(
        sender=Address(email=email, name=one_line(f"{first} {last}", 200) or None),
        sender_proven=form.vouches_for_sender,
        subject=one_line(values.get("subject", ""), 500) or form.default_subject or one_line(text, 80),
        text=text,
        requested=_requested(form, values, given, first, last),
        defects=("the text was longer than 64 KiB and is cut here",) if was_cut else (),
    )


def read_request(body: bytes) -> Submission:
    """A request that our own API took, and checked, before it was kept. It proves nothing about whom it is made for."""
    request = commands.Submission.model_validate_json(body)
    text, was_cut = cut(clean(request.text))
    return Submission(
        sender=Address(email=folded(request.email), name=one_line(request.name or "", 200) or None),
        sender_proven=False,
        subject=one_line(request.subject, 500),
        text=text,
        requested=request.requested,
        defects=("the text was longer than 64 KiB and is cut here",) if was_cut else (),
    )


def _requested(form: Form, values: Mapping[str, str], given: Mapping[str, Any], first: str, last: str) -> Requested:
    priority = values.get("priority", "").strip().lower()
    if priority and priority not in PRIORITIES:
        raise Invalid("A priority is low, medium, high or critical.", pointer=pointer(form.fields["priority"]))
    language = values.get("language", "").strip()
    if language and not 2 <= len(language) <= 16:
        raise Invalid("A language is a BCP 47 tag such as en or nb.", pointer=pointer(form.fields["language"]))
    custom = {ours: one_line(_text(given.get(theirs), theirs), 1000) for ours, theirs in form.custom_fields.items()}
    return Requested.model_validate(
        {
            "priority": priority or None,
            "ticket_type": one_line(values.get("ticket_type", ""), 100) or None,
            "tags": [t for part in values.get("tags", "").split(",")[:20] if (t := one_line(part, 50))],
            "language": language or None,
            "custom_fields": _fitting(custom),
            "first_name": first or None,
            "last_name": last or None,
            "phone": one_line(values.get("phone", ""), 50) or None,
            "company": one_line(values.get("company", ""), 200) or None,
        }
    )


def _fitting(custom: Mapping[str, str]) -> dict[str, str]:
    # Of too much, what comes first: nobody's request is lost for it.
    fitting: dict[str, str] = {}
    room = MAX_FIELD_CHARACTERS
    for name, value in custom.items():
        room -= len(name) + len(value)
        if value and room >= 0 and len(fitting) < MAX_FIELDS:
            fitting[name] = value
    return fitting


def _names(values: Mapping[str, str]) -> tuple[str, str]:
    first, last = one_line(values.get("first_name", ""), 100), one_line(values.get("last_name", ""), 100)
    if not first and not last:
        first, _, last = one_line(values.get("name", ""), 200).partition(" ")
    return first, last


def _fields(media_type: str, body: bytes) -> Mapping[str, Any]:
    kind = media_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        try:
            pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
        except ValueError as error:
            raise Invalid("The body is not form-encoded UTF-8.", pointer="#") from error
        return dict(reversed(pairs))
    if kind != "application/json" and not kind.endswith("+json"):
        raise Invalid("Send application/json or application/x-www-form-urlencoded.", pointer="Content-Type")
    try:
        given = orjson.loads(body)
    except (json.JSONDecodeError, RecursionError) as error:
        raise Invalid("The body is not JSON.", pointer="#") from error
    if isinstance(given, dict) and isinstance(given.get("namedValues"), dict):
        given = given["namedValues"]  # the event object of a Google Forms trigger
    if not isinstance(given, dict):
        raise Invalid("The body is to be a JSON object.", pointer="#")
    return given


def _first(value: Any) -> Any:
    if isinstance(value, list):
        return value[0] if value else None
    return value


def _text(value: Any, name: str) -> str:
    value = _first(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return clean(str(value))
    raise Invalid("The value is to be text.", pointer=pointer(name))
