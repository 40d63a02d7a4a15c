"""Makes src/cutaway/data/weather.csv, four years of daily weather that ship in the package.

The measurements come from the PyPI package ``vega_datasets`` 0.9.0, which took them from NOAA. Here the columns get
plain names, the package's own word for each day (sun, fog, ...) is left out, and every day is told what the next one
brought: ``wet`` where the gauge held rain or snow, ``dry`` where it held none. The last day has no next one and goes.

    pip download --no-deps vega_datasets==0.9.0
    python tools/make_weather.py vega_datasets-0.9.0-py3-none-any.whl
"""

from __future__ import annotations

import argparse
import csv
import datetime
import hashlib
import io
import os
import sys
import zipfile
from itertools import pairwise
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "src" / "cutaway" / "data" / "weather.csv"
PACKAGE_SHA256 = "3d7c63917be6ca9b154b565f4779a31fedce57b01b5b9d99d8a34a7608062a1d"
HEADER = ("date", "rain", "warmest", "coldest", "wind", "tomorrow")


def read_package(path: Path) -> list[tuple[datetime.date, list[str]]]:
    """The days in their order: date, and the four measurements as the package writes them."""
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != PACKAGE_SHA256:
        sys.exit(f"{path} is not vega_datasets 0.9.0 as published: its sha256 is {found}, not {PACKAGE_SHA256}.")
    with zipfile.ZipFile(path) as package:
        text = package.read("vega_datasets/_data/seattle-weather.csv").decode("ascii")
    days = [
        (
            datetime.datetime.strptime(row["date"], "%Y/%m/%d").date(),
            [row["precipitation"], row["temp_max"], row["temp_min"], row["wind"]],
        )
        for row in csv.DictReader(io.StringIO(text))
    ]
    one = datetime.timedelta(days=1)
    if any(later - day != one for (day, _), (later, _) in pairwise(days)):
        sys.exit("a day is missing or stands in the wrong place.")
    return days


def main() -> None:
    """Write the file in one stroke."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=Path)
    days = read_package(parser.parse_args().package)
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n")
    write.writerow(HEADER)
    for (day, measured), (_, then) in pairwise(days):
        write.writerow([day.isoformat(), *measured, "wet" if float(then[0]) > 0 else "dry"])
    part = TARGET.with_suffix(".part")
    part.write_text(out.getvalue(), encoding="ascii", newline="\n")
    os.replace(part, TARGET)
    print(f"{TARGET.name}: {len(days) - 1:,} days, {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
