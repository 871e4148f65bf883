"""The fold of a batch."""

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest

import deskstream_contracts
from deskstream_contracts.catalogue import EVENTS
from deskstream_contracts.topics import DECISIONS, NOTIFICATIONS
from gateway.domain import views
from gateway.messaging.heard import PROJECTIONS, TOPICS, fold

from ..events import message, notified, opened, sla, ticket  # noqa: TID252

EXAMPLES = Path(deskstream_contracts.__file__).parent / "examples"


def test_of_a_batch_only_the_newest_state_of_a_ticket_is_left_in_whatever_order_it_came() -> None:
    base = ticket()
    messages = [message(opened(base.model_copy(update={"version": v, "subject": f"v{v}"}))) for v in range(1, 6)]
    random.Random(1).shuffle(messages)
    rows = fold(messages).changes.rows[views.TICKETS]
    assert [(row[1], row[3]) for row in rows.values()] == [(5, "v5")]


def test_of_two_tickets_both_are_left() -> None:
    assert len(fold([message(opened(ticket())), message(opened(ticket()))]).changes.rows[views.TICKETS]) == 2


def test_every_event_of_a_flow_is_kept() -> None:
    one = ticket()
    assert len(fold([message(notified(one)), message(notified(one))]).changes.rows[views.NOTIFICATIONS]) == 2


def test_the_next_older_state_counts_where_the_newest_cannot_be_read() -> None:
    one = ticket(version=1, subject="readable")
    bad = replace(message(opened(one.model_copy(update={"version": 2}))), value=b'{"ticket": {"id": 5}}')
    found = fold([message(opened(one)), bad])
    assert [m for m, _ in found.unreadable] == [bad]
    assert next(iter(found.changes.rows[views.TICKETS].values()))[3] == "readable"


@pytest.mark.parametrize("name", ["subject", "opened_at", "requester"])
@pytest.mark.parametrize("value", [None, ...], ids=["null", "left out"])
def test_a_ticket_without_what_it_must_have_is_unreadable(name: str, value: object) -> None:
    data = json.loads(message(opened(ticket())).value)
    data["ticket"] = {key: held for key, held in (data["ticket"] | {name: value}).items() if held is not ...}
    assert len(fold([replace(message(opened(ticket())), value=json.dumps(data).encode())]).unreadable) == 1


@pytest.mark.parametrize("value", [b"", b"nonsense", b"[]", b"null", b'{"ticket": null}', b'{"ticket": {"id": {}}}'])
def test_nonsense_is_unreadable_and_nothing_worse(value: bytes) -> None:
    found = fold([replace(message(opened(ticket())), value=value)])
    assert len(found.unreadable) == 1
    assert not found.changes.rows


def test_a_faulty_envelope_is_unreadable_and_an_unknown_type_is_ignored() -> None:
    faulty = replace(message(opened(ticket())), fault="ce_id is missing or not a UUID")
    unknown = replace(message(opened(ticket())), event_type="ticket.sung.v9")
    found = fold([faulty, unknown])
    assert [m for m, _ in found.unreadable] == [faulty]
    assert not found.changes


def test_a_tombstone_takes_the_row_away() -> None:
    one = ticket()
    found = fold([message(opened(one)), replace(message(opened(one)), event_type="", value=b"")])
    assert not found.changes.rows
    assert found.changes.gone == {views.TICKETS: {str(one.id)}}


def test_the_next_deadline_is_the_earliest_of_what_is_still_waited_for() -> None:
    state = sla(ticket(), ("first_response", "breached", 10), ("resolution", "running", 20), ("next_response", "fulfilled", 1))
    row = next(iter(fold([message(state)]).changes.rows[views.SLAS].values()))
    assert (row[3], row[4]) == ("first_response", True)


def test_the_most_urgent_stand_first_where_a_list_goes_by_priority() -> None:
    ranks = [
        next(iter(fold([message(opened(ticket(priority=p)))]).changes.rows[views.TICKETS].values()))[6]
        for p in ("critical", "high", "medium", "low")
    ]
    assert ranks == sorted(set(ranks))


def test_everything_published_to_a_topic_that_is_heard_has_a_view() -> None:
    heard = {t.name for t in TOPICS}
    assert {e.event_type() for e in EVENTS if e.topic.name in heard} == set(PROJECTIONS)
    assert {DECISIONS.name, NOTIFICATIONS.name} <= heard


@pytest.mark.parametrize("type_", sorted(PROJECTIONS))
def test_every_golden_example_gives_a_row_that_fits_its_view(type_: str) -> None:
    projection = PROJECTIONS[type_]
    row = projection.row(json.loads((EXAMPLES / f"{type_}.json").read_text()))
    assert len(row) == len(projection.view.columns)
