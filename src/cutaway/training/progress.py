"""How far is it? A live bar in a terminal or notebook, plain lines elsewhere, or nothing."""

from __future__ import annotations

import sys
from time import monotonic
from typing import Any, Protocol, Self

__all__ = ["Bar", "Lines", "Progress", "Silent", "progress_for"]


class Progress(Protocol):
    """What a training loop tells about itself."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...
    def show(self, done: int, total: int, epoch: str, values: dict[str, float]) -> None:
        """So many batches of so many are done; the newest averages."""

    def say(self, line: str) -> None:
        """A line of its own."""


class Silent:
    """Nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, done: int, total: int, epoch: str, values: dict[str, float]) -> None:
        pass

    def say(self, line: str) -> None:
        pass


class Lines(Silent):
    """A plain line every few seconds, for logs and pipes."""

    def __init__(self, every: float = 5.0) -> None:
        self.every = every
        self._start = self._last = monotonic()
        self._first: int | None = None

    def show(self, done: int, total: int, epoch: str, values: dict[str, float]) -> None:
        now = monotonic()
        self._first = done if self._first is None else self._first
        if now - self._last < self.every and done < total:
            return
        self._last = now
        left = (now - self._start) * (total - done) / max(1, done - self._first)
        print(f"{epoch}  batch {done}/{total}  {written(values)}  {clock(left)} left", flush=True)

    def say(self, line: str) -> None:
        print(line, flush=True)


class Bar(Silent):
    """A live bar with rich."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        self._progress = Progress(
            TextColumn("{task.fields[epoch]}"),
            BarColumn(),
            TextColumn("{task.completed}/{task.total} batches"),
            TextColumn("{task.fields[values]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
        )
        self._task: Any = None

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, done: int, total: int, epoch: str, values: dict[str, float]) -> None:
        if self._task is None:
            self._task = self._progress.add_task("", total=total, completed=done, epoch=epoch, values="")
        self._progress.update(self._task, completed=done, total=total, epoch=epoch, values=written(values))

    def say(self, line: str) -> None:
        self._progress.print(line, highlight=False)


def progress_for(wanted: bool | None) -> Progress:
    """The bar where somebody watches, plain lines where a log is written; nothing when not wanted."""
    if wanted is False:
        return Silent()
    if sys.stdout.isatty() or _in_a_notebook():
        try:
            return Bar()
        except ImportError:  # a NumPy-only install
            return Lines()
    return Lines()


def _in_a_notebook() -> bool:
    """Does this code run in a cell? (That ipykernel is loaded is not enough: an import brings it, too.)"""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return hasattr(shell, "kernel")


def written(values: dict[str, float]) -> str:
    """Numbers as a reader wants them: shares in percent, the rest with four digits.

    >>> written({"loss": 0.123456, "accuracy": 0.9871})
    'loss 0.1235  accuracy 98.7 %'
    """
    return "  ".join(f"{k} {100 * v:.1f} %" if "accuracy" in k else f"{k} {v:.4g}" for k, v in values.items())


def clock(seconds: float) -> str:
    """Seconds as minutes and seconds.

    >>> clock(75)
    '1:15'
    """
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
