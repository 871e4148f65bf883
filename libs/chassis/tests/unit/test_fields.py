"""Values of custom fields: as JSON, as the text that goes on the wire, and what is neither."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskstream_chassis.fields import FieldMissing, NoFieldValue, check_required, read, settled, text_of, texts, value_of
from deskstream_chassis.refusals import Invalid
from deskstream_contracts.commands import FieldValue
from deskstream_contracts.events.settings import FieldDefinition, FieldDefinitions, FieldOption, TicketFieldDefinitions

OPTIONS = [
    FieldOption(id="north", names={"en": "North", "nb": "Nord"}),
    FieldOption(id="south", names={"en": "South"}),
    FieldOption(id="a/b", names={}),
    FieldOption(id="old", names={"en": "Old"}, active=False),
]
KINDS = ("text", "long_text", "number", "date", "choice", "multi_choice", "checkbox")


def of_kind(kind: str, **changes: Any) -> FieldDefinition:
    options = OPTIONS if kind in ("choice", "multi_choice") else []
    return FieldDefinition.model_validate({"key": kind, "kind": kind, "options": options, **changes})


def defined(*fields: FieldDefinition, only_defined: bool = False) -> TicketFieldDefinitions:
    return TicketFieldDefinitions(fields=list(fields), only_defined=only_defined)


ALL = defined(*map(of_kind, KINDS))
IDS = st.sampled_from(["north", "south", "a/b"])
LINE = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="\ufffe\uffff"), min_size=1, max_size=50)
VALUES: dict[str, st.SearchStrategy[FieldValue]] = {
    "text": LINE,
    "long_text": st.text(st.characters(codec="utf-8"), min_size=1, max_size=50),
    "number": st.one_of(
        st.integers(-(10**15) + 1, 10**15 - 1),
        st.builds(lambda n, places: float(Decimal(n).scaleb(-places)), st.integers(-(10**14), 10**14), st.integers(1, 14)),
    ),
    "date": st.dates().map(str),
    "choice": IDS,
    "multi_choice": st.lists(IDS, min_size=1, unique=True),
    "checkbox": st.booleans(),
}
ANY_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | IDS, lambda one: st.lists(one, max_size=3), max_leaves=4
)


@given(st.sampled_from(KINDS).flatmap(lambda kind: st.tuples(st.just(of_kind(kind)), VALUES[kind])))
def test_a_value_comes_back_from_its_text(of: tuple[FieldDefinition, FieldValue]) -> None:
    field, value = of
    text = text_of(field, value)
    assert text
    assert value_of(field, text) == value
    assert text_of(field, text) == text, "the text is a value's one text"
    assert read(ALL, {field.key: text}) == {field.key: text}


@given(st.sampled_from(KINDS), ANY_VALUE)
def test_anything_is_a_value_of_its_kind_or_is_refused_where_it_stands(kind: str, value: Any) -> None:
    if value in (None, "", []):
        assert texts(ALL, {kind: value}, {}) == {kind: ""}
    elif text_of(of_kind(kind), value) is None:
        with pytest.raises(NoFieldValue, match=kind) as refusal:
            texts(ALL, {kind: value}, {})
        assert refusal.value.pointer == f"#/custom_fields/{kind}"
    else:
        assert value_of(of_kind(kind), texts(ALL, {kind: value}, {})[kind]) is not None


@given(st.sampled_from(KINDS), st.text())
def test_any_text_is_read_without_an_error(kind: str, text: str) -> None:
    found = read(ALL, {kind: text})[kind]
    value = value_of(of_kind(kind), found)
    assert found == text or value is not None


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("number", 100, "100"), ("number", 12.50, "12.5"), ("number", 1e14, "100000000000000"), ("number", 1e-7, "0.0000001"),
        ("number", -0.0, "0"), ("number", "007.10", "7.1"), ("number", "-3", "-3"), ("date", "2024-02-29", "2024-02-29"),
        ("checkbox", True, "true"), ("checkbox", "false", "false"), ("choice", "north", "north"),
        ("multi_choice", ["south", "a/b"], '["south","a/b"]'), ("multi_choice", '["south", "north"]', '["south","north"]'),
        ("text", "12", "12"), ("long_text", "a\nb", "a\nb"),
    ],
)  # fmt: skip
def test_values_and_their_texts(kind: str, value: FieldValue, text: str) -> None:
    assert text_of(of_kind(kind), value) == text


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("number", "1e3"), ("number", "+1"), ("number", "1,5"), ("number", True), ("number", 10**15), ("number", int("9" * 4000)),
        ("number", 0.1 + 0.2), ("number", float("nan")), ("number", float("inf")), ("number", ["1"]), ("number", "٣"),
        ("date", "2025-02-29"), ("date", "20260101"), ("date", "2026-W01-1"), ("date", "2026-01-01T00:00:00Z"), ("date", 2026),
        ("checkbox", 1), ("checkbox", "on"), ("checkbox", "True"), ("choice", "North"), ("choice", True), ("choice", ["north"]),
        ("multi_choice", ["north", "north"]), ("multi_choice", ["west"]), ("multi_choice", "north"), ("multi_choice", '{"a": 1}'),
        ("multi_choice", "[" * 100_000), ("text", 5), ("text", "a\nb"), ("text", "x" * 1001), ("long_text", ["a"]),
    ],
)  # fmt: skip
def test_what_is_no_value_of_the_kind(kind: str, value: FieldValue) -> None:
    assert text_of(of_kind(kind), value) is None


def test_a_pointer_escapes_a_key() -> None:
    field = of_kind("number", key="a/b~c")
    with pytest.raises(NoFieldValue) as refusal:
        texts(defined(field), {"a/b~c": "x"}, {})
    assert refusal.value.pointer == "#/custom_fields/a~1b~0c"


def test_a_field_that_is_not_defined_is_a_text_unless_only_defined_ones_may_be_set() -> None:
    assert texts(ALL, {"free": "as before", "gone": None}, {}) == {"free": "as before", "gone": ""}
    with pytest.raises(NoFieldValue, match="only be a text"):
        texts(ALL, {"free": 5}, {})
    only = defined(of_kind("number"), only_defined=True)
    with pytest.raises(NoFieldValue, match="no field 'free'"):
        texts(only, {"free": "as before"}, {})
    assert texts(only, {"free": "as before", "other": None}, {"free": "as before"}) == {"free": "as before", "other": ""}
    assert read(only, {"free": "as before", "number": "5"}) == {"number": "5"}


def test_what_is_there_already_may_be_written_back() -> None:
    retired = of_kind("number", active=False)
    held = {"number": "about five", "choice": "old"}
    fields = defined(retired, of_kind("choice"))
    assert texts(fields, held, held) == held
    assert texts(fields, {"number": 5}, {"number": "5"}) == {"number": "5"}
    with pytest.raises(NoFieldValue, match="is retired"):
        texts(fields, {"number": 6}, held)
    with pytest.raises(NoFieldValue, match="'old' of 'choice' is retired"):
        texts(fields, {"choice": "old"}, {"choice": "north"})
    several = defined(of_kind("multi_choice"))
    held = {"multi_choice": '["old","north"]'}
    assert texts(several, {"multi_choice": ["south", "old"]}, held) == {"multi_choice": '["south","old"]'}
    with pytest.raises(NoFieldValue, match="'old' of 'multi_choice' is retired"):
        texts(several, {"multi_choice": ["south", "old"]}, {})


def test_a_form_may_say_an_option_by_its_name_and_a_checkbox_as_browsers_do() -> None:
    written = {"choice": " NORD ", "checkbox": "on", "number": " 5.0 ", "date": "tomorrow", "free": " x "}
    assert read(ALL, written) == {"choice": "north", "checkbox": "true", "number": "5", "date": "tomorrow", "free": " x "}
    assert read(ALL, {"choice": "Old", "checkbox": "perhaps"}) == {"choice": "Old", "checkbox": "perhaps"}


def test_what_is_required_is_asked_for_by_its_key() -> None:
    fields = defined(
        of_kind("number", required=["resolve"]), of_kind("checkbox", required=["resolve"]), of_kind("text", required=["create"]),
        of_kind("date", required=["resolve"], active=False),
    )  # fmt: skip
    check_required(fields, "resolve", {"number": "0", "checkbox": "false"})
    with pytest.raises(FieldMissing, match="required of: number, checkbox") as refusal:
        check_required(fields, "resolve", {"number": "about five"})
    assert refusal.value.pointer == "#/custom_fields/number"


def test_what_is_left_out_is_retired_and_can_be_put_again() -> None:
    before = defined(of_kind("number"), of_kind("choice"))
    wanted = defined(of_kind("choice", options=OPTIONS[:1]), only_defined=True)
    after = settled(before, wanted, ())
    assert [(f.key, f.active) for f in after.fields] == [("choice", True), ("number", False)]
    assert [(o.id, o.active) for o in after.fields[0].options] == [
        ("north", True),
        ("south", False),
        ("a/b", False),
        ("old", False),
    ]
    assert after.only_defined
    assert settled(after, before, ()).fields == before.fields


@pytest.mark.parametrize(
    ("field", "where", "words"),
    [
        ({"kind": "text"}, "kind", "is number and never changes"),
        ({"key": "new", "kind": "colour"}, "kind", "one of these kinds"),
        ({"key": "new", "kind": "choice", "options": []}, "options", "has no option"),
        ({"options": [{"id": "a"}]}, "options", "no field of choice"),
        ({"required": ["resolve", "form"]}, "required/1", "'form' is none of these: resolve"),
        ({"shown": ["everywhere"]}, "shown/0", "list, detail, portal"),
    ],
)
def test_what_no_field_can_be_is_refused_where_it_stands(field: dict[str, Any], where: str, words: str) -> None:
    before = defined(of_kind("number"))
    with pytest.raises(Invalid, match=words) as refusal:
        settled(
            before,
            defined(of_kind("date"), FieldDefinition.model_validate({"key": "number", "kind": "number", **field})),
            ["resolve"],
        )
    assert refusal.value.pointer == f"#/content/fields/1/{where}"


def test_a_kind_of_a_later_release_is_read_as_text_and_stays() -> None:
    later = FieldDefinition(key="colour", kind="colour")
    assert value_of(later, "red") == text_of(later, "red") == "red"
    assert settled(defined(later), defined(later), ()) == defined(later)


@pytest.mark.parametrize(
    "content",
    [
        {"fields": [{"key": "Cost", "kind": "number"}, {"key": "cost", "kind": "text"}]},
        {"fields": [{"key": "a", "kind": "choice", "options": [{"id": "x"}, {"id": "X"}]}]},
        {"fields": [{"key": f"{n}", "kind": "text", "help": {"en": "x" * 3000}} for n in range(40)]},
    ],
)
def test_what_cannot_be_told_apart_or_is_too_much_is_refused(content: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"two |together at most"):
        FieldDefinitions.model_validate_json(json.dumps(content))
