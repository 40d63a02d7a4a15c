"""What `run.train` promises: goals, pauses, progress, validation, early stopping, callbacks, and NaN."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cutaway as ct
from cutaway import nn, optim
from cutaway.engine.errors import CutawayError, NotFiniteError
from cutaway.training import Run

from .worlds import WORLDS, bits, rows, same


def small(alpha: float = 0.1, **options: Any) -> Run:
    net = nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3))
    return Run(net, nn.CrossEntropyLoss(), optim.SGD(alpha, 0.9), rows(), 4, threads=1, **options)


class Listener:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def batch(self, run: Run) -> None:
        self.heard.append(run.batch)

    def epoch(self, run: Run) -> None:
        self.heard.append(f"epoch {run.epoch}")

    def paused(self, run: Run) -> None:
        self.heard.append("paused")

    def finished(self, run: Run) -> None:
        self.heard.append("finished")


# -- goals ---------------------------------------------------------------------------------------------------------
def test_goals_are_counted_in_epochs_or_batches_or_are_a_batch() -> None:
    run = small()
    assert run.train(epochs=2, progress=False).batch == 12
    assert run.train(batches=3, progress=False).batch == 15
    assert run.train(epochs=0.5, progress=False).batch == 18
    assert run.train(until=20, progress=False).batch == 20
    assert run.train(until=20, progress=False).batch == 20
    assert run.train(progress=False).batch == 26  # without a goal: one epoch
    assert (run.epoch, len(run.losses), len(run.curve("accuracy"))) == (4, 26, 26)
    with pytest.raises(CutawayError, match="in one way"):
        run.train(epochs=1, batches=3)


def test_the_old_goal_holds_after_a_pause() -> None:
    run = small()
    run.train(batches=10, progress=False, callbacks=[CtrlC(at=4)])
    assert run.batch == 4
    assert run.train(progress=False).batch == 10
    same(run, small().train(batches=10, progress=False))


def test_training_finishes_the_batch_that_is_being_walked() -> None:
    run = small()
    run.step("op")
    run.step("op")
    run.train(batches=3, progress=False)
    assert (run.batch, run.op) == (4, 0)
    same(run, small().train(batches=4, progress=False))


# -- Ctrl-C --------------------------------------------------------------------------------------------------------
class CtrlC:
    """Presses it after some batch, so many times."""

    def __init__(self, at: int, times: int = 1) -> None:
        self.at, self.times = at, times

    def batch(self, run: Run) -> None:
        if run.batch == self.at:
            for _ in range(self.times):
                os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_pauses_after_the_batch_in_hand_and_keeps_everything(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listener, run = Listener(), small()
    before = signal.getsignal(signal.SIGINT)
    run.train(batches=9, save=tmp_path, every=1e9, callbacks=[listener, CtrlC(at=5)])
    assert signal.getsignal(signal.SIGINT) is before
    assert listener.heard[-2:] == [5, "paused"]
    assert "paused after batch 5; run.train() goes on to batch 9" in capsys.readouterr().out
    resumed = Run.resume(tmp_path, data=rows())
    same(resumed, run, net=False)
    same(resumed.train(progress=False), small().train(batches=9, progress=False), net=False)


def test_a_second_ctrl_c_breaks_off_and_the_run_stays_whole() -> None:
    run = small()
    with pytest.raises(KeyboardInterrupt):
        run.train(batches=9, progress=False, callbacks=[CtrlC(at=5, times=2)])
    assert run.batch == 5
    same(run.train(until=9, progress=False), small().train(batches=9, progress=False))


class Fragile(ct.engine.Op):
    """A glass that breaks when it is told to.

    y = x

    x: the glass
    y: the glass
    """

    kind = "elementwise"
    calls, stop = 0, -1

    @staticmethod
    def forward(x: Any) -> Any:
        Fragile.calls += 1
        if Fragile.calls == Fragile.stop:
            raise KeyboardInterrupt
        return x * 1

    @staticmethod
    def backward(g: Any, y: Any, x: Any) -> Any:
        return g

    @staticmethod
    def shape(x: Any) -> Any:
        return x


class Glass(nn.Module):
    """A layer of it."""

    def forward(self, x: Any) -> Any:
        return ct.engine.OPS["fragile"](x)


@pytest.fixture
def fragile() -> Any:
    """Makes runs that can be broken off inside a batch."""
    Fragile()

    def make() -> Run:
        net = nn.Sequential(nn.Linear(5, 4), Glass(), nn.Linear(4, 3))
        return Run(net, nn.CrossEntropyLoss(), optim.Adam(0.1), rows(), 4, threads=1, budget=1)

    yield make
    del ct.engine.OPS["fragile"]
    Fragile.stop = -1


@pytest.mark.parametrize("how", ["train", "walk", "back", "at"])
def test_breaking_off_inside_a_batch_leaves_the_run_whole(fragile: Any, how: str) -> None:
    whole = fragile().train(until=12, progress=False)
    run = fragile().train(until=10, progress=False)
    journeys = {
        "train": lambda: run.train(until=12, progress=False),
        "walk": lambda: [run.step("op") for _ in run.moments()],
        "back": lambda: run.at(max(set(range(10)) - run.history.snapshots.keys())),
        "at": lambda: run.at(12),
    }
    Fragile.calls, Fragile.stop = 0, 1 if how == "back" else 2
    with pytest.raises(KeyboardInterrupt):
        journeys[how]()
    Fragile.stop = -1
    assert len(run.losses) == run.batch <= 12
    same(run, fragile().train(until=run.batch, progress=False))
    same(run.train(until=12, progress=False), whole)


def test_ctrl_c_in_a_script_saves_and_says_how_to_go_on(tmp_path: Path) -> None:
    script = textwrap.dedent(
        f"""
        import sys
        import numpy as np
        from cutaway import Run, nn, optim
        x = np.arange(40, dtype="f").reshape(20, 2) / 40
        run = Run(nn.Linear(2, 1), nn.MSELoss(), optim.SGD(0.01), (x, x[:, :1]), 4, threads=1)
        class Started:
            def batch(self, run):
                if run.batch == 20:
                    print("started", flush=True)
        run.train(batches=10**9, save={str(tmp_path)!r}, callbacks=[Started()])
        print("after", run.batch > 0, run.batch < 10**9)
        """
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, env=environment())
    assert process.stdout is not None
    while "started" not in process.stdout.readline():
        pass
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "paused after batch" in out
    assert "goes on to batch 1000000000" in out
    assert "after True True" in out
    assert Run.resume(tmp_path).batch >= 20


def environment() -> dict[str, str]:
    """For a child process that imports this Cutaway."""
    return {**os.environ, "PYTHONPATH": str(Path(ct.__file__).parents[1]), "OPENBLAS_NUM_THREADS": "1"}


# -- callbacks -----------------------------------------------------------------------------------------------------
def test_callbacks_hear_everything_once_and_nothing_in_replay() -> None:
    listener, run = Listener(), small()
    run.train(epochs=2, progress=False, callbacks=[listener])
    whole = [1, 2, 3, 4, 5, 6, "epoch 1", 7, 8, 9, 10, 11, 12, "epoch 2", "finished"]
    assert listener.heard == whole
    run.back(9).at(11).step("op")
    run.fork().train(batches=3, progress=False)
    assert listener.heard == whole
    same(run.at(12), small().train(epochs=2, progress=False))


def test_callbacks_see_the_network_as_it_is_now() -> None:
    class Look:
        def __init__(self) -> None:
            self.agree: list[bool] = []

        def batch(self, run: Run) -> None:
            self.agree.append(bool((run.net[0].weight.data == run.state["0.weight"]).all()))

    look = Look()
    small().train(batches=4, progress=False, callbacks=[look])
    assert look.agree == [True] * 4


def test_what_a_callback_changes_is_part_of_the_history() -> None:
    class Meddles:
        def batch(self, run: Run) -> None:
            if run.batch == 3:
                run.net[0].bias.data = np.ones(4, np.float32)
            if run.batch == 5:
                run.edit("alpha", 0.01)
                run.step("op")

    run = small().train(batches=9, progress=False, callbacks=[Meddles()])
    assert [(event.batch, event.name) for event in run.history.events] == [(3, "0.bias"), (5, "optim/alpha")]
    same(run.fork().at(0).at(run.batch), run)


def test_something_that_is_no_callback_is_named() -> None:
    with pytest.raises(CutawayError, match="none of the methods that a callback may have: batch, epoch"):
        small().train(batches=1, progress=False, callbacks=[print])


# -- progress ------------------------------------------------------------------------------------------------------
def test_without_a_terminal_there_are_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    run = small(validation=rows(9, seed=5)).train(epochs=2)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("epoch 2/2  batch 12/12  loss ")
    assert "accuracy" in lines[0]
    assert f"validation loss {run.validations[12]['loss']:.4g}" in lines[0]
    run.train(epochs=1, progress=False)
    assert capsys.readouterr().out == ""


# -- validation and early stopping -----------------------------------------------------------------------------------
def test_validation_is_the_evaluation_after_every_epoch_and_changes_nothing() -> None:
    held_out = rows(9, seed=5)
    run = small(validation=held_out).train(batches=14, progress=False)
    assert sorted(run.validations) == [6, 12]
    assert run.validations[12] == run.fork().at(12).evaluate(held_out)
    same(run, small().train(batches=14, progress=False))


def test_early_stopping_goes_back_to_the_best_exactly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    held_out = rows(9, seed=5)
    run = small(alpha=1.0, validation=held_out, budget=1).train(epochs=60, patience=3, save=tmp_path)
    best = min(run.validations, key=lambda batch: run.validations[batch]["loss"])
    assert 0 < run.batch == best == max(run.validations) - 18
    assert f"no better for 3 epochs: going back to batch {best}" in capsys.readouterr().out
    assert run.goal == best
    plain = small(alpha=1.0).train(until=best, progress=False)
    same(run, plain)
    same(Run.resume(tmp_path, data=rows(), validation=held_out), plain, net=False)


def test_a_new_future_has_no_memory_of_the_validations_of_the_old_one() -> None:
    held_out = rows(9, seed=5)
    run = small(validation=held_out).train(epochs=5, progress=False)
    run.at(6).edit("alpha", 1e-7)
    assert sorted(run.validations) == [6]
    run.train(epochs=9, patience=2, progress=False)
    assert run.batch <= 6 + 6 * 9
    assert run.batch == min(run.validations, key=lambda batch: (run.validations[batch]["loss"], batch))


def test_early_stopping_after_going_back_does_not_jump_ahead() -> None:
    run = small(validation=rows(9, seed=5)).train(epochs=8, progress=False)
    run.at(6)
    assert ct.training.loop.best_epoch(run) == 6


@pytest.mark.parametrize(("patience", "sentence"), [(2, "give Run"), (0, "1 or more")])
def test_impossible_patience(patience: int, sentence: str) -> None:
    run = small() if patience else small(validation=rows())
    with pytest.raises(CutawayError, match=sentence):
        run.train(epochs=1, patience=patience, progress=False)


# -- the log -------------------------------------------------------------------------------------------------------
def test_the_log_has_a_row_for_every_epoch_also_after_another_batch_size(tmp_path: Path) -> None:
    run = small(validation=rows(9, seed=5)).train(epochs=2, progress=False)
    run.batch_size = 11
    run.train(epochs=2, save=tmp_path, progress=False)
    table = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [(row["epoch"], row["batch"]) for row in table] == [(1, 6), (2, 12), (3, 14), (4, 16)]
    run.at(13).save(tmp_path)
    rest = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert rest == table[:2]
    run.at(8).save(tmp_path)  # before the other batch size: its epochs are not done here
    rest = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert rest == table[:1]
    run.at(16)
    assert table[1]["loss"] == pytest.approx(run.losses[6:12].mean(), abs=1e-5)
    assert table[3]["accuracy"] == pytest.approx(run.curve("accuracy")[14:].mean(), abs=1e-5)
    assert table[2]["validation_loss"] == pytest.approx(run.validations[14]["loss"], abs=1e-5)


# -- NaN -----------------------------------------------------------------------------------------------------------
def exploding(**options: Any) -> Run:
    x = rows().x * 30
    net = nn.Sequential(nn.Linear(5, 4), nn.Linear(4, 1))
    return Run(net, nn.MSELoss(), optim.SGD(0.5), (x, x[:, :1]), 4, threads=1, **options)


def test_a_loss_that_is_no_number_pauses_before_its_batch(tmp_path: Path) -> None:
    run, listener = exploding(), Listener()
    with pytest.raises(NotFiniteError, match=r"The loss of batch (\d+) is (nan|inf)") as caught:
        run.train(epochs=20, progress=False, save=tmp_path, callbacks=[listener])
    place = run.batch
    assert f"batch {place} is" in str(caught.value)
    assert "edit('alpha', 0.05)" in str(caught.value)
    assert "clip_norm" in str(caught.value)
    assert np.isfinite(run.losses).all()
    assert len(run.losses) == place
    assert listener.heard[-2:] == [place, "paused"]
    quiet = exploding()
    while quiet.batch < place:
        quiet.step("batch")
    same(run, quiet)
    same(Run.resume(tmp_path, data=run.data), run, net=False)
    with pytest.raises(NotFiniteError):  # the same again, from there
        run.train(progress=False)
    assert run.batch == place
    run.back(min(20, place)).edit("alpha", 1e-5)  # what the sentence says to try
    run.train(epochs=2, progress=False)
    assert np.isfinite(run.losses).all()


def test_going_on_past_nan_by_hand_is_possible_and_exact() -> None:
    run = exploding()
    for _ in range(40):
        run.step("batch")
    assert not np.isfinite(run.losses[-1])
    other = run.fork().at(3)
    same(other.at(40), run)


def test_training_in_a_thread_leaves_ctrl_c_to_others() -> None:
    run = small()
    thread = threading.Thread(target=run.train, kwargs={"batches": 5, "progress": False})
    thread.start()
    thread.join()
    same(run, small().train(batches=5, progress=False))


# -- what a seed and the modes mean ----------------------------------------------------------------------------------
def test_the_seed_decides_the_order_and_the_dropout() -> None:
    def end(seed: int, batch_size: int) -> list[float]:
        net = nn.Sequential(nn.Linear(5, 8), nn.Dropout(0.5), nn.Linear(8, 3))
        run = Run(net, nn.CrossEntropyLoss(), optim.SGD(0.1), rows(), batch_size, seed=seed, threads=1)
        return run.train(batches=3, progress=False).losses.tolist()

    for batch_size in (4, 22):  # a batch that holds all is not shuffled: there only the dropout differs
        assert end(0, batch_size) == end(0, batch_size) != end(1, batch_size)


def test_a_layer_at_rest_measures_and_drops_nothing() -> None:
    make = WORLDS["sgd, batch norm, warm-up"]
    run = make().train(batches=3, progress=False)
    run.net[1].eval()
    before = bits(run.state["1.running_mean"])
    run.train(batches=3, progress=False)
    assert bits(run.state["1.running_mean"]) == before
    run.net[1].train()
    run.train(batches=1, progress=False)
    assert bits(run.state["1.running_mean"]) != before

    run, lively = make(), make()
    run.net[4].eval()
    run.step("batch")
    lively.step("batch")
    assert run.losses != lively.losses
    assert not any(step.op.name == "dropout" for step in run.program.steps)
