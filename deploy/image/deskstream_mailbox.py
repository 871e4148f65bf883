"""The local mailbox in a container: as `python -m desk.mailbox`, but for all interfaces, as loopback would reach nobody."""

import asyncio
import os
from pathlib import Path

import uvicorn

from desk.mailbox.smtp import CatchAll, serve_smtp
from desk.mailbox.store import MailStore
from desk.mailbox.web import web_app

EVERYWHERE = "0.0.0.0"  # noqa: S104


async def serve() -> None:
    store = MailStore(Path(os.environ["MAILBOX_FILE"]))
    handler = CatchAll(store)
    smtp = await serve_smtp(handler, EVERYWHERE, int(os.environ["MAILBOX_SMTP_PORT"]))
    port = int(os.environ["MAILBOX_HTTP_PORT"])
    config = uvicorn.Config(web_app(store, handler), host=EVERYWHERE, port=port, log_level="warning", access_log=False)
    async with smtp:
        await uvicorn.Server(config).serve()


if __name__ == "__main__":
    asyncio.run(serve())
