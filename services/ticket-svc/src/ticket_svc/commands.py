"""All that may be asked of ticket-svc, by whom, and what it does."""

from typing import Final

from deskstream_chassis.web.commands import Command, CommandTable
from deskstream_chassis.web.subjects import AGENTS
from ticket_svc.api import requests
from ticket_svc.messaging.published import changed, state, undone, written

COMMANDS: Final[CommandTable] = {
    "POST /tickets/{reference}/replies": Command(requests.reply, AGENTS, written),
    "POST /tickets/{reference}/notes": Command(requests.note, AGENTS, written),
    "PUT /tickets/{reference}/assignee": Command(requests.assign, AGENTS, changed),
    "PUT /tickets/{reference}/priority": Command(requests.prioritise, AGENTS, changed),
    "PATCH /tickets/{reference}/classification": Command(requests.classify, AGENTS, state),
    "POST /tickets/{reference}/start": Command(requests.start, AGENTS, state),
    "POST /tickets/{reference}/resolve": Command(requests.resolve, AGENTS, changed),
    "POST /tickets/{reference}/reopen": Command(requests.reopen, AGENTS, state),
    "POST /tickets/{reference}/close": Command(requests.close, AGENTS, changed),
    "POST /tickets/{reference}/held/{held}/send-now": Command(requests.send_now, AGENTS, changed),
    "POST /undo/{id_}": Command(requests.undo, AGENTS, undone),
}
