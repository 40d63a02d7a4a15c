"""The operations, one family a file; each says its own forward, backward, shape rule and story.

arithmetic (+ - * / **), broadcast, elementwise (exp, tanh, relu and their like), curves (log1p, sin, erf, powers of
tensors), doors (gelu, silu, elu, softplus), choose (where, clip), kinds (cast), compare, reduce and sums (many become
few), arrange (reshape, permute, cut, take), join (concat, stack, pad, flip), tables (gather, embedding, changed rows),
linear (matmul), convolution, pooling, resize, norm, attention, recurrent, gru, lstm, chance (dropout), memory (running
averages, Adam's step), together (the sum over workers); loss (shares), surprise (cross entropy), misses (other
losses), ctc.
"""

from .arithmetic import add, div, mul, neg, power, sub
from .arrange import add_rows, cut, paste, permute, reshape, take
from .attention import attention, attention_weights
from .broadcast import broadcast_to, sum_to
from .chance import dropout_mask
from .choose import clip, where
from .compare import accuracy, argmax, equal, greater, greater_equal, less, less_equal, not_equal
from .convolution import conv2d, conv2d_w, conv2d_x
from .ctc import ctc, ctc_posterior
from .curves import cos, erf, expm1, log1p, log2, log10, pow, sin
from .doors import elu, gelu, silu, softplus
from .elementwise import (
    abs,
    exp,
    gate,
    leaky_relu,
    log,
    maximum,
    minimum,
    relu,
    sigmoid,
    sign,
    sqrt,
    tanh,
)
from .gru import gru, gru_back
from .join import concat, flip, pad, repeat_interleave, roll, stack, tile, tril
from .kinds import cast
from .linear import matmul
from .loss import log_softmax, one_hot, softmax
from .lstm import lstm, lstm_back
from .memory import adaptive_step, blend
from .misses import bce_with_logits, huber, kl_div, l1, mse
from .norm import batch_norm, group_norm, layer_norm, rms_norm, var
from .pooling import avg_pool2d, avg_pool2d_x, max_pool2d, pick, place
from .recurrent import rnn, rnn_back
from .reduce import max, mean, sum, winner
from .resize import resize2d, resize2d_x
from .sums import cumsum, logsumexp, min, vector_norm
from .surprise import cross_entropy, nll, soft_cross_entropy, target_shares
from .tables import embedding, gather, index_add, scatter_add, scatter_sum, set_rows
from .together import together

__all__ = [
    "abs", "accuracy", "adaptive_step", "add", "add_rows", "argmax", "attention", "attention_weights", "avg_pool2d",
    "avg_pool2d_x", "batch_norm", "bce_with_logits", "blend", "broadcast_to", "cast", "clip", "concat", "conv2d",
    "conv2d_w", "conv2d_x", "cos", "cross_entropy", "ctc", "ctc_posterior", "cumsum", "cut", "div", "dropout_mask",
    "elu", "embedding", "equal", "erf", "exp", "expm1", "flip", "gate", "gather", "gelu", "greater", "greater_equal",
    "group_norm", "gru", "gru_back", "huber", "index_add", "kl_div", "l1", "layer_norm", "leaky_relu", "less",
    "less_equal", "log", "log1p", "log2", "log10", "log_softmax", "logsumexp", "lstm", "lstm_back", "matmul", "max",
    "max_pool2d", "maximum", "mean", "min", "minimum", "mse", "mul", "neg", "nll", "not_equal", "one_hot", "pad",
    "paste", "permute", "pick", "place", "pow", "power", "relu", "repeat_interleave", "reshape", "resize2d",
    "resize2d_x", "rms_norm", "rnn", "rnn_back", "roll", "scatter_add", "scatter_sum", "set_rows", "sigmoid", "sign",
    "silu", "sin", "soft_cross_entropy", "softmax", "softplus", "sqrt", "stack", "sub", "sum", "sum_to", "take", "tanh",
    "target_shares", "tile", "together", "tril", "var", "vector_norm", "where", "winner",
]  # fmt: skip
