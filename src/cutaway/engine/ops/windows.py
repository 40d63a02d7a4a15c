"""What convolution and pooling share: a window that slides over a picture."""

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


def places(size: tuple[int, int], window: Size, stride: Size, padding: Size = 0) -> tuple[int, int]:
    """At how many places, down and across, the window stops: (side + 2 padding - window) // stride + 1."""
    (h, w), (kh, kw), (sh, sw), (ph, pw) = size, pair(window), pair(stride), pair(padding)
    return (h + 2 * ph - kh) // sh + 1, (w + 2 * pw - kw) // sw + 1


def windows(x: Any, window: Size, stride: Size, padding: Size = 0) -> Any:
    """What every place sees, as a view: (N, C, H, W) -> (N, C, Ho, Wo, kh, kw)."""
    (sh, sw), (ph, pw) = pair(stride), pair(padding)
    if ph or pw:
        x = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    return sliding_window_view(x, pair(window), (2, 3))[:, :, ::sh, ::sw]


def corners(x: Any, window: Size, stride: Size) -> list[Any]:
    """For each place within the window, what all windows have there: kh * kw views of shape (N, C, Ho, Wo)."""
    (kh, kw), (sh, sw) = pair(window), pair(stride)
    ho, wo = places(x.shape[2:], window, stride)
    return [
        x[:, :, i : i + sh * (ho - 1) + 1 : sh, j : j + sw * (wo - 1) + 1 : sw] for i in range(kh) for j in range(kw)
    ]


def check_window(name: str, window: Size, stride: Size, padding: Size = 0) -> None:
    """A window has an area, moves forward, and nothing is cut off around it."""
    if min(pair(window)) < 1 or min(pair(stride)) < 1 or min(pair(padding)) < 0:
        raise ShapeError(
            f"{name}: window and stride are at least 1 and padding at least 0, but window={window}, stride={stride}, "
            f"padding={padding}."
        )


def check_picture(name: str, x: Shape, window: Size, stride: Size, padding: Size = 0) -> None:
    """Pictures are (N, C, H, W), and the window must fit inside."""
    if len(x) != 4:
        hint = "x.unsqueeze(1) adds the channel of a grey picture" if len(x) == 3 else "x.reshape(-1, C, H, W)"
        raise ShapeError(
            f"{name}: pictures have four sides, (examples, channels, height, width), but x has {len(x)}.\n"
            f"{boxes({'x': x})}\n   Try: {hint}."
        )
    check_window(name, window, stride, padding)
    if min(places(x[2:], window, stride, padding)) < 1:
        kh, kw = pair(window)
        raise ShapeError(
            f"{name}: a window of {kh} x {kw} does not fit into a picture of {x[2]} x {x[3]}.\n"
            f"{boxes({'x': x}, [('x', 2), ('x', 3)])}\n"
            "   Try: padding=, a smaller window, or fewer pooling layers before this one."
        )
