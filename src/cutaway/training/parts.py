"""What a run is made of, looked at when it is made, so that a mistake is named where it was typed."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..data import DataLoader, Dataset
from ..engine import Tensor
from ..engine.errors import CutawayError, DtypeError
from ..nn import Module
from ..optim import Optimizer
from .program import METRICS

__all__ = ["as_dataset", "as_examples", "check_parts", "metrics_for", "whole"]


def check_parts(net: Any, loss: Any, optimizer: Any, data: Any) -> None:
    """A network, a loss, an optimizer and data, in this order, each made with brackets."""
    for value, name, example in (
        (net, "net", "nn.Sequential(...)"),
        (loss, "loss", "nn.CrossEntropyLoss()"),
        (optimizer, "optimizer", "optim.Adam()"),
    ):
        if isinstance(value, type):
            raise DtypeError(f"{name}={value.__name__} is a kind, not one of its kind: write brackets, {example}.")
    if not isinstance(net, Module):
        hint = ", so write nn.Sequential(*net)" if isinstance(net, list | tuple) else ""
        raise DtypeError(f"net is a network, such as nn.Sequential(...), not {type(net).__name__}{hint}.")
    if not callable(loss):
        raise DtypeError(f"loss says how wrong an output is, such as nn.CrossEntropyLoss(), not {loss!r}.")
    if not isinstance(optimizer, Optimizer):
        raise DtypeError(f"optimizer is one of ct.optim's, such as optim.Adam(alpha=0.001), not {optimizer!r}.")
    if hasattr(net, "metrics") and not hasattr(loss, "metrics") and isinstance(loss, Module):
        raise DtypeError("Run(net, loss, ...): the network comes first and the loss second; here they are swapped.")
    if data is None:
        raise DtypeError("data is a Dataset or a pair of arrays (examples, answers), not None.")


def as_dataset(data: Any) -> Dataset:
    """A Dataset, or what can be made one."""
    if isinstance(data, Dataset):
        return data
    if isinstance(data, tuple | list) and len(data) == 2:
        return Dataset(*data)
    if hasattr(data, "train"):
        raise CutawayError("This data has parts: give data=....train (and keep ....test for the end).")
    if isinstance(data, DataLoader):
        raise CutawayError("A run deals out its batches itself: give the Dataset and batch_size=..., not a DataLoader.")
    raise CutawayError(f"data is a Dataset or a pair (examples, answers), not {type(data).__name__}.")


def as_examples(x: Any) -> Any:
    """Examples as numbers: bytes are pictures, from 0 to 1, as in a Dataset."""
    if isinstance(x, Dataset):
        return x.x
    try:
        array = np.asarray(x.data if isinstance(x, Tensor) else x)
    except ValueError:
        raise DtypeError("predict: the examples differ in shape, so they make no array; each must be alike.") from None
    if array.dtype.kind not in "fiub":
        raise DtypeError(f"predict: the examples are numbers in an array, not {type(x).__name__}.")
    return np.divide(array, np.float32(255), dtype=np.float32) if array.dtype == np.uint8 else array


def metrics_for(loss: Any, data: Dataset | None, wanted: Sequence[str] | None) -> tuple[str, ...]:
    """The metrics asked for; when nothing was said, those of the loss, where the answers are class numbers."""
    if wanted is None:
        return tuple(getattr(loss, "metrics", ())) if data is None or data.y.dtype.kind == "i" else ()
    unknown = [name for name in wanted if name not in METRICS]
    if unknown:
        raise CutawayError(f"metrics: there is no {unknown[0]!r}; there are {', '.join(METRICS)}.")
    return tuple(wanted)


def whole(name: str, value: Any) -> int:
    """A whole number, or an error that says which one was meant to be."""
    try:
        return operator.index(value)
    except TypeError:
        raise DtypeError(f"{name} is a whole number, not {value!r}.") from None
