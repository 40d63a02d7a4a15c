"""The recipes of the picture projects beside their PyTorch twins: do both learn alike, and which takes less time?

    python -m benchmarks.recipes objects --kind quick              200 steps: losses side by side, time a step
    python -m benchmarks.recipes mnist --kind quick --full --seeds 0,1,2      to the end, and how good each then is

Both start from the same weights and see the same batches, dealt and changed by Cutaway's loader. Each lives in a
process of its own; they take turns, a block of steps each. PyTorch's clock runs only while it trains, ours also while
batches are dealt.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

__all__ = ["Ours", "Theirs", "main", "side"]

DATA = {"objects": "cifar10"}


class Ours:
    """Cutaway."""

    def __init__(self, project: Any, recipe: Any, examples: Any) -> None:
        self.project, self.run = project, project.new_run(recipe, examples)

    def train(self, steps: int) -> tuple[list[float], float]:
        """The losses of so many steps, and the seconds they took."""
        begin, done = perf_counter(), self.run.batch
        self.run.train(until=done + steps, progress=False)
        return self.run.losses[done:].tolist(), perf_counter() - begin

    def score(self, examples: Any, views: Any) -> float:
        """The share of the examples that is named rightly."""
        return float(self.project.report(self.run.predict, examples, views).accuracy)


class Theirs:
    """PyTorch, eager."""

    def __init__(self, project: Any, recipe: Any, examples: Any, layout: str = "") -> None:
        import torch

        from cutaway.data import DataLoader

        from .twins import Trainer, twin

        torch.set_num_threads(recipe.workers)
        self.project = project
        self.loader = DataLoader(examples, recipe.batch_size, recipe.seed, augment=recipe.augment())
        optimizer = recipe.optimizer(recipe.epochs * len(self.loader))
        self.format = torch.channels_last if layout == "channels_last" else torch.contiguous_format
        net = twin(recipe.net(examples.x)).to(memory_format=self.format)
        self.trainer = Trainer(net, recipe.loss(), optimizer)

    def train(self, steps: int) -> tuple[list[float], float]:
        """The losses of so many steps, and the seconds they took."""
        import torch

        losses, seconds = [], 0.0
        for _ in range(steps):
            x, y = map(torch.from_numpy, map(np.array, self.loader.batch(self.trainer.batch)))
            begin = perf_counter()
            losses.append(self.trainer.step(x.to(memory_format=self.format), y).item())
            seconds += perf_counter() - begin
        return losses, seconds

    def score(self, examples: Any, views: Any) -> float:
        """The share of the examples that is named rightly, by the averaged weights."""
        import torch

        net = self.trainer.net
        self.trainer.use_averages()
        net.eval()

        def read(x: Any) -> Any:
            with torch.inference_mode():
                return torch.cat([net(part) for part in torch.from_numpy(np.array(x)).split(256)]).numpy()

        return float(self.project.report(read, examples, views).accuracy)


def _serve(pipe: Any, kind: str, name: str, recipe: Any, examples: Any, layout: str) -> None:
    """A side in its own process: asked by (word, arguments)."""
    from cutaway import data

    project = importlib.import_module(f"cutaway.projects.{name}")
    sets = data.load(DATA.get(name, name)) if examples is None else None
    known = sets.train if sets is not None else data.Dataset(*examples)
    made: Any = Ours(project, recipe, known) if kind == "ours" else Theirs(project, recipe, known, layout)
    pipe.send(len(known))
    while (asked := pipe.recv()) is not None:
        word, *given = asked
        if word == "score":
            assert sets is not None
            given = [sets.test, *given]
        pipe.send(getattr(made, word)(*given))


@contextmanager
def side(kind: str, name: str, recipe: Any, examples: Any = None, layout: str = "") -> Iterator[Any]:
    """One side ("ours" or "theirs") in a process of its own: a function to ask it, and how many examples it has.

    examples: arrays (x, y), or None for the data set of the project
    """
    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there, kind, name, recipe, examples, layout))
    process.start()
    there.close()
    try:
        count = here.recv()

        def ask(*words: Any) -> Any:
            here.send(words)
            return here.recv()

        yield ask, count
        here.send(None)
    finally:
        here.close()
        process.join(30)
        if process.is_alive():
            process.terminate()


def main(arguments: list[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", choices=("mnist", "fashion", "objects"))
    parser.add_argument("--kind", choices=("quick", "best"), default="best")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--block", type=int, default=10, help="steps at a time (default 10)")
    parser.add_argument("--layout", choices=("", "channels_last"), default="", help="of PyTorch's pictures")
    parser.add_argument("--full", action="store_true", help="train to the end and compare what was learnt")
    parser.add_argument("--seeds", default="0")
    options = parser.parse_args(arguments)
    recipe = getattr(importlib.import_module(f"cutaway.projects.{options.project}"), options.kind.upper())
    for seed in map(int, options.seeds.split(",")):
        _compare(options, dataclasses.replace(recipe, seed=seed))


def _compare(options: argparse.Namespace, recipe: Any) -> None:
    from cutaway.projects.pictures import Views

    with (
        side("ours", options.project, recipe) as (ours, count),
        side("theirs", options.project, recipe, layout=options.layout) as (theirs, _),
    ):
        steps = recipe.epochs * -(-count // recipe.batch_size) if options.full else options.steps
        losses: dict[str, list[float]] = {"ours": [], "theirs": []}
        blocks: dict[str, list[float]] = {"ours": [], "theirs": []}
        while len(losses["ours"]) < steps:
            some = min(options.block if not options.full else 100, steps - len(losses["ours"]))
            turns = [("ours", ours), ("theirs", theirs)]
            for name, ask in turns if len(blocks["ours"]) % 2 == 0 else reversed(turns):
                lost, seconds = ask("train", some)
                losses[name] += lost
                blocks[name].append(seconds / some)
        a, b = (np.array(losses[name]) for name in ("ours", "theirs"))
        apart = np.abs(a - b) / b
        pairs = list(zip(blocks["ours"], blocks["theirs"], strict=True))
        ratio = median(x / y for x, y in pairs[1:] or pairs)  # the first block warms up
        print(f"{options.project} {options.kind}, seed {recipe.seed}, {steps} steps of {recipe.batch_size}")
        print(
            f"loss, first and last 10: {a[:10].mean():.4f} {a[-10:].mean():.4f}, PyTorch {b[:10].mean():.4f} "
            f"{b[-10:].mean():.4f}; apart by {100 * np.median(apart):.3g} % (median), {100 * apart.max():.3g} % at most"
        )
        for name in blocks:
            print(f"{name}: {1e3 * median(blocks[name]):.1f} ms a step")
        print(f"ours / theirs, median of neighbouring blocks: {ratio:.2f}")
        if options.full:
            views = None if options.kind == "best" else Views()
            project = importlib.import_module(f"cutaway.projects.{options.project}")
            for name, ask in (("ours", ours), ("theirs", theirs)):
                print(
                    f"{name}: {100 * ask('score', views or project.VIEWS):.2f} % of the held-out pictures", flush=True
                )


if __name__ == "__main__":
    main()
