"""Headers that say what an upload is, for whoever takes it or leads it on."""

from typing import Annotated

from fastapi import Header

Disposition = Annotated[
    str | None,
    Header(alias="Content-Disposition", description="""What it is called: `attachment; filename*=UTF-8''r%C3%A9sum%C3%A9.pdf`."""),
]
Sha256Header = Annotated[
    str | None,
    Header(alias="X-Content-SHA256", pattern="^[0-9a-fA-F]{64}$", description="What must come, or nothing is kept (hexadecimal)."),
]
