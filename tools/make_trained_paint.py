"""Make the eye that comes with the painter: python tools/make_trained_paint.py [--work FOLDER]

Trains the network of the paint project by its recipe on CIFAR-10 (which must be there: cutaway data get cifar10), looks
once at the 10,000 held-out photographs, and writes trained.safetensors (the weights) and trained.json (score, recipe,
log, machine) into the project. With a folder it can be stopped, and goes on when it is called again.
"""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from cutaway import data
from cutaway.projects import paint, pictures
from cutaway.training import Run, machine
from cutaway.training.checkpoint import checkpoints, log


def main(folder: Path | None) -> None:
    """Train, score, write."""
    recipe = paint.Recipe()
    if folder is not None and folder.is_dir() and checkpoints(folder):
        run = Run.resume(folder)
    else:
        run = paint.new_run(recipe)
    pictures.go_on(run, **({} if folder is None else {"save": folder}))
    if run.batch < run.goal:
        return
    found = pictures.report(run.predict(data.load("cifar10").test.x), data.load("cifar10").test)
    file = paint.SHIPPED
    save_file({name: np.asarray(run.state[name]) for name in paint.network(recipe.widths).state()}, file)
    about = {
        "made by": "python tools/make_trained_paint.py",
        "recipe": vars(recipe),
        "held-out accuracy": found.accuracy,
        "held-out photographs": int(found.confusion.sum()),
        "seconds": round(run.seconds, 1),
        "machine": {"python": platform.python_version(), **machine.describe(run.threads, run.workers)},
        "data": f"{run.data.name}, sha256 {run.data.checksum}" if run.data else "",
        "log": log(run),
    }
    file.with_suffix(".json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    print(f"{file.name}: {file.stat().st_size:,} bytes, held-out accuracy: {100 * found.accuracy:.2f} %")


if __name__ == "__main__":
    main(Path(sys.argv[2]) if sys.argv[1:2] == ["--work"] else None)
