"""Every planted illness is named, with its place, and healthy things beside it are not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import cutaway as ct
from cutaway import nn, optim
from cutaway.data import Dataset
from cutaway.engine.errors import NotFiniteError
from cutaway.glass import Finding, Health

from .worlds import BCE, CE, MSE, Bag, blobs, curve, pictures, words


class Do(nn.Module):
    """A function as a layer."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.function = function

    def forward(self, x: Any) -> Any:
        return self.function(x)


def row(*between: nn.Module, seed: int = 0) -> nn.Sequential:
    return nn.Sequential(nn.Linear(5, 16), *between, nn.Linear(16, 3)).init(seed)


def conv() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3)).init(0)


def line() -> nn.Sequential:
    return nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1)).init(0)


def deep(door: Callable[[], nn.Module], layers: int) -> nn.Sequential:
    inner = (module for _ in range(layers) for module in (door(), nn.Linear(16, 16)))
    return nn.Sequential(nn.Linear(5, 16), *inner, nn.Linear(16, 3)).init(0)


def scaled(net: nn.Module, factor: float, start: float = 0.0) -> nn.Module:
    for parameter in net.parameters():
        parameter.data = parameter.data * np.float32(factor) + np.float32(start)
    return net


def biased(net: nn.Sequential, layer: int, which: Any, value: float) -> nn.Module:
    bias = net[layer].bias.data.copy()
    bias[which] = value
    net[layer].bias.data = bias
    return net


def a_run(net: nn.Module, optimizer: Any = None, data: Any = None, size: int = 24, loss: Any = None) -> ct.Run:
    return ct.Run(net, loss or CE(), optimizer or optim.SGD(0.1), data or blobs(0), batch_size=size)


def trained(run: ct.Run, batches: int = 50) -> ct.Run:
    try:
        return run.train(batches=batches, progress=False)
    except NotFiniteError:
        return run


def only(report: Health, kind: str) -> Finding:
    assert kind in report.kinds, report
    return next(finding for finding in report if finding.kind == kind)


# -- numbers that are none ------------------------------------------------------------------------------------------
MADE: dict[str, tuple[Callable[[], ct.Run], str, str]] = {
    "exp overflows": (lambda: a_run(row(Do(lambda x: (x * 60.0).exp())), optim.SGD(1e-6)), "exp (forward/1)", "88.7"),
    "softmax by hand": (
        lambda: a_run(row(Do(lambda x: (x * 30.0).exp() / (x * 30.0).exp().sum(1, keepdim=True)))),
        "exp (forward/1)",
        "softmax",
    ),
    "log of 0": (lambda: a_run(row(nn.ReLU(), Do(lambda x: x.log()))), "log (forward/2)", "logarithm of 0"),
    "log below 0": (lambda: a_run(row(Do(lambda x: x.log()))), "log (forward/1)", "logarithm of 0"),
    "division by 0": (lambda: a_run(row(nn.ReLU(), Do(lambda x: 1.0 / x))), "div (forward/2)", "divided by 0"),
    "0 by 0": (lambda: a_run(row(nn.ReLU(), Do(lambda x: x / x))), "div (forward/2)", "divided by 0"),
    "the slope of a root at 0": (lambda: a_run(row(nn.ReLU(), Do(lambda x: x.sqrt()))), "div (backward/2)", "by 0"),
    "a root below 0": (lambda: a_run(row(Do(lambda x: x.sqrt()))), "sqrt (forward/1)", "below 0"),
    "sums beyond float32": (lambda: a_run(row(nn.ReLU()), optim.SGD(100.0)), "matmul (forward/2)", "3.4e38"),
}


@pytest.mark.parametrize("kind", MADE)
def test_the_first_step_that_made_it(kind: str) -> None:
    make, where, told = MADE[kind]
    run = trained(make())
    here = run.batch, run.op
    finding = run.health()[0]
    assert (run.batch, run.op) == here
    assert (finding.kind, finding.where) == ("not finite", where)
    assert told in finding.said + finding.advice
    finding.go()
    assert (run.batch, run.op) == (finding.batch, finding.op)
    step = run.program.steps[run.op - 2]
    assert f"{step.op.name} ({step.label})" == where
    assert not np.isfinite(run.see(step.output)).all()
    assert all(np.isfinite(run.see(slot)).all() for slot in step.inputs)


