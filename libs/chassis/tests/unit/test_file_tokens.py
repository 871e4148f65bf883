"""What opens a file to a service that sends it on."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from deskstream_chassis.files.tokens import check_file_token, file_token
from deskstream_chassis.refusals import Unauthenticated

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
OLD, NEW = "o" * 40, "n" * 40


def test_a_token_opens_its_own_file_for_a_minute() -> None:
    file = uuid4()
    token = file_token(NEW, file, NOW)
    check_file_token([NEW], token, file, NOW + timedelta(seconds=59))
    for secrets, wanted, now in (([NEW], uuid4(), NOW), ([OLD], file, NOW), ([NEW], file, NOW + timedelta(seconds=70))):
        with pytest.raises(Unauthenticated):
            check_file_token(secrets, token, wanted, now)


def test_while_the_secret_is_changed_both_are_believed() -> None:
    file = uuid4()
    for secret in (OLD, NEW):
        check_file_token([NEW, OLD], file_token(secret, file, NOW), file, NOW)


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."])
def test_rubbish_opens_nothing(token: str) -> None:
    with pytest.raises(Unauthenticated):
        check_file_token([NEW], token, uuid4(), NOW)
