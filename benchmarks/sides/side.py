"""What all libraries have in common here."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

__all__ = ["Side"]


class Side(ABC):
    """A library at work."""

    how = ""  # which way of using it
    data = 0  # bytes of examples and answers

    @abstractmethod
    def train(self, steps: int) -> None:
        """Do so many steps."""

    @abstractmethod
    def losses(self) -> Sequence[float]:
        """What came out of the steps so far."""

    def quality(self) -> float:
        """How well a judged workload has been learned so far."""
        raise NotImplementedError

    def kept(self) -> int:
        """Bytes that are kept for going back."""
        return 0
