"""A stretch of a run in one file: the same page, with what it would have been told, and no Python behind it.

Every moment of some batches is recorded: the numbers, the explanations, why weights moved. Of a large array the first
numbers are kept exactly, and of the rest what a page shows of it: its overview, its histogram, its summary.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine.errors import CutawayError
from .modules import bundle, style
from .session import Session
from .wire import Answer

if TYPE_CHECKING:
    from ...training.run import Run

__all__ = ["Recording", "save_html"]

NUMBERS = 2048  # of every array, so many are kept exactly
OVERVIEW = {"rows": 48, "cols": 64}  # cells of the picture of a whole matrix
TILES = {"rows": 32, "cols": 32, "from": 0, "count": 16}  # pictures of an array that is a row of them
ABILITIES = ["hello", "play", "tick", "pause", "step", "back", "at", "look", "unlook", "find", "explain", "why"]
ALSO = ["health", "picture"]
MOST_BATCHES = 64
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline' blob:; \
style-src 'unsafe-inline'; img-src data: blob:">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>
{style}
</style>
<body class="cutaway-body">
<noscript>This recording of a training run is drawn by JavaScript, which is switched off here.</noscript>
<script type="text/plain" id="cutaway-recording">{recording}</script>
<script type="module">
{bundle}const {{ replay }} = await load("replay.js");
const studio = (await load("studio.js")).default;
const packed = document.getElementById("cutaway-recording").textContent;
studio.render({{ model: replay(packed), el: document.body }});
</script>
</body>
</html>
"""


@dataclass(frozen=True)
class Recording:
    """A file that was written: where it is, how many bytes it has, and which batches it holds.

    >>> Recording(Path("digits.html"), 2_400_000, 20, 22)
    digits.html: batches 20 to 21, 2.4 MB
    """

    path: Path
    size: int
    first: int
    stop: int

    def __repr__(self) -> str:
        which = f"batch {self.first}" if self.stop == self.first + 1 else f"batches {self.first} to {self.stop - 1}"
        size = f"{self.size / 1e6:.1f} MB" if self.size >= 1e6 else f"{self.size / 1e3:.0f} kB"
        return f"{self.path}: {which}, {size}"


def save_html(run: Run, path: str | Path, batches: int | tuple[int, int] = 2, numbers: int = NUMBERS) -> Recording:
    """Write a file that replays some batches of a run in any browser, with no Python and no network.

    batches: how many, from where the run stands; or the first one and the one to stop before, as in ``range``
    numbers: of every array so many are kept exactly; of a larger one, the others only as its picture

    The run stays where it is. Returns where the file is and how large it has become.

    >>> from cutaway import nn, optim
    >>> run = ct.Run(nn.Linear(1, 1), nn.MSELoss(), optim.SGD(0.1), data=([[1.0], [2.0]], [[3.0], [5.0]]), batch_size=2)
    >>> save_html(run, "/dev/null", batches=0)
    Traceback (most recent call last):
    ...
    cutaway.engine.errors.CutawayError: save_html: batches is how many, from 1 to 64, or (first, stop).
    """
    first, stop = (run.batch, run.batch + batches) if isinstance(batches, int) else (int(batches[0]), int(batches[1]))
    if not 0 < stop - first <= MOST_BATCHES:
        raise CutawayError(f"save_html: batches is how many, from 1 to {MOST_BATCHES}, or (first, stop).")
    told = _Recorder(run.fork(), first, stop, max(0, int(numbers))).record()
    title = f"Cutaway: {run.name or 'a run'}, " + (
        f"batches {first} to {stop - 1}" if stop > first + 1 else f"batch {first}"
    )
    page = PAGE.format(
        title=escape(title),
        style=style().replace("</", "<\\/"),
        recording=told,
        bundle=bundle("replay.js", "studio.js"),
    )
    file = Path(path)
    _write(file, page.encode())
    return Recording(file, len(page.encode()), first, stop)


def _write(file: Path, content: bytes) -> None:
    """Beside its place, then renamed: the file is whole or not there."""
    beside = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        beside.write_bytes(content)
        os.replace(beside, file)
    finally:
        beside.unlink(missing_ok=True)


