"""All that may be asked of routing-svc, by whom, and what it does."""

from typing import Final

from deskstream_chassis.web.commands import Command, CommandTable
from deskstream_chassis.web.subjects import AGENTS, LEADS
from routing_svc.api import rules, workforce
from routing_svc.messaging.published import agent_state

COMMANDS: Final[CommandTable] = {
    "PUT /teams/{reference}": Command(workforce.put_team, LEADS, workforce.team_answer),
    "PUT /agents/{reference}": Command(workforce.put_agent, LEADS, workforce.agent_answer),
    "POST /agents/{reference}/availability": Command(workforce.set_availability, AGENTS, agent_state),
    "PUT /configuration": Command(rules.put, LEADS, rules.answer),
    "POST /configuration/rollback/{version}": Command(rules.roll_back, LEADS, rules.answer),
}
