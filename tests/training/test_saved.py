"""A saved run stands alone and goes on to the bit; a damaged one is refused."""

from __future__ import annotations

import os
import pickle
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cutaway as ct
from cutaway import nn, optim
from cutaway.engine.errors import CutawayError
from cutaway.training import CheckpointError, Run
from cutaway.training import checkpoint as module

from .test_back import END, worlds
from .worlds import WORLDS, bits, live, rows, same, same_future, story


def small(**options: Any) -> Run:
    net = nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3))
    return Run(net, nn.CrossEntropyLoss(), optim.SGD(0.1, 0.9), rows(), 4, threads=1, **options)


# -- going on ------------------------------------------------------------------------------------------------------
@worlds
def test_a_run_resumed_without_its_code_goes_on_to_the_bit(make: Callable[..., Run], tmp_path: Path) -> None:
    run = live(make(), 12, story(make()))
    file = run.save(tmp_path / "a.safetensors")
    resumed = Run.resume(file, data=run.data)
    assert resumed.net is None
    same_future(resumed, run, 9)
    for batch in (15, 0, 8, 12, 20):  # the past with all its changes is there too
        same(resumed.at(batch), run.at(batch), net=False)


@worlds
def test_a_run_resumed_with_its_network_can_do_everything(make: Callable[..., Run], tmp_path: Path) -> None:
    events = story(make())
    run = live(make(), 8, events)
    run.save(tmp_path)
    net = make().net.init(9)  # other numbers, which the run replaces
    resumed = Run.resume(tmp_path, net=net, loss=nn.CrossEntropyLoss(), data=run.data)
    assert resumed.net is net
    same(resumed, run)
    rest = {place: actions for place, actions in events.items() if place > (8, 0)}
    live(resumed, END, rest)
    live(run, END, rest)
    same(resumed, run)
    same(resumed.at(5), run.at(5))


@worlds
@pytest.mark.parametrize("op", [1, 4, 11])
def test_a_run_saved_in_the_middle_of_a_batch(make: Callable[..., Run], op: int, tmp_path: Path) -> None:
    run = live(make(), 5, story(make()))
    while run.op < op:
        run.step("op")
    run.edit("alpha", 0.3)
    run.edit("x", 0.5)
    run.freeze("*weight")
    run.edit(next(iter(run.net.named_parameters())), 0.25)
    run.save(tmp_path)
    resumed = Run.resume(tmp_path, data=run.data)
    assert (resumed.batch, resumed.op) == (5, op)
    for step in run.program.steps[: op - 1]:
        assert bits(resumed.see(step.output)) == bits(run.see(step.output))
    with_net = Run.resume(tmp_path, data=run.data, net=make().net, loss=nn.CrossEntropyLoss())
    same(with_net, run)
    run.step("batch")
    with_net.step("batch")
    same(with_net, run)
    resumed.step("batch")
    same(resumed, run, net=False)
    same(with_net.at(5), run.at(5))


@worlds
def test_saving_changes_nothing(make: Callable[..., Run], tmp_path: Path) -> None:
    run = make()
    for _ in range(3):
        run.step("op")
        run.save(tmp_path / "a.safetensors")
        run.train(batches=3, progress=False, save=tmp_path, every=0)
    same(run, make().train(until=run.batch, progress=False))


def test_a_run_can_be_saved_before_it_begins_and_right_after_an_edit(tmp_path: Path) -> None:
    run = small().edit("0.bias", 1.0)
    resumed = Run.resume(run.save(tmp_path / "a.safetensors"), data=rows()).train(batches=5, progress=False)
    run.train(batches=5, progress=False)
    same(resumed, run, net=False)
    same(resumed.back(5), run.back(5), net=False)


def test_a_resumed_run_saved_again_is_the_same(tmp_path: Path) -> None:
    run = live(WORLDS["momentum, clipping, dropout"](), 11, story(WORLDS["momentum, clipping, dropout"]()))
    run.save(tmp_path / "a.safetensors")
    for _ in range(3):
        Run.resume(tmp_path / "a.safetensors", data=run.data).save(tmp_path / "a.safetensors")
    same_future(Run.resume(tmp_path / "a.safetensors", data=run.data), run)


def test_the_goal_outlives_the_process(tmp_path: Path) -> None:
    run = small()
    run.goal = 20
    run.save(tmp_path)
    assert Run.resume(tmp_path, data=rows()).train(progress=False).batch == 20


