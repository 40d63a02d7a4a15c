"""start.py: what a newcomer types first, on machines of every sort."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cutaway.engine.shell import command

ROOT = Path(__file__).resolve().parents[1]
SENTENCE_OLD = "Cutaway needs Python 3.11 or newer"
SHELL = Path("src/cutaway/engine/shell.py")


@pytest.fixture
def start(tmp_path):
    """start.py as a module, in an empty folder with a pyproject.toml."""
    shutil.copy(ROOT / "start.py", tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / SHELL).parent.mkdir(parents=True)
    shutil.copy(ROOT / SHELL, tmp_path / SHELL)
    spec = importlib.util.spec_from_file_location("start", tmp_path / "start.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Machine:
    """A machine that only says whether commands succeed, and notes which were run."""

    def __init__(self, start, monkeypatch, fails=(), pip_says=""):
        self.fails, self.pip_says, self.ran, self.installed = fails, pip_says, [], []
        monkeypatch.setattr(start, "succeeds", self.run)
        monkeypatch.setattr(start, "call", self.run_in_the_open)
        monkeypatch.setattr(start, "pip_install", self.install)
        self.start = start

    def run(self, command):
        line = " ".join(map(str, command))
        self.ran.append(line)
        if any(word in line for word in self.fails):
            return False
        if "-m venv" in line:
            self.start.VENV.mkdir(exist_ok=True)
            (self.start.VENV / "python").touch()
        elif str(self.start.PYTHON) in line and not (self.start.VENV / "python").exists():
            return False
        return True

    def run_in_the_open(self, command, extra=None):
        return 0 if self.run(command) else 1

    def install(self, packages):
        self.installed.append(packages)
        if any(word in " ".join(packages) for word in self.fails):
            raise self.start.SetupError(f"pip could not install {packages}")

    def ran_with(self, words):
        return [line for line in self.ran if words in line]


def test_the_first_call_makes_installs_and_runs_and_the_second_only_runs(start, monkeypatch):
    machine = Machine(start, monkeypatch)
    assert start.main(["--epochs", "3"]) == 0
    assert machine.installed == [["-e", f"{start.HERE}[images]"]]
    assert machine.ran[-1].endswith("-m cutaway run digits --epochs 3")

    machine.ran.clear()
    assert start.main([]) == 0
    assert len(machine.installed) == 1 and not machine.ran_with("venv .") and not machine.ran_with("pip")

    (start.HERE / "pyproject.toml").write_text("[project]\nname = 'changed'\n", encoding="utf-8")
    start.main([])
    assert len(machine.installed) == 2


def test_learn_installs_the_course_and_opens_it(start, monkeypatch):
    machine = Machine(start, monkeypatch)
    assert start.main(["learn", "4", "--no-browser"]) == 0
    assert machine.installed == [["-e", f"{start.HERE}[images,learn]"]]
    assert machine.ran[-1].endswith("-m cutaway learn 4 --no-browser")


def test_without_python3_venv_the_pip_outside_fills_the_environment(start, monkeypatch):
    inside = f"{start.PYTHON} -m pip"
    machine = Machine(start, monkeypatch, fails=(f"-m venv {start.VENV}", inside))
    assert start.main([]) == 0
    assert machine.ran_with("venv --without-pip")
    assert start.pip_command() == [sys.executable, "-m", "pip", "--python", str(start.PYTHON)]


def test_without_any_pip_the_sentence_says_what_to_install(start, monkeypatch, capsys):
    Machine(start, monkeypatch, fails=(f"-m venv {start.VENV}", "-m pip"))
    assert start.main([]) == 1
    assert "sudo apt install python3-venv" in capsys.readouterr().err
    assert not start.VENV.exists()  # nothing half-made is left for the next call


def test_a_half_made_environment_is_made_anew(start, monkeypatch, capsys):
    start.VENV.mkdir()
    (start.VENV / "rubbish").touch()
    machine = Machine(start, monkeypatch)
    assert start.main([]) == 0
    assert "making it anew" in capsys.readouterr().out
    assert not (start.VENV / "rubbish").exists() and machine.ran_with("-m venv")


def test_the_tests_name_what_this_machine_cannot_have(start, monkeypatch, capsys):
    machine = Machine(start, monkeypatch, fails=("torch==",))
    monkeypatch.delenv("CI", raising=False)
    assert start.main(["test"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("left out: torch==2.13.0") and "-m pip install" in last
    monkeypatch.setenv("CI", "true")
    assert start.main(["test"]) == 1
    for check in ("ruff check", "ruff format --check", "-m mypy", "lint-imports", "-m pytest"):
        assert machine.ran_with(check)


def test_what_it_says_to_type_can_be_typed_in_a_folder_of_any_name(start, monkeypatch, tmp_path):
    monkeypatch.setattr(start, "PYTHON", tmp_path / "my [old] tools" / "python")
    line = command(start.PYTHON, "-m", "pip", "install", "cutaway[all]")
    assert start.how_to_get("cutaway[all]") == f"cutaway[all] (to get it: {line})"


def test_a_tool_that_cannot_be_had_does_not_keep_the_others_away(start, monkeypatch, capsys):
    machine = Machine(start, monkeypatch, fails=("hypothesis",))
    monkeypatch.delenv("CI", raising=False)
    start.main(["test"])
    assert "left out: hypothesis" in capsys.readouterr().out.splitlines()[-1]
    assert ["pytest>=8.2"] in machine.installed


def test_a_check_that_fails_fails_the_whole_but_the_others_run(start, monkeypatch, capsys):
    machine = Machine(start, monkeypatch, fails=("-m mypy",))
    assert start.main(["test"]) == 1
    assert "failed: mypy" in capsys.readouterr().out and machine.ran_with("-m pytest")


def test_skipped_tests_are_named_once_each(start, tmp_path):
    report = tmp_path / "report.xml"
    skip = '<testcase><skipped type="pytest.{}" message="{}"/></testcase>'
    report.write_text(f"<s>{skip.format('skip', 'no torch') * 2}{skip.format('xfail', 'known')}</s>", encoding="utf-8")
    assert start.skipped(report) == ["no torch"]


def test_no_network_is_said_in_a_sentence(start, monkeypatch):
    say = "WARNING: Retrying ... NewConnectionError('Failed to establish a new connection')"
    monkeypatch.setattr(start, "pip_command", lambda: [sys.executable, "-c", f"print({say!r}); exit(1)"])
    with pytest.raises(start.UnreachableError, match="pip cannot reach the package index"):
        start.pip_install(["numpy"])
    monkeypatch.setattr(start, "pip_command", lambda: [sys.executable, "-c", "print('no such thing'); exit(1)"])
    with pytest.raises(start.SetupError, match=r"could not install nonsense:\n(.*\n)*  no such thing"):
        start.pip_install(["nonsense"])


def test_an_older_python_can_read_the_file_and_says_what_is_needed():
    text = (ROOT / "start.py").read_text(encoding="utf-8")
    ast.parse(text, feature_version=(3, 7))
    as_if = f"import sys; sys.version_info = (3, 8, 1); exec({text!r})"
    old = subprocess.run([sys.executable, "-c", as_if], capture_output=True, encoding="utf-8", check=False)
    assert old.returncode == 1 and SENTENCE_OLD in old.stderr and "Traceback" not in old.stderr


def test_in_a_fresh_clone_without_a_terminal(tmp_path):
    """The real thing: makes, installs, trains for an epoch, scores; and is quick the second time."""
    for name in ("start.py", "pyproject.toml", "hatch_build.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    quiet = {"capture_output": True, "encoding": "utf-8", "errors": "replace", "stdin": subprocess.DEVNULL}
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "numpy.py").write_text("raise ImportError('from another Python')", encoding="utf-8")
    surroundings = {**os.environ, "PYTHONPATH": str(tmp_path / "foreign")}  # must not leak in

    def call(*words):
        command = [sys.executable, "start.py", *words]
        return subprocess.run(command, cwd=tmp_path, env=surroundings, check=False, **quiet)

    first = call("--epochs", "1")
    if "cannot reach the package index" in first.stderr:
        pytest.skip("a fresh clone cannot be tried without a network")
    assert first.returncode == 0, first.stdout + first.stderr
    score = re.search(r"^held-out accuracy: ([\d.]+) %$", first.stdout, re.MULTILINE)
    assert score and float(score[1]) > 85
    assert "\x1b" not in first.stdout and "\r" not in first.stdout  # plain lines
    assert (tmp_path / "runs" / "digits" / "log.jsonl").exists()
    note = json.loads((tmp_path / ".venv" / "cutaway-installed.json").read_text(encoding="utf-8"))
    assert list(note) == ["Cutaway"]

    second = call("--epochs", "1")
    assert second.returncode == 0 and "Installing" not in second.stdout
    assert "trained already" in second.stdout and score[0] in second.stdout


class AtATerminal:
    """Somebody who sits there and gives one answer."""

    def __init__(self, start, monkeypatch, answer):
        self.asked = []

        def ask(question):
            self.asked.append(question)
            return answer

        monkeypatch.setattr(start.sys, "stdin", self)
        monkeypatch.setattr(start.sys, "stdout", Tty(start.sys.stdout))
        monkeypatch.setattr("builtins.input", ask)

    def isatty(self):
        return True


class Tty:
    def __init__(self, stream):
        self.stream = stream

    def isatty(self):
        return True

    def __getattr__(self, name):
        return getattr(self.stream, name)


@pytest.mark.parametrize(("words", "folder"), [([], "runs/digits"), (["--out", "mine"], "mine"), (["--out=a"], "a")])
def test_at_the_end_the_studio_is_offered_on_the_run_just_trained(start, monkeypatch, words, folder):
    machine, person = Machine(start, monkeypatch), AtATerminal(start, monkeypatch, "")
    (start.HERE / folder).mkdir(parents=True)
    assert start.main(words) == 0
    assert len(person.asked) == 1 and "studio" in person.asked[0]
    assert machine.installed[-1] == ["-e", f"{start.HERE}[images,studio]"]
    assert machine.ran[-1].endswith(f"-m cutaway open {Path(folder)}")


@pytest.mark.parametrize(
    ("answer", "words", "fails", "asked"),
    [("n", [], (), 1), ("", ["--help"], (), 0), ("", [], ("run digits",), 0), ("", [], ("images,studio",), 1)],
    ids=["declined", "help", "failed", "cannot be installed"],
)
def test_the_studio_is_not_opened_when_it_is_not_wanted_or_not_to_be_had(
    start, monkeypatch, answer, words, fails, asked
):
    machine, person = Machine(start, monkeypatch, fails=fails), AtATerminal(start, monkeypatch, answer)
    (start.HERE / "runs" / "digits").mkdir(parents=True)
    assert start.main(words) == (1 if "run digits" in fails else 0)
    assert len(person.asked) == asked and not machine.ran_with("cutaway open")


def test_where_nobody_sits_nothing_is_asked(start, monkeypatch):
    machine = Machine(start, monkeypatch)
    (start.HERE / "runs" / "digits").mkdir(parents=True)
    monkeypatch.setattr("builtins.input", lambda question: pytest.fail("asked without a terminal"))
    assert start.main([]) == 0 and not machine.ran_with("cutaway open")
