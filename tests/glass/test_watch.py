"""A watched run stops where the condition comes true, says what happened, and is the same run to the bit."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import cutaway as ct
from cutaway import nn, optim
from cutaway.data import Dataset
from cutaway.engine.errors import CutawayError, NotFiniteError
from cutaway.glass import ConditionError


def data(count: int = 30) -> Dataset:
    x = np.random.default_rng(1).normal(size=(count, 5)).astype(np.float32)
    return Dataset(x, (x[:, 0] + x[:, 1] > 0).astype(int) + (x[:, 2] > 0.5), name="rows")


def a_run(alpha: float = 0.3, net: nn.Module | None = None, **options: Any) -> ct.Run:
    net = net or nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Dropout(0.2), nn.Linear(8, 3)).init(2)
    options = {"batch_size": 4, "seed": 3, **options}
    return ct.Run(net, nn.CrossEntropyLoss(), optim.SGD(alpha, momentum=0.5), data(), **options)


def bits(run: ct.Run) -> dict[str, bytes]:
    return {"losses": run.losses.tobytes(), **{name: array.tobytes() for name, array in run.state.items()}}


def brute(true: Callable[[ct.Run], Any], batches: int = 60, **options: Any) -> int:
    """The first number of batches at which it is true, found by looking after every one."""
    run = a_run(**options)
    for _ in range(batches):
        run.step("batch")
        if true(run):
            return run.batch
    raise AssertionError("it never came true")


CONDITIONS: dict[str, Callable[[ct.Run], Any]] = {
    "loss < 0.7": lambda r: r.losses[-1] < 0.7,
    "accuracy == 1": lambda r: r.curve("accuracy")[-1] == 1,
    "batch % 10 == 9 and not loss > 1": lambda r: r.batch % 10 == 9 and not r.losses[-1] > 1,
    "epoch == 2": lambda r: r.epoch == 2,
    "loss > 1.3 or 0.5 < loss < 0.6": lambda r: r.losses[-1] > 1.3 or 0.5 < r.losses[-1] < 0.6,
    'norm("0.weight") > 3': lambda r: np.linalg.norm(r.state["0.weight"].astype(float)) > 3,
    '"3.bias"[-1] < -1.2': lambda r: r.state["3.bias"][2] < -1.2,
    'max(abs("0.weight"[:, 2])) > 0.6': lambda r: np.abs(r.state["0.weight"][:, 2]).max() > 0.6,
    'any("3.bias" > 0.9)': lambda r: (r.state["3.bias"] > 0.9).any(),
    'all("3.bias" ** 2 > 0.15)': lambda r: (r.state["3.bias"] ** 2 > 0.15).all(),
    'mean("optim/velocity/3.weight") > 1e-9': lambda r: r.state["optim/velocity/3.weight"].astype(float).mean() > 1e-9,
    "loss > before(loss) + 0.4": lambda r: r.batch > 1 and r.losses[-1] > r.losses[-2] + 0.4,
    "change(loss) < -0.4": lambda r: r.batch > 1 and float(r.losses[-1]) - float(r.losses[-2]) < -0.4,
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_it_stops_at_the_very_batch(condition: str) -> None:
    expected = brute(CONDITIONS[condition])
    run = a_run()
    watch = run.watch(condition)
    assert run.train(batches=60, progress=False).batch == expected
    (hit,) = run.watches.hits
    assert hit.place == (expected, 0) and hit.batch == expected - 1 and watch.hits == [hit]
    assert hit.condition == condition and f"in batch {expected - 1}" in str(hit)


@pytest.mark.parametrize("condition", [*CONDITIONS, 'norm(grad("0.weight")) > 0.3', "nan()", "flips(3)"])
def test_watching_changes_no_bit(condition: str) -> None:
    free, watched = a_run().train(batches=40, progress=False), a_run()
    watched.watch(condition)
    watched.goal = 40
    while watched.batch < 40:
        watched.train(progress=False)
    assert bits(watched) == bits(free)


def test_a_function_of_the_run() -> None:
    run = a_run()
    run.watch(lambda run: run.batch == 7 and "seven batches are done", name="seven")
    assert run.train(batches=20, progress=False).batch == 7
    assert str(run.watches.hits[0]) == "seven: in batch 6 seven batches are done."
    run = a_run()
    run.watch(lambda run: bool((run.net.state()["0.weight"] == run.state["0.weight"]).all()) and run.batch == 3)
    assert run.train(batches=20, progress=False).batch == 3  # the network shows the numbers of this batch


def test_a_function_only_looks() -> None:
    run = a_run()
    run.watch(lambda run: run.edit("3.bias", 0, 1.0))
    with pytest.raises(CutawayError, match="A condition only looks"):
        run.train(batches=3, progress=False)


def test_a_weight_changes_its_sign() -> None:
    def sign(r: ct.Run) -> float:
        return float(np.sign(r.state["3.bias"][0]))

    start = sign(a_run())
    expected = brute(lambda r: sign(r) != start)
    run = a_run()
    run.watch('changes_sign("3.bias"[0])')
    assert run.train(batches=60, progress=False).batch == expected
    before, after = run.watches.hits[0].values['"3.bias"[0]']
    assert before * after < 0 and after == run.state["3.bias"][0]
    assert f"went from {before:.4g} to {after:.4g}" in str(run.watches.hits[0])


def test_a_sign_that_changes_by_way_of_zero() -> None:
    class Steps(optim.Optimizer):
        kind = "whole steps"

        def rule(self, weight: Any, g: Any, group: Any) -> Any:
            return weight - group.alpha, {}

    net = nn.Linear(1, 1)
    net.load_state({"weight": [[2.0]], "bias": [9.0]})
    run = ct.Run(net, nn.MSELoss(), Steps(1.0), ([[1.0]], [[1.0]]), batch_size=1)
    run.watch('changes_sign("weight")')
    assert run.train(batches=9, progress=False).batch == 3  # 2, 1, 0, -1
    assert run.watches.hits[0].values['"weight"[0, 0]'] == (0.0, -1.0)


def test_an_example_flips() -> None:
    def answer(r: ct.Run) -> int:
        return int(np.argmax(r.predict(data().x[5:6])))

    start = answer(a_run())
    expected = brute(lambda r: answer(r) != start)
    run = a_run()
    run.watch("flips(5)")
    assert run.train(batches=60, progress=False).batch == expected
    assert f"the answer to example 5 went from {start} to {answer(run)}" in str(run.watches.hits[0])
    run = a_run(validation=data())
    run.watch('flips(5, "validation")')
    assert run.train(batches=60, progress=False).batch == expected


def test_a_gradient_is_seen_in_the_middle_of_the_batch() -> None:
    run = a_run()
    run.watch('norm(grad("3.weight")) > 1.2')
    run.train(batches=60, progress=False)
    assert run.op > 0 and run.watches.hits[0].label.startswith("backward/3")
    here = np.linalg.norm(run.see(run.program.gradients["3.weight"]).astype(float))
    assert here > 1.2
    batch, grads = run.batch, []
    for k in range(batch):
        program, slots = run.relive(k)
        grads.append(np.linalg.norm(np.asarray(slots[program.gradients["3.weight"]], float)))
    assert max(grads) <= 1.2
    assert run.train(until=batch + 1, progress=False).batch == batch + 1  # and it goes on from there


def test_the_output_of_a_layer_and_a_slot() -> None:
    run = a_run()
    run.watch('max(abs("forward/1")) > 0.9 and loss > 0')
    run.train(batches=60, progress=False)
    assert run.op > 0 and np.abs(run.see(next(s for p, k, s in run.program.visits if p == "1"))).max() > 0.9
    slot = run.program.results["loss"]
    other = a_run()
    other.watch(f"slot({slot}) < 0.7")
    other.train(batches=60, progress=False)
    assert other.batch == brute(lambda r: r.losses[-1] < 0.7) - 1 and other.see(slot) < 0.7


# -- NaN ------------------------------------------------------------------------------------------------------------
class Exp(nn.Module):
    def forward(self, x: Any) -> Any:
        return (x * 30.0).exp()


def sick_run() -> ct.Run:
    net = nn.Sequential(nn.Linear(5, 8), Exp(), nn.Linear(8, 3)).init(0)
    return a_run(alpha=0.02, net=net)


def test_a_nan_stops_at_the_step_that_made_it() -> None:
    free = sick_run()
    with pytest.raises(NotFiniteError):
        free.train(batches=200, progress=False)
    run = sick_run()
    run.watch("nan()")
    run.train(batches=200, progress=False)  # does not raise: somebody watches
    assert run.batch <= free.batch and run.op > 0
    step = run.program.steps[run.op - 2]
    assert not np.isfinite(run.see(step.output)).all()
    assert all(np.isfinite(run.see(slot)).all() for slot in step.inputs)
    assert f"made by {step.op.name} ({step.label})" in str(run.watches.hits[0])
    with pytest.raises(NotFiniteError):
        run.unwatch().train(progress=False)


def test_a_nan_while_walking_by_hand() -> None:
    run = sick_run()
    run.watch("nan()")
    run.train(batches=200, progress=False)
    place = run.batch, run.op
    run.at(run.batch)
    while not run.watches.hits[1:]:
        run.step("layer")
    assert (run.batch, run.op) == place


# -- going on, back, and again ------------------------------------------------------------------------------------
def test_after_a_hit_the_training_goes_on_to_its_goal() -> None:
    run = a_run()
    run.watch("loss < 0.7")
    first = run.train(batches=40, progress=False).batch
    assert first < 40 == run.goal
    run.unwatch()
    assert run.train(progress=False).batch == 40


def test_what_stays_true_stops_once() -> None:
    run = a_run()
    run.watch("batch >= 5")
    assert [run.train(batches=20, progress=False).batch for _ in range(2)] == [5, 25]


def test_going_back_and_hitting_again() -> None:
    run = a_run()
    run.watch("loss < 0.7")
    run.train(batches=40, progress=False)
    place, state = run.batch, bits(run)
    run.back(3)
    assert run.train(batches=40, progress=False).batch == place and bits(run) == state
    run.at(0)
    assert run.at(40).batch == place  # a journey forwards stops too
    first, second, third = run.watches.hits
    assert first == second == third
    run.train(batches=1, progress=False)
    assert third.go().batch == place


def test_other_ways_forwards_stop_too() -> None:
    expected = brute(lambda r: r.losses[-1] < 0.7)
    run = a_run()
    run.watch("loss < 0.7")
    while not run.watches.hits:
        run.step("epoch")
    assert run.batch == expected
    run = a_run()
    run.watch("loss < 0.7")
    while not run.watches.hits:
        run.step("layer")
    assert (run.batch, run.op) == (expected, 0)
    run = a_run()
    run.watch("loss < 0.7")
    for moment in run.moments():
        if run.watches.look(moment):
            break
    assert run.batch == expected


def test_an_open_batch_is_watched_to_its_end() -> None:
    expected = brute(lambda r: r.losses[-1] < 0.7)
    run = a_run().train(until=expected - 1, progress=False)
    run.watch("loss < 0.7")
    run.step("layer")
    assert run.train(batches=5, progress=False).batch == expected and run.goal == expected + 5


def test_several_watches_and_taking_them_away() -> None:
    run = a_run()
    run.watch("batch == 4")
    late = run.watch("batch == 6")
    run.watch("batch == 4 or batch == 5")
    assert run.train(batches=20, progress=False).batch == 4 and len(run.watches.hits) == 2
    assert repr(run.watches).splitlines()[:2] == ["batch == 4   (1 hit, the last in batch 3)", "batch == 6"]
    run.unwatch("batch == 4 or batch == 5").unwatch(late)
    assert len(run.watches) == 1
    with pytest.raises(CutawayError, match=r"'loss' is not watched\. Watched are: batch == 4"):
        run.unwatch("loss")
    assert repr(run.unwatch().watches).startswith("Nothing is watched")
    assert run.train(progress=False).batch == 20


def test_a_branch_has_the_watches_and_hits_of_its_own() -> None:
    run = a_run()
    run.watch("batch == 6")
    branch = run.fork()
    assert branch.train(batches=20, progress=False).batch == 6
    assert not run.watches.hits and len(branch.watches.hits) == 1
    assert run.train(batches=20, progress=False).batch == 6


def test_ctrl_c_pauses_a_watched_run() -> None:
    class Press:
        def batch(self, run: ct.Run) -> None:
            if run.batch == 5:
                os.kill(os.getpid(), signal.SIGINT)

    run = a_run()
    run.watch("loss < -1")
    assert run.train(batches=20, progress=False, callbacks=[Press()]).batch == 5
    assert run.train(progress=False).batch == 20 and not run.watches.hits


def test_the_validation_of_an_epoch_is_not_lost_or_doubled(capsys: Any) -> None:
    run = a_run(validation=data())
    run.watch("batch == 8")
    run.watch('norm("x") > 0 and batch == 16')
    run.train(batches=24, progress=True)
    assert sorted(run.validations) == [8]
    assert "batch == 8: in batch 7 batch went from 7 to 8. run.train() goes on to batch 24" in capsys.readouterr().out
    run.train(progress=False)
    assert (run.batch, run.op) == (16, 1) and sorted(run.validations) == [8, 16]


def test_a_saved_run_is_watched_without_its_code(tmp_path: Any) -> None:
    free = a_run().train(batches=40, progress=False)
    expected = int(np.flatnonzero(free.losses < 0.7)[0]) + 1
    a_run().train(batches=2, progress=False).save(tmp_path)
    for condition in ("loss < 0.7", 'loss < 0.7 and norm("0.weight") > 0', "flips(5) or loss < 0.7"):
        run = ct.Run.resume(tmp_path, data=data())
        run.watch(condition)
        run.goal = 40
        while not any("loss" in w and r[1] < 0.7 for h in run.watches.hits for w, r in h.values.items()):
            run.train(progress=False)
        assert run.batch == expected
    run = ct.Run.resume(tmp_path, data=data())
    run.watch('norm(grad("3.weight")) > 1.2')
    assert run.train(batches=60, progress=False).op > 0


# -- conditions that are none ---------------------------------------------------------------------------------------
WRONG = {
    "los > 2": ("Did you mean loss?", "^^^"),
    "lr > 2": ("Did you mean alpha?", "^^"),
    "loss = 2": ("write ==", "     ^"),
    "0.weight > 1": ("stand in quotes", " ^"),
    '"0.weigth" > 1': ("Did you mean '0.weight'", "^^^^^^^^^^"),
    'loss > 1 and "0.weight" > 1': ("40 numbers, neither true nor false", "             ^^^^^^^^^^^^^^"),
    '"0.weight"[9, 0] > 1': ("index 9 is out of bounds", "^^^^^^^^^^^^^^^^"),
    '"0.weight"[0.5] > 1': ("whole numbers", "^^^^^^^^^^^^^^^"),
    'norm("0.weight", 2) > 1': ("takes 1 thing", "^^^^^^^^^^^^^^^^^^^"),
    "norms(loss) > 1": ("Did you mean norm?", "^^^^^"),
    "norm > 1": ("wants brackets", "^^^^"),
    "loss >": ("no condition", "      ^"),
    "": ("empty", ""),
    "1 > 0": ("nothing in it depends on the run", "^^^^^"),
    "x > 1": ("there is no x", "^"),
    "slot(999) > 1": ("there is no slot 999", "^^^^^^^^^"),
    'grad("x") > 1': ("is not trained", "^^^^^^^^^"),
    "grad(loss) > 1": ("a name in quotes", "     ^^^^"),
    "flips(30)": ("30 train examples, counted from 0", "^^^^^^^^^"),
    'flips(3, "test")': ('"train" or "validation"', "         ^^^^^^"),
    'flips(3, "validation")': ("no validation examples", "^^^^^^^^^^^^^^^^^^^^^^"),
    "loss, 2": ("commas", "^^^^^^^"),
    "(" * 400: ("no condition", "^"),
    "loss > 1 " + "or loss > 1 " * 200: ("at most 1000 characters", ""),
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_condition_is_pointed_at(text: str) -> None:
    said, marks = WRONG[text]
    run = a_run()
    with pytest.raises(ConditionError, match="watch: ") as caught:
        run.watch(text)
    lines = str(caught.value).splitlines()
    assert said in lines[0]
    if marks and len(text) < 100:
        assert lines[1:] == [f"    {text}", f"    {marks}"]
    assert len(run.watches) == 0


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "loss.__class__ == 1",
        "().__class__.__bases__[0]",
        "[loss for loss in (1, 2)]",
        "(lambda: loss)()",
        "f'{loss}' == 'a'",
        "(loss := 3) > 2",
        "open('x')",
        "abs(*loss)",
        "abs(x=loss)",
        "loss if loss else loss",
        "loss in (1, 2)",
        "loss is 1",
        "{'a': loss}",
        "~loss",
        "loss << 3",
        "b'loss' == loss",
        "1j * loss > 1",
        "None == loss",
        "abs(abs)(loss)",
    ],
)
def test_nothing_of_a_condition_is_run_as_code(text: str) -> None:
    with pytest.raises(ConditionError):
        a_run().watch(text)


def test_a_large_power_is_only_a_number() -> None:
    run = a_run()
    run.watch("loss ** 9 ** 9 ** 9 > 1")
    run.train(batches=2, progress=False)


def test_what_is_no_condition_at_all() -> None:
    with pytest.raises(ConditionError, match="a text such as"):
        a_run().watch(3)  # type: ignore[arg-type]