@pytest.mark.parametrize("after", [1, 40])
def test_it_is_found_long_after_it_happened(after: int) -> None:
    run = a_run(row(nn.ReLU(), Do(lambda x: (30.0 - x).log())), optim.SGD(0.05))
    run.step("batch")
    run.train(batches=6, progress=False)
    assert np.isfinite(run.losses).all() and run.batch == 7
    run.edit("0.bias", 3, np.float32(99))  # from here on log(30 - x) is asked for numbers below 0
    run.at(run.batch + after)
    assert not np.isfinite(run.losses[-1])
    finding = run.health()[0]
    assert finding.kind == "not finite" and finding.batch == 7 and finding.op > 1


def test_a_weight_is_ill_before_the_loss_is() -> None:
    run = trained(a_run(row(nn.ReLU(), Do(lambda x: x.sqrt()))))
    assert run.batch == 1 and np.isfinite(run.losses).all()  # the loss of batch 0 was sound, its gradient was not
    assert run.health()[0].batch == 0


def test_an_example_with_nan() -> None:
    run = a_run(row(nn.ReLU())).train(batches=5, progress=False)
    run.step("op")
    run.edit("x", (3, 2), np.nan)
    example = int(run.loader().indices(run.number(5))[3])
    finding = run.health()[0]
    assert (finding.kind, finding.where) == ("not finite", f"example {example}")
    assert (finding.batch, finding.op) == (5, 1) and "at [2]" in finding.said


def test_a_weight_with_nan_from_the_start_and_by_hand() -> None:
    run = a_run(biased(row(nn.ReLU()), 0, 1, np.nan))
    assert run.health()[0].where == "0.bias" and "began so" in run.health()[0].said
    run = a_run(row(nn.ReLU())).train(batches=9, progress=False).edit("0.weight", (2, 1), np.inf)
    finding = trained(run).health()[0]
    assert finding.where == "0.weight" and finding.batch == 9 and "by hand" in finding.said


def test_infinities_of_a_mask_are_no_illness() -> None:
    mask = np.where(np.tri(4, dtype=bool), 0, -np.inf).astype(np.float32)
    net = nn.Sequential(nn.Linear(5, 4), Do(lambda x: ((x.reshape(-1, 1, 4) + ct.Tensor(mask)).exp()).sum(1)))
    run = a_run(nn.Sequential(net, nn.Linear(4, 3)).init(0), optim.SGD(0.02))
    for _ in range(3):
        assert "not finite" not in run.train(batches=3, progress=False).health().kinds


# -- learning rates -------------------------------------------------------------------------------------------------
def tanh_line() -> nn.Sequential:
    return nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1)).init(0)


HIGH: dict[str, Callable[[], ct.Run]] = {
    "SGD, alpha 100": lambda: a_run(row(nn.ReLU()), optim.SGD(100.0)),
    "SGD, tanh": lambda: a_run(row(nn.Tanh()), optim.SGD(100.0)),
    "Adam, alpha 100": lambda: a_run(row(nn.ReLU()), optim.Adam(100.0)),
    "pictures": lambda: a_run(conv(), optim.SGD(100.0), pictures(0)),
    "regression, SGD": lambda: a_run(line(), optim.SGD(3.0), curve(0), loss=MSE()),
    "regression, tanh": lambda: a_run(tanh_line(), optim.SGD(100.0), curve(0), loss=MSE()),
    "momentum": lambda: a_run(row(nn.ReLU()), optim.SGD(30.0, momentum=0.9)),
}


@pytest.mark.parametrize("kind", HIGH)
@pytest.mark.parametrize("batches", [6, 60])
def test_a_learning_rate_too_high(kind: str, batches: int) -> None:
    run = trained(HIGH[kind](), batches)
    finding = only(run.health(), "learning rate too high")
    assert "run.edit('alpha'" in finding.advice and finding.batch <= run.batch
    assert "learning rate too low" not in run.health().kinds


LOW: dict[str, Callable[[], ct.Run]] = {
    "SGD": lambda: a_run(row(nn.ReLU()), optim.SGD(1e-7)),
    "Adam": lambda: a_run(row(nn.ReLU()), optim.Adam(1e-7)),
    "pictures": lambda: a_run(conv(), optim.SGD(1e-7, momentum=0.9), pictures(0)),
    "regression": lambda: a_run(tanh_line(), optim.SGD(1e-7), curve(0), loss=MSE()),
}


