"""The command `cutaway`, as somebody types it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import cutaway
from cutaway.cli import app
from cutaway.engine.shell import command
from cutaway.projects import digits
from cutaway.training import Run
from cutaway.training.checkpoint import checkpoints


@pytest.fixture
def type_in(tmp_path, monkeypatch):
    """Type words after `cutaway`, in an empty folder; stdout and stderr together."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUTAWAY_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("CUTAWAY_MIRROR", raising=False)
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def few(monkeypatch):
    """A training set of 256 digits, so that a test lasts a second."""
    whole = cutaway.data.load("digits")
    real = digits.recipe.new_run

    def new_run(recipe, examples=None, **rest):
        return real(recipe, whole.train[:256], **rest)

    monkeypatch.setattr(digits, "new_run", new_run)
    monkeypatch.setattr(Run, "resume", classmethod(_resume_with(whole.train[:256], Run.resume)))


def _resume_with(data, real):
    def resume(cls, path, **rest):
        return real(path, data=data, **rest)

    return resume


# -- help and errors --------------------------------------------------------------------------------------------
def test_help_names_every_command_and_where_to_begin(type_in):
    told = type_in("--help")
    assert told.exit_code == 0
    for word in ("run", "try", "data", "doctor", "cutaway run digits"):
        assert word in told.output
    for words in (("run", "digits"), ("try", "digits"), ("data", "get"), ("doctor",)):
        assert type_in(*words, "--help").exit_code == 0


def test_version(type_in):
    assert type_in("--version").output.strip() == f"cutaway, version {cutaway.__version__}"


def test_what_is_typed_wrongly_is_a_sentence_with_status_2(type_in):
    for words in (("runn",), ("run", "digit"), ("run", "digits", "--epochs", "0"), ("try", "digits")):
        wrong = type_in(*words)
        assert wrong.exit_code == 2 and "Traceback" not in wrong.output


def test_an_error_is_one_sentence_and_debug_anywhere_shows_where(type_in):
    quiet = type_in("data", "path", "mnits")
    assert quiet.exit_code == 1 and "Did you mean 'mnist'?" in quiet.output
    loud = type_in("data", "path", "mnits", "--debug")
    assert isinstance(loud.exception, cutaway.data.DataError)


# -- data -------------------------------------------------------------------------------------------------------
def test_data_list_path_and_get(type_in):
    listed = type_in("data", "list").output
    assert "in the package" in listed and "to be fetched" in listed and "10,000" in listed
    assert "1,095 + 364" in listed and "47 kB" in listed and "public domain (NOAA)" in listed
    assert Path(type_in("data", "path", "digits").output.strip()).is_file()
    assert type_in("data", "path", "mnist").output.strip() == str(Path("home/data/mnist").absolute())
    assert "digits is here" in type_in("data", "get", "digits").output


def test_data_get_where_nobody_serves_it(type_in, monkeypatch):
    def offline(*_):
        raise cutaway.data.FetchError("nobody serves mnist")

    monkeypatch.setattr(cutaway.data, "fetch", offline)
    told = type_in("data", "get", "mnist")
    assert told.exit_code == 1 and told.output == "Error: nobody serves mnist\n"


# -- doctor -----------------------------------------------------------------------------------------------------
def test_doctor_names_what_matters_and_ends_with_a_verdict(type_in):
    told = type_in("doctor")
    assert told.exit_code == 0
    for word in ("Python", "NumPy", "BLAS", "cores", "memory", "terminal", "cache", "extra: images"):
        assert word in told.output
    assert told.output.splitlines()[-1].startswith("Cutaway works on this machine.")


def test_doctor_says_how_to_get_what_is_missing(type_in, monkeypatch, tmp_path):
    from cutaway.cli import doctor

    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: None)
    (tmp_path / "file").touch()
    monkeypatch.setenv("CUTAWAY_HOME", str(tmp_path / "file" / "home"))
    told = type_in("doctor")
    assert told.exit_code == 0 and "-m pip install pillow" in told.output and "set CUTAWAY_HOME" in told.output
    assert "Worth a look: cache, extra: images, extra: studio, extra: notebook, extra: learn." in told.output


def test_doctor_fails_where_arithmetic_does(type_in, monkeypatch):
    from cutaway.cli import doctor

    monkeypatch.setattr(doctor.np, "einsum", lambda *_, **__: np.zeros((200, 200)))
    told = type_in("doctor")
    assert told.exit_code == 1 and "cannot work here before this is mended: arithmetic" in told.output


