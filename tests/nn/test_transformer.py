"""Attention and transformer layers against PyTorch; an encoder-decoder with one table of words for all, in a Run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import cutaway as ct
from cutaway import nn, ops, optim
from cutaway.data import Dataset
from cutaway.engine import Tape, Tensor, check_grads
from cutaway.engine.errors import CutawayError

from .twins import agree, alike, numbers, same_in_use, train_side_by_side

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


# -- a whole net: tokens to tokens, with one table of words for source, target and answer --------------------
WORDS, SOURCE, TARGET = 9, 5, 4


class Translator(nn.Module):
    """Sources and targets side by side, (N, 5 + 4) tokens, 0 is padding -> votes for every next word, (N, 4, 9)."""

    def __init__(self, dropout: float = 0.0) -> None:
        self.words = nn.Embedding(WORDS, 6)
        self.place = nn.PositionalEncoding(6, dropout)
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(6, 2, 7, dropout, "gelu"), 2)
        self.decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(6, 2, 7, dropout, norm_first=True), 2)
        self.head = nn.Linear(6, WORDS, bias=False)
        self.head.weight = self.words.weight

    def forward(self, tokens: Tensor) -> Tensor:
        source, target = tokens[:, :SOURCE], tokens[:, SOURCE:]
        gaps = ops.equal(source, 0)
        memory = self.encoder(self.place(self.words(source) * 6**0.5), src_key_padding_mask=gaps)
        said = self.place(self.words(target) * 6**0.5)
        y = self.decoder(said, memory, tgt_is_causal=True, memory_key_padding_mask=gaps)
        votes: Tensor = self.head(y)
        return votes


class TranslatorTwin(T.Module):  # type: ignore[misc, name-defined]
    def __init__(self) -> None:
        super().__init__()
        self.words = T.Embedding(WORDS, 6)
        layer = T.TransformerEncoderLayer(6, 2, 7, 0.0, "gelu", batch_first=True)
        self.encoder = T.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.decoder = T.TransformerDecoder(
            T.TransformerDecoderLayer(6, 2, 7, 0.0, norm_first=True, batch_first=True), 2
        )
        self.head = T.Linear(6, WORDS, bias=False)
        self.head.weight = self.words.weight

    def place(self, x: Any) -> Any:
        t, i = torch.arange(x.shape[1], dtype=x.dtype)[:, None], torch.arange(0, 6, 2, dtype=x.dtype)
        angles = t / 10000 ** (i / 6)
        return x + torch.stack([torch.sin(angles), torch.cos(angles)], -1).flatten(1)

    def forward(self, tokens: Any) -> Any:
        source, target = tokens[:, :SOURCE], tokens[:, SOURCE:]
        gaps = source == 0
        memory = self.encoder(self.place(self.words(source) * 6**0.5), src_key_padding_mask=gaps)
        later = torch.ones(TARGET, TARGET, dtype=torch.bool).triu(1)
        y = self.decoder(self.place(self.words(target) * 6**0.5), memory, tgt_mask=later, memory_key_padding_mask=gaps)
        return self.head(y)


def phrases(count: int, seed: int = 0) -> Any:
    """Sources of 1 to 5 words, targets that begin with word 1."""
    r = np.random.default_rng(seed)
    tokens = r.integers(1, WORDS, size=(count, SOURCE + TARGET))
    ends = r.integers(1, SOURCE + 1, size=count)
    tokens[:, :SOURCE][np.arange(SOURCE) >= ends[:, None]] = 0
    tokens[:, SOURCE] = 1
    return tokens


@both
def test_a_transformer_with_one_table_of_words(dtype: str) -> None:
    ours, twin = Translator(), TranslatorTwin()
    alike(ours, twin, dtype)
    assert list(ours.named_parameters()) == [name for name, _ in twin.named_parameters()]
    agree(ours, twin, dtype, [phrases(6)])
    agree(ours.eval(), twin.eval(), dtype, [phrases(3)])


def test_a_transformer_measured() -> None:
    net = Translator().to(np.float64)
    table = net.words.weight

    def votes(numbers: Tensor) -> Tensor:
        net.words.weight = net.head.weight = numbers
        try:
            return net(Tensor(phrases(2)))
        finally:
            net.words.weight = net.head.weight = table

    assert check_grads(votes, [table.data]) < 1e-6


def following(votes: Tensor, words: Tensor) -> Tensor:
    """Every word of the target predicts the next; the padding is left out."""
    return ops.cross_entropy(votes.reshape(-1, WORDS), words.reshape(-1), ignore_index=0)


def following_in_torch(twin: Any, x: Any, y: Any) -> Any:
    return T.functional.cross_entropy(twin(x).reshape(-1, WORDS), y.reshape(-1), ignore_index=0)


def to_translate(count: int = 14) -> Dataset:
    x = phrases(count)
    y = np.concatenate([x[:, SOURCE + 1 :], x[:, :1]], axis=1)
    y[::3, -1] = 0
    return Dataset(x, y, tokens=True)


@both
def test_a_transformer_trains_in_a_run_as_in_torch_and_goes_back(dtype: str) -> None:
    """With SGD: the bias of the keys changes no attention, and Adam would blow up what rounding leaves of its slope."""
    sgd = optim.SGD(0.05, momentum=0.9)
    run = ct.Run(Translator().to(dtype), following, sgd, to_translate(), batch_size=4, seed=1, threads=1)
    twin = TranslatorTwin()
    theirs = torch.optim.SGD(twin.parameters(), lr=0.05, momentum=0.9)
    train_side_by_side(run, twin, following_in_torch, theirs, 9, dtype)
    if dtype == "float32":
        same_in_use(run, twin, phrases(5, seed=3), lambda net, x: net(x))


def test_a_transformer_with_dropout_goes_back_to_the_bit() -> None:
    run = ct.Run(Translator(0.2), following, optim.Adam(0.01), to_translate(), batch_size=4, seed=1, threads=1)
    states = []
    for _ in range(6):
        run.step("batch")
        states.append({name: array.tobytes() for name, array in run.state.items()})
    run.back(4)
    assert {name: array.tobytes() for name, array in run.state.items()} == states[1]
    run.at(6)
    assert {name: array.tobytes() for name, array in run.state.items()} == states[-1]
    losses = [float(r[0]) for r in run.results]
    run.train(epochs=30, progress=False)
    assert run.evaluate(run.data)["loss"] < losses[0] / 2
