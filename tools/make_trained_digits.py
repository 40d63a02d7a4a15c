"""Make the trained network that comes with Cutaway: python tools/make_trained_digits.py

Trains the digits project by its recipe, reads the 2,000 held-out digits once, and writes trained.safetensors (the
weights) and trained.json (score, log, machine) into the project.
"""

from __future__ import annotations

import json
import platform
from time import perf_counter

import numpy as np
from safetensors.numpy import save_file

from cutaway import data
from cutaway.projects import digits
from cutaway.projects.digits.use import SHIPPED
from cutaway.training import machine
from cutaway.training.checkpoint import log


def main() -> None:
    """Train, score, write."""
    recipe = digits.Recipe()
    start = perf_counter()
    run = digits.go_on(digits.new_run(recipe))
    seconds = perf_counter() - start
    found = digits.report(run.predict, data.load("digits").test)
    save_file({name: np.asarray(run.state[name]) for name in run.net.state()}, SHIPPED)
    about = {
        "made by": "python tools/make_trained_digits.py",
        "recipe": vars(recipe),
        "held-out accuracy": found.accuracy,
        "held-out digits": 2000,
        "mistakes": len(found.mistakes),
        "seconds": round(seconds, 1),
        "machine": {"python": platform.python_version(), **machine.describe(run.threads)},
        "data": f"{run.data.name}, sha256 {run.data.checksum}",
        "log": log(run),
    }
    SHIPPED.with_suffix(".json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    print(f"{SHIPPED.name}: {SHIPPED.stat().st_size:,} bytes, held-out accuracy: {100 * found.accuracy:.2f} %")


if __name__ == "__main__":
    main()
