"""A run of a recipe, begun and brought to its goal: the same for all projects with pictures."""

from __future__ import annotations

from typing import Any

from cutaway import data
from cutaway.training import Run

__all__ = ["begun", "go_on"]


def begun(recipe: Any, name: str, source: str, examples: data.Dataset | None, validation: Any) -> Run:
    """A run of this name that has not begun: on all training pictures of a source, or on the examples given."""
    examples = data.load(source).train if examples is None else examples
    batches = recipe.epochs * -(-len(examples) // recipe.batch_size)
    run = Run(
        recipe.net(examples.x),
        recipe.loss(),
        recipe.optimizer(batches),
        examples,
        recipe.batch_size,
        seed=recipe.seed,
        validation=validation,
        augment=recipe.augment(),
        workers=recipe.workers,
        name=name,
    )
    run.goal = batches
    return run


def go_on(run: Run, **how: Any) -> Run:
    """Train a run, new or interrupted, to its goal; ``how`` is handed to ``Run.train`` (progress, save, ...).

    >>> from cutaway.projects import mnist
    >>> few = ct.data.Dataset(np.random.default_rng(0).random((8, 1, 28, 28), np.float32), [0, 1] * 4)
    >>> go_on(mnist.new_run(mnist.Recipe(widths=(8, 8), epochs=2, workers=1), few), progress=False).batch
    2
    """
    return run.train(until=run.goal, **how) if run.batch < run.goal else run
