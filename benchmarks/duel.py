"""Cutaway and its peers take turns on one workload, each in its own process; what came out, as rows.

A round is one block of every side, in an order that is reversed every other round; while one works, the others sleep.
A block counts only if its threads waited less than 3 % of its time for a core, and a ratio only if both blocks of its
round count. So a neighbour on the machine costs time, and changes no number.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from .common import spread
from .process import Process, WorkerError
from .workload import Workload

__all__ = ["DISTURBED", "Plan", "duel"]

DISTURBED = 0.03
PAUSE = 0.03  # seconds: threads of the side before fall asleep
PATIENCE = 3  # times as many rounds as wanted are made, if many are disturbed
OURS = "cutaway"


class Plan(NamedTuple):
    """How to measure."""

    cores: int = 2
    blocks: int = 12
    seconds: float = 0.5
    avx2: bool = False
    say: Callable[[str], None] = print


def duel(workload: Workload, peers: list[str], file: Path, plan: Plan) -> list[dict[str, Any]]:
    """One row for every peer that could be started."""
    with ExitStack() as open_now:
        sides: dict[str, Process] = {}
        for name in [OURS, *peers]:
            try:
                sides[name] = open_now.enter_context(_start(name, workload, file, plan))
            except WorkerError as error:
                if name == OURS:
                    raise
                plan.say(f"{workload.name}: {name} {error}")
        rounds = _rounds(sides, plan)
        # Memory at the end: looking at it disturbs, and everything has had its time to grow.
        peaks = {name: side.peak(max(2, side.steps // 2)) for name, side in sides.items()}
        kept = sides[OURS].ask(1)["kept"]
        rows = [_row(workload, name, sides, rounds, peaks, kept, plan) for name in sides if name != OURS]
    if workload.judged:
        learned = {name: _learned(workload, name, file, plan) for name in sides}
        for row in rows:
            row |= {"cutaway_loss": learned[OURS], "peer_loss": learned[row["peer"]]}
    return rows


def _learned(workload: Workload, name: str, file: Path, plan: Plan) -> float:
    """How well one epoch teaches it, from the start."""
    with Process(name, workload.name, file, plan.cores, avx2=plan.avx2) as side:
        side.start()
        side.ask(workload.batches - 2)  # two were for warming up
        return float(side.ask("quality")["quality"])


def _start(name: str, workload: Workload, file: Path, plan: Plan) -> Process:
    if name == "torch-best":
        return _best(workload, file, plan)
    side = Process(name, workload.name, file, plan.cores, avx2=plan.avx2)
    return _settled(side, plan)


def _settled(side: Process, plan: Plan) -> Process:
    try:
        side.start()
        side.settle(plan.seconds)
    except WorkerError:
        side.close()
        raise
    return side


def _best(workload: Workload, file: Path, plan: Plan) -> Process:
    """The fastest of PyTorch's ways, each tried for a few blocks: eager as it is, or fused with whatever helps."""
    layouts = ["", "channels_last"] if workload.images else [""]
    tail = [] if workload.inference else ["fused"]
    ways = ["+".join(filter(None, [layout, *tail, *more])) for more in ([], ["compile"]) for layout in layouts]
    ways = list(dict.fromkeys(["", *ways]))
    best: Process | None = None
    fastest = float("inf")
    for way in ways:
        try:
            side = _settled(Process("torch", workload.name, file, plan.cores, way, plan.avx2), plan)
        except WorkerError as error:
            plan.say(f"{workload.name}: {way}: {error}")
            continue
        seconds = min(side.ask(side.steps)["seconds"] for _ in range(3)) / side.steps
        if seconds < fastest:
            loser, best, fastest = best, side, seconds
        else:
            loser = side
        if loser is not None:
            loser.close()
    if best is None:
        raise WorkerError("has no way that works here.")
    return best


def _rounds(sides: dict[str, Process], plan: Plan) -> list[dict[str, tuple[float, bool]]]:
    """For every round and side: the seconds of a step, and whether the block counts."""
    rounds: list[dict[str, tuple[float, bool]]] = []
    while len(rounds) < PATIENCE * plan.blocks and _fewest(sides, rounds) < plan.blocks:
        done = {}
        for name in sides if len(rounds) % 2 == 0 else reversed(sides):
            time.sleep(PAUSE)
            sides[name].ask(1)  # wake up
            answer = sides[name].ask(sides[name].steps)
            counts = answer["delay"] is None or answer["delay"] < DISTURBED
            done[name] = answer["seconds"] / sides[name].steps, counts
        rounds.append(done)
    return rounds


def _fewest(sides: dict[str, Process], rounds: list[dict[str, tuple[float, bool]]]) -> int:
    return min(sum(done[name][1] and done[OURS][1] for done in rounds) for name in sides)


def _row(
    workload: Workload,
    peer: str,
    sides: dict[str, Process],
    rounds: list[dict[str, tuple[float, bool]]],
    peaks: dict[str, int | None],
    kept: int,
    plan: Plan,
) -> dict[str, Any]:
    clean = [done for done in rounds if done[OURS][1] and done[peer][1]]
    quiet = len(clean) >= min(3, plan.blocks)
    used = clean if quiet else rounds
    ours, theirs = ([done[name][0] / workload.amount for done in used] for name in (OURS, peer))
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    row = {
        "workload": workload.name,
        "title": workload.title,
        "peer": peer,
        "how": sides[peer].hello["how"],
        "cutaway_how": sides[OURS].hello["how"],
        "instructions": "avx2" if plan.avx2 else "native",
        "counted": workload.step,
        "ratio": median(ratios),
        "ratio_spread": spread(ratios),
        "cutaway_seconds": median(ours),
        "cutaway_spread": spread(ours),
        "peer_seconds": median(theirs),
        "peer_spread": spread(theirs),
        "blocks": len(used),
        "discarded": len(rounds) - len(clean),
        "quiet": quiet,
        "cores": plan.cores,
    }
    return {**row, **_memory(peer, sides, peaks, kept)}


def _memory(peer: str, sides: dict[str, Process], peaks: dict[str, int | None], kept: int) -> dict[str, Any]:
    """Peaks as they are, and what training takes: without the library and the data, and without our past."""
    ours, theirs = peaks[OURS], peaks[peer]
    if ours is None or theirs is None:
        return {}
    step, their_step = ours - sides[OURS].hello["before"] - kept, theirs - sides[peer].hello["before"]
    return {
        "cutaway_memory": ours,
        "cutaway_history": kept,
        "peer_memory": theirs,
        "cutaway_step_memory": step,
        "peer_step_memory": their_step,
        "memory_ratio": step / max(1, their_step),
    }
