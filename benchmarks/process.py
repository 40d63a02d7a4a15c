"""The other end of the pipe: a worker as the one who measures sees it."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any, Self

from . import load

__all__ = ["AVX2", "Process", "WorkerError"]

AVX2 = {  # no instructions beyond AVX2 for anybody: BLAS, oneDNN, MKL, PyTorch's and NumPy's own loops
    "OPENBLAS_CORETYPE": "Haswell",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "ATEN_CPU_CAPABILITY": "avx2",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
}
THREADS = "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"
HERE = Path(__file__).resolve().parent.parent


class WorkerError(RuntimeError):
    """A worker that ended early; the text is what it said last."""


class Process:
    """A library in a process of its own, waiting between two questions."""

    def __init__(self, library: str, workload: str, file: Path, cores: int, how: str = "", avx2: bool = False) -> None:
        threads = "1" if library in ("cutaway", "gensim") else str(cores)  # these two have workers instead
        sources = os.pathsep.join([str(HERE / "src"), *filter(None, [os.environ.get("PYTHONPATH")])])
        variables = {**os.environ, **dict.fromkeys(THREADS, threads), "PYTHONPATH": sources, **(AVX2 if avx2 else {})}
        command = [sys.executable, "-m", "benchmarks.worker", library, workload, str(file)]
        command += ["--cores", str(cores), "--how", how]
        self._said = tempfile.TemporaryFile(mode="w+")  # noqa: SIM115 (open as long as the process)
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
            env=variables,
            cwd=HERE,
        )
        self.hello: dict[str, Any] = {}
        self.steps = 1  # a block

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self, limit: float = 300.0) -> dict[str, Any]:
        """Wait until it has been built and has done its first two steps; what takes too long to compile is given up."""
        if os.name == "posix" and not select.select([self._process.stdout], [], [], limit)[0]:
            self._process.kill()
            self._process.wait()
            raise WorkerError(f"was not ready after {limit:.0f} seconds.")
        self.hello = self._answer()
        return self.hello

    def ask(self, steps: int | str) -> dict[str, Any]:
        """So many steps: their seconds, the share of them it had to wait for a core, the losses."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # why, the answer will tell
            self._process.stdin.write(f"{steps}\n")
            self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            status = self._process.wait()
            self._said.seek(0)
            raise WorkerError(f"ended with status {status}:\n" + "".join(self._said.readlines()[-12:]))
        answer: dict[str, Any] = json.loads(line)
        return answer

    def settle(self, seconds: float) -> float:
        """Find how many steps make a block of so many seconds; returns the seconds of a step."""
        took = self.ask(1)["seconds"]
        while took < seconds / 4:
            self.steps *= 4
            took = self.ask(self.steps)["seconds"]
        a_step = took / self.steps
        self.steps = max(1, round(seconds / a_step))
        return a_step

    def peak(self, steps: int) -> int | None:
        """The most memory that it and its children held during so many steps, looked at every few milliseconds."""
        found = [load.memory(self._process.pid) or 0]
        done = Event()

        def look() -> None:
            while not done.wait(0.002):
                found.append(load.memory(self._process.pid) or 0)

        watcher = Thread(target=look)
        watcher.start()
        try:
            self.ask(steps)
        finally:
            done.set()
            watcher.join()
        return max(found) or None

    def close(self) -> None:
        """No more questions."""
        with suppress(BrokenPipeError):  # it ended before
            if self._process.stdin is not None:
                self._process.stdin.close()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._said.close()
