"""Transformers: attention and a small network by turns, each added to what was there."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from ..engine import Tensor, ops
from ..engine.errors import SettingError
from .attention import MultiheadAttention
from .dropout import Dropout
from .linear import Linear
from .module import Module
from .norm import LayerNorm

__all__ = ["TransformerDecoder", "TransformerDecoderLayer", "TransformerEncoder", "TransformerEncoderLayer"]

Activation = str | Callable[[Tensor], Tensor]
CURVES: dict[str, Callable[[Tensor], Tensor]] = {"relu": ops.relu, "gelu": ops.gelu}


class Block(Module):
    """What both layers share: their settings, and the small network that looks at every place by itself."""

    linear1: Linear
    dropout: Dropout
    linear2: Linear

    def _settle(self, d_model: int, nhead: int, width: int, activation: Activation, norm_first: bool) -> None:
        if isinstance(activation, str) and activation not in CURVES:
            raise SettingError(
                f"{type(self).__name__}: activation is 'relu', 'gelu' or a function of tensors such as ops.silu, "
                f"not {activation!r}."
            )
        self.d_model, self.nhead, self.dim_feedforward, self.norm_first = d_model, nhead, width, norm_first
        self.activation = CURVES[activation] if isinstance(activation, str) else activation

    def _small(self, x: Tensor) -> Any:
        """linear2( activation( linear1(x) ) ), for every place by itself."""
        return self.linear2(self.dropout(self.activation(self.linear1(x))))

    def describe(self) -> str:
        curve = getattr(self.activation, "name", getattr(self.activation, "__name__", "a function"))
        extra = f", activation={curve}" if curve != "relu" else ""
        return f"{self.d_model}, {self.nhead}, {self.dim_feedforward}{extra}" + (
            ", norm_first=True" if self.norm_first else ""
        )


class TransformerEncoderLayer(Block):
    """A meeting, then everybody's own work: listen to the others, think it over; each is added to what one knew.

    z = norm1( x + self_attn(x, x, x) ), y = norm2( z + linear2( activation( linear1(z) ) ) )
    with norm_first: z = x + self_attn(norm1(x)), y = z + linear2( activation( linear1( norm2(z) ) ) )

    d_model, nhead: how many numbers a place has, how many heads they are divided among
    dim_feedforward: how many units linear1 has
    dropout: in the attention, in the small network, and of what is added
    activation: "relu", "gelu" or a function of tensors
    batch_first: (N, T, d_model); False means (T, N, d_model). It is True when not said (PyTorch's is False)
    norm_first: norm what goes into each part (easier to train when deep) instead of what comes out
    src (N, T, d_model) -> y, same shape; the masks are those of MultiheadAttention

    Vaswani and others, 2017; norm_first: Xiong and others, 2020.

    >>> layer = TransformerEncoderLayer(6, nhead=2, dim_feedforward=8).eval()
    >>> layer(Tensor(np.ones((4, 5, 6), np.float32)), is_causal=True).shape
    (4, 5, 6)
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = True,
        norm_first: bool = False,
        bias: bool = True,
    ) -> None:
        self._settle(d_model, nhead, dim_feedforward, activation, norm_first)
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first)
        self.linear1 = Linear(d_model, dim_feedforward, bias)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias)
        self.norm1 = LayerNorm(d_model, layer_norm_eps, bias=bias)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, bias=bias)
        self.dropout1, self.dropout2 = Dropout(dropout), Dropout(dropout)

    def forward(
        self,
        src: Tensor,
        src_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Any:
        def listen(x: Tensor) -> Any:
            heard, _ = self.self_attn(x, x, x, src_key_padding_mask, False, src_mask, is_causal=is_causal)
            return self.dropout1(heard)

        def think(x: Tensor) -> Any:
            return self.dropout2(self._small(x))

        if self.norm_first:
            x = src + listen(self.norm1(src))
            return x + think(self.norm2(x))
        x = self.norm1(src + listen(src))
        return self.norm2(x + think(x))


class TransformerDecoderLayer(Block):
    """A speaker who recalls what was said already, listens to the source, and thinks it over.

    x = norm1( tgt + self_attn(tgt, tgt, tgt) ), z = norm2( x + multihead_attn(x, memory, memory) )
    y = norm3( z + linear2( activation( linear1(z) ) ) ), or with norm_first each norm before its part

    d_model, nhead, dim_feedforward, dropout, activation, batch_first, norm_first: as in TransformerEncoderLayer
    tgt (N, T, d_model), memory (N, S, d_model) -> y (N, T, d_model); the masks are those of MultiheadAttention,
    tgt_... for what was said and memory_... for the source; tgt_is_causal: no word hears a later one

    Vaswani and others, 2017.

    >>> layer = TransformerDecoderLayer(6, nhead=2, dim_feedforward=8).eval()
    >>> said, source = (Tensor(np.ones((4, n, 6), np.float32)) for n in (3, 5))
    >>> layer(said, source, tgt_is_causal=True).shape
    (4, 3, 6)
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = True,
        norm_first: bool = False,
        bias: bool = True,
    ) -> None:
        self._settle(d_model, nhead, dim_feedforward, activation, norm_first)
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first)
        self.multihead_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first)
        self.linear1 = Linear(d_model, dim_feedforward, bias)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias)
        self.norm1 = LayerNorm(d_model, layer_norm_eps, bias=bias)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, bias=bias)
        self.norm3 = LayerNorm(d_model, layer_norm_eps, bias=bias)
        self.dropout1, self.dropout2, self.dropout3 = Dropout(dropout), Dropout(dropout), Dropout(dropout)

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        def recall(x: Tensor) -> Any:
            heard, _ = self.self_attn(x, x, x, tgt_key_padding_mask, False, tgt_mask, is_causal=tgt_is_causal)
            return self.dropout1(heard)

        def listen(x: Tensor) -> Any:
            masks = memory_key_padding_mask, False, memory_mask
            heard, _ = self.multihead_attn(x, memory, memory, *masks, is_causal=memory_is_causal)
            return self.dropout2(heard)

        def think(x: Tensor) -> Any:
            return self.dropout3(self._small(x))

        x = tgt
        for part, norm in ((recall, self.norm1), (listen, self.norm2), (think, self.norm3)):
            x = x + part(norm(x)) if self.norm_first else norm(x + part(x))
        return x


class TransformerEncoder(Module):
    """Meeting after meeting: layers alike in build, each with its own numbers.

    y = norm( layers[-1]( ... layers[0](src) ) )

    encoder_layer: the layer, copied num_layers times; norm: a last layer norm, None for none
    src (N, T, d_model) -> y, same shape; mask and src_key_padding_mask go to every layer

    The copies draw first numbers of their own (PyTorch's begin alike).

    >>> net = TransformerEncoder(TransformerEncoderLayer(6, 2, 8), num_layers=3).eval()
    >>> net(Tensor(np.ones((4, 5, 6), np.float32))).shape
    (4, 5, 6)
    """

    def __init__(self, encoder_layer: TransformerEncoderLayer, num_layers: int, norm: Module | None = None) -> None:
        self.layers = copies(encoder_layer, num_layers)
        self.num_layers, self.norm = num_layers, norm

    def forward(
        self,
        src: Tensor,
        mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Any:
        for layer in self.layers:
            src = layer(src, mask, src_key_padding_mask, is_causal)
        return src if self.norm is None else self.norm(src)


class TransformerDecoder(Module):
    """Speaking, turn after turn: layers alike in build, each with its own numbers.

    y = norm( layers[-1]( ... layers[0](tgt, memory), memory ) )

    decoder_layer: the layer, copied num_layers times; norm: a last layer norm, None for none
    tgt (N, T, d_model), memory (N, S, d_model) -> y (N, T, d_model); the masks go to every layer

    >>> net = TransformerDecoder(TransformerDecoderLayer(6, 2, 8), num_layers=2).eval()
    >>> said, source = (Tensor(np.ones((4, n, 6), np.float32)) for n in (3, 5))
    >>> net(said, source, tgt_is_causal=True).shape
    (4, 3, 6)
    """

    def __init__(self, decoder_layer: TransformerDecoderLayer, num_layers: int, norm: Module | None = None) -> None:
        self.layers = copies(decoder_layer, num_layers)
        self.num_layers, self.norm = num_layers, norm

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Any:
        masks = tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask
        for layer in self.layers:
            tgt = layer(tgt, memory, *masks, tgt_is_causal, memory_is_causal)
        return tgt if self.norm is None else self.norm(tgt)


def copies(layer: Module, count: int) -> list[Any]:
    """So many layers of the same build; what nobody has looked at yet is drawn for each by itself."""
    if count < 1:
        raise SettingError(f"num_layers counts from 1, not {count}.")
    fresh = [name for name, parameter in layer.named_state() if not parameter.drawn]
    made = [copy.deepcopy(layer) for _ in range(count)]
    for other in made:
        parameters = dict(other.named_state())
        for name in fresh:
            parameters[name].init(0)
    return made
