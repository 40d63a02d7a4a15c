"""Convolution is linear in the picture and linear in the stencil, so its two gradients are its two sisters.

The three are closed under differentiation: the derivative of each is made of the other two, so second derivatives
cost nothing extra, and each may have a fast kernel of its own. All three are one matrix product over the same
columns: column = one place of one picture, row = one number of the stencil.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ShapeError, boxes
from ..op import Op, Shape
from ..sample import Sample, normal
from ..tensor import Tensor
from .windows import Size, check_picture, pair, places, windows


def columns(x: Any, window: Size, stride: Size, padding: Size) -> Any:
    """What every place sees, one place a column: (C * kh * kw, N * Ho * Wo)."""
    seen = windows(x, window, stride, padding).transpose(1, 4, 5, 0, 2, 3)  # (C, kh, kw, N, Ho, Wo)
    return seen.reshape(seen.shape[0] * seen.shape[1] * seen.shape[2], -1)


class Conv2d(Op):
    """One small stencil laid on every place of the picture: it looks for one thing, everywhere.

    y[n, o, i, j] = sum over c, p, q of x[n, c, s i + p - pad, s j + q - pad] * w[o, c, p, q]

    x: the pictures, (N, C, H, W)
    w: the stencils, one for each thing to look for, (O, C, kh, kw)
    y: how strongly each thing is seen at each place, (N, O, Ho, Wo)
    stride: how far the stencil moves from place to place (s)
    padding: how many rows of zeros are put around the picture (pad)

    >>> x = Tensor([[[[1.0, 2.0, 4.0]]]])
    >>> conv2d(x, Tensor([[[[-1.0, 1.0]]]]))
    Tensor([[[[1., 2.]]]])
    """

    takes = "fi"
    samples = (
        Sample(normal(2, 2, 3, 4), normal(3, 2, 3, 2), stride=1, padding=1),
        Sample(normal(1, 2, 6, 5), normal(2, 2, 3, 3), stride=2, padding=1),
        Sample(normal(2, 1, 4, 5), normal(2, 1, 2, 3), stride=(2, 1), padding=(0, 1)),
    )

    @staticmethod
    def forward(x: Any, w: Any, stride: Size = 1, padding: Size = 0) -> Any:
        ho, wo = places(x.shape[2:], w.shape[2:], stride, padding)
        y = w.reshape(w.shape[0], -1) @ columns(x, w.shape[2:], stride, padding)
        return y.reshape(w.shape[0], x.shape[0], ho, wo).transpose(1, 0, 2, 3)

    @staticmethod
    def backward(
        g: Tensor, y: Tensor, x: Tensor, w: Tensor, stride: Size = 1, padding: Size = 0
    ) -> tuple[Tensor, Tensor]:
        how = {"stride": stride, "padding": padding}
        return conv2d_x(g, w, size=x.shape[2:], **how), conv2d_w(x, g, window=w.shape[2:], **how)

    @staticmethod
    def shape(x: Shape, w: Shape, stride: Size = 1, padding: Size = 0) -> Shape:
        if len(w) != 4 or 0 in w:
            raise ShapeError(f"conv2d: stencils have four sides, (O, C, kh, kw), none of them 0.\n{boxes({'w': w})}")
        check_picture("conv2d", x, (w[2], w[3]), stride, padding)
        if x[1] != w[1]:
            raise ShapeError(
                f"conv2d: the pictures have {x[1]} channels, but each stencil looks at {w[1]}.\n"
                f"{boxes({'x': x, 'w': w}, [('x', 1), ('w', 1)])}\n"
                f"   Try: nn.Conv2d({x[1]}, {w[0]}, ...)."
            )
        return (x[0], w[0], *places((x[2], x[3]), (w[2], w[3]), stride, padding))


class Conv2dX(Op):
    """What every pixel owes: each place sends its gradient back along the stencil it was made with.

    x[n, c, s i + p - pad, s j + q - pad] += g[n, o, i, j] * w[o, c, p, q]

    g: the gradient of every place, (N, O, Ho, Wo)
    w: the stencils, (O, C, kh, kw)
    y: the gradient of every pixel, (N, C, H, W)
    size: height and width of the picture
    stride: as in conv2d
    padding: as in conv2d

    >>> conv2d_x(Tensor([[[[1.0, 2.0]]]]), Tensor([[[[-1.0, 1.0]]]]), size=(1, 3))
    Tensor([[[[-1., -1.,  2.]]]])
    """

    takes = "fi"
    samples = (
        Sample(normal(1, 2, 3, 3), normal(2, 2, 3, 3), size=(6, 5), stride=2, padding=1),
        Sample(normal(2, 3, 3, 5), normal(3, 2, 3, 2), size=(3, 4), stride=1, padding=1),
    )

    @staticmethod
    def forward(g: Any, w: Any, size: Size, stride: Size = 1, padding: Size = 0) -> Any:
        size = pair(size)
        (n, o, ho, wo), (_, c, kh, kw) = g.shape, w.shape
        (sh, sw), (ph, pw) = pair(stride), pair(padding)
        shares = w.reshape(o, -1).T @ g.transpose(1, 0, 2, 3).reshape(o, -1)
        shares = shares.reshape(c, kh, kw, n, ho, wo)
        x = np.zeros((c, n, size[0] + 2 * ph, size[1] + 2 * pw), g.dtype)
        for p in range(kh):
            for q in range(kw):
                x[:, :, p : p + sh * (ho - 1) + 1 : sh, q : q + sw * (wo - 1) + 1 : sw] += shares[:, p, q]
        return x[:, :, ph : ph + size[0], pw : pw + size[1]].transpose(1, 0, 2, 3)

    @staticmethod
    def backward(
        gg: Tensor,
        y: Tensor,
        g: Tensor,
        w: Tensor,
        size: Size,
        stride: Size = 1,
        padding: Size = 0,
    ) -> tuple[Tensor, Tensor]:
        how = {"stride": stride, "padding": padding}
        return conv2d(gg, w, **how), conv2d_w(gg, g, window=w.shape[2:], **how)

    @staticmethod
    def shape(g: Shape, w: Shape, size: Size, stride: Size = 1, padding: Size = 0) -> Shape:
        if len(g) != 4 or len(w) != 4:
            raise ShapeError(f"conv2d_x: g and w have four sides each.\n{boxes({'g': g, 'w': w})}")
        x = (g[0], w[1], *pair(size))
        if Conv2d.shape(x, w, stride, padding) != tuple(g):
            raise ShapeError(f"conv2d_x: a picture of {size} does not give places like g.\n{boxes({'g': g, 'w': w})}")
        return x


class Conv2dW(Op):
    """What every weight of the stencil owes: input times gradient, summed over all places it was laid on.

    w[o, c, p, q] = sum over n, i, j of x[n, c, s i + p - pad, s j + q - pad] * g[n, o, i, j]

    x: the pictures, (N, C, H, W)
    g: the gradient of every place, (N, O, Ho, Wo)
    y: the gradient of the stencils, (O, C, kh, kw)
    window: height and width of the stencil
    stride: as in conv2d
    padding: as in conv2d

    >>> conv2d_w(Tensor([[[[1.0, 2.0, 4.0]]]]), Tensor([[[[1.0, 1.0]]]]), window=(1, 2))
    Tensor([[[[3., 6.]]]])
    """

    takes = "fi"
    samples = (
        Sample(normal(1, 2, 6, 5), normal(1, 2, 3, 3), window=(3, 3), stride=2, padding=1),
        Sample(normal(2, 2, 3, 4), normal(2, 3, 3, 5), window=(3, 2), stride=1, padding=1),
    )

    @staticmethod
    def forward(x: Any, g: Any, window: Size, stride: Size = 1, padding: Size = 0) -> Any:
        o = g.shape[1]
        w = g.transpose(1, 0, 2, 3).reshape(o, -1) @ columns(x, window, stride, padding).T
        return w.reshape(o, x.shape[1], *pair(window))

    @staticmethod
    def backward(
        gw: Tensor,
        y: Tensor,
        x: Tensor,
        g: Tensor,
        window: Size,
        stride: Size = 1,
        padding: Size = 0,
    ) -> tuple[Tensor, Tensor]:
        how = {"stride": stride, "padding": padding}
        return conv2d_x(g, gw, size=x.shape[2:], **how), conv2d(x, gw, **how)

    @staticmethod
    def shape(x: Shape, g: Shape, window: Size, stride: Size = 1, padding: Size = 0) -> Shape:
        if len(x) != 4 or len(g) != 4:
            raise ShapeError(f"conv2d_w: x and g have four sides each.\n{boxes({'x': x, 'g': g})}")
        w = (g[1], x[1], *pair(window))
        if Conv2d.shape(x, w, stride, padding) != tuple(g):
            raise ShapeError(f"conv2d_w: a stencil of {window} does not give places like g.\n{boxes({'x': x, 'g': g})}")
        return w


conv2d = Conv2d()
conv2d_x = Conv2dX()
conv2d_w = Conv2dW()
