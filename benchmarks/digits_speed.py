"""Where does the time of the digits recipe go? Milliseconds a batch, and the share of every phase and operation.

The whole is measured unwatched, as training runs. The shares come from walking the same batches step by step with a
clock at every step; walking keeps every slot, so its sum is a little more than the whole.

Rerun: python -m benchmarks.digits_speed
"""

from __future__ import annotations

from statistics import median
from time import perf_counter

import cutaway as ct
from cutaway.projects.digits.recipe import Recipe, new_run
from cutaway.training import machine

from .common import arguments, facts, interleaved, report, summary

PHASES = ("data", "forward", "loss", "backward", "update")


def walk(run: ct.Run, batches: int) -> dict[tuple[str, str], list[float]]:
    """(phase, operation) -> seconds in each of so many batches."""
    found: dict[tuple[str, str], list[float]] = {}
    state = dict(run.state)  # the run itself does not move
    executor = type(run.executor())(run.program, state)
    for k in range(batches):
        start = perf_counter()
        inputs = run.inputs(run.batch + k)
        spent = {("data", "batch"): perf_counter() - start}
        before = perf_counter()
        for step in executor.walk(inputs):
            now = perf_counter()
            key = (step.label.partition("/")[0], step.op.name)
            spent[key] = spent.get(key, 0.0) + now - before
            before = perf_counter()
        for key, seconds in spent.items():
            found.setdefault(key, []).append(seconds)
    return found


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__, rounds=20, seconds=0.5)
    parser.add_argument("--top", type=int, default=12, help="operations to list (default 12)")
    options = parser.parse_args()
    about = facts(options.threads, options.seed)
    run = new_run(Recipe(seed=options.seed))
    run.threads = options.threads
    timings = interleaved(
        {"train": lambda batches: run.train(batches=batches, progress=False) and None}, options.rounds, options.seconds
    )
    whole = median(timings["train"])
    run.at(len(run.loader()) * (run.batch // len(run.loader())))  # the beginning of an epoch: full batches ahead
    with machine.threads(options.threads):
        parts = walk(run, max(3, min(round(options.rounds * options.seconds / whole / 4), len(run.loader()) - 1)))
    middle = {key: median(seconds) for key, seconds in parts.items()}
    total = sum(middle.values())
    rows = [("a batch, unwatched", summary(timings["train"], 1e3, 3), "", "")]
    rows.append(("an epoch, in seconds", f"{whole * len(run.loader()):.2f}", "", ""))
    for phase in PHASES:
        mine = sum(seconds for (p, _), seconds in middle.items() if p == phase)
        rows.append((phase, f"{1e3 * mine:.3f}", f"{100 * mine / total:.1f} %", ""))
    for (phase, op), seconds in sorted(middle.items(), key=lambda item: -item[1])[: options.top]:
        count = sum(s.op.name == op and s.label.startswith(phase) for s in run.program.steps) or 1
        rows.append((f"  {phase} {op}", f"{1e3 * seconds:.3f}", f"{100 * seconds / total:.1f} %", f"{count} x"))
    rows.append(("all steps, walked", f"{1e3 * total:.3f}", "100 %", ""))
    raw = {"train": timings["train"], "walked": {" ".join(key): seconds for key, seconds in parts.items()}}
    head = ("", "milliseconds a batch", "share", "steps")
    report("digits_speed: the digits recipe, batch 64", about, head, rows, options, raw)


if __name__ == "__main__":
    main()