@pytest.mark.parametrize("kind", LOW)
def test_a_learning_rate_too_low(kind: str) -> None:
    report = trained(LOW[kind](), 60).health()
    assert report.kinds == ["learning rate too low"] and "100 batches" not in report[0].said


# -- the start ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("batches", [0, 30])
@pytest.mark.parametrize(("factor", "start"), [(0.0, 0.0), (0.0, 0.3)])
@pytest.mark.parametrize("door", [nn.ReLU, nn.Tanh])
def test_units_that_are_copies(door: Any, factor: float, start: float, batches: int) -> None:
    report = trained(a_run(scaled(row(door()), factor, start)), batches).health()
    assert report.kinds == ["units are copies"] and report[0].where == "0.weight"


def test_a_last_layer_of_zeros_is_a_good_start() -> None:
    net = row(nn.ReLU())
    net[2].weight.data = np.zeros_like(net[2].weight.data)
    for batches in (0, 3):
        assert a_run(net).train(batches=batches, progress=False).health()


LARGE: dict[str, tuple[Callable[[], nn.Module], float]] = {
    "ReLU": (lambda: row(nn.ReLU()), 30),
    "three layers": (lambda: deep(nn.ReLU, 1), 15),
    "nine layers": (lambda: deep(nn.ReLU, 7), 8),
    "a last layer": (lambda: nn.Sequential(nn.Linear(5, 3)).init(0), 300),
}


@pytest.mark.parametrize("kind", LARGE)
@pytest.mark.parametrize("batches", [0, 3])
def test_weights_that_are_far_too_large(kind: str, batches: int) -> None:
    make, factor = LARGE[kind]
    finding = only(trained(a_run(scaled(make(), factor), optim.SGD(1e-5)), batches).health(), "weights too large")
    assert finding.batch == 0 and "ordinary guesses" in finding.said


def test_gradients_that_explode() -> None:
    run = trained(a_run(scaled(deep(nn.ReLU, 7), 8), optim.SGD(1e-12)), 3)
    finding = only(run.health(), "exploding gradients")
    assert finding.where in run.program.gradients and "clip_norm" in finding.advice


@pytest.mark.parametrize("layers", [9, 12, 15])
@pytest.mark.parametrize("optimizer", [optim.SGD(0.1), optim.Adam(0.001)], ids=["SGD", "Adam"])
@pytest.mark.parametrize("batches", [0, 30])
def test_gradients_that_vanish(layers: int, optimizer: Any, batches: int) -> None:
    report = trained(a_run(deep(nn.Sigmoid, layers), optimizer), batches).health()
    assert report.kinds == ["vanishing gradients"] and report[0].where == "0.weight"
    run = report[0].go()
    slot = run.program.steps[run.op - 2].output
    assert slot == run.program.gradients["0.weight"]


# -- units ----------------------------------------------------------------------------------------------------------
DEAD: dict[str, tuple[Callable[[], nn.Module], Any, str]] = {
    "a whole layer": (lambda: biased(row(nn.ReLU()), 0, slice(None), -100), None, "All 16 units are off"),
    "one unit": (lambda: biased(row(nn.ReLU()), 0, 3, -100), None, "Unit 3 of 16 is off"),
    "half a layer": (lambda: biased(row(nn.ReLU()), 0, slice(0, 8), -100), None, "8 of 16 units are off (0, 1, 2,"),
    "a channel": (lambda: biased(conv(), 0, 2, -100), pictures(0), "Unit 2 of 4 is off"),
}


@pytest.mark.parametrize("kind", DEAD)
@pytest.mark.parametrize("batches", [0, 25])
def test_dead_units(kind: str, batches: int) -> None:
    make, data, said = DEAD[kind]
    report = trained(a_run(make(), data=data), batches).health()
    assert report.kinds == ["dead units"]
    assert report[0].where == "1" and said in report[0].said
    run = report[0].go()
    assert run.program.steps[run.op - 2].op.name == "relu"


def test_units_that_died_in_the_middle() -> None:
    run = a_run(row(nn.ReLU())).train(batches=20, progress=False)
    assert run.health()
    run.edit("0.bias", np.full(16, -100, np.float32)).train(batches=12, progress=False)
    (finding,) = run.health()
    assert finding.kind == "dead units" and finding.batch == 20 and "since batch 20" in finding.said


