"""The weather in the package is what its note says, and nothing of the held-out year can be learnt from."""

from __future__ import annotations

import csv
from itertools import pairwise

import numpy as np

from cutaway.data import catalog, fetch, load, table
from cutaway.data.weather import CLASSES, COLUMNS, where


def test_every_day_is_there_once_and_tomorrow_is_the_next_row() -> None:
    with where().open(encoding="ascii", newline="") as file:
        rows = list(csv.DictReader(file))
    days = np.array([row["date"] for row in rows], dtype="datetime64[D]")
    assert days[0] == np.datetime64("2012-01-01") and (np.diff(days) == np.timedelta64(1)).all()
    assert len(rows) == 1460 and all(row.values() for row in rows)
    for today, next_day in pairwise(rows):
        assert (float(next_day["rain"]) > 0) == (today["tomorrow"] == "wet")


def test_columns_hold_what_they_are_called() -> None:
    weather = load("weather")
    assert weather.train.columns == COLUMNS and weather.classes == weather.train.classes == CLASSES
    for part in (weather.train, weather.test):
        month, rain, warmest, coldest, wind = part.x.T
        assert set(month.tolist()) == set(range(1, 13))
        assert rain.min() == 0 and 30 < rain.max() < 56
        assert (warmest >= coldest).all() and coldest.min() > -10 and warmest.max() < 40
        assert wind.min() > 0 and wind.max() < 10
        july, january = (warmest[month == m].mean() for m in (7, 1))
        assert july > january + 10
        assert part.x.dtype == np.float32 and part.y.dtype == np.int64


def test_divided_by_date_and_no_answer_of_one_part_is_an_input_of_the_other() -> None:
    weather = load("weather")
    assert len(weather.train) == 1095 and len(weather.test) == 364
    for part in (weather.train, weather.test):  # inside a part, tomorrow's answer is the next row's rain ...
        assert ((part.x[1:, 1] > 0) == part.y[:-1]).all()
    last, first = weather.train.x[-1], weather.test.x[0]  # ... and between them a day is missing
    with where().open(encoding="ascii", newline="") as file:
        by_date = {row["date"]: row for row in csv.DictReader(file)}
    for row, date in ((last, "2014-12-30"), (first, "2015-01-01")):
        assert row[1:].tolist() == [np.float32(by_date[date][name]) for name in COLUMNS[1:]]


def test_the_file_is_a_table_as_a_reader_would_use_it() -> None:
    weather = table(fetch("weather"), predict="tomorrow", split_by="date", test=0.25)
    assert weather.classes == CLASSES and len(weather.train) + len(weather.test) == 1460
    assert [column.name for column in weather.columns] == ["date", "rain", "warmest", "coldest", "wind"]


def test_always_the_same_numbers() -> None:
    weather = load("weather")
    assert weather.train.checksum == "6e20ce8ed9f7f127ad5f67d5bfe68b074ab3552c20a37126ae482ea2017b0762"
    assert weather.test.checksum == "355edb51972d6a1548e99073aa7ae8e12471ad4fd449051f8a8347236b788aba"


def test_origin_and_licence_travel_with_the_file() -> None:
    note = where().with_name("weather.LICENCE.txt").read_text(encoding="utf-8")
    assert "Public domain" in note and "NOAA" in note and "vega_datasets" in note and "VanderPlas" in note
    assert load("weather").licence == {entry.name: entry.licence for entry in catalog()}["weather"]
    rain = np.concatenate([part.x[:, 1] for part in (load("weather").train, load("weather").test)])
    assert f"{rain.max():.1f} mm" in note and f"{np.mean(rain > 0) * 100:.0f} days in 100" in note
