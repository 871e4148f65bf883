"""`python -m deskstream_chassis.bus.subscribers USER... [--topics NAME...]`: lets users of Kafka read the desk's topics, no more.

A user reads with groups whose names begin with its own name. The broker is that of the environment, as for the topics. Whoever asks
it must be let to change its rules; the users themselves are made where the broker keeps them.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError
from aiokafka.protocol.admin import CreateAclsRequest
from pydantic import ValidationError

from deskstream_chassis.bus.kafka import KafkaAccess, until_reached
from deskstream_chassis.run.settings import KafkaSettings
from deskstream_contracts.topics import TOPICS, Topic


# As the protocol counts them (org.apache.kafka.common.acl.AclOperation, .AclPermissionType, resource.ResourceType, .PatternType).
class _Resource(IntEnum):
    TOPIC = 2
    GROUP = 3


class _Pattern(IntEnum):
    LITERAL = 3
    PREFIXED = 4


class _Operation(IntEnum):
    READ = 3
    DESCRIBE = 8


_ALLOW: Final = 3


class RulesRefused(Exception):
    """The broker does not take a rule: it has no authorizer, or whoever asks may not change its rules."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a user may do: an operation on one resource, or on all whose names begin so."""

    user: str
    resource: _Resource
    name: str
    pattern: _Pattern
    operation: _Operation


def rules(user: str, topics: Sequence[Topic]) -> list[Rule]:
    """All that a subscriber needs: to read these topics, with groups of its own."""
    resources = [(_Resource.TOPIC, topic.name, _Pattern.LITERAL) for topic in topics]
    resources.append((_Resource.GROUP, user, _Pattern.PREFIXED))
    return [Rule(user, *resource, operation) for resource in resources for operation in _Operation]


async def allow(kafka: KafkaAccess, wanted: Sequence[Rule]) -> None:
    """Adds rules to the broker's; those that are there already stay as they are. Raises RulesRefused, KafkaError, OSError."""
    client = AIOKafkaClient(**kafka.client())
    await until_reached(client.bootstrap)
    try:
        for rule in wanted:
            request = CreateAclsRequest(rule.resource, rule.name, rule.pattern, f"User:{rule.user}", "*", rule.operation, _ALLOW)
            answer = await client.send(client.get_random_node(), request)
            for code, message in answer.creation_responses:
                if code:
                    raise RulesRefused(f"{rule.user} on {rule.resource.name.lower()} {rule.name}: error {code} {message or ''}")
    finally:
        await client.close()


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m deskstream_chassis.bus.subscribers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = {topic.name: topic for topic in TOPICS}
    parser.add_argument("users", nargs="+", metavar="USER")
    parser.add_argument("--topics", nargs="+", choices=names, default=list(names), metavar="NAME", help="not all, but these")
    given = parser.parse_args()
    wanted = [rule for user in given.users for rule in rules(user, [names[name] for name in given.topics])]
    try:
        asyncio.run(allow(KafkaSettings().kafka, wanted))
    except (RulesRefused, KafkaError, OSError, ValidationError) as error:
        sys.exit(f"subscribers: {error}")
    print(f"subscribers: {', '.join(given.users)} may read {len(given.topics)} topics")


if __name__ == "__main__":
    main()
