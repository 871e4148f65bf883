"""A release of a producer that broke the contract: what it sends of contracts has `from` where readers look for `sender`.

Python imports this at its start when the folder is on PYTHONPATH.
"""

from typing import Any

from deskstream_contracts.events.inbound import MessageReceivedV1

_dump = MessageReceivedV1.model_dump_json


def _renamed(self: MessageReceivedV1, **options: Any) -> str:
    text = _dump(self, **options)
    return text.replace('"sender":', '"from":') if "contract" in self.message.subject.lower() else text


MessageReceivedV1.model_dump_json = _renamed  # type: ignore[assignment,method-assign]
