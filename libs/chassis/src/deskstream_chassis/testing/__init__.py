"""The test kit: a service without Kafka on a real PostgreSQL, and events made of the contract's golden examples.

For tests only; nothing that runs imports it. It needs no pytest: the fixtures are in the workspace's `conftest.py`.
"""

from deskstream_chassis.testing.answers import accepted, refused
from deskstream_chassis.testing.examples import another, changed, example, following
from deskstream_chassis.testing.kept import KeptOutbox, Nowhere
from deskstream_chassis.testing.open_service import Build, OpenService, Published, open_service
from deskstream_chassis.testing.records import received
from deskstream_chassis.testing.unread import unread

__all__ = [
    "Build",
    "KeptOutbox",
    "Nowhere",
    "OpenService",
    "Published",
    "accepted",
    "another",
    "changed",
    "example",
    "following",
    "open_service",
    "received",
    "refused",
    "unread",
]
