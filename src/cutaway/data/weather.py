"""Everyday weather inside the package: what Seattle's gauges read on a day, and whether the next day was wet.

``tools/make_weather.py`` made the file; ``weather.LICENCE.txt`` beside it says where it comes from.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .dataset import Dataset
from .splits import Splits

__all__ = ["ABOUT", "LICENCE", "load", "where"]

LICENCE = "public domain (NOAA)"
ABOUT = (
    "Four years of days in Seattle, measured by NOAA: month, rain (mm), warmest and coldest (°C), wind (m/s), and "
    "whether the next day was wet. Divided by date: 2012 to 2014 to learn from, 2015 held out."
)
CLASSES = ("dry", "wet")
COLUMNS = ("month", "rain", "warmest", "coldest", "wind")
LAST_TO_LEARN_FROM = "2014-12-30"  # the tomorrow of the 31st is a day of 2015
FIRST_HELD_OUT = "2015-01-01"


def where() -> Path:
    """The file in the package."""
    return Path(__file__).with_name("weather.csv")


def load() -> Splits:
    """Both parts, in the order of the days: today's month and measurements (N, 5), and tomorrow's class number."""
    import csv  # loaded where a table is read

    with where().open(encoding="ascii", newline="") as file:
        rows = list(csv.DictReader(file))
    x = np.array([[float(row["date"][5:7]), *(float(row[name]) for name in COLUMNS[1:])] for row in rows])
    y = np.array([CLASSES.index(row["tomorrow"]) for row in rows])
    dates = np.array([row["date"] for row in rows])
    train, test = (
        Dataset(x[part], y[part], name=f"weather/{name}", classes=CLASSES, columns=COLUMNS, about=ABOUT)
        for name, part in (("train", dates <= LAST_TO_LEARN_FROM), ("test", dates >= FIRST_HELD_OUT))
    )
    return Splits("weather", train, test, ABOUT, CLASSES, LICENCE)