# -- run --------------------------------------------------------------------------------------------------------
def test_run_trains_scores_shows_mistakes_and_saves(type_in, few):
    told = type_in("run", "digits", "--epochs", 1)
    assert told.exit_code == 0, told.output
    assert re.search(r"^held-out accuracy: \d+\.\d\d %$", told.output, re.MULTILINE)
    assert "says" in told.output and "it is" in told.output and "█" in told.output
    assert "try digits PHOTO" in told.output and "\x1b" not in told.output
    assert checkpoints(Path("runs/digits"))


def test_a_finished_run_is_shown_again_and_replaced_only_when_asked(type_in, few):
    first = type_in("run", "digits", "--epochs", 1).output
    again = type_in("run", "digits")
    assert "trained already" in again.output and "Trained in" not in again.output
    score = re.search(r"held-out accuracy: .*", first)[0]
    assert score in again.output
    other = type_in("run", "digits", "--epochs", 2)
    assert other.exit_code == 2 and "--fresh" in other.output
    fresh = type_in("run", "digits", "--epochs", 1, "--seed", 1, "--fresh")
    assert "Trained in" in fresh.output and score not in fresh.output


def test_what_is_typed_counts_also_where_it_is_the_default(type_in, few):
    type_in("run", "digits", "--epochs", 1, "--seed", 5)
    for words in (("--seed", 0), ("--epochs", 12), ("--seed", 5, "--epochs", 2)):
        other = type_in("run", "digits", *words)
        assert other.exit_code == 2 and "has seed 5 and 1 epoch. " in other.output and "--fresh" in other.output
    for words in ((), ("--seed", 5), ("--epochs", 1)):
        assert "trained already" in type_in("run", "digits", *words).output


def test_the_run_of_another_project_is_not_judged_by_digits(type_in, few):
    digits.new_run(digits.Recipe(epochs=1)).train(batches=1, progress=False).save("other")
    kept = Run.resume("other")
    kept.name = "mnist"
    kept.save("other")
    told = type_in("run", "digits", "--out", "other")
    assert told.exit_code == 2 and "another run, mnist" in told.output and "--fresh" in told.output


def test_what_is_printed_to_be_typed_can_be_typed(type_in, few, monkeypatch):
    folder, real = Path("my [old] runs") / ":cat:", digits.go_on
    monkeypatch.setattr(digits, "go_on", lambda training, **how: training)  # interrupted at once
    paused = type_in("run", "digits", "--out", folder)
    assert f"kept in {folder}." in paused.output
    assert paused.output.endswith(f"{command('run', 'digits', '--out', folder)}\n")
    monkeypatch.setattr(digits, "go_on", real)
    told = type_in("run", "digits", "--out", folder, "--epochs", 1)
    assert f"saved in {folder}." in told.output and f"{command('open', folder)}  " in told.output
    assert f"in {folder}" in type_in("run", "digits", "--out", folder).output


def test_an_interrupted_run_goes_on_to_the_same_end(type_in, few):
    recipe = digits.Recipe(epochs=2)
    whole = digits.go_on(digits.new_run(recipe), progress=False)
    part = digits.new_run(recipe)
    goal = part.goal
    part.train(until=3, progress=False)
    part.goal = goal  # what Ctrl-C leaves: stopped short of the goal
    part.save("runs/digits")
    told = type_in("run", "digits")
    assert "Going on after batch 3 of 8" in told.output and told.exit_code == 0
    ended = Run.resume(Path("runs/digits"))
    assert all((ended.state[name] == array).all() for name, array in whole.state.items())


def test_a_damaged_checkpoint_is_put_aside_for_the_one_before(type_in, few):
    type_in("run", "digits", "--epochs", 1)
    (last,) = checkpoints(Path("runs/digits"))
    newer = last.with_name("batch-00000099.safetensors")
    newer.write_bytes(last.read_bytes()[:-10])
    told = type_in("run", "digits")
    assert told.exit_code == 0 and "put aside" in told.output and "held-out accuracy" in told.output
    assert checkpoints(Path("runs/digits")) == [last]
    last.write_bytes(last.read_bytes()[:-10])
    told = type_in("run", "digits")
    assert told.exit_code == 1 and "add --fresh" in told.output


def test_plain_prints_a_line_an_epoch(type_in, few):
    told = type_in("run", "digits", "--epochs", 2, "--plain", "--out", "elsewhere")
    assert [line[:9] for line in told.output.splitlines() if line.startswith("epoch")] == ["epoch 1/2", "epoch 2/2"]
    assert checkpoints(Path("elsewhere"))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals to test with")
