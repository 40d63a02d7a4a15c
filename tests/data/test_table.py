"""From somebody's file to numbers and back: what comes out, and what each mistake in the file is answered with."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cutaway.data import DataError, Dataset, Table, TableError, table
from cutaway.data.columns import Category, Date, Number, YesNo
from cutaway.data.encoding import Encoding

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def put(text: str | bytes, name: str = "file.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return put


def flats(count: int = 60) -> list[str]:
    """A small honest table: rent follows from area and town; one cell in seven is missing."""
    rows = ["area,town,garden,built,rent"]
    for n in range(count):
        area = 20 + (n * 37) % 90
        town = ("Ulm", "Bonn", "Köln")[n % 3]
        built = f"{1950 + n}-{n % 12 + 1:02}-15"
        shown = "NA" if n % 7 == 3 else str(area)
        rows.append(f"{shown},{town},{('no', 'yes')[n % 2]},{built},{area * 10 + 100 * (n % 3)}")
    return rows


def column(made: Table, name: str, part: str = "train") -> np.ndarray:  # type: ignore[type-arg]
    data: Dataset = getattr(made, part)
    return data.x[:, made.encoding.outputs.index(name)]


def test_an_ordinary_table(write: Write) -> None:
    made = table(write("\n".join(flats())), predict="rent")
    assert [type(c) for c in made.columns] == [Number, Category, YesNo, Date]
    assert made.task == "regression" and made.classes is None
    assert len(made.train) == 48 and len(made.test) == 12
    assert made.train.y.shape == (48, 1) and made.train.y.dtype == made.train.x.dtype == np.float32
    assert made.encoding.outputs[:7] == (
        "area",
        "area was missing",
        "town: Bonn",
        "town: Köln",
        "town: Ulm",
        "garden",
        "built: year",
    )
    assert made.train.x.shape[1] == len(made.encoding.outputs) == len(made.train.columns or ())


def test_numbers_have_mean_0_and_spread_1_over_the_training_rows(write: Write) -> None:
    made = table(write("\n".join(flats())), predict="rent")
    for name in ("area", "built: year"):
        values = column(made, name).astype(np.float64)
        assert abs(values.mean()) < 1e-6 and abs(values.std() - 1) < 1e-6
    assert abs(made.train.y.mean()) < 1e-6 and abs(made.train.y.std() - 1) < 1e-6


def test_nothing_is_learnt_from_the_rows_held_out(write: Write) -> None:
    rows = flats()
    before = table(write("\n".join(rows)), predict="rent")
    held_out = {round(v) for v in before.decode(before.test.y)}
    changed = [
        row.replace(row.split(",")[0] + ",", "1000000,", 1).replace("Bonn", "Mars")
        if i and int(row.split(",")[-1]) in held_out
        else row
        for i, row in enumerate(rows)
    ]
    after = table(write("\n".join(changed)), predict="rent")
    assert after.encoding == before.encoding
    assert after.train == before.train and after.test != before.test


def test_the_same_rows_are_held_out_each_time_and_others_with_another_seed(write: Write) -> None:
    path = write("\n".join(flats()))
    first, again, other = table(path, "rent"), table(path, "rent"), table(path, "rent", seed=1)
    assert first.train == again.train and first.test == again.test
    assert first.test != other.test
    together = np.concatenate([first.decode(first.train.y), first.decode(first.test.y)]).round()
    assert sorted(together) == sorted(float(row.split(",")[-1]) for row in flats()[1:])


def test_a_missing_cell_is_the_median_of_the_training_rows_and_says_so(write: Write) -> None:
    made = table(write("\n".join(flats())), predict="rent")
    area = made.columns[0]
    assert isinstance(area, Number) and area.flag
    code = made.encode([{"area": None, "town": "Ulm", "garden": "no", "built": "1960-01-01"}])[0]
    assert code[0] == np.float32((area.median - area.mean) / area.spread) and code[1] == 1
    for nothing in ("", "NA", float("nan"), "?"):
        assert (made.encode({"area": nothing, "town": "Ulm", "garden": "no", "built": "1960-01-01"})[0] == code).all()
    known = column(made, "area was missing") == 0
    own = column(made, "area")[known] * area.spread + area.mean
    filled = np.concatenate([own, np.full((~known).sum(), np.median(own))])
    assert abs(np.median(own) - area.median) < 1e-4 and abs(filled.mean() - area.mean) < 1e-4


def test_one_number_for_every_word(write: Write) -> None:
    made = table(write("\n".join(flats())), predict="rent")
    towns = np.stack([column(made, f"town: {town}") for town in ("Bonn", "Köln", "Ulm")], axis=1)
    assert (towns.sum(axis=1) == 1).all() and set(towns.reshape(-1)) == {0.0, 1.0}
    row = {"area": 50, "garden": True, "built": "1960-01-01"}
    unknown = made.encode({**row, "town": "Paris"})[0]
    assert unknown[2:5].tolist() == [0, 0, 0]
    assert made.encode({**row, "town": "Köln"})[0][2:5].tolist() == [0, 1, 0]


def test_many_words_are_capped_and_the_rare_ones_put_together(write: Write) -> None:
    rows = ["kind,y"] + [f"k{n % 5 if n < 150 else 5 + n % 20},{n}" for n in range(200)]
    made = table(write("\n".join(rows)), predict="y", most_words=6)
    kind = made.columns[0]
    assert isinstance(kind, Category) and kind.other
    assert kind.words == ("k0", "k1", "k2", "k3", "k4") and len(kind.outputs) == 6
    assert made.encode({"kind": "k17"})[0].tolist() == made.encode({"kind": "new"})[0].tolist() == [0, 0, 0, 0, 0, 1]
    assert made.encode({"kind": None})[0].tolist() == [0] * 6


def test_dates_tell_year_season_weekday_and_hour(write: Write) -> None:
    rows = ["when,y"] + [f"2023-{n % 12 + 1:02}-{n % 28 + 1:02} {n % 24:02}:30,{n}" for n in range(100)]
    made = table(write("\n".join(rows)), predict="y")
    names = made.encoding.outputs
    assert names[:3] == ("when: year", "when: season (sine)", "when: season (cosine)")
    assert (
        names[3] == "when: Monday"
        and names[9] == "when: Sunday"
        and names[10:]
        == (
            "when: hour (sine)",
            "when: hour (cosine)",
        )
    )
    december, january = made.encode([{"when": "2023-12-31 23:59"}, {"when": "2023-01-01 00:01"}])
    assert np.abs(december[1:3] - january[1:3]).max() < 0.02 and np.abs(december[10:] - january[10:]).max() < 0.02
    assert december[9] == january[9] == 1  # both were Sundays
    summer = made.encode({"when": "2023-07-02 12:00"})[0]
    assert summer[2] < -0.99 and summer[-1] < -0.99


def test_what_never_differs_between_dates_is_left_out(write: Write) -> None:
    rows = ["day,y"] + [f"2020-03-{n + 1:02},{n}" for n in range(28)]
    assert "day: season (sine)" not in table(write("\n".join(rows)), predict="y").encoding.outputs


def test_words_in_the_predicted_column_are_classes(write: Write) -> None:
    rows = ["x,kind"] + [f"{n},{'big' if n > 40 else 'small'}" for n in range(60)]
    made = table(write("\n".join(rows)), predict="kind")
    assert made.task == "classification" and made.classes == ("big", "small") == made.train.classes
    assert made.train.y.dtype == np.int64 and made.train.y.shape == (48,)
    shares = [float((part.y == 0).mean()) for part in (made.train, made.test)]
    assert abs(shares[0] - 19 / 60) < 0.02 and abs(shares[1] - 19 / 60) < 0.03
    assert made.decode([[0.1, 0.9], [2.0, -1.0]]).tolist() == ["small", "big"]
    assert made.decode(made.train.y).tolist() == ["big" if v else "small" for v in made.train.y == 0]


@pytest.mark.parametrize(
    ("words", "classes"),
    [
        (("0", "1"), ("0", "1")),
        (("No", "YES"), ("no", "yes")),
        (("true", "false"), ("false", "true")),
        (("10", "9"), ("9", "10")),
        (("1.0", "2"), ("1", "2")),
    ],
)
def test_order_of_classes(write: Write, words: tuple[str, str], classes: tuple[str, str]) -> None:
    rows = ["x,y"] + [f"{n},{words[n % 2]}" for n in range(20)]
    made = table(write("\n".join(rows)), predict="y", task="classification")
    assert made.classes == classes


def test_nought_and_one_are_classes_and_other_numbers_amounts(write: Write) -> None:
    rows = [f"{n},{n % 2},{n % 3}" for n in range(40)]
    path = write("\n".join(["x,two,three", *rows]))
    assert table(path, predict="two").task == "classification"
    assert table(path, predict="two", task="regression").task == "regression"
    assert table(path, predict="three").task == "regression"
    assert "task='classification'" in repr(table(path, predict="three"))
    assert table(path, predict="three", task="classification").classes == ("0", "1", "2")


def test_amounts_come_back_in_their_own_unit(write: Write) -> None:
    made = table(write("\n".join(flats())), predict="rent")
    assert set(made.decode(made.test.y).round()) <= {float(row.split(",")[-1]) for row in flats()[1:]}
    assert made.decode(made.test.y[:, 0]).shape == made.decode(made.test.y).shape == (12,)
    with pytest.raises(ValueError, match=r"shape \(N, 1\)"):
        made.decode(np.zeros((3, 2)))


def test_held_out_by_date_means_the_last_ones(write: Write) -> None:
    rows = ["day,y"] + [f"{(n * 7) % 30 + 1}.{n % 12 + 1}.2021,{n}" for n in range(50) if (n * 7) % 30 < 28]
    made = table(write("\n".join(rows)), predict="y", split_by="day")
    year = made.encoding.outputs.index("day: year")
    assert made.train.x[:, year].max() < made.test.x[:, year].min()
    ignored = table(write("\n".join(["z," + rows[0], *[f"{i % 5},{r}" for i, r in enumerate(rows[1:])]])),
                    predict="y", split_by="day", ignore=["day"])  # fmt: skip
    assert ignored.encoding.outputs == ("z",) and len(ignored.test) == len(made.test)


def test_rows_of_the_same_day_are_not_divided(write: Write) -> None:
    rows = ["year,x,y"] + [f"{2000 + n // 10},{n % 7},{n}" for n in range(40)]
    made = table(write("\n".join(rows)), predict="y", split_by="year", test=0.3)
    assert (len(made.train), len(made.test)) == (20, 20)


def test_no_rows_held_out(write: Write) -> None:
    made = table(write("\n".join(flats())), predict="rent", test=0)
    assert len(made.train) == 60 and "none held out" in repr(made)
    with pytest.raises(DataError, match="test=0"):
        _ = made.test


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_the_delimiter_is_found_out(write: Write, delimiter: str, ends: str, mark: str) -> None:
    rows = ["größe", "ort", "y"], *[[str(n), f'"a{delimiter} ""b"" {n % 2}"', str(n * n)] for n in range(12)]
    made = table(write(mark + ends.join(delimiter.join(row) for row in rows) + ends), predict="y")
    assert made.encoding.outputs == ("größe", f'ort: a{delimiter} "b" 0', f'ort: a{delimiter} "b" 1')


def test_semicolons_and_decimal_commas(write: Write) -> None:
    rows = ["preis;menge;y"] + [f"{1000 + n}.{'000'},5;{n},25;{n}" for n in range(12)]
    rows = ["preis;menge;y"] + [f"1.{n:03},50;{n},25;{n}" for n in range(12)]
    made = table(write("\n".join(rows)), predict="y", test=0)
    preis, menge = made.columns
    assert isinstance(preis, Number) and isinstance(menge, Number)
    assert preis.mean == 1006.0 and menge.mean == 5.75


def test_a_comma_in_a_name_does_not_mislead(write: Write) -> None:
    rows = ["preis, brutto;menge"] + [f"{n},5;{n},25" for n in range(12)]
    assert table(write("\n".join(rows)), predict="menge").encoding.outputs == ("preis, brutto",)


def test_other_columns_decide_what_a_doubtful_number_is(write: Write) -> None:
    rows = [f"1.{n:03};{n},5;{n}" for n in range(12)]
    made = table(write("\n".join(["a;b;y", *rows])), predict="y", test=0)
    assert isinstance(made.columns[0], Number) and made.columns[0].mean == 1005.5
    alone = write("\n".join(["a;y", *[f"1.{n:03};{n}" for n in range(12)]]))
    with pytest.raises(TableError, match=r"line 2, column 'a': '1\.000' may be 1\.000 or 1000.*decimal=','"):
        table(alone, predict="y")
    for decimal, mean in ((",", 1005.5), (".", 1.0055)):
        found = table(alone, predict="y", decimal=decimal, test=0).columns[0]
        assert isinstance(found, Number) and found.mean == pytest.approx(mean)


def test_quoted_thousands(write: Write) -> None:
    rows = ["salary,y"] + [f'"{n + 1},500",{n}' for n in range(12)]
    made = table(write("\n".join(rows)), predict="y", test=0)
    assert isinstance(made.columns[0], Number) and made.columns[0].mean == 7000


def test_doubtful_dates_need_a_word(write: Write) -> None:
    rows = ["day,y"] + [f"0{n % 9 + 1}/0{(n + 3) % 9 + 1}/2020,{n}" for n in range(20)]
    with pytest.raises(TableError, match=r"line 2, column 'day': '01/04/2020' may have the day first.*day_first=True"):
        table(write("\n".join(rows)), predict="y")
    first = table(write("\n".join(rows)), predict="y", day_first=True)
    assert first.train != table(write("\n".join(rows)), predict="y", day_first=False).train
    rows.append("31/01/2020,7")
    assert isinstance(table(write("\n".join(rows)), predict="y").columns[0], Date)


def test_new_rows_may_come_as_dicts_or_as_a_file(write: Write) -> None:
    made = table(write("\n".join(flats())), predict="rent")
    path = write("garden,built,extra,area,town\nyes,1960-05-05,x,44.5,Bonn\nNo,1970-01-01,y,,Ulm\n", "new.csv")
    same = [
        {"area": 44.5, "town": "Bonn", "garden": True, "built": "1960-05-05"},
        {"area": None, "town": "Ulm", "garden": "no", "built": "1970-01-01", "rent": 1},
    ]
    assert made.encode(path).shape == (2, len(made.encoding.outputs))
    assert (made.encode(path) == made.encode(same)).all()
    assert (made.encode(same[0]) == made.encode(same[:1])).all()
    import datetime as dt

    assert (made.encode({**same[0], "built": dt.date(1960, 5, 5)}) == made.encode(same[0])).all()
    assert (made.encode({**same[0], "built": dt.datetime(1960, 5, 5)}) == made.encode(same[0])).all()


def test_encoding_the_whole_file_again_gives_the_same_numbers(write: Write) -> None:
    path = write("\n".join(flats()))
    made = table(path, predict="rent", test=0)
    assert (made.encode(path) == made.train.x).all()


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"area": "big"}, r"Row 0, column 'area': 'big' is not a number"),
        ({"area": float("inf")}, r"Row 0, column 'area': inf is not a number"),
        ({"garden": "maybe"}, r"column 'garden': 'maybe' is neither 'no' nor 'yes'"),
        ({"built": "soon"}, r"column 'built': 'soon' is not a date with the year first"),
    ],
)
def test_a_strange_cell_in_a_new_row_is_named(write: Write, row: dict[str, Any], words: str) -> None:
    made = table(write("\n".join(flats())), predict="rent")
    with pytest.raises(TableError, match=words):
        made.encode({"area": 1, "town": "Ulm", "garden": "no", "built": "1960-01-01", **row})
    path = write("area,town,garden,built\n1,Ulm,no,1960-01-01\nbig,Ulm,no,1960-01-01\n", "new.csv")
    with pytest.raises(TableError, match=r"new\.csv, line 3, column 'area': 'big' is not a number"):
        made.encode(path)


def test_a_new_row_without_a_column_is_refused(write: Write) -> None:
    made = table(write("\n".join(flats())), predict="rent")
    with pytest.raises(TableError, match=r"Row 0 has no 'area'.* Did you mean 'aera'\?"):
        made.encode({"aera": 1, "town": "Ulm", "garden": "no", "built": "1960-01-01"})
    with pytest.raises(TableError, match="a row is a dict"):
        made.encode([[1, "Ulm", "no", "1960-01-01"]])  # type: ignore[list-item]


@pytest.mark.parametrize("predict", ["rent", "garden", "town"])
def test_an_encoding_survives_being_written_down(write: Write, predict: str) -> None:
    made = table(write("\n".join(flats())), predict=predict, missing=["-999"])
    again = Encoding.from_dict(json.loads(json.dumps(made.encoding.to_dict())))
    assert again == made.encoding
    row = {"area": "-999", "town": "Bonn", "garden": "yes", "built": "1960-05-05", "rent": 7}
    assert (again.encode(row) == made.encode(row)).all()
    assert (again.decode(made.train.y) == made.decode(made.train.y)).all()


def test_the_summary_says_what_became_of_every_column(write: Write) -> None:
    rows = flats()
    rows = [rows[0] + ",same,flatname", *[f"{row},1,flat {n}" for n, row in enumerate(rows[1:])]]
    made = table(write("\n".join(rows)), predict="rent", ignore="flatname")
    shown = repr(made)
    assert "file.csv: predict 'rent', an amount, mean" in shown
    assert "48 rows to train on, 12 held out; 4 columns become" in shown
    assert "missing cells count as" in shown
    assert "left out: flatname (you said so)" in shown
    assert "left out: same (it is always '1' in the rows to train on)" in shown


def test_remarks_on_what_is_odd(write: Write) -> None:
    rows = ["id,answer,x,y"] + [f"{n},{'bad' if n % 3 else 'good'},{n % 2},{int(n % 3 > 0)}" for n in range(60)]
    made = table(write("\n".join(rows)), predict="y")
    assert any("'id' counts the rows" in remark for remark in made.remarks)
    assert any("'answer' alone tells 'y' without fail" in remark for remark in made.remarks)
    twice = ["x,z,y"] + [f"{n % 4},{n % 2},{n % 4 % 3}" for n in range(80)]
    assert any("of the 16 rows held out are also" in r for r in table(write("\n".join(twice)), predict="y").remarks)
    assert table(write("\n".join(flats())), predict="rent").remarks == ()


def test_an_unnamed_column_of_row_numbers_is_left_out(write: Write) -> None:
    rows = [",x,y"] + [f"{n},{n % 5},{n * n % 7}" for n in range(20)]
    made = table(write("\n".join(rows)), predict="y")
    assert made.encoding.outputs == ("x",) and "counts the rows" in repr(made)


def test_rows_without_an_answer_may_be_skipped(write: Write) -> None:
    rows = flats()
    rows[5] = rows[5].rsplit(",", 1)[0] + ","
    rows[9] = rows[9].rsplit(",", 1)[0] + ",NA"
    with pytest.raises(TableError, match=r"line 6, column 'rent': the value to predict is missing here and in 1 more"):
        table(write("\n".join(rows)), predict="rent")
    assert len(table(write("\n".join(rows)), predict="rent", skip_unanswered=True, test=0).train) == 58


def test_a_missing_yes_or_no_is_the_more_frequent_one(write: Write) -> None:
    rows = ["x,y"] + [f"{('yes', 'yes', 'no', '')[n % 4]},{n}" for n in range(40)]
    made = table(write("\n".join(rows)), predict="y")
    assert isinstance(made.columns[0], YesNo)
    assert made.encode([{"x": None}, {"x": "no"}]).tolist() == [[1, 1], [0, 0]]


def test_numbers_that_are_only_names_can_be_called_categories(write: Write) -> None:
    rows = ["zip,y"] + [f"{(10115, 20095, 50667)[n % 3]},{n}" for n in range(30)]
    made = table(write("\n".join(rows)), predict="y", categories="zip")
    assert made.encoding.outputs == ("zip: 10115", "zip: 20095", "zip: 50667")
    assert made.encode({"zip": 20095})[0].tolist() == made.encode({"zip": 20095.0})[0].tolist() == [0, 1, 0]


MIXED = "\n".join(["a,y", *[f"{n}.5,{n}" for n in range(10)]])

BAD: list[tuple[str, str, dict[str, Any], str]] = [
    ("empty", "", {}, r"file\.csv is empty"),
    ("blank", "\n \n\n", {}, r"file\.csv is empty"),
    ("header only", "a,y\n", {}, "one line only"),
    ("short row", "a,b,y\n1,2,3\n4,5\n", {}, r"line 3: 2 cells where the first line names 3 columns.*ends before 'y'"),
    ("long row", "a,y\n1,2\nParis, Texas,3\n", {}, r"line 3: 3 cells where.*begins with '3'.*quotation marks"),
    ("line of a later row", 'a,y\n"one\ntwo",1\n5\n', {}, r"line 4: 1 cell where"),
    ("open quote", 'a,y\n1,2\n"3,4\n5,6\n', {}, r"line 3: a quotation mark is opened in this row and never closed"),
    ("after quote", 'a,y\n"1"x,2\n', {"delimiter": ","}, r"line 2: text follows a closing quotation mark"),
    ("twice", "a,b,a,y\n1,2,3,4\n", {}, r"line 1: 2 columns are named 'a' \(the columns 1 and 3\)"),
    ("unknown", "price,area\n1,2\n3,4\n", {"predict": "prise"}, r"no column 'prise'\. Did you mean 'price'\?"),
    ("other case", "Price,area\n1,2\n3,4\n", {"predict": "price"}, r"Did you mean 'Price'\?"),
    ("unknown ignore", "a,y\n1,2\n3,4\n", {"ignore": ["b"]}, r"no column 'b'"),
    ("no header", "1,2\n3,4\n", {}, "The first line holds numbers"),
    ("one column", "a:y\n1:2\n3:4\n", {}, "only one column"),
    ("ignored answer", "a,y\n1,2\n3,4\n", {"ignore": ["y"]}, "neither an input nor left out"),
    (
        "word in numbers",
        MIXED.replace("3.5", "three"),
        {},
        r"line 5, column 'a': 'three' is not a number, and 9 of",
    ),
    ("word to ignore", MIXED.replace("3.5", "three"), {}, r"missing=\['three'\].*categories=\['a'\]"),
    ("word in answers", MIXED.replace(",4\n", ",x\n"), {}, r"line 6, column 'y': 'x' is not a number"),
    (
        "mixed signs",
        MIXED.replace("3.5", '"3,5"'),
        {},
        r"line 5, column 'a': the column mixes decimal point",
    ),
    ("huge", MIXED.replace("3.5", "1e999"), {}, r"line 5, column 'a': '1e999' is too large"),
    (
        "no date",
        "d,y\n" + "".join(f"2020-01-0{n},{n}\n" for n in range(1, 9)) + "later,9\n",
        {},
        r"line 10.*not a date",
    ),
    (
        "mixed dates",
        "d,y\n" + "".join(f"13/0{n}/2020,{n}\n" for n in range(1, 9)) + "01/13/2020,9\n",
        {},
        r"line 10, column 'd': the column mixes two orders.*line 2",
    ),
    (
        "text",
        "a,y\n" + "".join(f"text {n},{n}\n" for n in range(9)),
        {},
        r"'a': 9 different texts.*ignore=\['a'\]",
    ),
    ("one class", "a,y\n" + "".join(f"{n},cat\n" for n in range(9)), {}, r"every row has 'cat'.*nothing to learn"),
    ("one amount", "a,y\n" + "".join(f"{n},5\n" for n in range(9)), {}, "every row has '5'"),
    ("names to predict", "a,y\n" + "".join(f"{n},cat {n}\n" for n in range(9)), {}, "9 different values in 9 rows"),
    ("dates to predict", "a,y\n" + "".join(f"{n},2020-01-1{n}\n" for n in range(9)), {}, "holds dates"),
    ("no answers", "a,y\n1,\n2,\n", {}, "is empty in every row"),
    ("no amounts", "a,y\n" + "".join(f"{n},{'ab'[n % 2]}\n" for n in range(9)), {"task": "regression"}, "no amounts"),
    ("task", "a,y\n1,2\n3,4\n", {"task": "clustering"}, "task is 'regression'"),
    ("nothing left", "a,y\n1,2\n1,4\n1,5\n", {}, r"no column left.*'a': it is always '1'"),
    ("one row", "a,y\n1,2\n", {}, "cannot be divided|nothing to learn"),
    ("share", "a,y\n1,2\n3,4\n", {"test": 1.5}, "between 0 and 1"),
    (
        "order by words",
        "w,y\n" + "".join(f"{'ab'[n % 2]},{n}\n" for n in range(9)),
        {"split_by": "w"},
        "dates or numbers",
    ),
    (
        "order unknown",
        "d,x,y\n1,2,3\n,3,4\n3,1,5\n",
        {"split_by": "d"},
        r"line 3, column 'd': .*in order by it",
    ),
    ("order equal", "d,x,y\n1,2,3\n1,3,4\n1,1,5\n", {"split_by": "d"}, "the same in all rows"),
    ("delimiter", "a,y\n1,2\n", {"delimiter": "::"}, "delimiter is the one sign"),
    ("most words", "a,y\n1,2\n3,4\n", {"most_words": 1}, "at least two words"),
    ("decimal", "a,y\n1,2\n", {"decimal": "!"}, "decimal is the sign"),
]


@pytest.mark.parametrize(("text", "settings", "words"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_every_mistake_has_its_sentence(write: Write, text: str, settings: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError, match=f"(?s){words}") as met:
        table(write(text), **{"predict": "y", **settings})
    assert str(met.value).endswith((".", ")", "?"))


def _refuse(why: type[OSError]) -> bytes:
    raise why


def test_files_that_are_no_tables(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TableError, match="There is no file"):
        table(tmp_path / "nowhere.csv", predict="y")
    with monkeypatch.context() as windows:
        for refusal in (PermissionError, IsADirectoryError):  # the first is what Windows says
            windows.setattr(Path, "read_bytes", lambda path, why=refusal: _refuse(why))
            with pytest.raises(TableError, match="is a folder"):
                table(tmp_path, predict="y")
    with pytest.raises(TableError, match="Save as"):
        table(write(b"PK\x03\x04 and so on", "book.xlsx"), predict="y")
    with pytest.raises(TableError, match="zero byte"):
        table(write(b"a,y\n\0,1\n"), predict="y")
    with pytest.raises(TableError, match=r"line 2: the byte 0xf6 is not utf-8 text.*encoding='cp1252'"):
        table(write("ort,y\nKöln,1\n".encode("cp1252")), predict="y")
    with pytest.raises(TableError, match=r"line 3: the byte 0xf6 is not utf-8 text"):  # behind a mark of three bytes
        table(write(b"\xef\xbb\xbfort,y\nUlm,1\n\xf6,1\n"), predict="y")


def test_old_encodings_and_utf_16_are_read(write: Write) -> None:
    text = "ort,y\n" + "".join(f"{('Köln', 'Ulm')[n % 2]},{n}\n" for n in range(20))
    for content, encoding in ((text.encode("cp1252"), "cp1252"), (text.encode("utf-16"), "utf-8")):
        assert table(write(content), predict="y", encoding=encoding).encoding.outputs == ("ort: Köln", "ort: Ulm")


def test_a_new_file_is_read_as_the_first_one_was(write: Write) -> None:
    text = "ort:y\n" + "".join(f"{('Köln', 'Ulm')[n % 2]}:{n}\n" for n in range(20))
    made = table(write(text.encode("cp1252")), predict="y", encoding="cp1252", delimiter=":")
    new = write("ort:z\nUlm:1\n Köln :2\n".encode("cp1252"), "new.csv")
    assert made.encode(new).tolist() == [[0, 1], [1, 0]]
    assert made.encode({"ort": " Köln "}).tolist() == [[1, 0]]


def test_delimiters_at_the_end_of_every_line_do_no_harm(write: Write) -> None:
    rows = ["a,y,"] + [f"{n},{n * n}," for n in range(9)]
    made = table(write("\n".join(rows)), predict="y")
    assert made.encoding.outputs == ("a",) and made.left_out == {}