@pytest.mark.parametrize("door", [nn.Sigmoid, nn.Tanh])
@pytest.mark.parametrize("how", ["weights", "bias"])
def test_saturation(door: Any, how: str) -> None:
    net = biased(row(door()), 0, slice(None), 50.0) if how == "bias" else row(door())
    if how == "weights":
        scaled(net[0], 1000)
    finding = only(trained(a_run(net), 8).health(), "saturation")
    assert finding.where == "1" and "flat" in finding.said


# -- data -----------------------------------------------------------------------------------------------------------
def other_order(y: Any, seed: int = 5) -> Any:
    return y[np.random.default_rng(seed).permutation(len(y))]


def _few_digits() -> Any:
    return ct.data.load("digits").train[:800]


SHUFFLED: dict[str, Callable[[int], ct.Run]] = {
    "rows": lambda s: a_run(row(nn.ReLU()), optim.Adam(0.01), (blobs(s)[0], other_order(blobs(s)[1], s)), 8),
    "one row too far": lambda s: a_run(row(nn.ReLU()), optim.Adam(0.01), (blobs(s)[0], np.roll(blobs(s)[1], 1)), 8),
    "digits": lambda s: a_run(
        nn.Sequential(nn.Flatten(), nn.Linear(784, 30), nn.ReLU(), nn.Linear(30, 10)).init(s),
        optim.Adam(1e-3),
        (_few_digits().x, other_order(_few_digits().y, s)),
        32,
    ),
    "words": lambda s: a_run(
        Bag().init(s), optim.Adam(0.02), Dataset(words(s).x, other_order(words(s).y, s), tokens=True), 8
    ),
    "amounts": lambda s: a_run(tanh_line(), optim.Adam(0.01), (curve(s)[0], other_order(curve(s)[1], s)), 5, MSE()),
    "yes and no": lambda s: a_run(
        nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 1)).init(s),
        optim.Adam(0.01),
        (blobs(s)[0], other_order((blobs(s)[1][:, None] > 0).astype(np.float32), s)),
        8,
        BCE(),
    ),
}


@pytest.mark.parametrize("kind", SHUFFLED)
@pytest.mark.parametrize("seed", [0, 1])
def test_answers_in_another_order(kind: str, seed: int) -> None:
    report = SHUFFLED[kind](seed).train(epochs=2, progress=False).health()
    assert report.kinds == ["answers do not fit the examples"]
    assert "knowing nothing but how frequent" in report[0].said


def test_answers_learnt_by_heart() -> None:
    net = nn.Sequential(nn.Linear(5, 64), nn.ReLU(), nn.Linear(64, 3)).init(0)
    run = a_run(net, optim.Adam(0.01), (blobs(0)[0], other_order(blobs(0)[1])), 8).train(epochs=60, progress=False)
    finding = only(run.health(), "answers do not fit the examples")
    assert run.losses[-30:].mean() < 0.8 and "by heart" in finding.said


def test_inputs_that_are_not_scaled() -> None:
    x, y = blobs(0)
    run = a_run(row(nn.ReLU()), optim.Adam(0.001), (x * 200, y))
    assert run.health().kinds[0] == "inputs unscaled"
    run = a_run(row(nn.ReLU()), optim.Adam(0.001), (x * np.array([1, 1, 1, 1000, 1], "f"), y)).train(
        batches=5, progress=False
    )
    assert only(run.health(), "inputs unscaled").where == "column 3"
    net = nn.Sequential(nn.BatchNorm1d(5), nn.Linear(5, 3)).init(0)
    assert a_run(net, None, (x * 200, y)).train(batches=20, progress=False).health()  # it scales them itself


def test_answers_that_are_not_scaled() -> None:
    x, y = curve(0)
    run = a_run(line(), optim.Adam(0.01), (x, 1e4 * y), 20, MSE()).train(batches=3, progress=False)
    assert only(run.health(), "answers unscaled").advice.startswith("Scale the answers")


# -- what one wrote oneself -----------------------------------------------------------------------------------------
class Bent(ct.engine.Op):
    """Three ways to say how x + x * x is felt.

    y = x + x * x

    x: a number
    y: another
    """

    @staticmethod
    def forward(x: Any, part: float = 1.0, times: float = 1.0, offset: float = 0.0) -> Any:
        return x + x * x

    @staticmethod
    def backward(g: Any, y: Any, x: Any, part: float = 1.0, times: float = 1.0, offset: float = 0.0) -> Any:
        return g * (x * (2.0 * part) + (1.0 + offset)) * times

    @staticmethod
    def shape(x: Any, **attrs: Any) -> Any:
        return x


