"""Rules and facts of the API as the domain has them, and back."""

from collections.abc import Mapping
from typing import Any

from deskstream_contracts.api import routing as schemas
from routing_svc.domain.conditions import Facts
from routing_svc.domain.configuring import UNSET
from routing_svc.domain.rules import Actions, Configuration, Rule
from routing_svc.domain.trying import Difference


def rule(put: schemas.PutRule) -> Rule:
    """The rule as it was sent: without a version, and without an id where it is to be known by its name."""
    actions = put.actions.model_dump()
    actions["tags"], actions["notify"] = tuple(actions["tags"]), tuple(actions["notify"])
    return Rule(put.id or UNSET, put.name, 0, put.kind, tuple(put.conditions), Actions(**actions), put.stop)


def facts(sample: schemas.Sample) -> Facts:
    """What rules look at. The domain of an address need not be sent."""
    found: dict[str, dict[str, Any]] = sample.model_dump(exclude_none=True)
    requester = found["requester"]
    requester["domain"] = requester["domain"] or requester["email"].rpartition("@")[2]
    return found


# What an earlier release kept may be out of today's bounds: it is shown as it is, and not checked.


def shown_facts(seen: Facts) -> schemas.Sample:
    """What rules saw."""
    sla = seen.get("sla")
    return schemas.Sample.model_construct(
        ticket=schemas.SampledTicket.model_construct(**seen["ticket"]),
        requester=schemas.SampledRequester.model_construct(**seen["requester"]),
        organization=schemas.SampledOrganization.model_construct(**seen["organization"]),
        sla=None if sla is None else schemas.SampledClock.model_construct(**sla),
    )


def shown_rule(kept: Rule) -> schemas.Rule:
    """A rule as it can be put again."""
    return schemas.Rule.model_construct(
        id=kept.id,
        name=kept.name,
        version=kept.version,
        kind=kept.kind,
        conditions=list(kept.conditions),
        actions=_shown_actions({name: getattr(kept.actions, name) for name in Actions.__slots__}),
        stop=kept.stop,
    )


def shown_rules(configuration: Configuration, warnings: list[str] | None = None) -> schemas.Rules:
    """All rules of a version."""
    return schemas.Rules(version=configuration.version, rules=[shown_rule(r) for r in configuration.rules], warnings=warnings or [])


def shown_difference(found: Difference) -> schemas.RulesDifference:
    """A past decision that would come out otherwise."""
    return schemas.RulesDifference(
        ticket_id=found.ticket_id,
        at=found.at,
        before=_shown_actions(found.before),
        after=_shown_actions(found.after),
        rules_before=list(found.rules_before),
        rules_after=list(found.rules_after),
    )


def _shown_actions(asked: Mapping[str, Any]) -> schemas.RuleActions:
    values: dict[str, Any] = {name: list(value) if isinstance(value, tuple) else value for name, value in asked.items()}
    return schemas.RuleActions.model_construct(**values)
