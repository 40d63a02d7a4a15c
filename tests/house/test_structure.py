"""The house: what a plain import loads, what a wheel holds, and that the documents tell the truth."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]


def fresh(code: str) -> set[str]:
    """The words that a fresh interpreter prints, this source tree before anything installed."""
    code = f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r}); {code}"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=False)
    assert ran.returncode == 0, ran.stderr
    return set(ran.stdout.split())


def test_import_loads_numpy_and_the_standard_library_alone():
    tell = "print(*sys.modules)"
    every = "import cutaway as ct; ct.Run, ct.Parameter, ct.data, ct.nn, ct.optim, ct.training"
    before, with_numpy, all_of_it = fresh(tell), fresh(f"import numpy; {tell}"), fresh(f"{every}; {tell}")
    outside = {name.partition(".")[0] for name in all_of_it - before} - set(sys.stdlib_module_names)
    assert outside == {"numpy", "cutaway"}
    # of the standard library, nothing that is slow to load and needed only now and then
    slow = {"asyncio", "csv", "email", "html", "http", "multiprocessing", "ssl", "urllib.request", "xml", "zipfile"}
    assert not slow & (all_of_it - with_numpy)
    assert not [name for name in all_of_it if name.startswith(("cutaway.cli", "cutaway.projects", "cutaway.glass"))]


def test_the_upper_floors_are_loaded_when_they_are_entered():
    loaded = fresh("import cutaway; print(*sys.modules)")
    assert not [name for name in loaded if name.startswith(("cutaway.nn", "cutaway.data", "cutaway.training"))]
    assert fresh("import cutaway as ct; print(set(ct.__all__) <= set(dir(ct)))") == {"True"}
    assert fresh("from cutaway import Run, Parameter, data, glass, nn; print(Run.__name__)") == {"Run"}


def test_a_network_trains_with_numpy_alone():
    blocked = (
        "for name in ('safetensors', 'threadpoolctl', 'click', 'rich', 'PIL', 'torch'): sys.modules[name] = None\n"
    )
    ran = fresh(
        f"exec({blocked!r}); import cutaway as ct; from cutaway import nn; "
        "run = ct.Run(nn.Sequential(nn.Flatten(), nn.Linear(784, 10)), nn.CrossEntropyLoss(), ct.optim.SGD(0.1), "
        "ct.data.load('digits').train[:64]); run.train(epochs=3, progress=False); print(run.batch)"
    )
    assert ran == {"3"}


def test_the_dependencies_are_the_five():
    names = {re.split(r"[<>=]", d)[0] for d in PROJECT["project"]["dependencies"]}
    assert names == {"numpy", "safetensors", "threadpoolctl", "click", "rich"}


def test_the_extra_all_names_every_other_extra():
    extras = dict(PROJECT["project"]["optional-dependencies"])
    (everything,) = extras.pop("all")
    assert set(everything.removeprefix("cutaway[").removesuffix("]").split(",")) == set(extras)


def test_the_contract_of_imports_covers_every_room():
    (contract,) = PROJECT["tool"]["importlinter"]["contracts"]
    layers = {name.strip() for layer in contract["layers"] for name in layer.split("|")}
    rooms = {f"cutaway.{init.parent.name}" for init in (ROOT / "src" / "cutaway").glob("*/__init__.py")}
    assert layers == rooms


def test_the_wheel_holds_data_weights_and_types(tmp_path):
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    ran = subprocess.run(build, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert ran.returncode == 0, ran.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as file:
        names = set(file.namelist())
        (entry_points,) = (name for name in names if name.endswith("entry_points.txt"))
        assert "cutaway = cutaway.cli:main" in file.read(entry_points).decode()
    wanted = (
        "data/digits.npz",
        "data/digits.LICENCE.txt",
        "data/weather.csv",
        "data/weather.LICENCE.txt",
        "projects/digits/trained.safetensors",
        "py.typed",
    )
    assert {f"cutaway/{name}" for name in wanted} <= names
    for weights in (ROOT / "src").rglob("trained*.safetensors"):
        inside = weights.relative_to(ROOT / "src").as_posix()
        assert {inside, inside.replace(".safetensors", ".json")} <= names
    assert not [name for name in names if name.startswith(("tests", "runs")) or "__pycache__" in name]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_documents_link_to_what_is_there(document):
    links = re.findall(r"\]\(([^)#\s]+)\)|src=\"([^\"]+)\"", document.read_text(encoding="utf-8"))
    for link in (one or two for one, two in links):
        assert link.startswith(("http://", "https://")) or (document.parent / link).exists(), link


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_the_examples_of_the_documents_run(name, tmp_path):
    examples = re.findall(r"```python\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL)
    assert examples
    (tmp_path / "examples.py").write_text("\n".join(examples).replace("epochs=2", "epochs=0.2"), encoding="utf-8")
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "doctest", "examples.py"]  # runs the file, and the examples in its docstrings
    ran = subprocess.run(
        command, cwd=tmp_path, env=surroundings, capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
