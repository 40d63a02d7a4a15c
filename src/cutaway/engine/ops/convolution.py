"""Convolution is linear in the picture and linear in the stencil, so its two gradients are its two sisters.

The three are closed under differentiation: the derivative of each is made of the other two, so second derivatives
cost nothing extra, and each may have a fast kernel of its own. `conv2d_x` is also what PyTorch calls a transposed
convolution: the picture that a stencil paints at every place. All three are matrix products over the same columns:
column = one place of one picture, row = one number of the stencil. A few rows of places are taken at a time, so that
their columns stay near the processor.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..errors import ShapeError, boxes
from ..op import Op, Shape
from ..sample import Sample, normal
from ..tensor import Tensor
from .windows import (
    Size,
    bordered,
    check_picture,
    corners,
    inside,
    outside,
    pair,
    places,
    side_by_side,
    unbordered,
    windows,
)

NEAR = 1 << 18  # so many numbers stay near the processor (a megabyte)


def strips(height: int, numbers_a_row: int) -> Iterator[slice]:
    """Rows of places, as many at a time as stay near the processor."""
    rows = max(1, NEAR // max(1, numbers_a_row))
    return (slice(i, min(i + rows, height)) for i in range(0, height, rows))


def how(stride: Size, padding: Size, dilation: Size, groups: int) -> dict[str, Any]:
    """The settings for a sister; what is not used is not said."""
    told: dict[str, Any] = {"stride": stride, "padding": padding}
    return told | ({"dilation": dilation} if dilation != 1 else {}) | ({"groups": groups} if groups != 1 else {})


class Conv2d(Op):
    """One small stencil laid on every place of the picture: it looks for one thing, everywhere.

    y[n, o, i, j] = sum over c, p, q of x[n, c, s i + d p - pad, s j + d q - pad] * w[o, c, p, q]

    x: the pictures, (N, C, H, W)
    w: the stencils, one for each thing to look for, (O, C / groups, kh, kw)
    y: how strongly each thing is seen at each place, (N, O, Ho, Wo)
    stride: how far the stencil moves from place to place (s)
    padding: how many rows of zeros are put around the picture (pad)
    dilation: how far apart the numbers of the stencil are laid (d); 1 is side by side
    groups: into how many groups the channels are split; the stencils of each see only their own channels

    Use it where the same thing may turn up anywhere: pictures, sound seen as pictures, game screens.

    >>> x = Tensor([[[[1.0, 2.0, 4.0]]]])
    >>> conv2d(x, Tensor([[[[-1.0, 1.0]]]]))
    Tensor([[[[1., 2.]]]])
    """

    torch = "torch.nn.functional.conv2d"

    torch = "torch.nn.functional.conv2d"
    takes = "fi"
    samples = (
        Sample(normal(2, 2, 3, 4), normal(3, 2, 3, 2), stride=1, padding=1),
        Sample(normal(1, 2, 6, 5), normal(2, 2, 3, 3), stride=2, padding=1),
        Sample(normal(2, 1, 4, 5), normal(2, 1, 2, 3), stride=(2, 1), padding=(0, 1)),
        Sample(normal(1, 4, 4, 3), normal(6, 2, 2, 1), stride=1, padding=(1, 0), dilation=(3, 1), groups=2),
        Sample(normal(2, 3, 3, 2), normal(3, 1, 2, 2), stride=1, padding=1, dilation=2, groups=3),
        Sample(normal(2, 3, 2, 3), normal(4, 3, 1, 1)),
    )

    @staticmethod
    def forward(x: Any, w: Any, stride: Size = 1, padding: Size = 0, dilation: Size = 1, groups: int = 1) -> Any:
        (n, _, *size), (o, c, *window) = x.shape, w.shape
        ho, wo = places(size, window, stride, padding, dilation)
        seen = windows(bordered(side_by_side(x), padding), window, stride, dilation)  # (C, kh, kw, Ho, Wo, N)
        table = w.reshape(groups, o // groups, c * window[0] * window[1])
        y = np.empty((o, ho, wo, n), x.dtype)
        for rows in strips(ho, groups * table.shape[2] * wo * n):
            columns = seen[:, :, :, rows].reshape(groups, table.shape[2], (rows.stop - rows.start) * wo * n)
            y[:, rows] = (table @ columns).reshape(o, rows.stop - rows.start, wo, n)
        return outside(y)

    @staticmethod
    def backward(
        g: Tensor,
        y: Tensor,
        x: Tensor,
        w: Tensor,
        stride: Size = 1,
        padding: Size = 0,
        dilation: Size = 1,
        groups: int = 1,
    ) -> tuple[Tensor, Tensor]:
        told = how(stride, padding, dilation, groups)
        return conv2d_x(g, w, size=x.shape[2:], **told), conv2d_w(x, g, window=w.shape[2:], **told)

    @staticmethod
    def shape(x: Shape, w: Shape, stride: Size = 1, padding: Size = 0, dilation: Size = 1, groups: int = 1) -> Shape:
        if len(w) != 4 or 0 in w:
            raise ShapeError(f"conv2d: stencils have four sides, (O, C, kh, kw), none of them 0.\n{boxes({'w': w})}")
        check_picture("conv2d", x, (w[2], w[3]), stride, padding, dilation)
        if groups < 1 or w[0] % groups:
            raise ShapeError(f"conv2d: {w[0]} stencils cannot be split into {groups} groups.\n{boxes({'w': w})}")
        if x[1] != w[1] * groups:
            share = f" of its group, {w[1] * groups} in {groups} groups" if groups > 1 else ""
            raise ShapeError(
                f"conv2d: the pictures have {x[1]} channels, but each stencil looks at {w[1]}{share}.\n"
                f"{boxes({'x': x, 'w': w}, [('x', 1), ('w', 1)])}\n"
                f"   Try: nn.Conv2d({x[1]}, {w[0]}, ...)."
            )
        return (x[0], w[0], *places((x[2], x[3]), (w[2], w[3]), stride, padding, dilation))


def backwards(w: Any, groups: int) -> Any:
    """The stencils turned by half a turn, what comes and what goes exchanged: (C, O / groups, kh, kw)."""
    o, c, kh, kw = w.shape
    turned = w[:, :, ::-1, ::-1].reshape(groups, o // groups, c, kh, kw)
    return turned.swapaxes(1, 2).reshape(groups * c, o // groups, kh, kw)


def backwards_border(w: Any, stride: Size, padding: Size, dilation: Size) -> tuple[int, int] | None:
    """With stride 1 the way back is a convolution too: the border that it needs, or None where it is not one."""
    (dh, dw), (ph, pw) = pair(dilation), pair(padding)
    h, wide = dh * (w.shape[2] - 1) - ph, dw * (w.shape[3] - 1) - pw
    return (h, wide) if pair(stride) == (1, 1) and min(h, wide) >= 0 else None


class Conv2dX(Op):
    """A stamp pressed at every place, as hard as g says: what every pixel gets, or owes, through the stencils.

    y[n, c, s i + d p - pad, s j + d q - pad] += g[n, o, i, j] * w[o, c, p, q]

    g: a number for every place, (N, O, Ho, Wo): the gradient there, or how hard the stamp is pressed
    w: the stencils, (O, C / groups, kh, kw)
    y: what has come together at every pixel, (N, C, H, W)
    size: height and width of the picture
    stride: as in conv2d
    padding: as in conv2d
    dilation: as in conv2d
    groups: as in conv2d

    As a layer it is a transposed convolution, which makes pictures larger.

    Use it to send gradients back to pixels, or forwards to make a larger picture (a transposed convolution).

    >>> conv2d_x(Tensor([[[[1.0, 2.0]]]]), Tensor([[[[-1.0, 1.0]]]]), size=(1, 3))
    Tensor([[[[-1., -1.,  2.]]]])
    """

    torch = "torch.nn.grad.conv2d_input"

    torch = "torch.nn.functional.conv_transpose2d"
    takes = "fi"
    samples = (
        Sample(normal(1, 2, 3, 3), normal(2, 2, 3, 3), size=(6, 5), stride=2, padding=1),
        Sample(normal(2, 3, 3, 5), normal(3, 2, 3, 2), size=(3, 4), stride=1, padding=1),
        Sample(normal(2, 2, 2, 3), normal(2, 3, 2, 3), size=(4, 3), stride=1, padding=(0, 1), dilation=(2, 1)),
        Sample(normal(1, 6, 3, 3), normal(6, 2, 2, 1), size=(4, 3), padding=(1, 0), dilation=(3, 1), groups=2),
        Sample(normal(2, 3, 3, 2), normal(3, 1, 2, 2), size=(3, 2), padding=1, dilation=2, groups=3),
        Sample(normal(2, 2, 2, 3), normal(2, 1, 3, 2), size=(5, 6), stride=2, groups=2),
        Sample(normal(2, 4, 2, 3), normal(4, 3, 1, 1), size=(2, 3)),
    )

    @staticmethod
    def forward(
        g: Any, w: Any, size: Size, stride: Size = 1, padding: Size = 0, dilation: Size = 1, groups: int = 1
    ) -> Any:
        (n, o, ho, wo), (_, c, kh, kw) = g.shape, w.shape
        (h, wide), (ph, pw) = pair(size), pair(padding)
        around = backwards_border(w, stride, padding, dilation)
        if around is not None and o <= c * groups:
            return Conv2d.forward(g, backwards(w, groups), 1, around, dilation, groups)
        x = np.zeros((c * groups, h + 2 * ph, wide + 2 * pw, n), g.dtype)
        table = w.reshape(groups, o // groups, c * kh * kw).swapaxes(1, 2)
        g = np.ascontiguousarray(inside(g))
        taps = corners(x, (kh, kw), stride, dilation)
        for rows in strips(ho, groups * table.shape[1] * wo * n):
            count = rows.stop - rows.start
            pressed = g[:, rows].reshape(groups, o // groups, count * wo * n)
            shares = table * pressed if o == groups else table @ pressed  # one stencil a group leaves nothing to add
            shares = shares.reshape(c * groups, kh * kw, count, wo, n)
            for k, tap in enumerate(taps):
                tap[:, rows] += shares[:, k]
        return outside(unbordered(x, padding))

    @staticmethod
    def backward(
        gg: Tensor,
        y: Tensor,
        g: Tensor,
        w: Tensor,
        size: Size,
        stride: Size = 1,
        padding: Size = 0,
        dilation: Size = 1,
        groups: int = 1,
    ) -> tuple[Tensor, Tensor]:
        told = how(stride, padding, dilation, groups)
        return conv2d(gg, w, **told), conv2d_w(gg, g, window=w.shape[2:], **told)

    @staticmethod
    def shape(
        g: Shape,
        w: Shape,
        size: Size,
        stride: Size = 1,
        padding: Size = 0,
        dilation: Size = 1,
        groups: int = 1,
    ) -> Shape:
        if len(g) != 4 or len(w) != 4:
            raise ShapeError(f"conv2d_x: g and w have four sides each.\n{boxes({'g': g, 'w': w})}")
        if g[1] != w[0]:
            raise ShapeError(
                f"conv2d_x: the places have {g[1]} channels, but there are {w[0]} stencils.\n"
                f"{boxes({'g': g, 'w': w}, [('g', 1), ('w', 0)])}\n"
                f"   Try: nn.ConvTranspose2d({g[1]}, {w[1]}, ...)."
            )
        x = (g[0], w[1] * groups, *pair(size))
        if min(x) < 0:
            raise ShapeError(
                f"conv2d_x: nothing is left of the picture, its size would be {size}.\n{boxes({'g': g, 'w': w})}\n"
                "   Try: less padding, or a larger window."
            )
        if Conv2d.shape(x, w, stride, padding, dilation, groups) != tuple(g):
            raise ShapeError(f"conv2d_x: a picture of {size} does not give places like g.\n{boxes({'g': g, 'w': w})}")
        return x


class Conv2dW(Op):
    """What every weight of the stencil owes: input times gradient, summed over all places it was laid on.

    w[o, c, p, q] = sum over n, i, j of x[n, c, s i + d p - pad, s j + d q - pad] * g[n, o, i, j]

    x: the pictures, (N, C, H, W)
    g: the gradient of every place, (N, O, Ho, Wo)
    y: the gradient of the stencils, (O, C / groups, kh, kw)
    window: height and width of the stencil
    stride: as in conv2d
    padding: as in conv2d
    dilation: as in conv2d
    groups: as in conv2d

    Use it to find what the stencils owe: the gradient of a convolution.

    >>> conv2d_w(Tensor([[[[1.0, 2.0, 4.0]]]]), Tensor([[[[1.0, 1.0]]]]), window=(1, 2))
    Tensor([[[[3., 6.]]]])
    """

    torch = "torch.nn.grad.conv2d_weight"

    torch = "torch.nn.grad.conv2d_weight"
    takes = "fi"
    samples = (
        Sample(normal(1, 2, 6, 5), normal(1, 2, 3, 3), window=(3, 3), stride=2, padding=1),
        Sample(normal(2, 2, 3, 4), normal(2, 3, 3, 5), window=(3, 2), stride=1, padding=1),
        Sample(normal(1, 4, 4, 3), normal(1, 6, 3, 3), window=(2, 1), padding=(1, 0), dilation=(3, 1), groups=2),
        Sample(normal(2, 3, 3, 2), normal(2, 3, 3, 2), window=(2, 2), padding=1, dilation=2, groups=3),
        Sample(normal(2, 3, 2, 3), normal(2, 4, 2, 3), window=(1, 1)),
    )

    @staticmethod
    def forward(
        x: Any, g: Any, window: Size, stride: Size = 1, padding: Size = 0, dilation: Size = 1, groups: int = 1
    ) -> Any:
        (n, o, ho, wo), c, (kh, kw) = g.shape, x.shape[1] // groups, pair(window)
        seen = windows(bordered(side_by_side(x), padding), window, stride, dilation)  # (C, kh, kw, Ho, Wo, N)
        g = np.ascontiguousarray(inside(g))
        w = np.zeros((groups, o // groups, c * kh * kw), g.dtype)
        for rows in strips(ho, groups * w.shape[2] * wo * n):
            many = (rows.stop - rows.start) * wo * n
            columns = seen[:, :, :, rows].reshape(groups, w.shape[2], many)
            w += g[:, rows].reshape(groups, o // groups, many) @ columns.swapaxes(1, 2)
        return w.reshape(o, c, kh, kw)

    @staticmethod
    def backward(
        gg: Tensor,
        y: Tensor,
        x: Tensor,
        g: Tensor,
        window: Size,
        stride: Size = 1,
        padding: Size = 0,
        dilation: Size = 1,
        groups: int = 1,
    ) -> tuple[Tensor, Tensor]:
        told = how(stride, padding, dilation, groups)
        return conv2d_x(g, gg, size=x.shape[2:], **told), conv2d(x, gg, **told)

    @staticmethod
    def shape(
        x: Shape,
        g: Shape,
        window: Size,
        stride: Size = 1,
        padding: Size = 0,
        dilation: Size = 1,
        groups: int = 1,
    ) -> Shape:
        if len(x) != 4 or len(g) != 4 or groups < 1:
            raise ShapeError(
                f"conv2d_w: x and g have four sides each, and there is at least one group; here groups={groups}.\n"
                f"{boxes({'x': x, 'g': g})}"
            )
        w = (g[1], x[1] // groups, *pair(window))
        if Conv2d.shape(x, w, stride, padding, dilation, groups) != tuple(g):
            raise ShapeError(f"conv2d_w: a stencil of {window} does not give places like g.\n{boxes({'x': x, 'g': g})}")
        return w


conv2d = Conv2d()
conv2d_x = Conv2dX()
conv2d_w = Conv2dW()
