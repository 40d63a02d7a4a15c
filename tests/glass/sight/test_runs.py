"""Sight asks a run as well as a network: paused anywhere, saved without its code, of any shape; all at a glance."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cutaway as ct
from cutaway import data, nn, optim
from cutaway.engine.errors import CutawayError
from cutaway.glass import sees, sight
from cutaway.glass.sight.network import outputs
from cutaway.training import Run

SHAPES = {"grey": (1, 9, 12), "colour": (3, 12, 9)}


class Residual(nn.Module):
    """A road around two convolutions, then all places become one."""

    def __init__(self, channels: int) -> None:
        self.first = nn.Conv2d(channels, 8, 3, padding=1)
        self.one = nn.Conv2d(8, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.two = nn.Conv2d(8, 8, 3, padding=1)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flat = nn.Flatten()
        self.last = nn.Linear(8, 3)

    def forward(self, x: Any) -> Any:
        x = self.first(x).relu()
        x = x + self.two(self.norm(self.one(x)).relu())
        return self.last(self.flat(self.pool(x)))


def sequence(channels: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(channels, 6, 3), nn.ReLU(), nn.MaxPool2d(2), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(24, 3)
    )


MAKERS = {"residual": Residual, "sequence": sequence}


def run_of(make: str, shape: tuple[int, int, int], **how: Any) -> Run:
    chance = np.random.default_rng(0)
    x = chance.random((48, *shape)).astype(np.float32)
    y = np.arange(48) % 3
    x[y == 1, :, :4] += 0.6
    x[y == 2, :, :, :4] += 0.6
    examples = data.Dataset(x / x.max(), y, classes=("plain", "top", "left"))
    net = MAKERS[make](shape[0])
    run = Run(net, nn.CrossEntropyLoss(), optim.Adam(0.01, average=0.5), examples, batch_size=16, seed=1, **how)
    return run.train(epochs=8, progress=False)


@pytest.fixture(scope="module", params=[(m, s) for m in MAKERS for s in SHAPES], ids=lambda p: " ".join(p))
def run(request: Any) -> Run:
    make, shape = request.param
    return run_of(make, SHAPES[shape])


def test_a_run_is_asked_with_the_weights_it_predicts_with(run: Run, tmp_path: Path) -> None:
    run.save(tmp_path / "run")
    saved = Run.resume(tmp_path / "run", data=run.data)
    assert saved.net is None
    x = run.data.x[:7]  # another number than a batch has
    for asked in (run, saved):
        found = sight.features(asked, x)
        last = list(found)[-1]
        assert np.allclose(found[last], run.predict(x), atol=1e-5)
        for layer in found:
            assert np.allclose(outputs(asked, x, layer), found[layer], atol=1e-4), layer
    first = next(iter(sight.features(run, x)))
    averaged = run.state[f"optim/average/{first}.weight"]
    assert (sight.filters(saved, first) == averaged).all() and not (averaged == run.state[f"{first}.weight"]).all()


def test_a_run_says_the_same_as_its_network_with_the_same_weights(run: Run) -> None:
    net = MAKERS["residual" if "two.weight" in run.state else "sequence"](run.data.x.shape[1])
    net.load_state({name: run.state.get(f"optim/average/{name}", run.state[name]) for name in net.state()})
    picture = run.data.x[4]
    for votes in (sight.covered_votes, sight.slope_votes):
        assert np.allclose(votes(run, picture, 1), votes(net, picture, 1), atol=1e-4)
    layer = next(iter(sight.features(run, picture[None])))
    shape = picture.shape
    a, b = sight.excite(run, layer, 2, shape, steps=4), sight.excite(net, layer, 2, shape, steps=4)
    assert np.allclose(a.picture, b.picture, atol=1e-4) and a.excitement[-1] > a.excitement[0]
    mine, ours = sight.nearest(run, run.data.x[:3], run.data.x), sight.nearest(net, run.data.x[:3], run.data.x)
    assert np.allclose(mine[1], ours[1], atol=1e-4) and (mine[0][:, 0] == [0, 1, 2]).all()


def test_looking_moves_nothing(run: Run) -> None:
    run.step("op"), run.step("op")
    before = run.batch, run.op, {name: array.copy() for name, array in run.state.items()}
    sees(run, 3)
    assert (run.batch, run.op) == before[:2]
    assert all((run.state[name] == array).all() for name, array in before[2].items())
    run.at(run.batch)


def test_all_at_a_glance(run: Run) -> None:
    found = sees(run, 4)
    assert found.covered.shape == found.slopes.shape == run.data.x.shape[2:]
    assert found.truth == "top" and found.shares.sum() == pytest.approx(1)
    assert found.answer == int(run.predict(run.data.x[4:5]).argmax())
    assert len(found.alike) == 5 and 4 not in [k for k, *_ in found.alike]
    text = repr(found)
    assert "It says " in text and "It is top." in text and f"Layer {found.layer} gave" in text and "Most alike" in text
    page = found._repr_html_()
    for words in (
        "covered: where the score fell",
        "slopes, added up",
        "Most alike",
        "All answers",
        'aria-label="the pic',
    ):
        assert words in page
    assert found.covered[:4].mean() > found.covered[4:].mean()  # it is lit at the top, and is told by that
    grown = found.unit(1, steps=5)
    assert "unit 1 of layer" in repr(grown) and "<figure>" in grown._repr_html_()
    another = (found.answer + 1) % 3
    other = sees(run, 4, answer=another)
    assert other.answer == another and f"Asked is {found.names[another]}." in repr(other)
    convolution = next(iter(sight.features(run, run.data.x[:1])))
    assert "Its filters" in sees(run, 0, layer=convolution)._repr_html_()


def test_a_picture_of_ones_own_and_known_ones_for_a_network_alone() -> None:
    net = sequence(1)
    picture = np.random.default_rng(1).integers(0, 255, (1, 20, 9), np.uint8)
    alone = sees(net, picture)
    assert alone.alike == [] and alone.names == ("0", "1", "2") and alone.picture.max() <= 1
    x = np.random.default_rng(2).random((9, 1, 20, 9), np.float32)
    known = data.Dataset(x, [0, 1, 2] * 3, classes=("a", "b", "c"))
    assert sees(net, x[5], known=known, classes=("a", "b", "c")).alike[0][0] == 5


def test_runs_that_read_no_pictures_are_answered_with_a_sentence() -> None:
    x = np.random.default_rng(0).normal(size=(8, 5)).astype("f")
    run = Run(nn.Linear(5, 2), nn.CrossEntropyLoss(), optim.SGD(0.1), (x, [0, 1] * 4), batch_size=4)
    with pytest.raises(CutawayError, match=r"examples of shape \(5,\), which are no pictures"):
        sees(run, 0)
    with pytest.raises(ValueError, match="sight is for pictures"):
        sees(run, x[0])
    with pytest.raises(CutawayError, match="no data here"):
        sees(nn.Linear(5, 2), 0)
    digits = run_of("sequence", SHAPES["grey"])
    with pytest.raises(CutawayError, match="has 48 examples; there is no number 48"):
        sees(digits, 48)
    with pytest.raises(CutawayError, match="There is no layer 'conv'"):
        sees(digits, 0, layer="conv")
    assert "sees" in dir(ct.glass) or ct.glass.sees is sees


def test_without_a_plan_and_with_workers_it_sees_the_same() -> None:
    one = run_of("sequence", SHAPES["grey"])
    for how in ({"plan": False}, {"workers": 2}):
        other = run_of("sequence", SHAPES["grey"], **how)
        assert np.allclose(sees(one, 2).covered, sees(other, 2).covered, atol=1e-3)


def test_a_run_has_the_word_itself() -> None:
    run = run_of("sequence", SHAPES["colour"])
    assert repr(run.sees(3, answer=1)) == repr(sees(run, 3, answer=1))
