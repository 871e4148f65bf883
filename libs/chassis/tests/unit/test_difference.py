"""What differs between two versions of a document."""

from typing import Any

import pytest

from deskstream_chassis.documents.difference import Difference, differences

A, B, C = {"key": "a", "x": 1}, {"key": "b", "x": 2}, {"key": "c", "x": 3}


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({"days": 7}, {"days": 7}, []),
        ({"days": 7}, {"days": None}, [("/days", 7, None)]),
        ({"types": [A, B]}, {"types": [A, {**B, "x": 5}]}, [("/types/b/x", 2, 5)]),
        ({"types": [A]}, {"types": [A, C]}, [("/types/c", None, C)]),
        ({"types": [A, C]}, {"types": [A]}, [("/types/c", C, None)]),
        ({"types": [A, B]}, {"types": [B, A]}, [("/types", ["a", "b"], ["b", "a"])]),
        ({"types": [A, B]}, {"types": [C, B, A]}, [("/types/c", None, C), ("/types", ["a", "b"], ["b", "a"])]),
        ({"names": {"a/b": 1, "~": 2}}, {"names": {"a/b": 2, "~": 3}}, [("/names/a~1b", 1, 2), ("/names/~0", 2, 3)]),
        ({"words": ["a", "b"]}, {"words": ["b"]}, [("/words", ["a", "b"], ["b"])]),
    ],
)
def test_each_difference_is_named(before: Any, after: Any, found: list[tuple[str, Any, Any]]) -> None:
    assert differences(before, after) == [Difference(path=path, before=old, after=new) for path, old, new in found]
