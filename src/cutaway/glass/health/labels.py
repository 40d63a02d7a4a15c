"""Answers that have nothing to do with the examples: shuffled, or shifted by a row.

Two things must come together. The network has not done better than knowing how frequent each answer is, on examples
it had not seen yet (the first pass over the data, or the validation examples), although it had time; and simple
questions to the data themselves (a straight line, the nearest neighbour) find no connection either.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from .finding import Finding

if TYPE_CHECKING:
    from ...engine.tape import Tape
    from .exam import Exam

__all__ = ["KIND", "related", "shuffled"]

KIND = "answers do not fit the examples"

FEWEST = 100  # examples: with fewer, chance looks like a connection and a connection like chance
SAMPLE = 600  # examples that the simple questions are asked of
TIME = 20  # batches of the first pass, before which not having learnt says nothing
BETTER = 0.97  # of the loss of knowing only how frequent every answer is
FEATURES = 256  # directions of the examples that the straight line may use
TURNS = 39  # permutations of the answers, to learn what chance alone gives
SIGMAS = 3.5  # so far above what chance gives, which happens to unrelated answers once in some thousand times


def shuffled(exam: Exam) -> Iterable[Finding]:
    """Compare what was learnt with what there is to learn."""
    run = exam.run
    if run.data is None or exam.program is None or len(run.data) < FEWEST:
        return
    unseen, answers = _unseen(exam)
    if unseen is None:
        return
    knowing = _frequencies(exam.program, np.asarray(run.data.y), answers)
    if knowing is None or knowing <= 1e-3 or unseen < BETTER * knowing:
        return
    if related(run.data.x, run.data.y):
        return
    learnt = ""
    if exam.recent < 0.8 * knowing:
        learnt = f" It learns the examples by heart (the loss is {exam.recent:.3g} now), which says nothing of others."
    said = (
        f"On examples it had not seen, the network lost {unseen:.4g}; knowing nothing but how frequent each answer is "
        f"costs {knowing:.4g}.{learnt} Nor do the nearest neighbours or a straight line connect the examples with "
        "their answers."
    )
    advice = (
        "Were the examples shuffled or sorted without their answers, or shifted by a row? Look at some pairs: "
        "run.data.x[0], run.data.y[0]."
    )
    yield exam.finding(KIND, "", said, advice, op=1)


def _frequencies(program: Tape, y: Any, asked: Any) -> float | None:
    """What the best answer that is the same for every example loses on those asked, for losses where that is known."""
    last = next((s for s in program.steps if s.output == program.results["loss"]), None)
    if last is None or last.attrs.get("reduction", "mean") != "mean":
        return None
    plain = not (last.attrs.get("weight") or last.attrs.get("label_smoothing") or "ignore_index" in last.attrs)
    if last.op.name in ("cross_entropy", "nll") and y.dtype.kind in "iu" and plain:
        shares = np.bincount(y.reshape(-1)) / y.size
        known = asked[asked < len(shares)]
        return float(-np.log(np.maximum(shares[known], 1 / y.size)).mean()) if known.size else None
    if last.op.name == "mse" and y.dtype.kind == "f":
        return float(np.square(asked - y.mean(axis=0)).mean())
    if last.op.name == "bce_with_logits" and set(np.unique(y)) <= {0.0, 1.0}:
        share = np.clip(y.mean(axis=0), 1e-6, 1 - 1e-6)
        return float(-(asked * np.log(share) + (1 - asked) * np.log(1 - share)).mean())
    return None


def _unseen(exam: Exam) -> tuple[float | None, Any]:
    """The loss on examples that were not trained on, and their answers: the later half of the first pass, or the
    validation examples.
    """
    run, losses = exam.run, exam.losses
    seen = [v["loss"] for batch, v in run.validations.items() if batch <= run.batch]
    if seen and run.validation is not None:
        return (float(min(seen)), np.asarray(run.validation.y)) if len(losses) >= TIME else (None, None)
    assert run.data is not None
    size = run.history.first.batch_size
    whole = min(len(losses), -(-len(run.data) // size))
    if whole < TIME or run.settings.batch_size != size:
        return None, None
    chosen = [run.loader().indices(k) for k in range(whole // 2, whole)]
    weights = [len(rows) for rows in chosen]
    return float(np.average(losses[whole // 2 : whole], weights=weights)), run.data.y[np.concatenate(chosen)]


def related(x: Any, y: Any) -> bool:
    """Is there any connection between examples and answers that simple questions find?

    Each question gives a number; the same is asked TURNS times with the answers in another order. A number far above
    those speaks for a connection (a permutation test; Ojala and Garriga, 2010).

    >>> x = np.random.default_rng(0).normal(size=(200, 3)).astype("f")
    >>> related(x, (x[:, 0] > 0).astype(int)), related(x, (x[::-1, 0] > 0).astype(int))
    (True, False)
    """
    chance = np.random.default_rng(0)
    chosen = chance.permutation(len(x))[:SAMPLE]
    table, wanted = _features(np.asarray(x)[chosen]), _answers(np.asarray(y)[chosen])
    if not table.shape[1] or not wanted.any():
        return True  # nothing to ask: rather say nothing
    half = len(table) // 2
    line = _line(table[:half], table[half:])
    squares = np.square(table).sum(axis=1)
    distances = squares[:, None] + squares[None] - 2 * table @ table.T
    np.fill_diagonal(distances, np.inf)
    near = np.argsort(distances, axis=1)[:, :3]

    def straight(answers: Any) -> float:
        guess = line @ (answers[:half] - answers[:half].mean(axis=0))
        return float((guess * (answers[half:] - answers[half:].mean(axis=0))).sum())

    def neighbours(answers: Any) -> float:
        centred = answers - answers.mean(axis=0)
        return float((centred[near].mean(axis=1) * centred).sum())

    for question in (straight, neighbours):
        asked = question(wanted)
        others = np.array([question(wanted[chance.permutation(len(wanted))]) for _ in range(TURNS)])
        if asked > others.mean() + SIGMAS * others.std():
            return True
    return False


def _features(x: Any) -> Any:
    """Every example as a row: its numbers on one scale; of token numbers, how often each occurs."""
    if x.dtype.kind in "iu":
        rows = x.reshape(len(x), -1)
        counts = np.zeros((len(x), FEATURES))
        np.add.at(counts, (np.arange(len(x))[:, None], rows % FEATURES), 1.0)
        places = (rows - rows.mean(axis=0)) / (rows.std(axis=0) + 1e-9)
        table = np.concatenate([counts, places], axis=1)
    else:
        table = np.nan_to_num(x.reshape(len(x), -1).astype(np.float64))
    table = table - table.mean(axis=0)
    spread = table.std(axis=0)
    return table[:, spread > 1e-9] / spread[spread > 1e-9]


def _answers(y: Any) -> Any:
    """Answers as rows of numbers: classes as 1 and 0."""
    if y.dtype.kind in "iu":
        rows = y.reshape(len(y), -1)[:, :16] if y.ndim > 1 else y[:, None]
        classes = np.unique(rows)[:64]
        table = (rows[:, :, None] == classes).reshape(len(y), -1).astype(np.float64)
    else:
        table = np.nan_to_num(y.reshape(len(y), -1)[:, :64].astype(np.float64))
    table = table - table.mean(axis=0)
    spread = table.std(axis=0)
    return table[:, spread > 1e-9] / spread[spread > 1e-9]


def _line(known: Any, asked: Any) -> Any:
    """Ridge regression as one table: answers of the known examples -> guesses for the asked ones."""
    kernel = known @ known.T
    ridge = 0.1 * np.trace(kernel) / len(kernel) + 1e-9
    return asked @ known.T @ np.linalg.inv(kernel + ridge * np.eye(len(kernel)))
