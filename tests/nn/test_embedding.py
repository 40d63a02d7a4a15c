"""Embedding against PyTorch: the same rows, gradients that add up, a gap that never learns, tied weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cutaway import nn, optim
from cutaway.data import Dataset
from cutaway.engine import Tape, Tensor, backward
from cutaway.engine.errors import CutawayError, DtypeError, LabelError
from cutaway.training import Run

torch = pytest.importorskip("torch", reason='torch is not installed (to get it: pip install "torch==2.13.0")')
WORDS = np.array([[1, 4, 1], [0, 2, 4]])


@pytest.mark.parametrize("padding_idx", [None, 0, 4, -1])
def test_rows_and_gradients(padding_idx: int | None) -> None:
    twin: Any = torch.nn.Embedding(5, 3, padding_idx=padding_idx)
    ours = nn.Embedding(5, 3, padding_idx=padding_idx)
    ours.load_state({name: t.numpy() for name, t in twin.state_dict().items()})
    weight = np.cos(np.arange(18.0)).reshape(2, 3, 3).astype(np.float32)
    with Tape():
        y = ours(WORDS)
        (g,) = backward(y, [ours.weight], Tensor(weight))
    z = twin(torch.tensor(WORDS))
    (z * torch.tensor(weight)).sum().backward()
    np.testing.assert_array_equal(y.data, z.detach().numpy())
    np.testing.assert_allclose(g.data, twin.weight.grad.numpy(), atol=1e-6)


def test_first_numbers() -> None:
    table = nn.Embedding(400, 50, padding_idx=-1).weight.data
    assert not table[-1].any() and abs(table[:-1].std() - 1) < 0.02 and abs(table.mean()) < 0.02


def test_a_gap_stays_a_gap_while_the_others_learn() -> None:
    net = nn.Sequential(nn.Embedding(5, 3, padding_idx=0), nn.Flatten(), nn.Linear(9, 2))
    before = net.state()["0.weight"].copy()
    x = np.array([[1, 2, 0], [3, 0, 0], [4, 4, 1], [2, 0, 3]])
    data = Dataset(x, np.array([0, 1, 0, 1]), tokens=True)
    run = Run(net, nn.CrossEntropyLoss(), optim.Adam(0.1), data, batch_size=2)
    run.train(batches=30, progress=False)
    after = run.state["0.weight"]
    assert not after[0].any() and (np.abs(after[1:] - before[1:]).max(axis=1) > 0.01).all()
    assert run.losses[-1] < 0.1


def test_tied_weights_get_both_gradients() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            self.words, self.out = nn.Embedding(5, 3), nn.Linear(3, 5, bias=False)
            self.out.weight = self.words.weight

        def forward(self, x: Tensor) -> Tensor:
            y: Tensor = self.out(self.words(x)).reshape(-1, 5)
            return y

    net = Tied().to(np.float64)
    assert list(net.named_parameters()) == ["words.weight"]
    table = net.words.weight
    with Tape():
        (g,) = backward((net(WORDS) ** 2).sum(), [table])
    theirs = torch.tensor(table.data, requires_grad=True)
    (theirs[torch.tensor(WORDS)] @ theirs.T).square().sum().backward()
    np.testing.assert_allclose(g.data, theirs.grad.numpy(), rtol=1e-12)


def test_pretrained() -> None:
    layer = nn.Embedding.from_pretrained(np.arange(6.0).reshape(3, 2))
    assert not layer.weight.requires_grad and layer(np.array([2])).tolist() == [[4.0, 5.0]]
    assert nn.Embedding.from_pretrained(np.eye(2), freeze=False).weight.requires_grad


def test_mistakes() -> None:
    layer = nn.Embedding(5, 3)
    with pytest.raises(LabelError, match="5 rows, counted 0 to 4: row 5 does not exist"):
        layer(np.array([0, 5]))
    with pytest.raises(LabelError, match="counted from 0, but there is a -1"):
        layer(np.array([-1]))
    with pytest.raises(DtypeError, match="whole numbers"):
        layer(np.array([0.5]))
    with pytest.raises(CutawayError, match="padding_idx=7"):
        nn.Embedding(5, 3, padding_idx=7)
