"""What the outbox refuses, however an event was made."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskstream_chassis.store.outbox import Cause, Outbox, Unpublishable
from deskstream_chassis.testing import Nowhere, changed, example
from deskstream_contracts.events.tickets import TicketReopenedV1, TicketResolvedV1
from deskstream_contracts.wire import MAX_EVENT_BYTES

_CAUSE = Cause("1", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
_NOW = datetime(2026, 11, 27, tzinfo=UTC)
_CONTROLS = [chr(n) for n in (*range(0x20), *range(0x7F, 0xA0)) if chr(n) not in "\t\n"]


def _record(reason: str) -> None:
    # Around the types of the contract, which would have refused it.
    event = example(TicketReopenedV1).model_copy(update={"reason": reason})
    Outbox(Nowhere(), "/test").record(event, _CAUSE, _NOW)


@pytest.mark.parametrize("control", _CONTROLS, ids=lambda c: f"{ord(c):#04x}")
@pytest.mark.parametrize("before", ["", "a", "\\", "\\\\", '"'])
def test_a_control_character_is_refused_wherever_it_stands(before: str, control: str) -> None:
    with pytest.raises(Unpublishable):
        _record(f"{before}{control}u0000")


@given(st.text(st.characters(exclude_categories=("Cc", "Cs")) | st.sampled_from('\t\n\\"bfru0')))
def test_all_other_text_is_taken(reason: str) -> None:
    _record(reason)


def test_a_large_event_is_refused_before_it_is_committed() -> None:
    solution = "x" * MAX_EVENT_BYTES
    event = example(TicketResolvedV1).model_copy(update={"solution": solution})
    with pytest.raises(Unpublishable, match="at most 1000000"):
        Outbox(Nowhere(), "/test").record(event, _CAUSE, _NOW)
    fits = changed(example(TicketResolvedV1), solution="ü" * 32_768)
    Outbox(Nowhere(), "/test").record(fits, _CAUSE, _NOW)
