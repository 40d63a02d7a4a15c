"""Cutaway: deep learning with the cover off.

A training step is a list of small steps; everything Cutaway does is done to that list. Start with `ct.Run`.
"""

from typing import TYPE_CHECKING, Any

from . import engine
from .engine import Tape, Tensor, backward, check_grads, grad, ops

if TYPE_CHECKING:
    from . import data, glass, nn, optim, training
    from .nn import Parameter
    from .training import Run

__version__ = "0.1.0"

__all__ = [
    "Parameter",
    "Run",
    "Tape",
    "Tensor",
    "__version__",
    "backward",
    "check_grads",
    "data",
    "engine",
    "glass",
    "grad",
    "nn",
    "ops",
    "optim",
    "training",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """The upper floors are loaded when somebody enters them, so that `import cutaway` is quick."""
        from importlib import import_module

        if name in ("data", "glass", "nn", "optim", "training"):
            return import_module(f".{name}", __name__)
        if name in ("Run", "Parameter"):
            home = import_module(".training" if name == "Run" else ".nn", __name__)
            globals()[name] = getattr(home, name)
            return globals()[name]
        raise AttributeError(f"cutaway has no {name!r}; there are {', '.join(__all__)}.")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