def test_memories_that_began_later_begin_again_in_a_resumed_run(tmp_path: Path) -> None:
    """The beginning of the run has no velocity yet for what was frozen then."""
    net = nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3)).freeze("0.*")
    optimizer = optim.Adam(0.05, average=0.5, groups={"0.*": {"alpha": 0.01}})
    run = Run(net, nn.CrossEntropyLoss(), optimizer, rows(), 4, threads=1).train(batches=3, progress=False)
    run.unfreeze("0.*").train(batches=4, progress=False)
    run.save(tmp_path)
    resumed = Run.resume(tmp_path, data=rows())
    same(resumed.at(2), run.at(2), net=False)
    same(resumed.at(7), run.at(7), net=False)


def test_a_large_run_keeps_no_beginning_but_the_best(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGE", 0)
    run = small(validation=rows(9, seed=5)).train(epochs=3, progress=False, patience=50)
    (best,) = run.history.kept
    run.edit("alpha", 0.02)
    run.save(tmp_path)
    resumed = Run.resume(tmp_path, data=rows(), validation=rows(9, seed=5))
    assert resumed.earliest == best
    assert resumed.history.kept == {best}
    same(resumed.at(best), run.at(best), net=False)
    same(resumed.at(18), run.at(18), net=False)
    run.history.kept = set()
    run.save(tmp_path)
    resumed = Run.resume(tmp_path, data=rows()).train(batches=3, progress=False)
    with pytest.raises(CutawayError, match="remembers nothing before batch 18"):
        resumed.back(4)
    same(resumed.back(3), run, net=False)


# -- using ---------------------------------------------------------------------------------------------------------
@worlds
def test_predictions_and_scores_need_neither_code_nor_data(make: Callable[..., Run], tmp_path: Path) -> None:
    run = live(make(), 9, story(make()))
    run.save(tmp_path)
    nowhere = Run.resume(tmp_path)  # the data has no name that load() knows
    assert nowhere.data is None
    part = run.data[:7]
    assert bits(nowhere.predict(part.x)) == bits(run.predict(part.x))
    assert nowhere.evaluate(part) == run.evaluate(part)
    with pytest.raises(CutawayError, match="data of this saved run was not found"):
        nowhere.train(batches=1, progress=False)
    nowhere.save(tmp_path / "again.safetensors")
    same_future(Run.resume(tmp_path / "again.safetensors", data=run.data), run)


def test_a_run_saved_inside_a_batch_can_predict_without_its_data(tmp_path: Path) -> None:
    run = small().train(batches=3, progress=False)
    run.step("op")
    run.step("op")
    run.save(tmp_path)
    assert bits(Run.resume(tmp_path).predict(rows().x)) == bits(run.predict(rows().x))


def test_data_that_comes_with_cutaway_is_found_by_its_name(tmp_path: Path) -> None:
    digits = ct.data.load("digits")
    net = nn.Sequential(nn.MaxPool2d(7), nn.Flatten(), nn.Linear(16, 10))
    run = Run(net, nn.CrossEntropyLoss(), optim.Adam(), digits.train, 512, validation=digits.test, threads=1)
    run.train(batches=2, progress=False)
    run.save(tmp_path)
    resumed = Run.resume(tmp_path)
    assert resumed.data == digits.train
    assert resumed.validation == digits.test
    same_future(resumed, run, 1)


def test_other_data_is_refused(tmp_path: Path) -> None:
    run = small(validation=rows(9, seed=5)).train(batches=2, progress=False)
    run.save(tmp_path)
    with pytest.raises(CheckpointError, match=r"not the data of the saved run \(rows, 22 examples\)"):
        Run.resume(tmp_path, data=rows(seed=8))
    with pytest.raises(CheckpointError, match="9 examples"):
        Run.resume(tmp_path, data=rows(), validation=rows())
    resumed = Run.resume(tmp_path, data=(rows().x, rows().y))  # the same numbers under no name
    assert resumed.validation is None
    resumed.save(tmp_path)
    assert Run.resume(tmp_path, data=rows(), validation=rows(9, seed=5)).validation is not None
    with pytest.raises(CheckpointError, match="9 examples"):  # it is still known which they were
        Run.resume(tmp_path, data=rows(), validation=rows())


def test_validation_can_be_given_to_a_run_that_had_none(tmp_path: Path) -> None:
    small().train(batches=2, progress=False).save(tmp_path)
    resumed = Run.resume(tmp_path, data=rows(), validation=rows(9, seed=5))
    assert resumed.train(until=12, progress=False).validations.keys() == {6, 12}


def test_what_was_not_done_before_needs_the_network_and_says_so(tmp_path: Path) -> None:
    small().train(batches=2, progress=False).save(tmp_path)
    resumed = Run.resume(tmp_path, data=rows())
    with pytest.raises(CutawayError, match=r"only its programs.*net="):
        resumed.freeze("0.*")
    resumed.batch_size = 7
    with pytest.raises(CutawayError, match=r"Run\.resume\(path, net=\.\.\., loss=\.\.\.\)"):
        resumed.train(batches=1, progress=False)
    with pytest.raises(CutawayError, match=r"does not fit the network"):
        Run.resume(tmp_path, data=rows(), net=nn.Linear(5, 3))


def test_another_machine_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = small().train(batches=2, progress=False)
    run.save(tmp_path / "here.safetensors")
    assert Run.resume(tmp_path / "here.safetensors").notes == []
    real = ct.training.machine.describe
    monkeypatch.setattr(ct.training.machine, "describe", lambda *counts: {**real(*counts), "numpy": "1.0"})
    run.save(tmp_path / "there.safetensors")
    monkeypatch.undo()
    (note,) = Run.resume(tmp_path / "there.safetensors").notes
    assert f"numpy 1.0 then, {np.__version__} now" in note


def test_operations_of_ones_own_are_asked_for(tmp_path: Path) -> None:
    class Thrice(ct.engine.Op):
        """Three times as much.

        y = 3 x

        x: what there is
        y: three times that
        """

        kind = "elementwise"
        forward = staticmethod(lambda x: x * 3)
        backward = staticmethod(lambda g, y, x: g * 3.0)
        shape = staticmethod(lambda x: x)

    thrice = Thrice()

    class Layer(nn.Module):
        def forward(self, x: Any) -> Any:
            return thrice(x)

    net = nn.Sequential(nn.Linear(5, 3), Layer())
    run = Run(net, nn.CrossEntropyLoss(), optim.SGD(0.1), rows(), 4, threads=1).train(batches=2, progress=False)
    run.save(tmp_path)
    same_future(Run.resume(tmp_path, data=rows()), run)
    del ct.engine.OPS["thrice"]
    with pytest.raises(CutawayError, match=r"does not know: thrice\..*import the file that defines them"):
        Run.resume(tmp_path, data=rows())


def test_an_optimizer_of_ones_own_is_in_the_program(tmp_path: Path) -> None:
    class Sign(optim.Optimizer):
        def rule(self, weight: Any, g: Any, group: Any) -> Any:
            return weight - g * group.alpha * 2.0, {}

    net = nn.Sequential(nn.Linear(5, 3))
    run = Run(net, nn.CrossEntropyLoss(), Sign(0.1), rows(), 4, threads=1).train(batches=2, progress=False)
    run.save(tmp_path)
    del optim.optimizer.OPTIMIZERS[Sign.kind]
    same_future(Run.resume(tmp_path, data=rows()), run)


def test_numbers_of_numpy_among_the_settings(tmp_path: Path) -> None:
    net = nn.Sequential(nn.Linear(5, 3))
    optimizer = optim.SGD(np.float32(0.1), np.float64(0.9), clip_norm=np.float32(1.0))
    run = Run(net, nn.CrossEntropyLoss(), optimizer, rows(), np.int64(4), seed=np.int64(2), threads=1)
    run.train(batches=np.int64(3), progress=False)
    run.edit("weight" if "weight" in run.state else "0.weight", (np.int64(1), slice(0, np.int64(2))), np.float64(0.5))
    run.save(tmp_path)
    same_future(Run.resume(tmp_path, data=rows()), run)


def test_what_cannot_be_written_down_says_so(tmp_path: Path) -> None:
    run = small(augment=[lambda x, seed, step: x])
    with pytest.raises(CheckpointError, match="cannot be written down"):
        run.save(tmp_path)
    assert list(tmp_path.iterdir()) == []


# -- the folder ----------------------------------------------------------------------------------------------------
def test_a_folder_keeps_the_newest_and_the_one_before(tmp_path: Path) -> None:
    run = small()
    for _ in range(4):
        run.train(batches=5, progress=False)
        run.save(tmp_path / "runs" / "a")
    names = sorted(path.name for path in (tmp_path / "runs" / "a").iterdir())
    assert names == ["batch-00000015.safetensors", "batch-00000020.safetensors", "log.jsonl"]
    assert Run.resume(tmp_path / "runs" / "a").batch == 20
    assert Run.resume(tmp_path / "runs" / "a" / names[0]).batch == 15


def test_the_newest_is_the_one_saved_last_also_after_going_back(tmp_path: Path) -> None:
    run = small()
    for batch in (5, 10, 15, 12):
        run.at(batch) if batch < run.batch else run.train(until=batch, progress=False)
        run.save(tmp_path)
    assert Run.resume(tmp_path).batch == 12
    small().train(batches=1, progress=False, save=tmp_path)  # the same script, started anew
    assert Run.resume(tmp_path).batch == 1


def test_unfinished_files_do_no_harm_and_are_swept_up_when_old(tmp_path: Path) -> None:
    run = small().train(batches=3, progress=False)
    file = run.save(tmp_path)
    old, fresh = (tmp_path / f".batch-0000000{k}.safetensors.{k}.part" for k in (8, 9))
    other = tmp_path / ".mine.part"
    for part in (old, fresh, other):
        part.write_bytes(file.read_bytes()[:99])
        os.utime(part, (time.time() - 3600,) * 2)
    os.utime(fresh)
    assert Run.resume(tmp_path).batch == 3
    run.train(batches=1, progress=False).save(tmp_path)
    assert not old.exists()
    assert fresh.exists()  # somebody may be writing it right now
    assert other.exists()
    assert Run.resume(tmp_path).batch == 4


@pytest.mark.parametrize("last", ["fsync", "replace"])  # all of it is on the disk, and then it gets its name at once
def test_a_full_disk_leaves_the_old_file(last: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = small().train(batches=3, progress=False)
    run.save(tmp_path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, last, full)
    run.train(batches=1, progress=False)
    with pytest.raises(OSError, match="No space left"):
        run.save(tmp_path)
    monkeypatch.undo()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["batch-00000003.safetensors", "log.jsonl"]
    assert Run.resume(tmp_path).batch == 3


# -- damage --------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two checkpoints."""
    folder = tmp_path_factory.mktemp("whole")
    run = small().train(batches=5, progress=False)
    run.save(folder)
    run.edit("0.bias", 0.5).train(batches=5, progress=False)
    run.save(folder)
    return folder


def test_damage_of_any_kind_is_refused_and_the_one_before_is_offered(whole: Path, tmp_path: Path) -> None:
    shutil.copytree(whole, tmp_path, dirs_exist_ok=True)
    newest, before = tmp_path / "batch-00000010.safetensors", tmp_path / "batch-00000005.safetensors"
    content, chance = newest.read_bytes(), random.Random(0)
    header = 8 + int.from_bytes(content[:8], "little")
    places = [chance.randrange(len(content)) for _ in range(150)] + [chance.randrange(header) for _ in range(150)]
    for place in [*range(12), *places, header - 1, header, len(content) - 1]:
        damaged = bytearray(content)
        damaged[place] ^= 1 << chance.randrange(8)
        if content[place : place + 1] == b" " and damaged[place] in b"\t\n\r":
            continue  # padding of another kind is no damage
        newest.write_bytes(damaged)
        refused(tmp_path, newest, before)
    for length in [
        0,
        1,
        7,
        8,
        9,
        header - 1,
        header,
        len(content) - 1,
        *(chance.randrange(len(content)) for _ in range(60)),
    ]:
        newest.write_bytes(content[:length])
        refused(tmp_path, newest, before)
    for garbage in (
        content + b"\0",
        content * 2,
        b"\0" * len(content),
        chance.randbytes(5000),
        b"{}",
        pickle.dumps({}),
    ):
        newest.write_bytes(garbage)
        refused(tmp_path, newest, before)
    half = len(content) // 2
    newest.write_bytes(before.read_bytes()[:half] + content[half:])
    refused(tmp_path, newest, before)
    assert Run.resume(before).batch == 5  # what the sentence says to type
    newest.write_bytes(content)
    assert Run.resume(tmp_path).batch == 10


def refused(folder: Path, newest: Path, before: Path) -> None:
    with pytest.raises(CheckpointError) as caught:
        Run.resume(folder)
    sentence = str(caught.value)
    assert str(newest) in sentence
    assert "nothing was loaded" in sentence
    assert f"Run.resume({str(before)!r})" in sentence


def test_what_is_no_saved_run_is_said_to_be_none(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    with pytest.raises(CheckpointError, match=r"there is no saved run here\. run\.save"):
        Run.resume(tmp_path)
    with pytest.raises(CheckpointError, match="no saved run here"):
        Run.resume(tmp_path / "nowhere")
    save_file({"a": np.zeros(3)}, tmp_path / "weights.safetensors")
    with pytest.raises(CheckpointError, match="no saved run of Cutaway"):
        Run.resume(tmp_path / "weights.safetensors")
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(CheckpointError, match="damaged"):
        Run.resume(tmp_path / "notes.txt")


def test_a_file_of_a_newer_version_asks_for_an_upgrade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FORMAT", 99)
    small().save(tmp_path)
    monkeypatch.undo()
    with pytest.raises(CheckpointError, match="newer version"):
        Run.resume(tmp_path)


def test_a_saved_run_is_plain_numbers_that_others_can_read(tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    run = small().train(batches=2, progress=False)
    arrays = load_file(run.save(tmp_path))
    assert bits(arrays["state/0.weight"]) == bits(run.state["0.weight"])
