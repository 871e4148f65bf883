"""What is a number, of what others write."""

import re
from pathlib import Path

import pytest

from deskstream_chassis.digits import whole_number

ROOT = Path(__file__).resolve().parents[4]
# Of bytes, which know ASCII alone; of PostgreSQL's own words; and it itself.
KNOWN = {"web/limits.py", "store/asyncpg_pool.py", "deskstream_chassis/digits.py"}


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("007", 7), ("1042", 1042), ("9" * 18, 10**18 - 1)])
def test_ascii_digits_are_a_number(text: str, number: int) -> None:
    assert whole_number(text) == number


@pytest.mark.parametrize("text", ["", "²", "٣", "1²", "+1", "-1", " 1", "1\n", "1_0", "0x1", "1.0", "9" * 19, "9" * 5000, "\ud800"])
def test_nothing_else_is_one(text: str) -> None:
    assert whole_number(text) is None


def test_nobody_asks_a_foreign_text_for_its_digits_in_another_way() -> None:
    sources = [*ROOT.glob("libs/*/src/**/*.py"), *ROOT.glob("services/*/src/**/*.py")]
    asked = [path for path in sources if re.search(r"\.is(digit|decimal|numeric)\(", path.read_text())]
    assert [path for path in asked if not str(path).endswith(tuple(KNOWN))] == []
    assert len(asked) == len(KNOWN)
