"""What does the loop itself cost? The smallest network there is: 3 inputs, 4 neurons, 1 output, 4 examples a batch.

On it every microsecond around the arithmetic shows. Four kinds of blocks take turns:

    bare call     the program of a batch as one Python call, again and again on one batch: the arithmetic
    replay        the executor over batches that are ready
    advance       the run: batches dealt, results kept, the past remembered
    train         what a user types, with its look at the clock every tenth of a second

Rerun: python -m benchmarks.tiny_loop
"""

from __future__ import annotations

from itertools import repeat
from statistics import median

import numpy as np

import cutaway as ct
from cutaway import nn, optim
from cutaway.training import machine

from .common import arguments, facts, interleaved, report, summary


def tiny_run(seed: int, threads: int) -> ct.Run:
    """3-4-1 on four examples, as in the first chapters."""
    x = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], np.float32)
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1)).init(seed)
    data = (x, (x[:, :1] != x[:, 1:2]).astype(np.float32))
    return ct.Run(net, nn.MSELoss(), optim.SGD(0.01), data, batch_size=4, seed=seed, threads=threads)


def main() -> None:
    """Measure and print."""
    options = arguments(__doc__, rounds=30, seconds=0.3).parse_args()
    about = facts(options.threads, options.seed)
    through, trained, replayed, called = (tiny_run(options.seed, options.threads) for _ in range(4))
    executor, batch = called.executor(), called.inputs(0)
    state = [called.state[name] for name in executor.names]

    def bare(batches: int) -> None:
        call, values = executor._call, state
        for _ in repeat(None, batches):
            values, _ = call(*batch, *values)

    def replay(batches: int) -> None:
        for _ in replayed.executor().replay(repeat(batch, batches)):
            pass

    def advance(batches: int) -> None:
        through.advance(through.batch + batches)

    def train(batches: int) -> None:
        trained.train(batches=batches, progress=False)

    kinds = {"bare call": bare, "replay": replay, "advance": advance, "train": train}
    with machine.threads(options.threads):
        timings = interleaved(kinds, options.rounds, options.seconds)
    rows = []
    for name, values in timings.items():
        shares = [b / v for b, v in zip(timings["bare call"], values, strict=True)]
        own = 1e6 * (median(values) - median(timings["bare call"]))
        rows.append((name, summary(values, 1e6, 2), f"{own:.2f}", f"{100 * median(shares):.0f} %"))
    head = ("", "microseconds a batch", "above the bare call", "share of arithmetic")
    report("tiny_loop: 3-4-1, batch 4, SGD", about, head, rows, options, timings)


if __name__ == "__main__":
    main()
