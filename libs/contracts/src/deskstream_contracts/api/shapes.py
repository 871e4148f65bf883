"""What all bodies and all lists have in common."""

from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")


class Body(BaseModel):
    """What is sent. An unknown field is refused: a misspelt one must not be dropped in silence."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Page(BaseModel, Generic[T]):
    """A list, or a part of one."""

    items: list[T] = Field(description="In the order that the operation says.")
    next: str | None = Field(description="What `cursor` is to be for the following page; null on the last.")
