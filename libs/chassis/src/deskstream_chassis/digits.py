"""Numbers in text that others have written."""


def whole_number(text: str, most_digits: int = 18) -> int | None:
    """The number that is written in so many ASCII digits at most; None for whatever else it is.

    `str.isdigit` also takes ², which `int` refuses; both take the digits of other scripts, and `int` no more than 4,300 of them.
    With 18 digits it fits into a bigint.
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) <= most_digits else None
