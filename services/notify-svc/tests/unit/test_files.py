"""What ticket-svc answers when it is asked for a file, and what that means for the mail."""

import hashlib
from dataclasses import replace

import httpx
import pytest

from deskstream_chassis.files.tokens import check_file_token
from deskstream_chassis.run.clock import SystemClock
from deskstream_contracts.wire import File
from notify_svc.adapters.files import FileIsGone, FilesAway, TicketFiles

from .test_attaching import called, mail, read
from .test_deliveries import DELIVERY

pytestmark = pytest.mark.anyio
SECRET = "s" * 40
WORDS = b"words"


def described(content: bytes) -> File:
    return called("notes.txt").model_copy(update={"size": len(content), "sha256": hashlib.sha256(content).hexdigest()})


async def attached(answer: httpx.Response | Exception, *files: File) -> bytes:
    """The mail, where ticket-svc so answers who has a token for the file that is asked for."""

    def answers(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        file = next(file for file in files if request.url.path == f"/files/{file.id}")
        token = request.headers["authorization"].removeprefix("Bearer ")
        check_file_token([SECRET], token, file.id, SystemClock().now())
        return httpx.Response(answer.status_code, stream=httpx.ByteStream(answer.content))

    fetching = TicketFiles("http://ticket/", SECRET, SystemClock(), httpx.MockTransport(answers))
    return await fetching.attached(replace(DELIVERY, content=mail(), files=files))


async def test_the_mail_is_whole_with_what_was_fetched() -> None:
    files = [described(WORDS), described(WORDS)]
    message = read(await attached(httpx.Response(200, content=WORDS), *files))
    assert [part.get_payload(decode=True) for part in message.iter_attachments()] == [WORDS, WORDS]


@pytest.mark.parametrize("status", [404, 410])
async def test_a_file_that_is_not_there_never_will_be(status: int) -> None:
    with pytest.raises(FileIsGone, match=r"notes\.txt"):
        await attached(httpx.Response(status), described(WORDS))


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (httpx.Response(503), "503"),
        (httpx.Response(401), "401"),
        (httpx.ConnectError("refused"), "ConnectError"),
        (httpx.ReadTimeout("slow"), "ReadTimeout"),
        (httpx.Response(200, content=WORDS[:-1]), "damaged"),
        (httpx.Response(200, content=WORDS + b"x" * 100_000), "damaged"),
        (httpx.Response(200, content=b"other"), "damaged"),
    ],
)
async def test_everything_else_may_be_better_later(answer: httpx.Response | Exception, why: str) -> None:
    with pytest.raises(FilesAway, match=why):
        await attached(answer, described(WORDS))
