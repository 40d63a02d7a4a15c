"""A saved run: one safetensors file that stands alone.

It holds the state, the programs as data, the events, the seed, and the name and checksum of the data, so the run goes
on to the bit without the code that made it. A file is written beside its place and then renamed, so it is whole or
not there; it carries a checksum of itself, so a damaged one is refused.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data import Dataset, load
from ..data.augment import from_dict
from ..engine.errors import CutawayError
from ..engine.program import from_data, to_data
from ..nn import Module
from ..optim import Optimizer
from . import machine
from .history import Event, Settings
from .log import log
from .parts import as_dataset

if TYPE_CHECKING:
    from .run import Run

__all__ = ["CheckpointError", "checkpoints", "finished", "resume", "save"]

FORMAT = 1
KEPT = 2  # checkpoints in a folder: the newest, and the one before in case it is damaged
LARGE = 64 << 20  # the beginning of the run is kept too, so that one can go back to it, unless it is larger
RECENT = 8 << 20  # bytes for moments of the past beside it, so that a short way back is short
FORGOTTEN = 600  # seconds: an unfinished file this old belongs to a process that was killed while it wrote
_NAME = re.compile(r"^batch-(\d+)\.safetensors$")
_PART = re.compile(r"^\.(batch-\d+\.safetensors|log\.jsonl)\.\d+\.part$")


class CheckpointError(CutawayError, ValueError):
    """A saved run that cannot be read: not there, cut short, or altered.

    >>> issubclass(CheckpointError, ValueError)
    True
    """


# -- writing ------------------------------------------------------------------------------------------------------
def save(run: Run, path: Path) -> Path:
    """Write the run to a file, or into a folder of checkpoints; returns the file."""
    single = path.suffix == ".safetensors"
    folder = path.parent if single else path
    folder.mkdir(parents=True, exist_ok=True)
    file = path if single else folder / f"batch-{run.batch:08d}.safetensors"
    about, arrays = _contents(run)
    _write(file, about, arrays)
    if not single:
        _write_atomically(folder / "log.jsonl", "".join(f"{json.dumps(row)}\n" for row in log(run)).encode())
        _tidy(folder, file)
    return file


def _tidy(folder: Path, newest: Path) -> None:
    """Only the newest checkpoints stay. Those of later batches are of a future that the run has gone back from."""
    found = checkpoints(folder)
    here = found.index(newest)
    for old in (*found[:here], *found[here + KEPT :]):
        old.unlink(missing_ok=True)
    for part in folder.glob(".*.part"):
        if _PART.match(part.name) and time.time() - part.stat().st_mtime > FORGOTTEN:
            part.unlink(missing_ok=True)


def checkpoints(folder: Path) -> list[Path]:
    """The checkpoints of a folder, the newest first."""
    found = [(int(match[1]), file) for file in folder.iterdir() if (match := _NAME.match(file.name))]
    return [file for _, file in sorted(found, reverse=True)]


def finished(folder: Path) -> bool:
    """Whether the newest checkpoint of a folder is trained to its goal; a damaged one is not, and neither is none.

    Only the head of the file is read.
    """
    from safetensors import SafetensorError, safe_open

    found = checkpoints(folder) if folder.is_dir() else []
    try:
        with safe_open(str(found[0]), framework="numpy") as stream:
            about = json.loads((stream.metadata() or {})["cutaway"])
    except (IndexError, SafetensorError, KeyError, ValueError, OSError):
        return False
    return bool(about["batch"] >= about["goal"] > 0)


def _contents(run: Run) -> tuple[dict[str, Any], dict[str, Any]]:
    """Everything about the run: what JSON can hold, and the arrays."""
    _complete(run)
    state, settings = run.opened
    arrays = {f"state/{name}": array for name, array in state.items()}
    size = sum(array.nbytes for array in state.values())
    past = set(run.history.kept)
    if size <= LARGE:
        past |= {run.earliest, *_recent(run, min(8, max(1, RECENT // (size + 1))))}
    past &= run.history.snapshots.keys()
    for batch in past:
        arrays |= {f"past/{batch}/{name}": array for name, array in run.history.snapshots[batch].items()}
    for k, name in enumerate(("loss", *run.metrics)):
        arrays[f"results/{name}"] = np.array([r[k] for r in run.results], np.float64)
    programs = {}
    for key, tape in run.programs.standing(min(2, len(run.data)) if run.data else 2).items():
        data, constants = to_data(tape)
        programs[key] = data
        arrays |= {f"constant/{key}/{slot}": array for slot, array in constants.items()}
    starts = {}
    for name, array in run.programs.starts.items():
        array = np.asarray(array)
        if (array == array.flat[0]).all():
            starts[name] = [array.dtype.str, array.shape, array.flat[0].item()]
        else:
            arrays[f"begin/{name}"] = array
    events = []
    for k, event in enumerate(run.history.events):
        if event.kind == "edit":
            arrays[f"event/{k}"] = np.asarray(event.value)
        events.append([*event[:5], event.value if event.kind == "settings" else None])
    about = {
        "format": FORMAT,
        "name": run.name,
        "seed": run.seed,
        "batch": run.batch,
        "op": run.op,
        "goal": run.goal,
        "kept": sorted(run.history.kept),
        "settings": settings,
        "first_settings": run.history.first,
        "events": events,
        "augment": [_augmentation(change) for change in run.augment],
        "data": _describe(run.data) or run.missing.get("data"),
        "validation": _describe(run.validation) or run.missing.get("validation"),
        "validations": {str(batch): values for batch, values in run.validations.items()},
        "metrics": run.metrics,
        "optimizer": run.optimizer.options() if run.optimizer else None,
        "programs": programs,
        "hanging": run.programs.hanging,
        "plan": run.programs.plan,
        "starts": starts,
        "machine": machine.describe(run.threads, run.workers),
        "seconds": run.seconds,
    }
    return about, arrays


def _recent(run: Run, most: int) -> list[int]:
    """The remembered batches next before 2, 8, 32, 128 ... batches ago: the farther back, the longer the way may be."""
    found = (run.history.nearest(run.batch - 2 * 4**k) for k in range(24) if run.batch - 2 * 4**k > run.earliest)
    return list(dict.fromkeys(found))[:most]


def _complete(run: Run) -> None:
    """Record what a run that stands alone will need: the smaller last batch of an epoch, and evaluation."""
    if run.net is None or run.data is None:
        return
    loader = run.loader()
    with machine.threads(run.threads):
        for x, y in (loader.batch(0), loader.batch(len(loader) - 1)):
            batch = run.typed(x), run.typed(y), np.int64(0), np.int64(0)
            run.programs.training(batch, run.settings, lambda: None)
        run.programs.evaluation(run.typed(run.data.x[:2]), run.typed(run.data.y[:2]))


def _augmentation(change: Any) -> dict[str, Any]:
    if not hasattr(change, "to_dict"):
        raise CheckpointError(
            f"save: the augmentation {change!r} cannot be written down. Those of ct.data can (Shift, Flip, Crop)."
        )
    saved: dict[str, Any] = change.to_dict()
    return saved


def _describe(data: Dataset | None) -> dict[str, Any] | None:
    return None if data is None else {"name": data.name, "checksum": data.checksum, "examples": len(data)}


def _digest(text: str, arrays: Mapping[str, Any]) -> str:
    total = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        total.update(f"{name} {array.dtype.str} {np.shape(arrays[name])}".encode())
        total.update(array.tobytes())
    return total.hexdigest()


def _write(file: Path, about: dict[str, Any], arrays: Mapping[str, Any]) -> None:
    from safetensors.numpy import save as to_bytes

    text = json.dumps(about, default=lambda number: number.tolist())  # NumPy's numbers are numbers too
    plain = {name: np.array(array, order="C") for name, array in arrays.items()}
    metadata = {"cutaway": text, "sha256": _digest(text, plain)}
    _write_atomically(file, to_bytes(plain, metadata))


def _write_atomically(file: Path, content: bytes) -> None:
    """Beside its place, then renamed: at every moment the old file or the new one is there, never half of one."""
    beside = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with open(beside, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(beside, file)
    finally:
        beside.unlink(missing_ok=True)


# -- reading ------------------------------------------------------------------------------------------------------
def resume(path: Path, net: Module | None, loss: Any, data: Any, validation: Any) -> Run:
    """The run that a file, or the newest file of a folder, holds."""
    from .run import Run

    file = _choose(path)
    about, arrays = _read(file)
    run = Run(
        None,
        loss,
        _optimizer(about["optimizer"]),
        _find(about["data"], data),
        seed=about["seed"],
        validation=_find(about["validation"], validation),
        augment=[from_dict(change) for change in about["augment"]],
        metrics=about["metrics"],
        threads=about["machine"]["threads"],
        workers=about["machine"].get("workers", 1),
        plan=about.get("plan", True),
        name=about["name"],
    )
    run.missing = {"data": about["data"], "validation": about["validation"]}
    kinds = ("state", "past", "results", "event", "constant", "begin")
    parts: dict[str, dict[str, Any]] = {kind: {} for kind in kinds}
    for name, array in arrays.items():
        part, _, rest = name.partition("/")
        parts[part][rest] = array
    run.state.update(parts["state"])
    run.batch, run.goal, run.seconds = about["batch"], about["goal"], about["seconds"]
    run.seconds_a_batch = run.seconds / run.batch if run.batch else 0.0
    columns = [parts["results"][name] for name in ("loss", *run.metrics)]
    run.results = [tuple(row) for row in zip(*columns, strict=True)]
    run.validations = {int(batch): values for batch, values in about["validations"].items()}
    for key, program in about["programs"].items():
        constants = {slot[len(key) + 1 :]: a for slot, a in parts["constant"].items() if slot.startswith(f"{key}/")}
        run.programs.tapes[key] = from_data(program, constants)
    run.programs.hanging = about.get("hanging", {})
    run.programs.starts = parts["begin"]
    for name, (dtype, shape, value) in about["starts"].items():
        run.programs.starts[name] = np.full(shape, value, dtype)
    _remember(run, about, parts)
    _compare(run, about)
    if net is not None:
        run.take_over(net)
    if run.data is not None:
        run.go(run.batch, about["op"])
    return run


def _optimizer(options: dict[str, Any] | None) -> Optimizer | None:
    """The optimizer again; one that is not known here is in the programs all the same."""
    try:
        return Optimizer.of(options) if options else None
    except KeyError:
        return None


def _remember(run: Run, about: dict[str, Any], parts: dict[str, dict[str, Any]]) -> None:
    """Settings, events, and what the run can go back to: its beginning, and the best so far."""
    run.settings, run.history.first = _settings(about["settings"]), _settings(about["first_settings"])
    for k, (batch, op, kind, name, index, value) in enumerate(about["events"]):
        value = _settings(value) if kind == "settings" else parts["event"][str(k)]
        run.history.events.append(Event(batch, op, kind, name, _tuples(index), value))
    past: dict[int, dict[str, Any]] = {}
    for place, array in parts["past"].items():
        batch, _, name = place.partition("/")
        past.setdefault(int(batch), {})[name] = array
    past.setdefault(run.batch, run.state.standing())
    for batch in sorted(past):
        run.history.add(batch, past[batch])
    run.history.kept = set(about["kept"]) & past.keys()


def _settings(fields: list[Any]) -> Settings:
    frozen, resting, *rest = fields
    return Settings(tuple(frozen), tuple(resting), *rest)


def _tuples(value: Any) -> Any:
    return tuple(_tuples(v) for v in value) if isinstance(value, list) else value


def _choose(path: Path) -> Path:
    if path.is_file():
        return path
    found = checkpoints(path) if path.is_dir() else []
    if not found:
        raise CheckpointError(f"{path}: there is no saved run here. run.save({str(path)!r}) writes one.")
    return found[0]


def _read(file: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The contents of a file, or an error that offers the file before."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(file), framework="numpy") as stream:
            metadata = stream.metadata() or {}
            arrays = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118
        text = metadata["cutaway"]
        if _digest(text, arrays) != metadata["sha256"]:
            raise CheckpointError("its checksum does not fit its contents")
        about = json.loads(text)
    except (SafetensorError, KeyError, ValueError, OSError) as error:
        others = [f for f in checkpoints(file.parent) if f != file] if _NAME.match(file.name) else []
        offer = f" Another one is there: Run.resume({str(others[0])!r})." if others else ""
        what = "no saved run of Cutaway" if isinstance(error, KeyError) else f"damaged ({error})"
        raise CheckpointError(f"{file} is {what}, so nothing was loaded.{offer}") from None
    if about["format"] > FORMAT:
        raise CheckpointError(f"{file} was written by a newer version of Cutaway; upgrade to read it.")
    return about, arrays


def _find(wanted: dict[str, Any] | None, given: Any) -> Dataset | None:
    """The data that the run was trained on: given, or found by its name; None where it is not to be had."""
    if wanted is None:
        return None if given is None else as_dataset(given)
    if given is not None:
        data = as_dataset(given)
        if data.checksum != wanted["checksum"]:
            raise CheckpointError(
                f"These are not the data of the saved run ({wanted['name'] or 'without a name'}, "
                f"{wanted['examples']:,} examples): the numbers differ, so it could not go on as it began."
            )
        return data
    name, _, part = wanted["name"].partition("/")
    try:
        found = getattr(load(name), part or "train", None) if name else None
    except CutawayError:
        return None
    return found if isinstance(found, Dataset) and found.checksum == wanted["checksum"] else None


def _compare(run: Run, about: dict[str, Any]) -> None:
    now, then = machine.describe(run.threads, run.workers), about["machine"]
    differs = [f"{key} {then[key]} then, {now[key]} now" for key in then if then[key] != now.get(key)]
    if differs:
        run.notes.append(
            f"This run was made on another machine ({'; '.join(differs)}): it goes on, but the last digits may differ."
        )
