"""What do watching and an examination cost, on the digits recipe?

Four kinds of blocks take turns, all training the same batches:

    free              nothing is watched
    loss > 100        a condition on results: asked after a stretch of batches
    norm(weight)      a condition on the state: asked after every batch
    norm(grad)        a condition on a slot: every batch is walked

Then `run.health()` is called some times on the run as it stands.

Rerun: python -m benchmarks.health_cost
"""

from __future__ import annotations

from statistics import median
from time import perf_counter

from cutaway.projects.digits.recipe import Recipe, new_run
from cutaway.training import machine

from .common import arguments, facts, interleaved, report, summary

CONDITIONS = {
    "free": "",
    "loss > 100": "loss > 100",
    "norm(weight)": 'norm("13.weight") > 1000',
    "norm(grad)": 'norm(grad("13.weight")) > 1000',
}


def main() -> None:
    """Measure and print."""
    options = arguments(__doc__, rounds=10, seconds=0.7).parse_args()
    about = facts(options.threads, options.seed)
    runs = {name: new_run(Recipe(seed=options.seed)) for name in CONDITIONS}
    for name, condition in CONDITIONS.items():
        if condition:
            runs[name].watch(condition)
    kinds = {
        name: lambda batches, run=run: run.train(batches=batches, progress=False) and None  # type: ignore[misc]
        for name, run in runs.items()
    }
    with machine.threads(options.threads):
        timings = interleaved(kinds, options.rounds, options.seconds)
    rows = []
    for name, values in timings.items():
        ratio = median(b / a for a, b in zip(timings["free"], values, strict=True))
        rows.append((name, summary(values, 1e3, 2), f"{ratio:.3f}"))
    report("health_cost: the digits recipe", about, ("", "milliseconds a batch", "beside free"), rows, options, timings)
    run, took = runs["free"], []
    for _ in range(5):
        start = perf_counter()
        found = run.health()
        took.append(perf_counter() - start)
    print(f"\nrun.health() after {run.batch} batches: {summary(took, 1.0, 2)} seconds; it found {len(found)} things")


if __name__ == "__main__":
    main()
