"""Models made of the golden examples say what a test asks for, and are a real event's beside it."""

import pytest
from pydantic import ValidationError

from deskstream_chassis.testing import another, changed, example, following, received
from deskstream_contracts.catalogue import EVENTS
from deskstream_contracts.events.customers import CustomerRegisteredV1, CustomerState, Requester
from deskstream_contracts.events.inbound import MessageReceivedV1
from deskstream_contracts.events.settings import DocumentChanged
from deskstream_contracts.events.slas import SlaState
from deskstream_contracts.events.tickets import TicketOpenedV1, TicketResolvedV1, TicketState
from deskstream_contracts.wire import Event


@pytest.mark.parametrize("model", EVENTS, ids=lambda e: e.event_type())
def test_every_event_has_an_example_and_others_like_it(model: type[Event]) -> None:
    assert type(example(model)) is type(another(model)) is model
    # A document of settings is there once, whatever is in it.
    assert issubclass(model, DocumentChanged) or another(model).key() != another(model).key() != example(model).key()


@pytest.mark.parametrize("model", [TicketState, CustomerState, Requester, SlaState])
def test_a_part_of_an_event_has_an_example_too(model: type[TicketState]) -> None:
    assert type(example(model)) is model


def test_a_change_reaches_into_models_and_leaves_the_rest() -> None:
    event = example(TicketOpenedV1, ticket={"priority": "low", "requester": {"language": "de"}}, text="Hallo")
    assert (event.ticket.priority, event.ticket.requester.language, event.text) == ("low", "de", "Hallo")
    assert event.ticket.requester.email == example(TicketOpenedV1).ticket.requester.email


def test_what_is_no_model_is_replaced_as_a_whole() -> None:
    assert example(TicketState, custom_fields={"colour": "red"}, tags=[]).custom_fields == {"colour": "red"}


def test_a_model_takes_the_place_of_another() -> None:
    jim = example(Requester, name="Jim")
    assert example(TicketState, requester=jim).requester is jim


def test_a_field_that_is_not_there_and_a_value_that_does_not_fit_are_errors() -> None:
    with pytest.raises(TypeError, match="TicketState has no field 'priorty'"):
        example(TicketOpenedV1, ticket={"priorty": "low"})
    with pytest.raises(ValidationError):
        changed(example(TicketState), priority="urgent")


def test_anothers_ids_are_fresh_and_agree_with_each_other() -> None:
    one, two = another(MessageReceivedV1), another(MessageReceivedV1)
    assert one.thread.root == one.message.id
    assert one.message.id != two.message.id
    first, second = another(TicketOpenedV1).ticket, another(TicketOpenedV1).ticket
    assert first.number != second.number
    assert first.requester.customer_id != second.requester.customer_id


def test_what_follows_is_about_the_same_aggregate_one_version_on() -> None:
    opened = another(TicketOpenedV1, ticket={"subject": "Help"})
    resolved = following(opened, TicketResolvedV1, ticket={"status": "resolved"}, solution="Done.")
    assert (resolved.ticket.id, resolved.ticket.version, resolved.ticket.subject) == (opened.ticket.id, 2, "Help")
    assert (resolved.ticket.status, resolved.solution) == ("resolved", "Done.")
    with pytest.raises(TypeError, match="a CustomerRegisteredV1 does not follow a TicketOpenedV1"):
        following(opened, CustomerRegisteredV1)


def test_an_event_is_received_as_the_consumer_reads_it() -> None:
    event = example(TicketOpenedV1, ticket={"version": 7})
    message = received(event, correlation_id="mail-1")
    assert (message.topic, message.key, message.event_type) == (event.topic.name, event.key(), event.type)
    assert (message.sequence, message.correlation_id, message.fault) == (7, "mail-1", None)
    assert TicketOpenedV1.model_validate_json(message.value) == event
    assert message.event_id != received(event).event_id
