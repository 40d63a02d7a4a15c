"""The table of all operations, by name. A saved program names its operations; this is where they are found.

The table stands alone so that `tensor.py` can offer `a + b` without knowing any mathematics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .op import Op
    from .tensor import Tensor

OPS: dict[str, Op] = {}


def apply(name: str, *inputs: Any, **attrs: Any) -> Tensor:
    """Call the operation of that name."""
    return OPS[name](*inputs, **attrs)
