"""What does remembering cost? The digits recipe with and without its history, in blocks that take turns.

Two runs with the same seed do the same batches. One takes snapshots as always, the other none at all. Each block of
the one is paired with the block of the other beside it, and the ratios of the pairs are counted. Beside that the time
spent inside `History.add` is measured with a clock of its own, which is less noisy but sees only what happens inside.

The promise is: at most 5 % of the time.        Rerun: python -m benchmarks.memory_cost
"""

from __future__ import annotations

from math import comb
from statistics import median
from time import perf_counter
from typing import Any

import cutaway as ct
from cutaway.projects.digits.recipe import Recipe, new_run
from cutaway.training import History

from .common import arguments, facts, interleaved, report, spread, summary

PROMISE = 1.05


class Forgetful(History):
    """Remembers nothing of what was done."""

    def add(self, batch: int, state: Any, seconds_a_batch: float = 0.0) -> None:
        """Nothing."""

    def next_due(self, batch: int) -> int:
        """Never."""
        return 2**62


class Clocked(History):
    """Remembers as always, and how long that took."""

    spent = 0.0

    def add(self, batch: int, state: Any, seconds_a_batch: float = 0.0) -> None:
        """A snapshot, timed."""
        start = perf_counter()
        super().add(batch, state, seconds_a_batch)
        self.spent += perf_counter() - start


def with_history(history: History, seed: int, threads: int) -> ct.Run:
    """The recipe of the digits project with another history."""
    run = new_run(Recipe(seed=seed))
    run.threads = threads
    history.first = run.history.first
    run.history = history
    return run


def certainty(values: list[float]) -> tuple[float, float]:
    """Where the true median lies with 95 % certainty, from the order of the measurements alone."""
    ordered, n = sorted(values), len(values)
    out, k = 0.0, 0
    while k < n // 2 and (out := out + comb(n, k) / 2**n) < 0.025:
        k += 1
    return ordered[max(0, k - 1)], ordered[min(n - 1, n - k)]


def main() -> None:
    """Measure and print."""
    options = arguments(__doc__, rounds=40, seconds=1.0).parse_args()
    about = facts(options.threads, options.seed)
    clocked = Clocked()
    runs = {
        "remembering": with_history(clocked, options.seed, options.threads),
        "forgetful": with_history(Forgetful(), options.seed, options.threads),
    }

    def train(run: ct.Run) -> Any:
        return lambda batches: run.train(batches=batches, progress=False)

    timings = interleaved({name: train(run) for name, run in runs.items()}, options.rounds, options.seconds)
    ratios = [a / b for a, b in zip(timings["remembering"], timings["forgetful"], strict=True)]
    low, high = certainty(ratios)
    inside = clocked.spent / runs["remembering"].seconds
    rows = [(name, summary(values, 1e3, 3), "") for name, values in timings.items()]
    rows.append(("ratio of pairs", f"{median(ratios):.4f} ({spread(ratios)[0]:.4f} .. {spread(ratios)[1]:.4f})", ""))
    rows.append(("  its median, 95 % certain", f"{low:.4f} .. {high:.4f}", "kept" if high <= PROMISE else "open"))
    rows.append(("inside History.add", f"{100 * inside:.2f} % of the time", "kept" if inside <= 0.05 else "broken"))
    kept = sum(sum(a.nbytes for a in s.values()) for s in clocked.snapshots.values())
    rows.append(
        ("snapshots", f"{len(clocked.snapshots)}, {kept / 2**20:.0f} MiB, one every {clocked.interval} batches", "")
    )
    raw = {"seconds": timings, "ratios": ratios, "inside": inside}
    head = ("", "milliseconds a batch", "5 % promised")
    report("memory_cost: the digits recipe, with and without its past", about, head, rows, options, raw)


if __name__ == "__main__":
    main()
