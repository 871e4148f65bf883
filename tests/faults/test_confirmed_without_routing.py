"""Who asks is told that the desk has it, also while nobody decides on it; and not again when somebody does."""

import time
import uuid
from typing import Any

from desk.client import until
from desk.traffic.mails import Mail
from tests.faults.conftest import Broken
from tests.outsider import Outsider

SECONDS = 4.0


def test_a_request_is_confirmed_without_a_decision_though_notify_is_killed_and_not_again_with_it(broken: Broken) -> None:
    outsider = Outsider(broken.desk)
    pat = outsider.person()
    broken.restart("notify", CONFIRM_AFTER_SECONDS=str(SECONDS))
    try:
        assert broken.stack.stop_service("routing")
        outsider.write(Mail(pat, f"Alone {uuid.uuid4().hex}", "Is anybody there?"))
        ticket: dict[str, Any] = until(lambda: _ticket_of(broken, pat.email), 20, "the ticket")
        time.sleep(1.0)
        broken.stack.kill("notify")
        assert outsider.mails_to(pat.email) == [], "it waits for the decision"
        broken.stack.start_service("notify")
        outsider.mail_to(pat.email, "confirmation", SECONDS + 20)
        assert ticket["version"] == 1
        broken.stack.start_service("routing")
        broken.stack.wait_ready(60)
        until(lambda: _ticket_of(broken, pat.email)["version"] > 1, 30, "the decision")
        time.sleep(SECONDS)
        assert len(outsider.mails_to(pat.email)) == 1
    finally:
        broken.revive()
        broken.restart("notify")


def _ticket_of(broken: Broken, email: str) -> Any:
    """The state of the only ticket of a customer; nothing where there is none yet."""
    found = broken.desk.api("GET", "/tickets", params={"q": email})["items"]
    return broken.desk.api("GET", f"/tickets/{found[0]['id']}")["ticket"] if found else None
