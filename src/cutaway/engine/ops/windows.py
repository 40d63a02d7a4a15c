"""What convolution and pooling share: a window that slides over a picture.

Inside, pictures are held pixel by pixel with the batch innermost, (C, H, W, N): what a window sees of all examples
then lies side by side in memory, and moving the window is moving along outer sides. Results are handed on in that
memory, seen as (N, C, H, W), so that the next operation finds it again at no cost.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ..errors import ShapeError, boxes
from ..op import Shape

Size = int | tuple[int, int]


def pair(n: Size) -> tuple[int, int]:
    """3 means 3 down and 3 across."""
    if isinstance(n, int):
        return n, n
    if len(n) != 2:
        raise ShapeError(f"A window, its stride and its padding are one number or a pair (down, across), not {n}.")
    return int(n[0]), int(n[1])


def places(size: tuple[int, int], window: Size, stride: Size, padding: Size = 0, dilation: Size = 1) -> tuple[int, int]:
    """At how many places, down and across, the window stops: (side + 2 padding - reach) // stride + 1.

    The reach of a window of k numbers is dilation * (k - 1) + 1.
    """
    (h, w), (kh, kw), (sh, sw) = size, pair(window), pair(stride)
    (ph, pw), (dh, dw) = pair(padding), pair(dilation)
    return (h + 2 * ph - dh * (kh - 1) - 1) // sh + 1, (w + 2 * pw - dw * (kw - 1) - 1) // sw + 1


def inside(x: Any) -> Any:
    """(N, C, H, W) seen as (C, H, W, N)."""
    return x.transpose(1, 2, 3, 0)


def side_by_side(x: Any) -> Any:
    """(N, C, H, W) as (C, H, W, N), copied where the batch does not lie innermost in memory."""
    x = inside(x)
    return x if x.shape[3] == 1 or x.strides[3] == x.itemsize else np.ascontiguousarray(x)


def outside(x: Any) -> Any:
    """(C, H, W, N) seen as (N, C, H, W)."""
    return x.transpose(3, 0, 1, 2)


def bordered(x: Any, padding: Size, value: float = 0) -> Any:
    """A picture (C, H, W, N) with a border of one value around it."""
    ph, pw = pair(padding)
    if not (ph or pw):
        return x
    c, h, w, n = x.shape
    y = np.full((c, h + 2 * ph, w + 2 * pw, n), value, x.dtype)
    y[:, ph : ph + h, pw : pw + w] = x
    return y


def unbordered(x: Any, padding: Size) -> Any:
    """The picture without its border, as a view."""
    ph, pw = pair(padding)
    return x[:, ph : x.shape[1] - ph, pw : x.shape[2] - pw]


def windows(x: Any, window: Size, stride: Size, dilation: Size = 1) -> Any:
    """What every place sees, as a view: (C, H, W, N) -> (C, kh, kw, Ho, Wo, N)."""
    (kh, kw), (sh, sw), (dh, dw) = pair(window), pair(stride), pair(dilation)
    seen = sliding_window_view(x, (dh * (kh - 1) + 1, dw * (kw - 1) + 1), (1, 2))
    return seen[:, ::sh, ::sw, :, ::dh, ::dw].transpose(0, 4, 5, 1, 2, 3)


def corners(x: Any, window: Size, stride: Size, dilation: Size = 1) -> list[Any]:
    """For each place within the window, what all windows have there: kh * kw views (C, Ho, Wo, N), row by row."""
    (kh, kw), (sh, sw), (dh, dw) = pair(window), pair(stride), pair(dilation)
    ho, wo = places(x.shape[1:3], window, stride, 0, dilation)
    return [
        x[:, dh * p : dh * p + sh * (ho - 1) + 1 : sh, dw * q : dw * q + sw * (wo - 1) + 1 : sw]
        for p in range(kh)
        for q in range(kw)
    ]


def check_window(name: str, window: Size, stride: Size, padding: Size = 0, dilation: Size = 1) -> None:
    """A window has an area, moves forward, and nothing is cut off around it."""
    if min(*pair(window), *pair(stride), *pair(dilation)) < 1 or min(pair(padding)) < 0:
        raise ShapeError(
            f"{name}: window, stride and dilation are at least 1 and padding at least 0, but window={window}, "
            f"stride={stride}, padding={padding}, dilation={dilation}."
        )


def check_sides(name: str, x: Shape) -> None:
    """Pictures are (N, C, H, W)."""
    if len(x) != 4:
        hint = "x.unsqueeze(1) adds the channel of a grey picture" if len(x) == 3 else "x.reshape(-1, C, H, W)"
        raise ShapeError(
            f"{name}: pictures have four sides, (examples, channels, height, width), but x has {len(x)}.\n"
            f"{boxes({'x': x})}\n   Try: {hint}."
        )


def check_picture(name: str, x: Shape, window: Size, stride: Size, padding: Size = 0, dilation: Size = 1) -> None:
    """Pictures are (N, C, H, W), and the window must fit inside."""
    check_sides(name, x)
    check_window(name, window, stride, padding, dilation)
    if min(places((x[2], x[3]), window, stride, padding, dilation)) < 1:
        (kh, kw), (dh, dw) = pair(window), pair(dilation)
        raise ShapeError(
            f"{name}: a window of {dh * (kh - 1) + 1} x {dw * (kw - 1) + 1} does not fit into a picture of "
            f"{x[2]} x {x[3]}.\n"
            f"{boxes({'x': x}, [('x', 2), ('x', 3)])}\n"
            "   Try: padding=, a smaller window, or fewer pooling layers before this one."
        )
