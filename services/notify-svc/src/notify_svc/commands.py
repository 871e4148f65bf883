"""All that may be asked of notify-svc, by whom, and what it does."""

from typing import Final

from deskstream_chassis.web.commands import Command, CommandTable
from deskstream_chassis.web.subjects import LEADS, Role
from notify_svc.api import addresses, deliveries

COMMANDS: Final[CommandTable] = {
    "DELETE /addresses/suppressed/{email}": Command(addresses.lift, (*LEADS, Role.OPERATOR), addresses.lifted),
    "POST /deliveries/resend": Command(deliveries.resend_failed, (*LEADS, Role.OPERATOR), deliveries.resent_page),
    "POST /deliveries/hurry": Command(deliveries.hurry, (*LEADS, Role.OPERATOR), deliveries.hurried),
    "POST /deliveries/{id_}/resend": Command(deliveries.resend, (*LEADS, Role.OPERATOR), deliveries.resent),
}
