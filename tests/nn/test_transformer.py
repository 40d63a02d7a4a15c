"""Attention and transformer layers against PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cutaway import nn, ops
from cutaway.engine import Tape, Tensor, check_grads
from cutaway.engine.errors import CutawayError

from .twins import agree, alike, numbers

torch = pytest.importorskip("torch", reason='torch is not installed (to get it: pip install "torch==2.13.0")')
T: Any = torch.nn

both = pytest.mark.parametrize("dtype", ["float64", "float32"])
PADDING = np.arange(5)[None] >= np.array([3, 5, 2, 4])[:, None]  # of four examples with five keys
LATER = np.triu(np.ones((5, 5), bool), 1)
ADDED = numbers(5, 5, seed=5)
OF_HEADS = np.random.default_rng(3).random((4 * 3, 5, 5)) < 0.3
OF_HEADS[:, :, 0] = False  # everybody may listen to the first
MASKS: dict[str, dict[str, Any]] = {
    "none": {},
    "padding": {"key_padding_mask": PADDING},
    "later": {"attn_mask": LATER},
    "both": {"attn_mask": LATER, "key_padding_mask": PADDING},
    "added": {"attn_mask": ADDED},
    "added, padding": {"attn_mask": ADDED, "key_padding_mask": np.where(PADDING, -np.inf, 0.0)},
    "of every head": {"attn_mask": OF_HEADS},
    "of every head, padding": {"attn_mask": OF_HEADS, "key_padding_mask": PADDING & (np.arange(5) > 0)},
}


def as_torch(masks: dict[str, Any], dtype: str) -> dict[str, Any]:
    return {name: torch.tensor(mask.astype(dtype) if mask.dtype.kind == "f" else mask) for name, mask in masks.items()}


def as_ours(masks: dict[str, Any], dtype: str) -> dict[str, Any]:
    return {name: Tensor(mask.astype(dtype) if mask.dtype.kind == "f" else mask) for name, mask in masks.items()}


# -- attention -----------------------------------------------------------------------------------------------
@both
@pytest.mark.parametrize("weights", [{}, {"need_weights": False}, {"average_attn_weights": False}], ids=str)
@pytest.mark.parametrize("masks", MASKS.values(), ids=MASKS)
def test_attention_to_oneself(masks: dict[str, Any], weights: dict[str, Any], dtype: str) -> None:
    ours, twin = nn.MultiheadAttention(6, 3), T.MultiheadAttention(6, 3, batch_first=True)
    alike(ours, twin, dtype)
    agree(
        ours,
        twin,
        dtype,
        [numbers(4, 5, 6)],
        lambda net, x: net(x, x, x, **as_ours(masks, dtype), **weights),
        lambda net, x: net(x, x, x, **as_torch(masks, dtype), **weights),
    )


@both
@pytest.mark.parametrize(
    "settings",
    [{}, {"bias": False}, {"kdim": 7}, {"vdim": 2, "bias": False}, {"kdim": 4, "vdim": 3}, {"batch_first": False}],
    ids=str,
)
def test_attention_to_others(settings: dict[str, Any], dtype: str) -> None:
    ours, twin = (
        nn.MultiheadAttention(6, 2, **settings),
        T.MultiheadAttention(6, 2, **{"batch_first": True, **settings}),
    )
    alike(ours, twin, dtype)
    k, v = settings.get("kdim", 6), settings.get("vdim", 6)
    shapes = [(4, 3, 6), (4, 5, k), (4, 5, v)]
    if not settings.get("batch_first", True):
        shapes = [(b, a, c) for a, b, c in shapes]
    agree(
        ours,
        twin,
        dtype,
        [numbers(*s, seed=i) for i, s in enumerate(shapes)],
        lambda net, *x: net(*x, key_padding_mask=Tensor(PADDING)),
        lambda net, *x: net(*x, key_padding_mask=torch.tensor(PADDING)),
    )


def test_one_example_alone() -> None:
    ours, twin = nn.MultiheadAttention(6, 2), T.MultiheadAttention(6, 2)
    alike(ours, twin, "float64")
    agree(
        ours,
        twin,
        "float64",
        [numbers(3, 6), numbers(5, 6, seed=1)],
        lambda net, q, k: net(q, k, k, key_padding_mask=Tensor(PADDING[0])),
        lambda net, q, k: net(q, k, k, key_padding_mask=torch.tensor(PADDING[0])),
    )


def test_causal_without_a_mask_is_the_mask_of_what_comes_later() -> None:
    net = nn.MultiheadAttention(6, 2)
    x = Tensor(numbers(4, 5, 6).astype("f"))
    for more in ({}, {"key_padding_mask": Tensor(PADDING)}):
        one, two = net(x, x, x, is_causal=True, **more), net(x, x, x, attn_mask=Tensor(LATER), **more)
        for a, b in zip(one, two, strict=True):
            np.testing.assert_array_equal(a.data, b.data)
    assert not np.triu(one[1].data, 1).any()


def test_weights_or_not_and_training_or_not_give_the_same_bits() -> None:
    net = nn.MultiheadAttention(6, 2)
    x = Tensor(numbers(4, 5, 6).astype("f"))
    y = net(x, x, x)[0].data
    np.testing.assert_array_equal(net(x, x, x, need_weights=False)[0].data, y)
    np.testing.assert_array_equal(net.eval()(x, x, x)[0].data, y)


def test_dropout_of_attention() -> None:
    net = nn.MultiheadAttention(6, 2, dropout=0.5)
    x = Tensor(numbers(8, 5, 6).astype("f"))
    results = []
    for step in (3, 3, 4):
        with Tape(step=step):
            results.append(net(x, x, x, average_attn_weights=False)[1].data)
        with Tape(step=step):
            net(x, x, x, need_weights=False)
    one, again, other = results
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)
    whole = net.eval()(x, x, x, average_attn_weights=False)[1].data
    assert 0.3 < (one == 0).mean() < 0.7
    np.testing.assert_allclose(one[one != 0], 2 * whole[one != 0], rtol=1e-6)


def test_first_numbers_are_as_widely_spread_as_torch() -> None:
    pairs = [
        (nn.MultiheadAttention(64, 4), T.MultiheadAttention(64, 4)),
        (nn.MultiheadAttention(64, 4, kdim=32, vdim=128), T.MultiheadAttention(64, 4, kdim=32, vdim=128)),
        (nn.TransformerEncoderLayer(64, 4, 128), T.TransformerEncoderLayer(64, 4, 128)),
    ]
    for ours, twin in pairs:
        for name, theirs in twin.state_dict().items():
            array = ours.state()[name]
            assert np.abs(array).max() <= np.abs(theirs.numpy()).max() * 1.05, name
            assert array.std() == pytest.approx(theirs.numpy().std(), rel=0.15), name


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda net, x: net(x, x[..., :5], x), "key has three sides"),
        (lambda net, x: net(x, x, x[0]), "value has three sides"),
        (lambda net, x: net(x, x, x, key_padding_mask=np.ones((5,), bool)), "one row for each example"),
        (lambda net, x: net(x, x, x, key_padding_mask=np.ones((4, 4), bool)), "one column for each card"),
        (lambda net, x: net(x, x, x, attn_mask=np.ones((4, 5), bool)), "one row for each question"),
        (lambda net, x: net(x, x, x, attn_mask=np.ones((7, 5, 5), bool)), "do not fill"),
        (lambda net, x: nn.PositionalEncoding(5)(x), "5 numbers"),
    ],
)
def test_mistakes_have_a_sentence(wrong: Any, said: str) -> None:
    with pytest.raises(CutawayError, match=said):
        wrong(nn.MultiheadAttention(6, 2), Tensor(numbers(4, 5, 6).astype("f")))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: nn.MultiheadAttention(6, 4),
        lambda: nn.MultiheadAttention(6, 2, dropout=1.0),
        lambda: nn.MultiheadAttention(6, 2, add_zero_attn=True),
        lambda: nn.TransformerEncoderLayer(6, 2, activation="sin"),
        lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(6, 2), 0),
    ],
)
def test_settings_are_checked_when_made(wrong: Any) -> None:
    with pytest.raises(ValueError):
        wrong()


# -- where in the sentence -----------------------------------------------------------------------------------
@pytest.mark.parametrize("width", [6, 5, 1])
def test_clock_hands(width: int) -> None:
    zeros = np.zeros((2, 40, width))
    y = nn.PositionalEncoding(width)(Tensor(zeros)).data
    for t in (0, 1, 17, 39):
        for i in range(0, width, 2):
            angle = t / 10000 ** (i / width)
            np.testing.assert_allclose(y[1, t, i : i + 2], [np.sin(angle), np.cos(angle)][: width - i], atol=1e-12)


# -- layers and stacks ---------------------------------------------------------------------------------------
HOW = [
    {},
    {"norm_first": True},
    {"activation": "gelu", "layer_norm_eps": 0.01},
    {"bias": False, "norm_first": True, "activation": "gelu"},
    {"batch_first": False},
]


def turned(x: Any, settings: dict[str, Any]) -> Any:
    return x if settings.get("batch_first", True) else np.ascontiguousarray(x.swapaxes(0, 1))


@both
@pytest.mark.parametrize("settings", HOW, ids=str)
def test_encoder_layers(settings: dict[str, Any], dtype: str) -> None:
    ours = nn.TransformerEncoderLayer(6, 2, 7, dropout=0.0, **settings)
    twin = T.TransformerEncoderLayer(6, 2, 7, dropout=0.0, **{"batch_first": True, **settings})
    alike(ours, twin, dtype)
    masks = {"src_mask": LATER, "src_key_padding_mask": PADDING}
    for told in ({}, masks):
        agree(
            ours,
            twin,
            dtype,
            [turned(numbers(4, 5, 6), settings)],
            lambda net, x, told=told: net(x, **as_ours(told, dtype)),
            lambda net, x, told=told: net(x, **as_torch(told, dtype)),
        )


@both
@pytest.mark.parametrize("settings", HOW, ids=str)
def test_decoder_layers(settings: dict[str, Any], dtype: str) -> None:
    ours = nn.TransformerDecoderLayer(6, 2, 7, dropout=0.0, **settings)
    twin = T.TransformerDecoderLayer(6, 2, 7, dropout=0.0, **{"batch_first": True, **settings})
    alike(ours, twin, dtype)
    masks = {
        "tgt_mask": LATER[:3, :3],
        "tgt_key_padding_mask": PADDING[:, :3] & (np.arange(3) > 0),
        "memory_mask": np.tril(np.ones((3, 5), bool), -1),
        "memory_key_padding_mask": PADDING & (np.arange(5) < 4),
    }
    for told in ({}, masks):
        agree(
            ours,
            twin,
            dtype,
            [turned(numbers(4, 3, 6), settings), turned(numbers(4, 5, 6, seed=1), settings)],
            lambda net, *x, told=told: net(*x, **as_ours(told, dtype)),
            lambda net, *x, told=told: net(*x, **as_torch(told, dtype)),
        )


@both
def test_stacks(dtype: str) -> None:
    ours = nn.TransformerEncoder(nn.TransformerEncoderLayer(6, 2, 7, 0.0), 3, nn.LayerNorm(6))
    inner = T.TransformerEncoderLayer(6, 2, 7, 0.0, batch_first=True)
    twin = T.TransformerEncoder(inner, 3, T.LayerNorm(6), enable_nested_tensor=False)
    alike(ours, twin, dtype)
    agree(
        ours,
        twin,
        dtype,
        [numbers(4, 5, 6)],
        lambda net, x: net(x, mask=Tensor(LATER), src_key_padding_mask=Tensor(PADDING)),
        lambda net, x: net(x, mask=torch.tensor(LATER), src_key_padding_mask=torch.tensor(PADDING)),
    )
    ours = nn.TransformerDecoder(nn.TransformerDecoderLayer(6, 2, 7, 0.0, norm_first=True), 2, nn.LayerNorm(6))
    inner = T.TransformerDecoderLayer(6, 2, 7, 0.0, norm_first=True, batch_first=True)
    twin = T.TransformerDecoder(inner, 2, T.LayerNorm(6))
    alike(ours, twin, dtype)
    agree(
        ours,
        twin,
        dtype,
        [numbers(4, 5, 6), numbers(4, 5, 6, seed=1)],
        lambda net, *x: net(*x, tgt_is_causal=True, memory_key_padding_mask=Tensor(PADDING)),
        lambda net, *x: net(*x, tgt_mask=torch.tensor(LATER), memory_key_padding_mask=torch.tensor(PADDING)),
    )


def test_the_layers_of_a_stack_begin_with_numbers_of_their_own() -> None:
    net = nn.TransformerEncoder(nn.TransformerEncoderLayer(6, 2, 7), 2)
    one, two = (net.state()[f"layers.{k}.linear1.weight"] for k in range(2))
    assert not np.array_equal(one, two)
    assert len(net.named_parameters()) == 2 * 12
    known = nn.TransformerEncoderLayer(6, 2, 7).init(seed=3)
    known.load_state(known.state())
    net = nn.TransformerEncoder(known, 2)
    for k in range(2):
        np.testing.assert_array_equal(net.state()[f"layers.{k}.linear1.weight"], known.linear1.weight.data)


def test_another_curve() -> None:
    layer = nn.TransformerEncoderLayer(4, 2, 5, 0.0, activation=ops.silu).to(np.float64)
    assert check_grads(lambda x: layer(x, is_causal=True), [numbers(2, 3, 4)]) < 1e-6
    assert "silu" in repr(layer)


@pytest.mark.parametrize("norm_first", [False, True])
def test_dropout_is_where_torch_has_it(norm_first: bool) -> None:
    """In the attention, behind it, and twice in the small network; every place draws for itself, and eval() nowhere."""
    x = Tensor(numbers(4, 5, 6).astype("f"))
    encoder = nn.TransformerEncoderLayer(6, 2, 7, 0.3, norm_first=norm_first)
    decoder = nn.TransformerDecoderLayer(6, 2, 7, 0.3, norm_first=norm_first)
    heads, places, inner = (4, 2, 5, 5), (4, 5, 6), (4, 5, 7)
    for layer, inputs, expected in (
        (encoder, [x], [heads, places, inner, places]),
        (decoder, [x, x], [heads, places, heads, places, inner, places]),
    ):
        with Tape() as tape:
            layer(*inputs)
        rolls = [step for step in tape.steps if step.op.name == "dropout_mask"]
        assert [tape.values[step.output].shape for step in rolls] == expected
        assert [step.attrs["site"] for step in rolls] == list(range(len(expected)))
        assert all(step.attrs["p"] == 0.3 for step in rolls)
        with Tape() as tape:
            layer.eval()(*inputs)
        assert "dropout_mask" not in [step.op.name for step in tape.steps]
