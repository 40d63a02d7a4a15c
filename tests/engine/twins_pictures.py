"""The twins of operations on pictures, and of norms, in PyTorch's own words."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 (as everybody calls it)

from cutaway.engine.ops.windows import pair

Twin = Callable[..., Any]


def max_pool2d(x: Any, window: Any, stride: Any, padding: Any = 0, **how: Any) -> Any:
    return F.max_pool2d(x, pair(window), pair(stride), pair(padding), **how)


def places_of_winners(x: Any, **how: Any) -> Any:
    return max_pool2d(x.detach(), return_indices=True, **how)[1].flatten(2)


def place(g: Any, x: Any, **how: Any) -> Any:
    empty = torch.zeros(*x.shape[:2], x.shape[2] * x.shape[3], dtype=x.dtype)
    return empty.scatter_add(2, places_of_winners(x, **how), g.flatten(2)).reshape(x.shape)


def pick(v: Any, x: Any, **how: Any) -> Any:
    found = v.flatten(2).gather(2, places_of_winners(x, **how))
    return found.reshape(max_pool2d(x, **how).shape)


def avg_pool2d(x: Any, window: Any, stride: Any, padding: Any = 0, count_padding: bool = True) -> Any:
    return F.avg_pool2d(x, pair(window), pair(stride), pair(padding), count_include_pad=count_padding)


def resize2d(x: Any, to: Any, how: str) -> Any:
    if how == "average":
        return F.adaptive_avg_pool2d(x, to)
    if how == "windows":
        return windows_side_by_side(x, to)
    mode: dict[str, Any] = {"linear": {"mode": "bilinear"}, "corners": {"mode": "bilinear", "align_corners": True}}.get(
        how, {"mode": how}
    )
    return F.interpolate(x, size=to, **mode)


def windows_side_by_side(x: Any, to: Any) -> Any:
    """Every adaptive window padded to the longest by its own last row and column."""
    for side, new in ((2, to[0]), (3, to[1])):
        old = x.shape[side]
        ends = [(i * old // new, math.ceil((i + 1) * old / new)) for i in range(new)]
        longest = max(end - first for first, end in ends)
        x = x.index_select(side, torch.tensor([min(f + k, e - 1) for f, e in ends for k in range(longest)]))
    return x


def way_back(forward: Twin) -> Twin:
    """The way back of something linear, by PyTorch's own autograd."""

    def twin(g: Any, **how: Any) -> Any:
        x = torch.zeros(*g.shape[:2], *pair(how.pop("size")), dtype=g.dtype, requires_grad=True)
        return torch.autograd.grad(forward(x, **how), x, g, create_graph=True)[0]

    return twin


def conv2d(x: Any, w: Any, **how: Any) -> Any:
    return F.conv2d(x, w, **{key: n if key == "groups" else pair(n) for key, n in how.items()})


def conv2d_x(g: Any, w: Any, size: Any, **how: Any) -> Any:
    return torch.nn.grad.conv2d_input((g.shape[0], w.shape[1] * how.get("groups", 1), *size), w, g, **how)


def conv2d_w(x: Any, g: Any, window: Any, **how: Any) -> Any:
    return torch.nn.grad.conv2d_weight(x, (g.shape[1], x.shape[1] // how.get("groups", 1), *window), g, **how)


def plain_batch_norm(x: Any, mean: Any, var: Any, weight: Any, bias: Any, eps: float) -> Any:
    """F.batch_norm gives no gradient to mean and var, so the values are asked of it and the slopes of its formula."""
    across = (1, -1) + (1,) * (x.ndim - 2)
    y = (x - mean.reshape(across)) / torch.sqrt(var.reshape(across) + eps) * weight.reshape(across)
    y = y + bias.reshape(across)
    torch.testing.assert_close(y, F.batch_norm(x, mean.detach(), var.detach(), weight, bias, eps=eps))
    return y


PICTURES: dict[str, Twin] = {
    "avg_pool2d": avg_pool2d,
    "avg_pool2d_x": way_back(avg_pool2d),
    "batch_norm": plain_batch_norm,
    "conv2d": conv2d,
    "conv2d_w": conv2d_w,
    "conv2d_x": conv2d_x,
    "group_norm": lambda x, weight, bias, groups, eps: F.group_norm(x, groups, weight, bias, eps),
    "layer_norm": lambda x, weight, bias, eps: F.layer_norm(x, weight.shape, weight, bias, eps),
    "max_pool2d": max_pool2d,
    "pick": pick,
    "place": place,
    "resize2d": resize2d,
    "resize2d_x": way_back(resize2d),
    "rms_norm": lambda x, weight, eps: F.rms_norm(x, weight.shape, weight, eps),
}
