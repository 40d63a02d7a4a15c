"""The ground floor: tensors, the tape they are recorded on, the operations, and the backward pass.

tensor (an array and its place), tape (the list of steps), op (what an operation is), ops/ (all of them), backward
(the derivative is more tape), check (is it the true derivative?), program (a tape as data), rng, story, errors.
"""

from . import ops
from .backward import backward, grad
from .check import GradientError, check_grads
from .op import Op
from .registry import OPS
from .tape import Parameter, Step, Tape
from .tensor import Tensor

__all__ = [
    "OPS", "GradientError", "Op", "Parameter", "Step", "Tape", "Tensor", "backward", "check_grads", "grad", "ops",
]  # fmt: skip