class _Recorder:
    """Walks a run through a session of its own and keeps what is answered."""

    def __init__(self, run: Run, first: int, stop: int, numbers: int) -> None:
        self.run, self.first, self.stop, self.numbers = run, first, stop, numbers
        self.session = Session(run)
        self.blob, self.places = bytearray(), dict[bytes, int]()
        self.records: list[dict[str, Any]] = []
        self.known: dict[str, int] = {}

    def record(self) -> str:
        """The recording, packed: what JSON holds, then the numbers; compressed, in letters."""
        run = self.run
        run.at(self.first)
        hello = self.ask(cmd="hello")
        session = next(head for head, _ in hello if head["kind"] == "session")
        session |= {"abilities": [*ABILITIES, *ALSO], "board": None}
        first = [head for head, _ in hello if head["kind"] in ("branches", "watches")]
        told: dict[str, Any] = {"session": session, "first": first, "programs": {}, "batches": []}
        told["health"] = self.one(cmd="health", now=True)
        told["picture"] = self.one(cmd="picture")
        while run.batch < self.stop:
            told["batches"].append(self._batch(told["programs"]))
        last = {"batch": run.batch, "frames": [self._frame(told["programs"])], "slots": self._state()}
        told["batches"].append({**last, "explained": [], "why": {}})
        results = np.array(run.results, np.float32).reshape(len(run.results), -1)
        told["curve"] = {"columns": ["loss", *run.metrics], **self.keep(results)}
        told["records"] = self.records
        text = json.dumps(told, separators=(",", ":")).encode()
        text += b" " * (-(len(text) + 4) % 8)
        packed = gzip.compress(len(text).to_bytes(4, "little") + text + bytes(self.blob), 9, mtime=0)
        return base64.b64encode(packed).decode()

    # -- moments ----------------------------------------------------------------------------------------------
    def _batch(self, programs: dict[str, Any]) -> dict[str, Any]:
        run = self.run
        told: dict[str, Any] = {"batch": run.batch, "frames": [self._frame(programs)], "explained": [], "why": {}}
        told["slots"] = self._state()
        told["why"] = self._why()
        self.ask(cmd="step", unit="op")
        tape = run.program
        for name, slot in tape.inputs.items():
            if np.ndim(run.see(name if name in ("x", "y") else slot)):
                told["slots"][str(slot)] = self._slot(slot)
        told["frames"].append(self._frame(programs))
        for k, step in enumerate(tape.steps):
            self.ask(cmd="step", unit="op")
            told["slots"][str(step.output)] = self._slot(step.output)
            told["explained"].append(self.one(cmd="explain", step=k))
            told["frames"].append(self._frame(programs))
        self.ask(cmd="step", unit="op")
        return told

    def _frame(self, programs: dict[str, Any]) -> dict[str, Any]:
        """What a page is told here, with a program that is new; the curve is kept once for all."""
        self.session.clients.clear()
        answers = self.ask(cmd="pause")
        for head, _ in answers:
            if head["kind"] == "program":
                programs.setdefault(str(head["program"]), head)
        frame = next(head for head, _ in answers if head["kind"] == "frame")
        return {name: value for name, value in frame.items() if name not in ("curve", "buffers", "client")}

    def _state(self) -> dict[str, int]:
        """The records of what the batch begins with."""
        tape = self.run.program
        return {str(slot): self._slot(slot) for name, slot in tape.state.items() if name in self.run.state}

    def _why(self) -> dict[str, Any]:
        """Of every weight, why its number that moved farthest in the batch before did."""
        run = self.run
        if run.batch <= max(run.earliest, self.first - 1):
            return {}
        program, values = run.relive(run.batch - 1)
        found = {}
        for name in program.gradients:
            moved = np.abs(np.asarray(values[program.carry[name]]) - np.asarray(values[program.state[name]]))
            index = [int(k) for k in np.unravel_index(int(np.argmax(np.nan_to_num(moved))), moved.shape)]
            found[name] = self.one(cmd="why", name=name, index=index)
        return found

    # -- arrays -----------------------------------------------------------------------------------------------
    def _slot(self, slot: int) -> int:
        """The number of the record of a slot as it is now."""
        what = {"slot": slot}
        head, parts = self.ask(cmd="look", key="r", what=what, overview=OVERVIEW, stats=True)[0]
        record = {name: head[name] for name in ("shape", "dtype", "leads", "lead", "matrix", "limit", "stats")}
        buffers = dict(zip([b["name"] for b in head["buffers"]], parts, strict=True))
        record["bins"] = self.put(buffers["bins"])
        whole = np.asarray(self.session.run.see(slot) if self.run.op else self._begin(slot))
        record["numbers"] = self.keep(whole.reshape(-1)[: self.numbers].astype(np.float32))
        if whole.size > self.numbers:
            record["overview"] = self._picture(head, parts)
            if whole.ndim > 2 or head["tile"]:
                told = self.ask(cmd="look", key="r", what=what, overview=TILES, view="tiles")[0]
                record["tiles"] = self._picture(*told)
        key = hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()
        if key not in self.known:
            self.known[key] = len(self.records)
            self.records.append(record)
        return self.known[key]

    def _begin(self, slot: int) -> Any:
        name = next(name for name, s in self.run.program.state.items() if s == slot)
        return self.run.state[name]

    def _picture(self, head: dict[str, Any], parts: Sequence[bytes]) -> dict[str, Any]:
        kind = next(k for k, b in enumerate(head["buffers"]) if b["name"] == "overview")
        return {"head": head["overview"], "dtype": head["buffers"][kind]["dtype"], **self.put(parts[kind])}

    def keep(self, array: Any) -> dict[str, int]:
        """Where an array lies in the blob."""
        return self.put(np.ascontiguousarray(array).tobytes())

    def put(self, data: bytes) -> dict[str, int]:
        """Where some bytes lie in the blob; the same ones are kept once."""
        key = hashlib.sha256(data).digest()
        if key not in self.places:
            self.places[key] = len(self.blob)
            self.blob += data + bytes(-len(data) % 8)
        return {"at": self.places[key], "size": len(data)}

    # -- asking -----------------------------------------------------------------------------------------------
    def ask(self, **command: Any) -> list[Answer]:
        """What the session answers; a refusal is an error here."""
        answers = self.session.handle(command)
        refused = next((head["error"] for head, _ in answers if head["kind"] == "error"), None)
        if refused is not None:
            raise CutawayError(f"save_html: {refused}")
        return answers

    def one(self, **command: Any) -> dict[str, Any] | None:
        """The one answer to a question, its arrays put into the blob; None where there is none."""
        head, parts = self.session.handle(command)[0]
        if head["kind"] == "error":
            return None
        return {"head": head, "parts": [self.put(part) for part in parts]}
