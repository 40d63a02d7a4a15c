"""Killed at any moment, also while it saves, a run that is resumed ends with the same bits."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from cutaway import nn, optim
from cutaway.training import Run

from .test_train import environment
from .worlds import same

END = 1500
DATA = (np.random.default_rng(0).normal(size=(10, 3)), np.arange(10) % 2)
SCRIPT = """
    import os, sys
    from pathlib import Path
    import numpy as np
    from cutaway import Run, nn, optim
    from cutaway.training import checkpoint, loop

    folder, end, last_write, percent = Path(sys.argv[1]), *map(int, sys.argv[2:])
    data = (np.random.default_rng(0).normal(size=(10, 3)), np.arange(10) % 2)
    if any(folder.glob("batch-*")):
        run = Run.resume(folder, data=data)
    else:
        net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Dropout(0.2), nn.Linear(4, 2))
        run = Run(net, nn.CrossEntropyLoss(), optim.Adam(0.01, clip_norm=1.0, average=0.9), data, 4, threads=1)

    write, writes = checkpoint._write_atomically, []

    def write_and_die(file, content):
        writes.append(file)
        if len(writes) == last_write:
            file.with_name(f".{file.name}.{os.getpid()}.part").write_bytes(content[: len(content) * percent // 100])
            os.kill(os.getpid(), 9)
        write(file, content)

    checkpoint._write_atomically = write_and_die
    loop.GLANCE = 0.02
    print("go", flush=True)
    run.train(until=end, progress=False, save=folder, every=0)
"""


@pytest.fixture(scope="module")
def uninterrupted() -> Run:
    """The same run in one go."""
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Dropout(0.2), nn.Linear(4, 2))
    run = Run(net, nn.CrossEntropyLoss(), optim.Adam(0.01, clip_norm=1.0, average=0.9), DATA, 4, threads=1)
    return run.train(until=END, progress=False)


def start(folder: Path, last_write: int = 0, percent: int = 0) -> subprocess.Popen[str]:
    """The script in a process of its own, on the point of training."""
    command = [sys.executable, "-c", textwrap.dedent(SCRIPT), str(folder), str(END), str(last_write), str(percent)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment())
    assert process.stdout is not None
    assert process.stdout.readline() == "go\n"
    return process


def end_of(process: subprocess.Popen[str]) -> int:
    process.communicate(timeout=120)
    return process.returncode


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL here")
def test_killed_at_random_moments(tmp_path: Path, uninterrupted: Run) -> None:
    chance, killed, folder = random.Random(7), 0, tmp_path / "0"
    for k in range(9):
        process = start(folder)
        time.sleep(chance.uniform(0, 0.2))
        process.kill()
        if end_of(process) == 0:  # it was faster: begin another one
            same(Run.resume(folder, data=DATA), uninterrupted.at(END), net=False)
            folder = tmp_path / f"{k + 1}"
            continue
        killed += 1
        if any(folder.glob("batch-*")):
            resumed = Run.resume(folder, data=DATA)
            same(resumed, uninterrupted.at(resumed.batch), net=False)
    assert killed
    assert end_of(start(folder)) == 0
    same(Run.resume(folder, data=DATA), uninterrupted.at(END), net=False)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL here")
def test_killed_while_writing(tmp_path: Path, uninterrupted: Run) -> None:
    chance, leftovers = random.Random(8), 0
    for percent in (0, 100, 50, *(chance.randrange(100) for _ in range(2))):
        assert end_of(start(tmp_path, chance.randint(1, 5), percent)) == -signal.SIGKILL
        leftovers = len(list(tmp_path.glob(".*.part")))
        if any(tmp_path.glob("batch-*")):
            resumed = Run.resume(tmp_path, data=DATA)
            same(resumed, uninterrupted.at(resumed.batch), net=False)
    assert leftovers == 5
    assert end_of(start(tmp_path)) == 0
    same(Run.resume(tmp_path, data=DATA), uninterrupted.at(END), net=False)
