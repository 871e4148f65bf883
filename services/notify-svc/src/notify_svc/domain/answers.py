"""What a mail server answers, and whom it is about: us, or a mail."""

import re
from dataclasses import dataclass
from typing import Final, Literal

from notify_svc.domain.wording import one_line

RelayTrouble = Literal["connection", "greeting", "ehlo", "tls", "login", "sender"]
"""What the mail server refuses us at, before it looks at whom a mail is for."""

_LONGEST: Final = 500
_ENHANCED: Final = re.compile(r"\A[245]\.\d{1,3}\.\d{1,3}\b")
# RFC 4954 §6: we have not proven who we are.
_WANTS_LOGIN: Final = (530, 534, 535, 538)


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply (RFC 5321 §4.2): its code, None where there was none, and its words, one line that a row can hold."""

    code: int | None
    words: str

    @classmethod
    def of(cls, code: int | None, words: str) -> "Answer":
        """An answer as it came, of any length and with any characters."""
        return cls(code, one_line(words, _LONGEST))

    def __str__(self) -> str:
        return self.words if self.code is None else f"{self.code} {self.words}"

    @property
    def enhanced(self) -> str | None:
        """The enhanced status code (RFC 3463), as in `5.1.1`, where the server gives one."""
        found = _ENHANCED.match(self.words)
        return found[0] if found else None

    @property
    def permanent(self) -> bool:
        """Whether it is a refusal for good (RFC 5321 §4.2.1)."""
        return self.code is not None and 500 <= self.code < 600

    @property
    def wants_login(self) -> bool:
        """Whether it says that we have not proven who we are (RFC 4954 §6)."""
        return self.code in _WANTS_LOGIN


def about_us(at: Literal["mail", "rcpt", "data"], answer: Answer) -> RelayTrouble | None:
    """What a refusal at a command of the mail transaction says of us; None where it is about the mail, or may be: once the
    recipient is named, the words may be those of the recipient's own server, and so a stranger's (`domain/relay.py`: Doubt)."""
    if at != "mail":
        return None
    if answer.wants_login:
        return "login"
    return "sender" if answer.permanent else None
