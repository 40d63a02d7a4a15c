"""One library at work in a process of its own: it does so many steps when asked, and answers with the seconds.

    python -m benchmarks.worker LIBRARY WORKLOAD FILE --cores 2 --how compile

A line "12" on the input means 12 steps, "quality" asks how well it has learned; the answer is one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

from . import load


def main() -> None:
    """Work until the input ends."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library")
    parser.add_argument("workload")
    parser.add_argument("file", type=Path)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--how", default="")
    options = parser.parse_args()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints goes where errors go

    from .sides import make
    from .workloads import WORKLOADS

    build = make(options.library, WORKLOADS[options.workload], options.file, options.cores, options.how)
    before = load.memory()
    side = build()
    start = perf_counter()
    side.train(2)
    answer: dict[str, Any] = {"how": side.how, "seconds": perf_counter() - start}
    if before is not None:
        answer["before"] = before + side.data
    while True:
        losses = side.losses()
        answer |= {"losses": [*losses[:8], losses[-1]], "kept": side.kept()}
        print(json.dumps(answer), file=answers, flush=True)
        line = sys.stdin.readline()
        if not line:
            return
        if line.startswith("quality"):
            answer = {"quality": side.quality()}
            continue
        steps = int(line)
        waited, start = load.waited(), perf_counter()
        side.train(steps)
        seconds = perf_counter() - start
        after = load.waited()
        delay = None if waited is None or after is None else (after - waited) / seconds
        answer = {"seconds": seconds, "delay": delay}


if __name__ == "__main__":
    main()