@pytest.fixture
def bent() -> Iterator[Any]:
    before = dict(ct.engine.OPS)
    yield Bent()
    ct.engine.OPS.clear()
    ct.engine.OPS.update(before)


@pytest.mark.parametrize(
    ("attrs", "told"),
    [
        ({"part": 0.5}, "is measured."),  # one of two shares
        ({"times": -1.0}, "Everywhere the sign is turned round."),
        ({"times": 2.0}, "Everywhere it is twice as much."),
        ({"times": 0.5}, "as if a 2 were lost"),
        ({"times": 24.0}, "the batch holds 24 examples: the 1/N of a mean is missing"),
        ({"times": 3.0}, "Everywhere it is 3 times as much."),
        ({"times": 0.0}, "It says 0: nothing comes through."),
        ({"offset": 0.1}, "is measured."),
    ],
    ids=str,
)
@pytest.mark.parametrize("batches", [0, 12])
def test_an_own_backward_that_is_wrong(bent: Any, attrs: dict[str, float], told: str, batches: int) -> None:
    report = trained(a_run(row(Do(lambda x: bent(x, **attrs))), optim.SGD(0.01)), batches).health()
    assert report.kinds == ["wrong gradient"] and report[0].where == "bent (forward/1)"
    assert told in report[0].said and "check_grads(bent" in report[0].advice
    run = report[0].go()
    assert run.program.steps[run.op - 2].op.name == "bent"


@pytest.mark.parametrize("corner", [lambda x: x.relu() + 0.0, lambda x: x.relu().relu()])
def test_an_own_backward_that_is_right(bent: Any, corner: Any) -> None:
    for batches in (0, 12):
        assert trained(a_run(row(Do(corner), Do(bent)), optim.SGD(0.01)), batches).health()


def test_chances_where_votes_are_wanted() -> None:
    report = trained(a_run(nn.Sequential(*row(nn.ReLU()), nn.Softmax(1)).init(0)), 30).health()
    assert report.kinds == ["softmax twice"] and report[0].where == "3" and "last softmax" in report[0].advice
    yes = (blobs(0)[0], (blobs(0)[1][:, None] > 0).astype(np.float32))
    net = nn.Sequential(nn.Linear(5, 1), nn.Sigmoid()).init(0)
    assert a_run(net, data=yes, loss=BCE()).health().kinds == ["softmax twice"]
    assert a_run(nn.Sequential(*row(nn.ReLU()), nn.LogSoftmax(1)).init(0), loss=nn.NLLLoss()).health()


def test_more_than_half_a_layer_dead_and_nothing_learnt() -> None:
    net = biased(row(nn.ReLU()), 0, slice(0, 10), -8)  # off, and not so far off that nothing can reach them
    net[2].weight.data = np.where(np.arange(16) < 10, 1.0, 0.0).astype("f") * np.ones((3, 1), "f")
    run = trained(a_run(net, optim.SGD(1e-4)), 60)
    assert "dead units" in run.health().kinds, run.health()


# -- the report -----------------------------------------------------------------------------------------------------
def test_a_saved_run_without_its_code(tmp_path: Any) -> None:
    run = trained(a_run(row(Do(lambda x: (x * 60.0).exp())), optim.SGD(1e-6)))
    told = run.health()[0]
    run.save(tmp_path)
    again = ct.Run.resume(tmp_path, data=blobs(0))
    assert again.net is None and again.health()[0] == told
    alone = ct.Run.resume(tmp_path)  # its data have no name, so they cannot be found
    assert alone.health().notes and "data" in alone.health().notes[0]


def test_the_report_reads_well() -> None:
    run = trained(a_run(row(nn.ReLU(), Do(lambda x: x.log()))))
    report = run.health()
    text = repr(report)
    assert not report and len(report) == len(list(report)) and report[0] in tuple(report)
    assert text.startswith("1. not finite, log (forward/2): The first infinity is made in batch 0")
    assert "Try: Keep away from 0" in text and f"See: run.at(0, {report[0].op})" in text
    assert max(map(len, text.splitlines())) <= 115
    html = report._repr_html_()
    assert "▲" in html and "<h5>" in html and "not finite" in html


def test_the_error_of_a_broken_loss_points_here() -> None:
    with pytest.raises(NotFiniteError, match=r"run\.health\(\)"):
        a_run(row(nn.ReLU(), Do(lambda x: x.log()))).train(batches=3, progress=False)