def test_in_a_terminal_ctrl_c_pauses_and_the_same_command_goes_on(tmp_path):
    import pty
    import select
    import signal
    import time

    try:
        primary, secondary = pty.openpty()
    except OSError as error:
        pytest.skip(f"no pseudo-terminal to be had here: {error}")
    surroundings = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "40"}
    surroundings["PYTHONPATH"] = str(Path(cutaway.__file__).parents[1])
    command = [sys.executable, "-m", "cutaway", "run", "digits", "--epochs", "1"]

    def follow(until, process, patience=120.0):
        seen, end = b"", time.monotonic() + patience
        while until not in seen and time.monotonic() < end:
            if select.select([primary], [], [], 0.2)[0]:
                try:
                    seen += os.read(primary, 65536)
                except OSError:  # what Linux says when nobody writes any more
                    break
            elif process.poll() is not None:
                break
        return seen.decode("utf-8", "replace")

    inside = {"cwd": tmp_path, "env": surroundings, "stdin": secondary, "stdout": secondary, "stderr": secondary}
    process = subprocess.Popen(command, **inside)
    assert "loss" in follow(b"loss ", process)
    process.send_signal(signal.SIGINT)
    assert "To go on, type the same again" in follow(b"same again", process)
    assert process.wait(30) == 0
    process = subprocess.Popen(command, **inside)
    seen = follow(b"held-out accuracy", process) + follow(b"all commands", process)
    assert "Going on after batch" in seen and re.search(r"held-out accuracy|: \d+\.\d\d %", seen)
    assert "▀" in seen and "\x1b[" in seen  # pictures in colour
    assert process.wait(30) == 0
    os.close(primary)
    os.close(secondary)


# -- try --------------------------------------------------------------------------------------------------------
@pytest.fixture
def drawing(tmp_path):
    """A one and a blank page, drawn with a thick pen."""
    image = pytest.importorskip("PIL.Image")
    paper = np.full((120, 90), 240, np.uint8)
    image.fromarray(paper).save(tmp_path / "blank.png")
    paper[20:100, 40:48] = 20
    image.fromarray(paper).save(tmp_path / "one.png")
    return tmp_path


def test_try_reads_a_drawing_with_the_run_that_comes_along(type_in, drawing):
    told = type_in("try", "digits", drawing / "one.png")
    assert told.exit_code == 0, told.output
    assert "the network that comes with Cutaway" in told.output
    assert "one.png: 1" in told.output
    bars = re.findall(r"(\d) █* +(\d+\.\d) %", told.output)
    assert [digit for digit, _ in bars] == list("0123456789")
    assert abs(sum(float(share) for _, share in bars) - 100) < 1


def test_try_prefers_the_run_trained_here(type_in, drawing, few):
    type_in("run", "digits", "--epochs", 1)
    assert f"Asking {Path('runs/digits')}" in type_in("try", "digits", drawing / "one.png").output
    shutil.move("runs/digits", "kept")
    assert "Asking kept" in type_in("try", "digits", drawing / "one.png", "--run", "kept").output
    assert f"{command('try', 'digits', '--run', 'kept')} PHOTO" in type_in("run", "digits", "--out", "kept").output


def test_try_asks_no_run_that_was_stopped_on_its_way(type_in, drawing, few):
    part = digits.new_run(digits.Recipe(epochs=2))
    goal = part.goal
    part.train(until=1, progress=False)
    part.goal = goal
    part.save("runs/digits")
    told = type_in("try", "digits", drawing / "one.png")
    assert "Asking the network that comes with Cutaway" in told.output and "one.png: 1" in told.output
    assert f"not trained to its end: {command('--run', Path('runs/digits'))}\n" in told.output
    assert "Asking runs" in type_in("try", "digits", drawing / "one.png", "--run", "runs/digits").output
    type_in("run", "digits")
    assert f"Asking {Path('runs/digits')}.\n" in type_in("try", "digits", drawing / "one.png").output
    checkpoints(Path("runs/digits"))[0].write_bytes(b"half of it")
    assert "Asking the network that comes with Cutaway" in type_in("try", "digits", drawing / "one.png").output


def test_try_says_what_is_wrong_with_each_picture_and_reads_the_others(type_in, drawing):
    told = type_in("try", "digits", drawing / "blank.png", drawing / "nothing.png", drawing / "one.png")
    assert told.exit_code == 1
    for words in ("blank.png: No digit stands out", "There is no file", "one.png: 1"):
        assert words in told.output
    alone = type_in("try", "digits", drawing / "blank.png")
    assert alone.exit_code == 1 and alone.output.splitlines()[-1].startswith("Error: No digit stands out")
