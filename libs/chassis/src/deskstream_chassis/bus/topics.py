"""`python -m deskstream_chassis.bus.topics [--replication N]`: makes the topics that a broker does not have yet.

The broker is that of the environment: KAFKA_BOOTSTRAP_SERVERS, KAFKA_SECURITY_PROTOCOL and so on, without a service's prefix.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError
from pydantic import ValidationError

from deskstream_chassis.bus.kafka import KafkaAccess, until_reached
from deskstream_chassis.run.settings import KafkaSettings
from deskstream_contracts.topics import TOPICS, Topic

_TOPIC_EXISTS = 36


class TopicsDiffer(Exception):
    """The broker's topics cannot be brought to what the catalogue says, or the broker refuses to make them."""


def missing(catalogue: Sequence[Topic], partitions: dict[str, int]) -> list[Topic]:
    """What is to be made, where `partitions` tells what exists. Raises TopicsDiffer for a topic with too few partitions.

    More than the catalogue's are right: an operator has added some. Here none are ever added, as keys would move.
    """
    for topic in catalogue:
        count = partitions.get(topic.name, topic.partitions)
        if count < topic.partitions:
            raise TopicsDiffer(f"topic {topic.name} has {count} partitions, the catalogue says {topic.partitions}")
    return [topic for topic in catalogue if topic.name not in partitions]


async def ensure(kafka: KafkaAccess, replication: int = 1, catalogue: Sequence[Topic] = TOPICS) -> list[str]:
    """Makes what is missing and returns its names. Several may run at a time. `replication` -1: the broker's default."""
    admin = AIOKafkaAdminClient(**kafka.client())
    await until_reached(admin.start)
    try:
        described = await admin.describe_topics([topic.name for topic in catalogue])
        partitions = {entry["topic"]: len(entry["partitions"]) for entry in described if not entry["error_code"]}
        wanted = missing(catalogue, partitions)
        if wanted:
            # aiokafka takes -1 only beside an assignment, be it empty.
            chosen: dict[int, list[int]] | None = {} if replication == -1 else None
            new = [NewTopic(t.name, t.partitions, replication, chosen, t.config()) for t in wanted]
            answer = await admin.create_topics(new, timeout_ms=30_000)
            for name, code, *words in answer.topic_errors:
                if code not in (0, _TOPIC_EXISTS):
                    raise TopicsDiffer(f"Kafka refused to make topic {name}: error {code} {words}")
        return [topic.name for topic in wanted]
    finally:
        await admin.close()


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m deskstream_chassis.bus.topics", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--replication", type=int, default=1, help="replicas of a new topic; -1 leaves it to the broker")
    given = parser.parse_args()
    try:
        made = asyncio.run(ensure(KafkaSettings().kafka, given.replication))
    except (TopicsDiffer, KafkaError, OSError, ValidationError) as error:
        sys.exit(f"topics: {error}")
    print(f"topics: {len(TOPICS)} are there, {len(made)} of them made now")


if __name__ == "__main__":
    main()
