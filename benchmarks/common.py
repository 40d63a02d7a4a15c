"""What all benchmarks share: the command line, the facts about the machine, blocks that take turns, the table."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from typing import Any

from cutaway.training import machine

__all__ = ["Timings", "arguments", "facts", "interleaved", "report", "spread", "summary", "worth"]

Timings = dict[str, list[float]]  # name -> seconds a batch, one number for every block


def arguments(about: str | None, rounds: int, seconds: float) -> argparse.ArgumentParser:
    """The options that all have."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=rounds, help=f"blocks of each kind (default {rounds})")
    parser.add_argument("--seconds", type=float, default=seconds, help=f"length of a block (default {seconds})")
    parser.add_argument("--threads", type=int, default=1, help="threads of the BLAS (default 1)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every single measurement too")
    return parser


def facts(threads: int, seed: int) -> dict[str, Any]:
    """What the numbers depend on besides the code; the load says whether the machine had other things to do."""
    about = machine.describe(threads)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    return {
        "machine": f"{_processor()}, {machine.cores()} cores, {platform.system()}",
        "load before": f"{load:.2f}",
        "python": platform.python_version(),
        "numpy": about["numpy"],
        "blas": about["blas"],
        "threads": threads,
        "seed": seed,
    }


MULTIPLY = """
import numpy as np, sys, time
a = np.ones((512, 512), np.float32); out = a @ a
sys.stdin.readline()
count, start = 0, time.perf_counter()
while time.perf_counter() - start < 0.7:
    np.matmul(a, a, out); count += 1
print(count)
"""


def worth(processes: int = 2) -> float:
    """How many times the products of one process so many do at once: their number, where each has a core of its own.

    Two cores of a rented machine are often two threads of one core: they share its units for arithmetic, and then two
    workers multiply no faster than one.
    """
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", MULTIPLY]

    def done(count: int) -> int:
        started = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
            for _ in range(count)
        ]
        for one in started:
            assert one.stdin is not None
            one.stdin.write("\n")
            one.stdin.flush()
        return sum(int(one.communicate()[0]) for one in started)

    return median(done(processes) / max(1, done(1)) for _ in range(3))


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def interleaved(kinds: Mapping[str, Callable[[int], None]], rounds: int, seconds: float) -> Timings:
    """Let every kind of work run a block in turn, the order reversed every other round; seconds a batch.

    A machine grows warmer, slower or busier while it is measured. Taking turns lets that fall on all alike.
    """
    batches = {name: _enough(work, seconds) for name, work in kinds.items()}
    timings: Timings = {name: [] for name in kinds}
    for turn in range(rounds):
        for name in list(kinds) if turn % 2 == 0 else reversed(list(kinds)):
            start = perf_counter()
            kinds[name](batches[name])
            timings[name].append((perf_counter() - start) / batches[name])
    return timings


def _enough(work: Callable[[int], None], seconds: float) -> int:
    """So many batches take about so many seconds; found after a first few that warm everything up."""
    work(2)
    count = 1
    while True:
        start = perf_counter()
        work(count)
        took = perf_counter() - start
        if took > seconds / 10:
            return max(1, round(count * seconds / took))
        count *= 4


def spread(values: Sequence[float]) -> tuple[float, float]:
    """The quartiles: half of the measurements lie between them."""
    if len(values) < 2:
        return values[0], values[0]
    low, _, high = quantiles(values, n=4, method="inclusive")
    return low, high


def summary(values: Sequence[float], scale: float, digits: int) -> str:
    """The median, and the quartiles in brackets."""
    low, high = spread(values)
    return f"{median(values) * scale:.{digits}f} ({low * scale:.{digits}f} .. {high * scale:.{digits}f})"


def report(
    name: str, about: Mapping[str, Any], head: Sequence[str], rows: Sequence[Sequence[str]], options: Any, raw: Any
) -> None:
    """Print the table, and write the raw numbers if wanted."""
    print(f"{name}\n")
    for key, value in about.items():
        print(f"{key + ':':13s} {value}")
    table = [list(head), *(list(row) for row in rows)]
    widths = [max(len(row[k]) for row in table) for k in range(len(head))]
    print()
    for k, row in enumerate(table):
        cells = [
            cell.ljust(w) if c == 0 else cell.rjust(w) for c, (cell, w) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())
        if k == 0:
            print("-" * (sum(widths) + 2 * len(widths) - 2))
    sys.stdout.flush()
    if options.json is not None:
        content = {"benchmark": name, "facts": dict(about), "table": table, "measurements": raw}
        beside = options.json.with_name(options.json.name + ".part")
        beside.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        os.replace(beside, options.json)
