"""All that may be asked of sla-svc, by whom, and what it does."""

from typing import Final

from deskstream_chassis.web.commands import Command, CommandTable
from deskstream_chassis.web.subjects import LEADS
from sla_svc.api import configuration

COMMANDS: Final[CommandTable] = {
    "PUT /policies": Command(configuration.put_policies, LEADS, configuration.policies_answer),
    "PUT /calendars": Command(configuration.put_calendars, LEADS, configuration.calendars_answer),
}
