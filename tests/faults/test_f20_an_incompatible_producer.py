"""F20: a producer is released that its readers do not understand; what it broke waits, and is handled once the reader is mended."""

from collections.abc import Callable
from typing import Any

from desk.client import until
from desk.traffic.mails import Mail, Sender
from deskstream_contracts.topics import INBOUND
from tests.faults.conftest import Broken, Load
from tests.faults.observed import metric
from tests.faults.releases import release


def parked(broken: Broken) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = broken.desk.api("GET", "/admin/parked")["items"]
    return found


def test_f20_what_an_incompatible_producer_sends_waits_for_a_reader_that_understands(
    broken: Broken, load: Callable[..., Load]
) -> None:
    desk = broken.desk
    release(broken, "ingest", "renames_a_field")
    with load(20) as traffic:
        first = Mail(Sender("Ada", "ada.f20@sample.com"), "Our contract", "Where is it?")
        answer = Mail(first.sender, "Re: Our contract", "I mean the one of May.", in_reply_to=first.message_id)
        desk.send(first.raw(), first.to, first.sender.email)
        until(lambda: parked(broken), 30, "the first mail to be parked")
        desk.send(answer.raw(), answer.to, answer.sender.email)
    until(lambda: desk.api("GET", "/ledger/summary")["open"] == 2, 60, "all the others to flow")
    [row] = parked(broken)
    assert (row["service"], row["topic"], row["messages"]) == ("customer", INBOUND.name, 2)
    assert "sender" in row["error"]
    until(lambda: metric(broken.stack, "customer", "deskstream_parked_keys") == 1, 30, "the alarm")

    release(broken, "customer", "reads_both_names")
    until(lambda: metric(broken.stack, "customer", "deskstream_parked_keys") == 1, 30, "a new process to show what is parked")
    body = {"service": "customer", "topic": row["topic"], "key": row["key"]}
    assert desk.api("POST", "/admin/parked/replay", json=body)["messages"] == 2
    traffic.check()
    [ticket] = desk.api("GET", "/tickets", params={"q": first.sender.email})["items"]
    messages = desk.api("GET", f"/tickets/{ticket['number']}/conversation")["items"]
    assert [m["text"].strip() for m in messages if m["kind"] == "customer"] == [first.text, answer.text]
