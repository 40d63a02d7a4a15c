"""Make the trained networks that come with the picture projects: python tools/make_trained_pictures.py fashion

    python tools/make_trained_pictures.py mnist                       train by BEST, score, write
    python tools/make_trained_pictures.py mnist --run A --run B       take finished runs of BEST; ship the first
    python tools/make_trained_pictures.py mnist --check               score what is shipped once more

Into the project's folder go trained.safetensors (the averaged weights that the run predicts with, matrices in half
precision) and trained.json: the recipe, how many of the canonical test pictures are named rightly by what is shipped
and by the run as it was trained, seconds, machine, and the log of every pass. Runs with other seeds are scored beside
it, and their mean is noted.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from cutaway import data
from cutaway.projects.pictures import packed, used
from cutaway.training import Run
from cutaway.training.checkpoint import checkpoints
from cutaway.training.log import log

SETS = {"mnist": "mnist", "fashion": "fashion", "objects": "cifar10"}
LARGEST = 10_000_000  # bytes of weights


def main(words: Sequence[str] | None = None) -> int:
    """Train or take, score, write; or check."""
    options = _options(words)
    project = importlib.import_module(f"cutaway.projects.{options.project}")
    if options.check:
        return _check(project, options.project)
    folders = options.run or [_trained(project, options.project)]
    runs = []
    for folder in folders:
        run = Run.resume(folder)
        if wrong := unlike(run, project, options.project):
            print(f"{folder} is no finished run of BEST: {wrong}.", file=sys.stderr)
            return 1
        runs.append(run)
    about = write(project, options.project, runs, [_machine(folder) for folder in folders], options.note)
    print(f"{project.SHIPPED.name}: {project.SHIPPED.stat().st_size:,} bytes, {_told(about)}")
    return 0


def unlike(run: Run, project: Any, name: str) -> str:
    """In what a run is not one of BEST that has come to its goal; "" where it is."""
    recipe = replace(project.BEST, seed=run.seed, workers=1)
    examples = data.load(SETS[name]).train
    if run.name != name or run.data is None or run.data.checksum != examples.checksum:
        return f"it trained {run.name or 'something'} on other data"
    goal = recipe.epochs * -(-len(examples) // recipe.batch_size)
    if not run.batch == run.goal == goal:
        return f"it is at batch {run.batch} of {run.goal}, and BEST has {goal}"
    if run.history.events:
        return "it was changed on the way"
    model = project.new_run(recipe, examples[: recipe.batch_size])
    model.programs.evaluation(model.typed(examples.x[:2]), model.typed(examples.y[:2]))
    pairs = {
        "the batch size": (run.batch_size, recipe.batch_size),
        "the optimizer": (run.optimizer and run.optimizer.options(), recipe.optimizer(goal).options()),
        "the changes of the pictures": [[c.to_dict() for c in changes] for changes in (run.augment, recipe.augment())],
        "the smoothing of the answers": (_smoothings(run), _smoothings(model)),
        "the shapes of the weights": [{k: np.shape(a) for k, a in used(r, model.net).items()} for r in (run, model)],
    }
    return ", ".join(what for what, (found, wanted) in pairs.items() if found != wanted)


def write(project: Any, name: str, runs: list[Run], machines: list[Any], note: str = "") -> dict[str, Any]:
    """Score the runs on the canonical test set, ship the first; what the note beside the weights says."""
    run, test = runs[0], data.load(SETS[name]).test
    trained = [project.report(one.predict, test) for one in runs]
    weights = packed(used(run, project.network(widths=project.BEST.widths)))
    found = _scored(project, run, weights, test)
    save_file(weights, project.SHIPPED)
    if project.SHIPPED.stat().st_size > LARGEST:
        raise SystemExit(f"{project.SHIPPED} has more than {LARGEST:,} bytes.")
    about = {
        "made by": f"python tools/make_trained_pictures.py {name}",
        "recipe": asdict(replace(project.BEST, seed=run.seed)),
        "test accuracy": found.accuracy,
        "test pictures": len(test),
        "mistakes": len(found.mistakes),
        "views": asdict(project.VIEWS) | {"looks at each picture": len(project.VIEWS)},
        "weights": {
            "numbers": sum(array.size for array in weights.values()),
            "stored": "matrices and stencils in half precision (float16), rows in single",
            "test accuracy in single precision": trained[0].accuracy,
            "sha256": hashlib.sha256(project.SHIPPED.read_bytes()).hexdigest(),
        },
        "seconds": round(run.seconds),
        "machine": machines[0],
    }
    if note:
        about["note"] = note
    if len(runs) > 1:
        accuracies = [one.accuracy for one in trained]
        about["seeds"] = {
            "mean test accuracy in single precision": float(np.mean(accuracies)),
            "test accuracy in single precision": {str(r.seed): a for r, a in zip(runs, accuracies, strict=True)},
            "seconds": {str(r.seed): round(r.seconds) for r in runs},
        }
    about["data"] = f"{run.data.name}, sha256 {run.data.checksum}" if run.data else ""
    about["log"] = log(run)
    project.SHIPPED.with_suffix(".json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    return about


def _trained(project: Any, name: str) -> Path:
    """A run of BEST, trained now."""
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-best-"))
    project.go_on(project.new_run(), save=folder)
    return folder


def _scored(project: Any, run: Run, weights: dict[str, Any], test: data.Dataset) -> Any:
    """The report of the run's network with other weights."""
    other = run.fork()
    for key, array in weights.items():
        averaged = f"optim/average/{key}"
        other.state[averaged if averaged in other.state else key] = array.astype(np.float32)
    return project.report(other.predict, test)


def _check(project: Any, name: str) -> int:
    """Does what is shipped score as its note says? By the shipped reader itself, without a run: slow, but the truth."""
    about = json.loads(project.SHIPPED.with_suffix(".json").read_text(encoding="utf-8"))
    found = project.report(project.reader(), data.load(SETS[name]).test)
    print(f"{_told(about)}; now {100 * found.accuracy:.2f} %, {len(load_file(project.SHIPPED))} arrays")
    return int(abs(found.accuracy - about["test accuracy"]) > 0.0002)


def _told(about: dict[str, Any]) -> str:
    single = about["weights"]["test accuracy in single precision"]
    mean = about.get("seeds", {}).get("mean test accuracy in single precision")
    return (
        f"test accuracy {100 * about['test accuracy']:.2f} % ({about['mistakes']} mistakes; in single precision "
        f"{100 * single:.2f} %), {about['seconds']:,} seconds"
    ) + (f"; mean of all seeds {100 * mean:.2f} %" if mean else "")


def _smoothings(run: Run) -> set[float]:
    """How much of the right answer is shared among all, in all programs of a run."""
    steps = [step for tape in run.programs.tapes.values() for step in tape.steps]
    return {step.attrs["label_smoothing"] for step in steps if "label_smoothing" in step.attrs}


def _machine(folder: Path) -> Any:
    """The machine as the run wrote it down."""
    file = folder if folder.is_file() else checkpoints(folder)[0]
    with safe_open(str(file), framework="numpy") as stream:
        return json.loads(stream.metadata()["cutaway"])["machine"]


def _options(words: Sequence[str] | None) -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", choices=tuple(SETS))
    parser.add_argument("--run", type=Path, action="append", metavar="FOLDER", help="a finished run of BEST")
    parser.add_argument("--note", default="", help="a sentence about the training, e.g. what else the machine did")
    parser.add_argument("--check", action="store_true", help="only score what is shipped")
    return parser.parse_args(words)


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    sys.exit(main())
