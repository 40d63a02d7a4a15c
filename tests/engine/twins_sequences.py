"""The twins of operations on sequences: PyTorch's own layers, asked for one state at a time."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 (as everybody calls it)

T: Any = torch.nn


def reader(kind: Any, w: Any, b: Any = None, **how: Any) -> Any:
    """PyTorch's layer with the sums of the inputs as its inputs: W is the identity and has no bias."""
    layer = kind(w.shape[0], w.shape[1], batch_first=True, **how).to(w.dtype)
    none = torch.zeros(w.shape[0], dtype=w.dtype)
    parts = {"weight_ih_l0": torch.eye(w.shape[0], dtype=w.dtype), "weight_hh_l0": w}
    parts |= {"bias_ih_l0": none, "bias_hh_l0": none if b is None else b}
    return lambda *inputs: torch.func.functional_call(layer, parts, inputs)


def every_state(read: Any, z: Any, first: Any, lengths: Any, reverse: bool) -> Any:
    """The state after every moment, (N, T, ...): each example is read by itself up to there, and never beyond its end.

    read: (sequence (1, t, G), first state) -> what is left after the last moment, (1, H) or (1, 2 H)
    """
    rows = []
    for n in range(len(z)):
        end = z.shape[1] if lengths is None else int(lengths[n])
        start = [s[min(n, len(s) - 1)][None] for s in first]
        states = []
        for t in range(z.shape[1]):
            seen = z[n, t:end].flip(0) if reverse else z[n, : min(t + 1, end)]
            states.append(read(seen[None], start) if len(seen) else torch.cat(start, 1))
        rows.append(torch.cat(states))
    return torch.stack(rows)


def rnn(z: Any, h: Any, w: Any, lengths: Any = None, nonlinearity: str = "tanh", reverse: bool = False) -> Any:
    layer = reader(T.RNN, w, nonlinearity=nonlinearity)
    return every_state(lambda x, start: layer(x, start[0][None])[1][0], z, [h], lengths, reverse)


def gru(z: Any, h: Any, w: Any, b: Any, lengths: Any = None, reverse: bool = False) -> Any:
    layer = reader(T.GRU, w, b)
    return every_state(lambda x, start: layer(x, start[0][None])[1][0], z, [h], lengths, reverse)


def lstm(z: Any, h: Any, c: Any, w: Any, lengths: Any = None, reverse: bool = False) -> Any:
    layer = reader(T.LSTM, w)

    def read(x: Any, start: Any) -> Any:
        return torch.cat(layer(x, tuple(s[None] for s in start))[1], 2)[0]

    return every_state(read, z, [h, c], lengths, reverse)


def listening(q: Any, k: Any, may: Any, bias: Any, causal: bool, dtype: Any) -> Any:
    """All masks as one that is added."""
    places = q.shape[-2], k.shape[-2]
    heard = torch.ones(places, dtype=torch.bool) if may is None else may
    heard = heard & torch.ones(places, dtype=torch.bool).tril() if causal else heard
    return torch.zeros(places, dtype=dtype).masked_fill(~heard, -torch.inf) + (0 if bias is None else bias)


def attention(
    q: Any, k: Any, v: Any, may: Any = None, bias: Any = None, causal: bool = False, scale: float | None = None
) -> Any:
    mask = listening(q, k, may, bias, causal, q.dtype)
    return F.scaled_dot_product_attention(q, k, v, mask, scale=scale)


def attention_weights(q: Any, k: Any, *masks: Any, causal: bool = False, scale: float | None = None) -> Any:
    """What is taken home where everybody says who they are."""
    return attention(q, k, torch.eye(k.shape[-2], dtype=q.dtype), *masks, causal=causal, scale=scale)


SEQUENCES = {"attention": attention, "attention_weights": attention_weights, "gru": gru, "lstm": lstm, "rnn": rnn}

WITHOUT = {
    name: f"the slopes of {name.removesuffix('_back')} are made of it, and those are compared"
    for name in ("gru_back", "lstm_back", "rnn_back")
}
