"""F35: what would make an event too large, or one that nobody behind can store, is refused in the command; the relay goes on."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from desk.client import until
from desk.traffic.mails import Mail
from tests.faults.conftest import SERVICES, Broken
from tests.faults.observed import count
from tests.outsider import Outsider

_TEXT_BYTES = 65_536
_MEGABYTE = 2**20
Asked = tuple[str, str, dict[str, Any]]


def _fields(prefix: str, number: int, characters: int) -> dict[str, str]:
    return {f"{prefix}{n}": "ü" * characters for n in range(number)}


def _addresses(number: int, run: str) -> list[str]:
    """Long ones, and other ones in each run."""
    label = "d" * 60
    return [f"{run}{n:02}{'a' * 40}@{label}.{label}.{label}.example" for n in range(number)]


def ask(broken: Broken, method: str, path: str, body: dict[str, Any]) -> int:
    """The status of the answer, which is never a 5xx."""
    answer = broken.desk.api_response(method, path, json=body)
    assert answer.status_code < 500, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
    return answer.status_code


@pytest.fixture
def ticket(broken: Broken) -> str:
    """The number of a ticket that is there."""
    outsider = Outsider(broken.desk)
    pat = outsider.person()
    outsider.write(Mail(pat, "A question", "Is anybody there?"))
    return str(outsider.ticket_of(pat)["ticket"]["number"])


def the_desk_goes_on(broken: Broken) -> None:
    """All that was recorded is told, nobody has parked anything, and somebody who writes now is confirmed."""
    until(lambda: all(count(broken.stack, service, "outbox") == 0 for service in SERVICES), 30, "every outbox to be empty")
    outsider = Outsider(broken.desk)
    pat = outsider.person()
    outsider.write(Mail(pat, "After all that", "Does anybody answer?"))
    outsider.mail_to(pat.email, "confirmation", 20)
    assert outsider.ticket_of(pat)["ticket"]["assignee"]["team_name"]
    assert broken.desk.api("GET", "/admin/parked")["items"] == []


def test_f35_whatever_is_too_large_is_refused_in_the_command(broken: Broken, ticket: str) -> None:
    customer = broken.desk.api("GET", f"/tickets/{ticket}")["ticket"]["requester"]["customer_id"]
    organization = broken.desk.api("POST", "/organizations", json={"name": f"Large {uuid.uuid4().hex}"})["id"]
    large = {"value": "x" * (9 * _MEGABYTE // 10)}
    text = "x" * (_TEXT_BYTES + 1)
    request = {"email": "large@client.example", "subject": "s", "text": "t"}
    refused: list[Asked] = [
        *[("PATCH", f"/tickets/{ticket}/classification", {"custom_fields": {f"{n}": large["value"]}}) for n in range(3)],
        ("PATCH", f"/tickets/{ticket}/classification", {"custom_fields": _fields("n", 101, 1)}),
        ("PATCH", f"/tickets/{ticket}/classification", {"tags": [f"{n}" for n in range(51)]}),
        ("PATCH", f"/tickets/{ticket}/classification", {"tags": ["t" * 101]}),
        ("PATCH", f"/tickets/{ticket}/classification", {"ticket_type": large["value"]}),
        ("POST", f"/tickets/{ticket}/replies", {"text": text}),
        ("POST", f"/tickets/{ticket}/replies", {"text": "t", "cc": _addresses(21, "r")}),
        ("POST", f"/tickets/{ticket}/notes", {"text": "ü" * (_TEXT_BYTES // 2 + 1)}),
        ("POST", f"/tickets/{ticket}/resolve", {"solution": text}),
        ("POST", f"/tickets/{ticket}/close", {"reason": text}),
        ("POST", f"/tickets/{ticket}/notes", {"text": "a NUL \0 in it"}),
        ("PUT", f"/tickets/{ticket}/assignee", {"team": "\x1b[31m"}),
        ("POST", "/tickets", {**request, "subject": "s" * 1001}),
        ("POST", "/tickets", {**request, "text": text}),
        ("POST", "/tickets", {**request, "name": "n" * 301}),
        ("POST", "/tickets", {**request, "requested": {"custom_fields": large}}),
        ("POST", "/tickets", {**request, "requested": {"custom_fields": {"a\0": "b"}}}),
        ("POST", "/tickets", {**request, "requested": {"phone": "a\0b"}}),
        ("POST", "/tickets", {**request, "requested": {"tags": ["t"] * 20_000}}),
        ("PATCH", f"/customers/{customer}", {"custom_fields": large}),
        ("PATCH", f"/customers/{customer}", {"note": text}),
        ("PATCH", f"/customers/{customer}", {"first_name": "n" * 301}),
        ("PATCH", f"/organizations/{organization}", {"custom_fields": large}),
        ("PATCH", f"/organizations/{organization}", {"domains": [f"d{n}.example" for n in range(101)]}),
        ("PUT", f"/teams/{'t' * 301}", {}),
        ("PUT", "/teams/General", {"name": large["value"]}),
        ("PUT", "/agents/large@people.localhost", {"name": "n" * 301, "teams": ["General"]}),
    ]
    answered = [(method, path, list(body), ask(broken, method, path, body)) for method, path, body in refused]
    assert [(method, path, names, status) for method, path, names, status in answered if status != 422] == []
    the_desk_goes_on(broken)


def test_f35_a_chain_of_commands_ends_where_its_ticket_is_full(broken: Broken, ticket: str) -> None:
    links: dict[str, Callable[[int], Asked]] = {
        "fields": lambda n: ("PATCH", f"/tickets/{ticket}/classification", {"custom_fields": _fields(f"f{n}.", 40, 200)}),
        "small fields": lambda n: ("PATCH", f"/tickets/{ticket}/classification", {"custom_fields": _fields(f"s{n}.", 30, 1)}),
        "copies": lambda n: ("POST", f"/tickets/{ticket}/replies", {"text": "ü" * 32_000, "cc": _addresses(20, f"c{n}")}),
        "notes": lambda n: ("POST", f"/tickets/{ticket}/notes", {"text": "\U0001f600" * 16_000}),
        "tags": lambda n: ("PATCH", f"/tickets/{ticket}/classification", {"tags": [f"{n}{m}{'ü' * 90}" for m in range(50)]}),
        "solutions": lambda n: ("POST", f"/tickets/{ticket}/resolve", {"solution": f"{n} " + "ü" * 32_000}),
        "reopenings": lambda n: ("POST", f"/tickets/{ticket}/reopen", {"reason": f"{n} " + "ü" * 900}),
    }
    answers = {name: [ask(broken, *link(n)) for n in range(8)] for name, link in links.items()}
    assert {status for found in answers.values() for status in found} <= {200, 201, 422}, answers
    assert (answers["fields"][0], answers["fields"][-1], answers["small fields"][-1]) == (200, 422, 422), answers
    the_desk_goes_on(broken)
    shown = broken.desk.api("GET", f"/tickets/{ticket}")
    assert shown["ticket"]["status"] in ("open", "in_progress"), "what came behind the refused commands was done"
    assert len(shown["ticket"]["custom_fields"]) <= 100


def test_f35_the_largest_that_is_taken_reaches_everybody(broken: Broken) -> None:
    outsider = Outsider(broken.desk)
    pat = outsider.person()
    body = {
        "email": pat.email,
        "name": "\U0001f600" * 300,
        "subject": "\U0001f600" * 1000,
        "text": "\U0001f600" * (_TEXT_BYTES // 4),
        "requested": {
            "tags": [f"{n:02}{'ü' * 98}" for n in range(50)],
            "custom_fields": _fields("", 100, 197),
            "first_name": "ü" * 300,
            "last_name": "ü" * 300,
            "company": "ü" * 300,
            "phone": "1" * 100,
        },
    }
    broken.desk.api("POST", "/tickets", json=body)
    outsider.mail_to(pat.email, "confirmation", 30)
    shown = outsider.ticket_of(pat)
    assert (len(shown["ticket"]["tags"]), len(shown["ticket"]["custom_fields"])) == (50, 100)
    the_desk_goes_on(broken)


def test_f35_rules_ask_for_no_more_than_a_ticket_holds(broken: Broken) -> None:
    configured = broken.desk.api("GET", "/routing/configuration")["rules"]

    def put(*actions: dict[str, Any]) -> int:
        rules = [{"name": f"Large {n} {'ü' * 100}", "conditions": [], "actions": a, "stop": False} for n, a in enumerate(actions)]
        return ask(broken, "PUT", "/routing/configuration", {"rules": [*rules, *configured], "note": "large"})

    refused: list[dict[str, Any]] = [
        {"custom_fields": _fields("f", 60, 1000)},
        {"custom_fields": _fields("f", 101, 1)},
        {"custom_fields": {"a\x01": "b"}},
        {"tags": [f"t{n}" for n in range(51)]},
        {"tags": ["\x1b[31m"]},
        {"ticket_type": "\x7f"},
        {"sla_policy": "\x85"},
        {"notify": ["a\x01b@people.localhost"]},
    ]
    assert [(actions.keys(), status) for actions in refused if (status := put(actions)) != 422] == []
    # Each by itself is taken; of all together a decision holds what fits.
    large = [{"custom_fields": _fields(f"{n}.", 60, 300), "tags": [f"{n}.{m}" for m in range(40)]} for n in range(4)]
    try:
        assert put(*large) == 200
        the_desk_goes_on(broken)
    finally:
        broken.desk.api("PUT", "/routing/configuration", json={"rules": configured, "note": "as before"})
