"""Which events an open stream brings."""

import pytest

from deskstream_contracts.visibility import EVERYTHING, NOTHING, Visibility
from gateway.messaging.live import Client
from gateway.messaging.sse import Frame

NOTED = Frame("ticket.noted.v1", None, b"")


@pytest.mark.parametrize(
    ("types", "visibility", "wanted"),
    [
        ((), EVERYTHING, True),
        (("ticket.noted.v1", "ticket.opened.v1"), EVERYTHING, True),
        (("ticket.opened.v1",), EVERYTHING, False),
        ((), NOTHING, False),
        (("ticket.noted.v1",), NOTHING, False),
    ],
)
def test_a_stream_brings_what_was_asked_for_and_may_be_seen(types: tuple[str, ...], visibility: Visibility, wanted: bool) -> None:
    assert Client(frozenset(types), visibility).wants(NOTED) is wanted
