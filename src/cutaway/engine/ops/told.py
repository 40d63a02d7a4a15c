"""One text, two readings: on arrays it computes, on tensors it records what is inside."""

from __future__ import annotations

from typing import Any

from ..op import Op
from ..tensor import Tensor


def told(x: Any, *operations: Op) -> list[Any]:
    """The words a definition is told in: the operations themselves where x is a tensor, else their plain forwards."""
    return [op if isinstance(x, Tensor) else op.forward for op in operations]
