"""Every workload of the benchmarks: Cutaway and its peers, each in its own process, start alike and learn alike."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the benchmarks are no part of the package

from benchmarks import load, table  # noqa: E402
from benchmarks.duel import Plan, duel  # noqa: E402
from benchmarks.process import Process, WorkerError  # noqa: E402
from benchmarks.sides.exchange import exchange  # noqa: E402
from benchmarks.workloads import WORKLOADS  # noqa: E402

LIBRARIES = ["cutaway", "torch"] + ["autograd"] * (importlib.util.find_spec("autograd") is not None)
DEALT = "perceptron, with all its batches"
STEPS = """
import json, sys
from pathlib import Path
from benchmarks.sides import make
from benchmarks.workloads import WORKLOADS  # noqa: E402
library, folder, *names = sys.argv[1:]
found = {}
for name in names:
    side = make(library, WORKLOADS[name.partition(",")[0]], Path(folder) / name, 1, "")()
    side.train(3)
    found[name] = list(side.losses())
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def losses(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, list[float]]]:
    """Library -> workload -> the losses of three steps on one batch."""
    folder = tmp_path_factory.mktemp("exchange")
    for name, workload in WORKLOADS.items():
        exchange(workload, folder / name, batches=1)
    exchange(WORKLOADS["perceptron"], folder / DEALT)
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    found = {}
    for library in LIBRARIES:
        names = [name for name, w in WORKLOADS.items() if library == "cutaway" or library in w.peers] + [DEALT]
        command = [sys.executable, "-c", STEPS, library, str(folder), *names]
        done = subprocess.run(command, capture_output=True, text=True, env=variables)
        assert done.returncode == 0, done.stderr
        found[library] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("name", WORKLOADS)
def test_the_loss_falls(name: str, losses: Any) -> None:
    seen = losses["cutaway"][name]
    assert len(seen) == 3
    assert all(map(math.isfinite, seen))
    if not WORKLOADS[name].inference:
        assert min(seen[1:]) < seen[0]


@pytest.mark.parametrize("library", LIBRARIES[1:])
@pytest.mark.parametrize("name", WORKLOADS)
def test_peers_start_from_the_same_numbers(name: str, library: str, losses: Any) -> None:
    if library in WORKLOADS[name].peers:
        ours, theirs = losses["cutaway"][name], losses[library][name]
        assert theirs[0] == pytest.approx(ours[0], rel=2e-6)
        assert theirs[1] == pytest.approx(ours[1], rel=1e-4)  # after an update
        assert theirs[2] == pytest.approx(ours[2], rel=1e-2)  # of which large steps make a little more


def test_both_sides_train_on_the_same_batches_in_the_same_order(losses: Any) -> None:
    assert losses["torch"][DEALT] == pytest.approx(losses["cutaway"][DEALT], rel=1e-4)


def test_a_duel_makes_a_row_that_says_everything(tmp_path: Path) -> None:
    tiny = WORKLOADS["tiny"]
    exchange(tiny, tmp_path / "tiny")
    (row,) = duel(tiny, ["torch"], tmp_path / "tiny", Plan(cores=1, blocks=2, seconds=0.02))
    assert row["peer"] == "torch" and row["how"] == "eager" and row["instructions"] == "native"
    assert row["ratio_spread"][0] <= row["ratio"] <= row["ratio_spread"][1]
    assert 0 < row["cutaway_seconds"] < 1 and 0 < row["peer_seconds"] < 1
    assert json.loads(json.dumps(row))["workload"] == "tiny"
    text = table.markdown([row, {**row, "instructions": "avx2"}])
    assert "tiny net 3-4-1" in text and text.count("**") == 4 and "AVX2 only" in text


def test_a_worker_that_ends_says_why(tmp_path: Path) -> None:
    with Process("nobody", "tiny", tmp_path / "tiny", 1) as worker, pytest.raises(WorkerError, match="no library 'nob"):
        worker.start()


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="only Linux counts how long threads wait")
def test_the_load_of_a_process_counts_its_children() -> None:
    alone = load.memory()
    command = [
        sys.executable,
        "-c",
        "import sys; kept = bytearray(b'x' * 50_000_000); print(flush=True); sys.stdin.read()",
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None and child.stdin is not None
        child.stdout.readline()
        together = load.memory()
        assert child.pid in load.family(os.getpid())
        child.stdin.close()
    assert alone is not None and together is not None and together > alone + 45_000_000
    before, after = load.waited(), load.waited()
    assert before is not None and after is not None and 0 <= before <= after


def test_rows_are_renewed_and_others_stay() -> None:
    old = [{"workload": w, "peer": "torch", "instructions": "native", "ratio": 2.0} for w in ("tiny", "resnet")]
    new = [{**old[1], "ratio": 1.0}]
    assert [row["ratio"] for row in table.merge(old, new)] == [2.0, 1.0]
