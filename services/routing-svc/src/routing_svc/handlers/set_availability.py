"""An agent is there, or away: who is away gets no tickets in turn."""

from dataclasses import dataclass

from routing_svc.domain import agent as agents
from routing_svc.domain.agent import Agent
from routing_svc.domain.refusals import NoSuchAgent
from routing_svc.persistence.unit import RoutingUnit


@dataclass(frozen=True, slots=True)
class SetAvailability:
    """`reference` is an address or an id."""

    reference: str
    available: bool

    def needs(self, unit: RoutingUnit) -> None:
        unit.need_agent(self.reference)

    def handle(self, unit: RoutingUnit) -> Agent:
        agent = unit.referred_agent(self.reference)
        if agent is None:
            raise NoSuchAgent(self.reference)
        return unit.change_agent(agent, agents.set_availability(agent, self.available))
