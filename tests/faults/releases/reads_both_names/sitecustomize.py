"""The release of a consumer that mends it: it reads `from` as well as `sender`.

Python imports this at its start when the folder is on PYTHONPATH.
"""

from typing import Any

from deskstream_contracts.events.inbound import MessageReceivedV1

_validate = MessageReceivedV1.model_validate_json


def _both(value: bytes, **options: Any) -> MessageReceivedV1:
    return _validate(value.replace(b'"from":', b'"sender":'), **options)


MessageReceivedV1.model_validate_json = _both  # type: ignore[assignment,method-assign]
