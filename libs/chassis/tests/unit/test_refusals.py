"""Refusals as codes with arguments, beside their sentences."""

from uuid import UUID

from deskstream_chassis.refusals import Conflict, Invalid


class SeatTaken(Conflict):
    def __init__(self, seat: str, by: UUID, others: tuple[str, ...] = ()) -> None:
        super().__init__(f"{seat} is taken by {by}.", pointer="#/seat")


def test_a_refusal_has_a_code_and_what_it_was_made_of() -> None:
    refusal = SeatTaken("12", UUID(int=7), others=("13", "14"))
    assert refusal.code() == "seat-taken"
    assert refusal.arguments == {"seat": "12", "by": str(UUID(int=7)), "others": ["13", "14"]}
    assert (refusal.detail, refusal.pointer) == (f"12 is taken by {UUID(int=7)}.", "#/seat")


def test_a_sentence_alone_has_no_arguments() -> None:
    refusal = Invalid("That is nothing.", pointer="#/it")
    assert (refusal.code(), refusal.arguments, refusal.detail) == ("invalid", {}, "That is nothing.")
