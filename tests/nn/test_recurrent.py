"""Recurrent layers and cells against PyTorch: every direction, depth and length; unrolled; trained in a Run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import cutaway as ct
from cutaway import nn, ops, optim
from cutaway.engine import Tape, Tensor, backward, check_grads
from cutaway.engine.errors import CutawayError, ShapeError

from .twins import agree, alike, flat, numbers, same_in_use, train_side_by_side

torch = pytest.importorskip("torch", reason='torch is not installed (to get it: pip install "torch==2.13.0")')
T: Any = torch.nn

both = pytest.mark.parametrize("dtype", ["float64", "float32"])
KINDS = {
    "rnn": (nn.RNN, lambda *a, **how: T.RNN(*a, **how)),
    "rnn with relu": (
        lambda *a, **how: nn.RNN(*a, nonlinearity="relu", **how),
        lambda *a, **how: T.RNN(*a, nonlinearity="relu", **how),
    ),
    "gru": (nn.GRU, lambda *a, **how: T.GRU(*a, **how)),
    "lstm": (nn.LSTM, lambda *a, **how: T.LSTM(*a, **how)),
}
SETTINGS: list[dict[str, Any]] = [
    {},
    {"bias": False},
    {"num_layers": 3},
    {"bidirectional": True},
    {"num_layers": 2, "bidirectional": True, "bias": False},
    {"num_layers": 2, "bidirectional": True, "batch_first": False},
]
LENGTHS = np.array([3, 6, 1, 4])  # of four sequences of six moments, in no order


def packed(net: Any, x: Any, hx: Any) -> Any:
    """The same in PyTorch: packed, read, padded again."""
    first = net.batch_first
    sequence = T.utils.rnn.pack_padded_sequence(x, torch.tensor(LENGTHS), first, enforce_sorted=False)
    output, left = net(sequence, hx)
    return T.utils.rnn.pad_packed_sequence(output, first, total_length=6)[0], left


@both
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lengths", [False, True], ids=["whole", "lengths"])
@pytest.mark.parametrize("firsts", [False, True], ids=["from zero", "from a state"])
def test_layers(kind: str, settings: dict[str, Any], lengths: bool, firsts: bool, dtype: str) -> None:
    make, make_twin = KINDS[kind]
    ours, twin = make(3, 5, **settings), make_twin(3, 5, **{"batch_first": True, **settings})
    alike(ours, twin, dtype)
    count = settings.get("num_layers", 1) * (2 if settings.get("bidirectional") else 1)
    states = [numbers(count, 4, 5, seed=k) for k in range(2 if kind == "lstm" else 1)] if firsts else []

    def first(given: Any) -> Any:
        return None if not given else given[0] if len(given) == 1 else tuple(given)

    x = numbers(4, 6, 3) if settings.get("batch_first", True) else numbers(6, 4, 3)
    agree(
        ours,
        twin,
        dtype,
        [x, *states],
        lambda net, x, *given: net(x, first(given), lengths=Tensor(LENGTHS) if lengths else None),
        lambda net, x, *given: packed(net, x, first(given)) if lengths else net(x, first(given)),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_one_sequence_alone(kind: str) -> None:
    make, make_twin = KINDS[kind]
    ours, twin = make(3, 5, 2, bidirectional=True), make_twin(3, 5, 2, bidirectional=True, batch_first=True)
    alike(ours, twin, "float64")
    agree(ours, twin, "float64", [numbers(6, 3)])
    states = [numbers(4, 5, seed=k) for k in range(2 if kind == "lstm" else 1)]
    agree(ours, twin, "float64", [numbers(6, 3), *states], lambda net, x, *h: net(x, h if len(h) == 2 else h[0]))


CELLS = {
    "rnn": (nn.RNNCell(3, 5), T.RNNCell(3, 5)),
    "relu": (nn.RNNCell(3, 5, nonlinearity="relu"), T.RNNCell(3, 5, nonlinearity="relu")),
    "no bias": (nn.RNNCell(3, 5, False), T.RNNCell(3, 5, False)),
    "gru": (nn.GRUCell(3, 5), T.GRUCell(3, 5)),
    "gru, no bias": (nn.GRUCell(3, 5, bias=False), T.GRUCell(3, 5, bias=False)),
    "lstm": (nn.LSTMCell(3, 5), T.LSTMCell(3, 5)),
    "lstm, no bias": (nn.LSTMCell(3, 5, bias=False), T.LSTMCell(3, 5, bias=False)),
}


@both
@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("rows", [(4,), ()], ids=["batch", "one example"])
def test_cells(kind: str, rows: tuple[int, ...], dtype: str) -> None:
    ours, twin = CELLS[kind]
    alike(ours, twin, dtype)
    agree(ours, twin, dtype, [numbers(*rows, 3)])
    states = [numbers(*rows, 5, seed=k) for k in range(2 if "lstm" in kind else 1)]
    agree(ours, twin, dtype, [numbers(*rows, 3), *states], lambda net, x, *h: net(x, h if len(h) == 2 else h[0]))


# -- what PyTorch has no twin for -----------------------------------------------------------------------------------
def test_what_stands_in_the_padding_is_not_felt() -> None:
    net = nn.LSTM(3, 4, num_layers=2, bidirectional=True).to(np.float64)
    x = numbers(4, 6, 3)
    other = np.where(np.arange(6)[None, :, None] < LENGTHS[:, None, None], x, 100 * numbers(4, 6, 3, seed=1))
    for one, two in zip(flat(net(x, lengths=LENGTHS)), flat(net(other, lengths=LENGTHS)), strict=True):
        np.testing.assert_array_equal(one.data, two.data)
    with Tape():
        given = Tensor(other)
        output, left = net(given, lengths=Tensor(LENGTHS))
        (g,) = backward((output * output).sum() + left[0].sum(), [given])
    assert not g.data[np.arange(6)[None] >= LENGTHS[:, None]].any() and g.data[0, 0].all()


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_sentence_leaves_the_first_state(kind: str) -> None:
    net = KINDS[kind][0](3, 4)
    hx = [Tensor(numbers(1, 2, 4, seed=k).astype("f")) for k in range(2 if kind == "lstm" else 1)]
    x = numbers(2, 3, 3).astype("f")
    output, left = net(x, tuple(hx) if len(hx) == 2 else hx[0], lengths=np.array([0, 2]))
    assert not output.data[0].any() and output.data[1, 1].any()
    for state, first in zip(flat(left), hx, strict=True):
        np.testing.assert_array_equal(state.data[0, 0], first.data[0, 0])


def test_one_learned_first_state_for_all() -> None:
    net = nn.GRU(3, 4).to(np.float64)
    x = numbers(5, 2, 3)
    check_grads(lambda h: net(Tensor(x), h)[0], [numbers(1, 1, 4)])


def test_dropout_is_between_the_layers_only() -> None:
    x = numbers(8, 6, 3).astype("f")
    one, two = nn.LSTM(3, 5, dropout=0.5), nn.LSTM(3, 5, 2, dropout=0.5)
    with Tape(step=3):
        np.testing.assert_array_equal(one(x)[0].data, one.eval()(x)[0].data)
    with Tape(step=3):
        kept = two.eval()(x)[0].data
        dropped = two.train()(x)[0].data
    assert dropped.all() and not np.allclose(dropped, kept)
    with Tape(step=3):
        np.testing.assert_array_equal(two(x)[0].data, dropped)


def test_a_recurrence_is_one_step_that_can_be_opened() -> None:
    net = nn.LSTM(3, 5)
    with Tape() as tape:
        net(Tensor(numbers(2, 50, 3).astype("f")))
    names = [step.op.name for step in tape.steps]
    assert names.count("lstm") == names.count("matmul") == 1 and len(names) < 20
    (step,) = (s for s in tape.steps if s.op.name == "lstm")
    with Tape() as inside:
        y = ops.lstm.written(*[Tensor(tape.values[s]) for s in step.inputs], **step.attrs)
    assert len(inside.steps) > 500
    np.testing.assert_allclose(y.data, tape.values[step.output], rtol=1e-5, atol=1e-6)


def test_plain_arrays_are_read_in_the_kind_of_numbers_of_the_net_also_in_a_pair() -> None:
    x, h, c = numbers(2, 6, 3), numbers(1, 2, 4), numbers(1, 2, 4, seed=1)
    output, (h_n, c_n) = nn.LSTM(3, 4)(x, (h, c))
    assert {str(t.dtype) for t in (output, h_n, c_n)} == {"float32"}
    output, h_n = nn.GRU(3, 4)(x, hx=h, lengths=[6, 2])
    assert {str(t.dtype) for t in (output, h_n)} == {"float32"}


def test_a_layer_with_several_results_has_its_row_in_the_summary() -> None:
    class Last(nn.Module):
        def __init__(self) -> None:
            self.reader, self.head = nn.GRU(3, 4), nn.Linear(4, 2)

        def forward(self, x: Tensor) -> Tensor:
            output, _ = self.reader(x)
            return self.head(output[:, -1])

    rows = {row.path: row for row in Last().summary((6, 3)).rows}
    assert rows["reader"].output == (6, 4)
    assert rows["reader"].parameters == 12 * (3 + 4) + 24
    assert rows["reader"].multiply_adds == 6 * 12 * (3 + 4)


def test_first_numbers_are_as_widely_spread_as_torch() -> None:
    for ours, twin in ((nn.LSTM(5, 64), T.LSTM(5, 64)), (nn.GRUCell(300, 64), T.GRUCell(300, 64))):
        for name, theirs in twin.state_dict().items():
            array = ours.state()[name]
            assert array.dtype == np.float32 and np.abs(array).max() <= 1 / 8
            assert array.std() == pytest.approx(theirs.numpy().std(), rel=0.15)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: nn.LSTM(3, 4)(np.ones((2, 6, 5), "f")), r"\(examples, moments, 3 numbers\)"),
        (lambda: nn.LSTM(3, 4)(np.ones((2, 6, 3, 1), "f")), r"\(examples, moments, 3 numbers\)"),
        (lambda: nn.LSTM(3, 4)(np.ones((2, 0, 3), "f")), "at least one moment"),
        (lambda: nn.LSTM(3, 4)(np.ones((2, 6, 3), "f"), np.ones((1, 2, 4), "f")), "a pair"),
        (lambda: nn.GRU(3, 4, 2)(np.ones((2, 6, 3), "f"), np.ones((1, 2, 4), "f")), r"\(2, N, 4\)"),
        (lambda: nn.GRU(3, 4)(np.ones((2, 6, 3), "f"), np.ones((1, 3, 4), "f")), "a row for every example"),
        (lambda: nn.RNN(3, 4)(np.ones((2, 6, 3), "f"), lengths=np.array([3, 7])), "example 1 is 7"),
        (lambda: nn.RNN(3, 4)(np.ones((2, 6, 3), "f"), lengths=np.array([3, -1])), "example 1 is -1"),
        (lambda: nn.RNN(3, 4)(np.ones((2, 6, 3), "f"), lengths=np.array([3, 2, 2])), "one length for each"),
        (lambda: nn.RNN(3, 4)(np.ones((2, 6, 3), "f"), lengths=np.array([3.0, 2.0])), "whole numbers"),
        (lambda: nn.RNN(3, 4)(np.ones((6, 3), "f"), lengths=np.array([3])), "for a batch"),
        (lambda: nn.Sequential(nn.GRU(3, 4), nn.Linear(4, 2))(np.ones((2, 6, 3), "f")), "several results"),
        (lambda: nn.LSTMCell(3, 4)(np.ones((2, 6, 3), "f")), r"nn.LSTM for all moments"),
        (lambda: nn.LSTMCell(3, 4)(np.ones((2, 3), "f"), np.ones((2, 4), "f")), "a pair"),
    ],
)
def test_mistakes_have_a_sentence(wrong: Any, said: str) -> None:
    with pytest.raises(CutawayError, match=said):
        wrong()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: nn.RNN(3, 4, nonlinearity="sin"),
        lambda: nn.RNNCell(3, 4, nonlinearity="sin"),
        lambda: nn.GRU(0, 4),
        lambda: nn.LSTM(3, 4, num_layers=0),
        lambda: nn.LSTMCell(3, 0),
        lambda: nn.GRU(3, 4, dropout=1.5),
    ],
)
def test_settings_are_checked_when_made(wrong: Any) -> None:
    with pytest.raises(ValueError):
        wrong()


def test_a_wrong_curve_is_named() -> None:
    with pytest.raises(ShapeError, match="'tanh' or 'relu'"):
        ops.rnn(np.ones((1, 2, 3), "f"), np.zeros((1, 3), "f"), np.ones((3, 3), "f"), nonlinearity="sin")


# -- whole nets --------------------------------------------------------------------------------------------------------
def unrolled(cell: Any, head: Any, x: Any, targets: Any, square: Any) -> Any:
    """Cell by cell, with a loss at every moment: every state is used twice, and every weight at every moment."""
    state, loss = None, None
    for t in range(x.shape[1]):
        state = cell(x[:, t], state)
        miss = square(head(state[0]) - targets[:, t]) + square(state[1]) * 0.01
        loss = miss if loss is None else loss + miss
    return loss


class Unrolled(nn.Module):
    def __init__(self) -> None:
        self.cell, self.head = nn.LSTMCell(3, 4), nn.Linear(4, 2)

    def forward(self, x: Tensor, targets: Tensor) -> Tensor:
        return unrolled(self.cell, self.head, x, targets, lambda m: (m * m).mean())


class UnrolledTwin(T.Module):  # type: ignore[misc, name-defined]
    def __init__(self) -> None:
        super().__init__()
        self.cell, self.head = T.LSTMCell(3, 4), T.Linear(4, 2)

    def forward(self, x: Any, targets: Any) -> Any:
        return unrolled(self.cell, self.head, x, targets, lambda m: (m * m).mean())


@both
def test_an_unrolled_lstm_with_a_loss_at_every_moment(dtype: str) -> None:
    ours, twin = Unrolled(), UnrolledTwin()
    alike(ours, twin, dtype)
    agree(ours, twin, dtype, [numbers(2, 7, 3), numbers(2, 7, 2, seed=1)])


def test_an_unrolled_lstm_measured() -> None:
    net = Unrolled().to(np.float64)
    names = list(net.named_parameters())

    def loss(x: Tensor, targets: Tensor, *parameters: Tensor) -> Tensor:
        held = dict(zip(names, parameters, strict=True))

        def cell(x: Tensor, state: Any) -> Any:
            h, c = state or (Tensor(np.zeros((1, 4))), Tensor(np.zeros((1, 4))))
            z = x @ held["cell.weight_ih"].T + held["cell.bias_ih"] + held["cell.bias_hh"]
            y = ops.lstm(z[:, None], h, c, held["cell.weight_hh"])[:, 0]
            return y[:, :4], y[:, 4:]

        head = lambda h: h @ held["head.weight"].T + held["head.bias"]  # noqa: E731
        return unrolled(cell, head, x, targets, lambda m: (m * m).mean())

    arrays = [numbers(2, 4, 3), numbers(2, 4, 2, seed=1), *net.state().values()]
    assert check_grads(loss, arrays) < 1e-6
    assert loss(*map(Tensor, arrays)).item() == pytest.approx(net(*arrays[:2]).item(), rel=1e-14)


class Tagger(nn.Module):
    """Tokens -> (N, T, classes): a stacked bidirectional LSTM over sentences of unequal length; 0 is padding."""

    def __init__(self) -> None:
        self.words = nn.Parameter(nn.init.normal(1.0), (9, 4))
        self.reader = nn.LSTM(4, 5, num_layers=2, bidirectional=True)
        self.head = nn.Linear(10, 3)

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = tokens.long()
        lengths = ops.not_equal(tokens, 0).long().sum(1)
        output, (h_n, c_n) = self.reader(ops.take(self.words, tokens), lengths=lengths)
        return self.head(output) + self.head(ops.concat(h_n[-2], c_n[-1], dim=1))[:, None]


class TaggerTwin(T.Module):  # type: ignore[misc, name-defined]
    def __init__(self) -> None:
        super().__init__()
        self.words = T.Parameter(torch.randn(9, 4))
        self.reader = T.LSTM(4, 5, num_layers=2, bidirectional=True, batch_first=True)
        self.head = T.Linear(10, 3)

    def forward(self, tokens: Any) -> Any:
        tokens = tokens.long()
        lengths = (tokens != 0).sum(1)
        packed = T.utils.rnn.pack_padded_sequence(self.words[tokens], lengths, True, enforce_sorted=False)
        output, (h_n, c_n) = self.reader(packed)
        output = T.utils.rnn.pad_packed_sequence(output, True, total_length=tokens.shape[1])[0]
        return self.head(output) + self.head(torch.cat([h_n[-2], c_n[-1]], 1))[:, None]


def sentences(count: int = 10, length: int = 6, seed: int = 0) -> Any:
    """Tokens from 1 to 8, each sentence of its own length, then zeros."""
    r = np.random.default_rng(seed)
    tokens = r.integers(1, 9, size=(count, length))
    ends = r.integers(1, length + 1, size=count)
    ends[0] = length
    return np.where(np.arange(length) < ends[:, None], tokens, 0)


@both
def test_a_stacked_bidirectional_lstm_over_sentences_of_unequal_length(dtype: str) -> None:
    ours, twin = Tagger(), TaggerTwin()
    alike(ours, twin, dtype)
    agree(ours, twin, dtype, [sentences()])


def tag_loss(outputs: Tensor, tags: Tensor) -> Tensor:
    return ops.cross_entropy(outputs.reshape(-1, 3), tags.long().reshape(-1))


def torch_tag_loss(twin: Any, x: Any, y: Any) -> Any:
    return T.functional.cross_entropy(twin(x).reshape(-1, 3), y.long().reshape(-1))


@both
def test_a_tagger_trains_in_a_run_as_in_torch_and_goes_back(dtype: str) -> None:
    x = sentences(14)
    y = (x % 3).astype(np.float32)
    run = ct.Run(
        Tagger().to(dtype), tag_loss, optim.Adam(0.02), (x.astype(np.float32), y), batch_size=4, seed=1, threads=1
    )
    twin = TaggerTwin()
    train_side_by_side(run, twin, torch_tag_loss, torch.optim.Adam(twin.parameters(), lr=0.02), 9, dtype)
    if dtype == "float32":
        same_in_use(run, twin, sentences(5, seed=3).astype(np.float32), lambda net, x: net(x))
        assert run.evaluate((x.astype(np.float32), y))["loss"] == pytest.approx(
            torch_tag_loss(twin.eval(), torch.tensor(x), torch.tensor(y)).item(), rel=1e-4
        )
