"""The recipe: how the network is trained, in numbers that were chosen on digits it neither learnt nor is judged by.

Those were 1,000 of the 8,000 training digits (``digits.train.split(7 / 8)``); the 2,000 held-out digits chose nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cutaway import data, nn, optim
from cutaway.training import Run

from .network import network

__all__ = ["Recipe", "go_on", "new_run"]


@dataclass(frozen=True)
class Recipe:
    """Every number that decides how a training goes.

    epochs: passes over the digits
    batch_size: digits a step
    alpha: the longest step; one-cycle reaches it after three tenths of the way and comes to rest at the end
    shift: how many pixels a digit is moved at most, another way in every epoch
    seed: decides the first weights, the order and the shifts

    >>> Recipe(epochs=3).seed
    0
    """

    epochs: int = 12
    batch_size: int = 64
    alpha: float = 8e-3
    shift: int = 2
    seed: int = 0


def new_run(recipe: Recipe | None = None, examples: data.Dataset | None = None, validation: Any = None) -> Run:
    """A run that has not begun: on all training digits, or on the examples given.

    >>> new_run(Recipe(seed=3)).batch
    0
    """
    recipe = recipe or Recipe()
    examples = data.load("digits").train if examples is None else examples
    batches = recipe.epochs * -(-len(examples) // recipe.batch_size)
    run = Run(
        network(recipe.seed),
        nn.CrossEntropyLoss(),
        optim.Adam(recipe.alpha, schedule=optim.OneCycle(total=batches)),
        examples,
        recipe.batch_size,
        seed=recipe.seed,
        validation=validation,
        augment=[data.Shift(recipe.shift)],
        threads=1,  # products as small as these gain nothing from a second thread
        name="digits",
    )
    run.goal = batches
    return run


def go_on(run: Run, **how: Any) -> Run:
    """Train a run, new or interrupted, to its goal; ``how`` is handed to ``Run.train`` (progress, save, ...).

    >>> from cutaway import data
    >>> few = data.load("digits").train[:64]
    >>> go_on(new_run(Recipe(epochs=2), few), progress=False).batch
    2
    """
    return run.train(until=run.goal, **how) if run.batch < run.goal else run
