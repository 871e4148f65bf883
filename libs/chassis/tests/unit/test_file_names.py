"""What a file is called, on its way in and on its way out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from deskstream_chassis.files.names import disposition, fit, media_type_of, name_of
from deskstream_chassis.refusals import Invalid
from deskstream_contracts.wire import FileName


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("attachment; filename=\"invoice.pdf\"; filename*=UTF-8''r%C3%A9sum%C3%A9.pdf", "résumé.pdf"),
        ('attachment; filename="invoice 7.pdf"', "invoice 7.pdf"),
        ("attachment; filename*=UTF-8''%2Fetc%2Fpasswd", "passwd"),
        ('attachment; filename="C:\\\\temp\\\\a.txt"', "a.txt"),
        ("attachment; filename*=UTF-8''a%00b%0D%0Ac.txt", "a b c.txt"),
        ("attachment; filename*=UTF-8''fdp.%E2%80%AEexe", "fdp. exe"),
        ("attachment", "file"),
        ("attachment; filename*=UTF-8''..", "file"),
        ("attachment; filename*=no-such-charset''a.txt; filename=b.txt", "b.txt"),
        ("attachment; filename=", "file"),
        (None, "file"),
    ],
)
def test_an_upload_is_called_what_its_header_says_made_fit(header: str | None, name: str) -> None:
    assert name_of(header) == name


def test_a_name_that_is_not_in_its_charset_is_refused() -> None:
    with pytest.raises(Invalid):
        name_of("attachment; filename*=UTF-8''%E5.txt")


def test_a_header_without_end_is_refused_before_it_is_taken_apart() -> None:
    with pytest.raises(Invalid):
        name_of("attachment; " + 'x="' * 1000)


@given(st.text(max_size=600))
def test_whatever_it_is_called_is_a_name_in_the_contract_and_stays_so(text: str) -> None:
    name = fit(text)
    assert name
    TypeAdapter(FileName).validate_python(name)
    assert "/" not in name
    assert fit(name) == name


def test_a_long_name_keeps_its_ending() -> None:
    name = fit("å" * 300 + ".pdf")
    assert name.endswith("å.pdf")
    assert len(name.encode()) <= 255


@pytest.mark.parametrize(
    ("header", "media_type"),
    [
        ("text/PLAIN; charset=utf-8", "text/plain"),
        ("application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.text"),
        ("pdf", "application/octet-stream"),
        ("text/html\r\nX-Own: 1", "application/octet-stream"),
        (None, "application/octet-stream"),
    ],
)
def test_a_media_type_is_taken_without_parameters_and_only_if_it_is_one(header: str | None, media_type: str) -> None:
    assert media_type_of(header) == media_type


@given(st.text(max_size=300))
def test_what_goes_out_comes_back_and_is_one_line_of_ascii(text: str) -> None:
    name = fit(text)
    header = disposition(name)
    assert header.isascii()
    assert header.isprintable()
    assert name_of(header) == name
