"""Multi-head attention: several round tables at once, each with its own questions, cards and things to say."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine import Tensor, ops
from ..engine.errors import SettingError, ShapeError, boxes
from . import init
from .dropout import Dropout, chance, dropped
from .linear import Linear
from .module import Module
from .parameter import Parameter

__all__ = ["MultiheadAttention", "PositionalEncoding"]


class MultiheadAttention(Module):
    """Several round tables at once: at each, everybody asks, sees whose card fits, and takes home what those say.

    head[i] = softmax( q_i k_i^T / sqrt(d) ) v_i, q = query Wq^T + bq, k = key Wk^T + bk, v = value Wv^T + bv
    y = concat(head[1], head[2], ...) Wo^T + bo, d = embed_dim / num_heads

    embed_dim, num_heads: how many numbers a place has, how many tables they are divided among
    dropout: chance of dropping a share of the attention
    bias: with bq, bk, bv and bo
    kdim, vdim: how many numbers key and value have, embed_dim when not said
    batch_first: (N, L, E); False means (L, N, E). It is True when not said (PyTorch's is False)
    query (N, L, embed_dim), key (N, S, kdim), value (N, S, vdim) -> y (N, L, embed_dim), and who attended to whom,
    (N, L, S), or None if need_weights is False; in_proj_weight (3 embed_dim, embed_dim) holds Wq, Wk and Wv

    key_padding_mask (N, S): True where a key is only padding; attn_mask (L, S) or (N * num_heads, L, S): True where i
    must not listen to j; as fractions both are added to the scores instead. is_causal: nobody listens to what comes
    later. Whoever may listen to nobody takes home bo alone (PyTorch sometimes gives NaN there).

    Vaswani and others, "Attention is all you need", 2017.

    >>> layer = MultiheadAttention(6, num_heads=2)
    >>> x = Tensor(np.ones((4, 5, 6), np.float32))
    >>> y, weights = layer(x, x, x, is_causal=True)
    >>> y.shape, weights.shape
    ((4, 5, 6), (4, 5, 5))
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = True,
    ) -> None:
        if min(embed_dim, num_heads) < 1 or embed_dim % num_heads:
            raise SettingError(f"MultiheadAttention: {embed_dim} numbers cannot be shared by {num_heads} heads evenly.")
        if add_bias_kv or add_zero_attn:
            raise SettingError("MultiheadAttention: add_bias_kv and add_zero_attn of PyTorch are not there.")
        self.embed_dim, self.num_heads, self.batch_first = embed_dim, num_heads, batch_first
        self.dropout = chance("MultiheadAttention", dropout)
        self.kdim, self.vdim = embed_dim if kdim is None else kdim, embed_dim if vdim is None else vdim
        if self.kdim == self.vdim == embed_dim:
            self.in_proj_weight = Parameter(init.xavier_uniform(), (3 * embed_dim, embed_dim))
        else:
            self.q_proj_weight = Parameter(init.xavier_uniform(), (embed_dim, embed_dim))
            self.k_proj_weight = Parameter(init.xavier_uniform(), (embed_dim, self.kdim))
            self.v_proj_weight = Parameter(init.xavier_uniform(), (embed_dim, self.vdim))
        self.in_proj_bias = Parameter(init.zeros(), (3 * embed_dim,)) if bias else None
        self.out_proj = Linear(embed_dim, embed_dim, bias=bias)
        if self.out_proj.bias is not None:
            self.out_proj.bias = Parameter(init.zeros(), (embed_dim,))

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        alone = query.ndim == 2  # one example by itself, as PyTorch allows
        self._check(query, key, value)
        if alone:
            query, key, value = query[None], key[None], value[None]
            key_padding_mask = key_padding_mask[None] if key_padding_mask is not None else None
        elif not self.batch_first:
            query, key, value = (x.permute(1, 0, 2) for x in (query, key, value))
        q, k, v = (self._heads(x, part) for part, x in enumerate((query, key, value)))
        masks = self._masks(key_padding_mask, attn_mask)
        shares = None
        if need_weights or (self.training and self.dropout):
            shares = dropped(ops.attention_weights(q, k, *masks, causal=is_causal), self.dropout, self.training)
            heads = ops.matmul(shares, v)
        else:
            heads = ops.attention(q, k, v, *masks, causal=is_causal)
        y = self.out_proj(heads.permute(0, 2, 1, 3).reshape(-1, query.shape[1], self.embed_dim))
        shares = shares if need_weights else None
        if shares is not None and average_attn_weights:
            shares = shares.mean(1)
        if alone:
            return y[0], None if shares is None else shares[0]
        return y if self.batch_first else y.permute(1, 0, 2), shares

    def _heads(self, x: Tensor, part: int) -> Tensor:
        """Questions (part 0), cards (1) or things to say (2), divided: (N, L, E) -> (N, heads, L, E / heads)."""
        rows = slice(part * self.embed_dim, (part + 1) * self.embed_dim)
        if self.kdim == self.vdim == self.embed_dim:
            w = self.in_proj_weight[rows]
        else:
            w = (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight)[part]
        y = ops.matmul(x.reshape(-1, x.shape[2]), w, flip_w=True)
        if self.in_proj_bias is not None:
            y = y + self.in_proj_bias[rows]
        y = y.reshape(-1, x.shape[1], self.num_heads, self.embed_dim // self.num_heads)
        return y.permute(0, 2, 1, 3)

    def _masks(self, padding: Tensor | None, attn: Tensor | None) -> list[Tensor]:
        """Both masks as the operation wants them: [], [who may listen to whom] or [that, what is added]."""
        if padding is not None:
            if padding.ndim != 2:
                raise ShapeError(
                    f"{self._line()}: key_padding_mask has one row for each example and one column for each key.\n"
                    f"{boxes({'key_padding_mask': padding.shape})}"
                )
            padding = padding[:, None, None]
        if attn is not None and attn.ndim == 3:
            attn = attn.reshape(-1, self.num_heads, *attn.shape[1:])
        may: Tensor | None = None
        bias: Tensor | None = None
        for mask in (padding, attn):
            if mask is None:
                continue
            if mask.dtype.kind == "b":
                free = ops.equal(mask, Tensor(np.asarray(False)))
                may = free if may is None else may * free
            else:
                bias = mask if bias is None else bias + mask
        if bias is not None:
            return [Tensor(np.asarray(True)) if may is None else may, bias]
        return [] if may is None else [may]

    def _check(self, query: Tensor, key: Tensor, value: Tensor) -> None:
        for name, x, width in (("query", query, self.embed_dim), ("key", key, self.kdim), ("value", value, self.vdim)):
            if x.ndim not in (2, 3) or x.ndim != query.ndim or x.shape[-1] != width:
                order = "examples, places" if self.batch_first else "places, examples"
                raise ShapeError(
                    f"{self._line()}: {name} has three sides, ({order}, {width} numbers).\n"
                    f"{boxes({name: x.shape}, [(name, x.ndim - 1)] if x.ndim else [])}"
                )

    def describe(self) -> str:
        usual = {"dropout": 0.0, "kdim": self.embed_dim, "vdim": self.embed_dim, "batch_first": True}
        told = [f"{k}={getattr(self, k)!r}" for k, v in usual.items() if getattr(self, k) != v]
        told += ["bias=False"] if self.in_proj_bias is None else []
        return ", ".join([f"{self.embed_dim}, {self.num_heads}", *told])


class PositionalEncoding(Module):
    """Clock hands that tell every place: a fast hand, a slower one, ..., added to what stands there.

    y[n, t, 2 i] = x[n, t, 2 i] + sin(t / 10000^(2 i / d_model)), y[n, t, 2 i + 1] = x + cos of the same

    d_model: how many numbers a place has
    dropout: chance of dropping a number of the sum
    x (N, T, d_model) -> y, same shape

    Attention alone cannot tell first from last.  Vaswani and others, 2017, section 3.5.

    >>> PositionalEncoding(2)(Tensor([[[0.0, 0.0], [0.0, 0.0]]]))
    Tensor([[[0.    , 1.    ],
             [0.8415, 0.5403]]])
    """

    ignored_state = ("pe",)  # tutorials keep the table in their state; here it is computed

    def __init__(self, d_model: int, dropout: float = 0.0) -> None:
        self.d_model = d_model
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor) -> Any:
        if x.ndim != 3 or x.shape[2] != self.d_model:
            raise ShapeError(
                f"{self._line()}: x has three sides, (examples, places, {self.d_model} numbers).\n"
                f"{boxes({'x': x.shape})}"
            )
        return self.dropout(x + Tensor(hands(x.shape[1], self.d_model).astype(x.dtype)))

    def describe(self) -> str:
        return f"{self.d_model}" + (f", dropout={self.dropout.p}" if self.dropout.p else "")


def hands(places: int, width: int) -> Any:
    """How the clock hands stand at every place, (places, width).

    >>> hands(1, 4).tolist()
    [[0.0, 1.0, 0.0, 1.0]]
    """
    speeds = np.exp(np.arange(0, width, 2) * (-math.log(10000.0) / width))
    angles = np.arange(places)[:, None] * speeds
    table = np.zeros((places, width))
    table[:, 0::2], table[:, 1::2] = np.sin(angles), np.cos(angles[:, : width // 2])
    return table
