"""All that the gateway hears: everything of these topics goes into the read model, each event into one view."""

from typing import Final

from deskstream_contracts.topics import Topic
from gateway.domain.views import View
from gateway.messaging.heard import PROJECTIONS, TOPICS

SUBSCRIPTIONS: Final[dict[str, View]] = {type_: projection.view for type_, projection in PROJECTIONS.items()}
"""Event type → the view that it changes."""

HEARD: Final[tuple[Topic, ...]] = TOPICS
