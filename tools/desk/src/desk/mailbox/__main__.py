"""`python -m desk.mailbox`: serve until SIGTERM.

Configured by MAILBOX_SMTP_PORT, MAILBOX_HTTP_PORT, MAILBOX_FILE, and MAILBOX_HOST (loopback if unset: it lets everybody in).
"""

from __future__ import annotations

import os
from pathlib import Path

import uvicorn

from desk.mailbox.smtp import CatchAll, serve_smtp
from desk.mailbox.store import MailStore
from desk.mailbox.web import web_app
from desk.paths import HOST


async def serve() -> None:
    """Serve SMTP and HTTP in one loop."""
    host = os.environ.get("MAILBOX_HOST", HOST)
    store = MailStore(Path(os.environ["MAILBOX_FILE"]))
    handler = CatchAll(store)
    smtp = await serve_smtp(handler, host, int(os.environ["MAILBOX_SMTP_PORT"]))
    port = int(os.environ["MAILBOX_HTTP_PORT"])
    config = uvicorn.Config(web_app(store, handler), host=host, port=port, log_level="warning", access_log=False)
    async with smtp:
        await uvicorn.Server(config).serve()


def main() -> None:
    """Run it."""
    import uvloop

    uvloop.run(serve())


if __name__ == "__main__":
    main()
