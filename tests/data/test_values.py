"""What the text of a cell may mean."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.data.values import date_styles, is_missing, number_styles, read_date, read_number


@pytest.mark.parametrize(
    ("cell", "style", "value"),
    [
        ("0", ".", 0.0),
        ("-12.5", ".", -12.5),
        ("+3", ".", 3.0),
        (".5", ".", 0.5),
        ("5.", ".", 5.0),
        ("1e3", ".", 1000.0),
        ("2.5E-3", ".", 0.0025),
        ("1,234", ".", 1234.0),
        ("1,234,567.89", ".", 1234567.89),
        ("12 345", ".", 12345.0),
        ("12\u202f345,5", ",", 12345.5),
        ("1'234.5", ".", 1234.5),
        ("1,5", ",", 1.5),
        ("1.234,5", ",", 1234.5),
        ("1.234", ",", 1234.0),
        ("1.234", ".", 1.234),
        ("$1,200.50", ".", 1200.5),
        ("12 €", ",", 12.0),
        ("45%", ".", 45.0),
        ("-$3", ".", -3.0),
    ],
)
def test_numbers_in_many_writings(cell: str, style: str, value: float) -> None:
    assert read_number(cell, style) == value


@pytest.mark.parametrize(
    "cell", ["", "abc", "1,2,3", "12,34.5", "1.2.3", "0x1f", "1_000", "--3", "1 2", "12 kg", "inf", "nan", "1,23,456"]
)
def test_what_is_no_number(cell: str) -> None:
    assert read_number(cell, ".") is None


def test_a_number_too_large_to_count_with_is_none() -> None:
    assert read_number("1e999", ".") is None


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_that_python_writes_is_read_back(value: float) -> None:
    assert read_number(repr(value), ".") == value
    assert read_number(repr(value).replace(".", ","), ",") == value


@given(st.integers(-(10**12), 10**12))
def test_thousands_are_read_back(value: int) -> None:
    assert read_number(f"{value:,}", ".") == value
    assert read_number(f"{value:,}".replace(",", "."), ",") == value


def test_a_leading_zero_cannot_be_thousands() -> None:
    assert number_styles("0.125") == {"."} and number_styles("0,125") == {","}
    assert number_styles("1.125") == {".", ","}


@pytest.mark.parametrize(
    ("cell", "style", "moment"),
    [
        ("2024-02-29", "year first", (2024, 2, 29)),
        ("2024/2/9", "year first", (2024, 2, 9)),
        ("2024-05", "year first", (2024, 5, 1)),
        ("2024-02-29T18:30", "year first", (2024, 2, 29, 18, 30)),
        ("2024-02-29 18:30:05.123", "year first", (2024, 2, 29, 18, 30, 5)),
        ("2024-02-29T18:30:05Z", "year first", (2024, 2, 29, 18, 30, 5)),
        ("2024-02-29T18:30:05+02:00", "year first", (2024, 2, 29, 18, 30, 5)),
        ("31.12.1999", "day first", (1999, 12, 31)),
        ("31/12/99", "day first", (1999, 12, 31)),
        ("12/31/24 6:05 PM", "month first", (2024, 12, 31, 18, 5)),
        ("12/31/24 12:05 am", "month first", (2024, 12, 31, 0, 5)),
        ("3 Mar 2021", "day first", (2021, 3, 3)),
        ("03-mar-2021", "month first", (2021, 3, 3)),
        ("March 3, 2021", "month first", (2021, 3, 3)),
        ("18:30", "clock", (2000, 1, 1, 18, 30)),
    ],
)
def test_dates_in_many_writings(cell: str, style: str, moment: tuple[int, ...]) -> None:
    assert read_date(cell, style) == dt.datetime(*moment)  # type: ignore[arg-type]
    assert style in date_styles(cell)


@pytest.mark.parametrize("cell", ["", "2024", "2023-02-29", "31/04/2024", "32.1.2024", "25:00", "13:00 pm", "1/2-2024"])
def test_what_is_no_date(cell: str) -> None:
    assert date_styles(cell) == frozenset()


@given(st.datetimes(min_value=dt.datetime(1000, 1, 1)))
def test_every_moment_in_iso_form_is_read_back(moment: dt.datetime) -> None:
    assert read_date(moment.isoformat(), "year first") == moment.replace(microsecond=0)


def test_dots_always_have_the_day_first_and_slashes_may_not() -> None:
    assert date_styles("3.4.2024") == {"day first"}
    assert date_styles("3/4/2024") == {"day first", "month first"}
    assert date_styles("13/4/2024") == {"day first"} and date_styles("4/13/2024") == {"month first"}


@pytest.mark.parametrize("cell", ["", "NA", "n/a", "NaN", "null", "?", "-", " - "])
def test_signs_for_not_known(cell: str) -> None:
    assert is_missing(cell)
    assert not is_missing(cell + "x")


def test_none_is_a_word_unless_said_otherwise() -> None:
    assert not is_missing("none") and is_missing("none", more=["none"])
