"""Attention: every place asks all the others, and listens most to those whose answer fits the question."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import ShapeError, boxes
from ..op import Op, Shape
from ..sample import Sample, given, normal
from ..tensor import Tensor
from .arithmetic import mul
from .broadcast import fit
from .choose import where
from .elementwise import exp, maximum
from .linear import matmul
from .reduce import max, sum
from .told import told

LOW, TINY = -1e30, 1e-30  # who may listen to nobody has no largest score, and no sum to divide by
_SOME = given([[True, True, False, True], [False, True, True, True], [True, False, True, False]])


def strength(q: Any, scale: float | None) -> float:
    """How strongly questions are weighed: 1 / sqrt(E) when not said."""
    return 1 / math.sqrt(q.shape[-1]) if scale is None else float(scale)


def allowed(may: Any, causal: bool, questions: int, answers: int) -> Any:
    """Who may listen to whom, both rules together; None where everybody may."""
    if not causal:
        return may
    past = np.tri(questions, answers, dtype=bool)
    return past if may is None else may * past


def slopes(g: Tensor, shares: Tensor, q: Tensor, k: Tensor, masks: Any, scale: float | None) -> tuple[Any, ...]:
    """The gradients of q and k (and none of may, and that of bias), from the gradient of the shares."""
    felt = mul(shares, g - mul(g, shares).sum(-1, keepdim=True))
    to_q, to_k = matmul(felt, k) * strength(q, scale), matmul(felt, q, flip_x=True) * strength(q, scale)
    return fit(to_q, q), fit(to_k, k), *((None, fit(felt, masks[1])) if len(masks) > 1 else (None,) * len(masks))


class AttentionWeights(Op):
    """A round table: everybody puts a question, everybody shows a card, and each listens most to the cards that fit.

    y[i, j] = e^s[i, j] / sum over k of e^s[i, k], s[i, j] = scale * sum over e of q[i, e] * k[j, e] + bias[i, j]

    q: the questions, (..., L, E)
    k: the cards (keys), (..., S, E)
    may: who may listen to whom, True or False, (..., L, S) or what can be repeated to it; who may listen to nobody
        listens to nobody, y = 0
    bias: added to the scores, likewise
    y: how much of its attention i gives to j, (..., L, S); a row adds up to 1
    causal: nobody listens to what comes later, j <= i
    scale: 1 / sqrt(E) when not said, which keeps the scores from growing with E

    Use it to see who attends to whom, or to drop some of the attention; attention goes on to what is heard.

    Vaswani and others, "Attention is all you need", 2017.

    >>> attention_weights(Tensor([[1.0], [0.0]]), Tensor([[0.0], [9.0]]), causal=True)
    Tensor([[1. , 0. ],
            [0.5, 0.5]])
    """

    takes = "f"
    masks = (2,)
    samples = (
        Sample(normal(2, 3, 5), normal(2, 4, 5), given(True), normal(2, 3, 4)),
        Sample(normal(2, 3, 5), normal(4, 5), _SOME, normal(4), scale=0.7),
        Sample(normal(3, 5), normal(2, 4, 5), given(True), normal(2, 1, 4), causal=True),
        Sample(normal(2, 2, 3, 1), normal(2, 1, 4, 1), _SOME, normal(3, 4)),
    )

    @staticmethod
    def forward(
        q: Any, k: Any, may: Any = None, bias: Any = None, causal: bool = False, scale: float | None = None
    ) -> Any:
        product, choose, top, larger, power, total = told(q, matmul, where, max, maximum, exp, sum)
        scores = product(q * strength(q, scale), k, flip_w=True)
        if bias is not None:
            scores = scores + bias
        heard = allowed(may, causal, q.shape[-2], k.shape[-2])
        if heard is not None:
            scores = choose(heard, scores, -math.inf)
        e = power(scores - larger(top(scores, dim=-1, keepdim=True), LOW))
        return e / larger(total(e, dim=-1, keepdim=True), TINY)

    written = forward

    @staticmethod
    def backward(
        g: Tensor, y: Tensor, q: Tensor, k: Tensor, *masks: Tensor, causal: bool = False, scale: float | None = None
    ) -> tuple[Any, ...]:
        return slopes(g, y, q, k, masks, scale)

    @staticmethod
    def shape(
        q: Shape,
        k: Shape,
        may: Shape = (),
        bias: Shape = (),
        causal: bool = False,
        scale: float | None = None,
    ) -> Shape:
        return check("attention_weights", q, k, may, bias)


def check(name: str, q: Shape, k: Shape, may: Shape, bias: Shape) -> Shape:
    """The shape of the scores: q (..., L, E), k (..., S, E) -> (..., L, S); the masks fit in."""
    if len(q) < 2 or len(k) < 2 or q[-1] != k[-1] or 0 in (q[-1], k[-2]):
        marks = [("q", len(q) - 1), ("k", len(k) - 1)] if q and k else []
        raise ShapeError(
            f"{name}: questions and cards are tables with rows of one length, q (..., L, E) and k (..., S, E), and "
            f"there is at least one card.\n{boxes({'q': q, 'k': k}, marks)}"
        )
    try:
        scores = (*np.broadcast_shapes(q[:-2], k[:-2]), q[-2], k[-2])
    except ValueError:
        raise ShapeError(
            f"{name}: the sides before the tables must be equal (or 1).\n{boxes({'q': q, 'k': k})}"
        ) from None
    for what, mask in (("may", may), ("bias", bias)):
        if len(mask) > len(scores) or any(a not in (1, b) for a, b in zip(mask[::-1], scores[::-1], strict=False)):
            raise ShapeError(
                f"{name}: {what} has one row for each question and one column for each card (or 1, for all alike).\n"
                f"{boxes({what: mask, 'scores': scores})}\n"
                "   Try: mask[:, None, None, :] where a mask (N, S) says which cards are padding."
            )
    return scores


class Attention(Op):
    """A round table: everybody puts a question, sees who has the fitting card, and takes home what those have to say.

    y[i] = sum over j of a[i, j] * v[j], where a = softmax of scale * q k^T + bias along j

    q: the questions, (..., L, E)
    k: the cards (keys), (..., S, E)
    v: what each has to say (values), (..., S, V)
    may: who may listen to whom, True or False, (..., L, S) or what can be repeated to it; who may listen to nobody
        takes home 0
    bias: added to the scores, likewise
    y: what each takes home, (..., L, V)
    causal: nobody listens to what comes later, j <= i
    scale: 1 / sqrt(E) when not said

    Use it where any place may matter to any other, near or far: in sentences, pictures, sets.

    Vaswani and others, "Attention is all you need", 2017.

    >>> q, k, v = Tensor([[1.0], [0.0]]), Tensor([[0.0], [0.0]]), Tensor([[2.0], [4.0]])
    >>> attention(q, k, v, causal=True)
    Tensor([[2.],
            [3.]])
    """

    takes = "f"
    masks = (3,)
    torch = "torch.nn.functional.scaled_dot_product_attention"
    samples = (
        Sample(normal(2, 3, 5), normal(2, 4, 5), normal(2, 4, 2), given(True), normal(2, 3, 4)),
        Sample(normal(2, 3, 5), normal(4, 5), normal(4, 2), _SOME, normal(4), scale=0.7),
        Sample(normal(3, 5), normal(4, 5), normal(2, 4, 1), given(True), normal(1, 4), causal=True),
        Sample(normal(2, 2, 3, 1), normal(2, 1, 4, 1), normal(2, 1, 4, 2), _SOME, normal(3, 4)),
    )

    @staticmethod
    def forward(
        q: Any, k: Any, v: Any, may: Any = None, bias: Any = None, causal: bool = False, scale: float | None = None
    ) -> Any:
        return matmul.forward(AttentionWeights.forward(q, k, may, bias, causal, scale), v)

    @staticmethod
    def written(q: Tensor, k: Tensor, v: Tensor, *masks: Tensor, **how: Any) -> Tensor:
        return matmul(attention_weights(q, k, *masks, **how), v)

    @staticmethod
    def backward(
        g: Tensor,
        y: Tensor,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        *masks: Tensor,
        causal: bool = False,
        scale: float | None = None,
    ) -> tuple[Any, ...]:
        shares = attention_weights(q, k, *masks, causal=causal, scale=scale)
        to_v = fit(matmul(shares, g, flip_x=True), v)
        to_q, to_k, *to_masks = slopes(matmul(g, v, flip_w=True), shares, q, k, masks, scale)
        return to_q, to_k, to_v, *to_masks

    @staticmethod
    def shape(
        q: Shape,
        k: Shape,
        v: Shape,
        may: Shape = (),
        bias: Shape = (),
        causal: bool = False,
        scale: float | None = None,
    ) -> Shape:
        scores = check("attention", q, k, may, bias)
        if len(v) < 2 or v[-2] != k[-2]:
            raise ShapeError(
                f"attention: every card comes with something to say, so v has as many rows as k.\n"
                f"{boxes({'k': k, 'v': v}, [('k', len(k) - 2), ('v', len(v) - 2)] if len(v) > 1 else [])}"
            )
        return matmul.shape(scores, v)


attention_weights = AttentionWeights()
attention = Attention()
