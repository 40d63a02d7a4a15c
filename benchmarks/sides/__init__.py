"""The libraries, each as something that does so many steps when asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..workload import Workload
from .side import Side

__all__ = ["PEERS", "Side", "make"]

PEERS = {
    "torch": "PyTorch",
    "torch-best": "PyTorch at its best",
    "autograd": "autograd",
    "gensim": "gensim",
}


def make(library: str, workload: Workload, path: Path, cores: int, how: str) -> Callable[[], Side]:
    """Import a library; what is returned builds the side, so that memory can be read in between."""
    if library == "cutaway":
        from .ours import Cutaway as Kind
    elif library == "torch":
        from .pytorch import Torch as Kind
    elif library == "autograd":
        from .hips import Autograd as Kind
    elif library == "gensim":
        from .gensim_side import Gensim as Kind
    else:
        raise SystemExit(f"There is no library {library!r} here.")
    return lambda: Kind(workload, path, cores, how)
