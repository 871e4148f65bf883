"""docs/features.md: each row has a state that there is, and names tests that there are."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs" / "features.md").read_text().splitlines()
    if re.match(r"\| [CTIRSPO]\d", line)
]
NAMED = sorted({name for row in ROWS for name in re.findall(r"test_[a-z0-9_]+\.py", row[3])})


def test_each_row_is_there_once_with_a_state() -> None:
    names = [row[0].split()[0] for row in ROWS]
    wanted = {"C": 19, "T": 9, "I": 6, "R": 4, "S": 5, "P": 3, "O": 3}
    assert names == [f"{letter}{n}" for letter, count in wanted.items() for n in range(1, count + 1)]
    assert {row[1] for row in ROWS} <= {"API", "PARTIAL", "MISSING"}
    assert [row[0] for row in ROWS if row[1] == "PARTIAL" and not row[4]] == []


@pytest.mark.parametrize("name", NAMED)
def test_a_test_that_is_named_is_there(name: str) -> None:
    assert [path for folder in ("services", "tests") for path in (ROOT / folder).rglob(name)]
