"""Authentication-Results fields (RFC 8601): what our own relay says of DMARC. Foreign text, so a parser process reads it."""

import re
from collections.abc import Sequence
from typing import Final

from authres import AuthenticationResultsHeader
from authres.core import AuthResError

from ingest_svc.adapters.parsing import headers
from ingest_svc.domain.mail import DmarcVerdict

_LONGEST: Final = 2000
_MOST_COMMENTS: Final = 50
_MOST: Final = 20
# Words of a safe alphabet, `method=result` and `type.name=value` without blanks around the sign; anything else is for the grammar.
_PLAIN: Final = re.compile(r"[\w.-]+(?: [0-9]+)?(?:; ?[\w-]+=[\w-]+(?: [\w-]+\.[\w-]+=[\w.@+-]+)*)+", re.ASCII)


def verdicts(fields: Sequence[str], authserv_id: str) -> list[DmarcVerdict]:
    """The DMARC verdicts of the top-most field that carries our authserv-id; none where no field does, or it cannot be read.

    The fields are in header order; lower ones may have been written by the sender. One that is longer than 2,000 characters,
    or has comments in comments without end, is no relay's of ours.
    """
    ours = authserv_id.lower()
    for raw in fields[:_MOST] if ours else ():
        value = headers.plain(raw[:_LONGEST], _LONGEST)
        if not value.lower().startswith(ours):
            continue
        try:
            if len(raw) > _LONGEST or value.count("(") > _MOST_COMMENTS:
                raise ValueError
            judge, found = _plain(value) if _PLAIN.fullmatch(value) else _parsed(value)
        except (AuthResError, ValueError, IndexError, AttributeError, TypeError, RecursionError):
            # Our relay's name on something unreadable: nothing below it can be trusted to be our relay's.
            return []
        if judge == ours:
            return found
    return []


def _parsed(value: str) -> tuple[str, list[DmarcVerdict]]:
    """The authserv-id and the DMARC verdicts of a field, by the whole grammar: comments, quotes, folding."""
    header = AuthenticationResultsHeader.parse_value(value)
    found = [
        DmarcVerdict(
            result=str(r.result).lower(),
            domains=[_domain(p.value) for p in r.properties if (p.type, p.name) == ("header", "from")],
        )
        for r in header.results
        if str(r.method).lower() == "dmarc"
    ]
    return str(header.authserv_id).lower(), found


def _plain(value: str) -> tuple[str, list[DmarcVerdict]]:
    """The same for a field without comments and quotes, as most relays write it; the whole grammar takes 0.3 ms a mail."""
    judge, *results = (part.split() for part in value.split(";"))
    found = []
    for words in results:
        method, _, result = words[0].partition("=") if words else ("", "", "")
        if method.lower() == "dmarc":
            properties = (word.partition("=") for word in words[1:])
            domains = [_domain(v) for name, _, v in properties if name.lower() == "header.from"]
            found.append(DmarcVerdict(result=result.lower(), domains=domains))
    return judge[0].lower() if judge else "", found


def _domain(value: object) -> str:
    return str(value).lower().rstrip(".")
