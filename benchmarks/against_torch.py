"""How long does PyTorch take for the same? Three networks, each library in a process of its own, taking turns.

    tiny     3-4-1, batch 4, SGD                    what a step costs besides arithmetic
    mlp      784-256-128-10, batch 64, Adam         matrix products
    conv     the digits network, batch 64, Adam     convolutions, batch normalisation, pooling

Both train on the same numbers and deal out shuffled batches themselves; both keep the loss of every batch. Ours also
remembers its past, as it always does. PyTorch's loop is the usual one (zero_grad, forward, backward, step), eager.

Rerun: python -m benchmarks.against_torch          (needs: pip install "torch==2.13.0")
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from .common import Timings, arguments, facts, report, summary

MODELS = ("tiny", "mlp", "conv")
LIBRARIES = ("cutaway", "torch")


def numbers(model: str, seed: int) -> tuple[Any, Any, int]:
    """Examples, answers and batch size: random numbers, as the time does not depend on them."""
    r = np.random.default_rng(seed)
    if model == "tiny":
        return r.normal(size=(4, 3)).astype(np.float32), r.normal(size=(4, 1)).astype(np.float32), 4
    return r.random((2048, 1, 28, 28), np.float32), r.integers(0, 10, 2048), 64


# -- each in its own process ----------------------------------------------------------------------------------
def cutaway_trainer(model: str, seed: int, threads: int) -> Callable[[int], None]:
    """Trains so many batches with Cutaway."""
    import cutaway as ct
    from cutaway import nn, optim
    from cutaway.projects.digits.network import network

    x, y, batch_size = numbers(model, seed)
    nets: dict[str, Callable[[], nn.Module]] = {
        "tiny": lambda: nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1)),
        "mlp": lambda: nn.Sequential(
            nn.Flatten(), nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10)
        ),
        "conv": network,
    }
    loss = nn.MSELoss() if model == "tiny" else nn.CrossEntropyLoss()
    optimizer = optim.SGD(0.01) if model == "tiny" else optim.Adam(1e-3)
    run = ct.Run(nets[model](), loss, optimizer, (x, y), batch_size, seed=seed, metrics=(), threads=threads)
    return lambda batches: run.train(batches=batches, progress=False) and None


def torch_trainer(model: str, seed: int, threads: int) -> Callable[[int], None]:
    """Trains so many batches with PyTorch."""
    import torch
    from torch import nn

    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    x, y, batch_size = numbers(model, seed)

    def look(channels: int, stencils: int) -> tuple[Any, ...]:
        convolution = nn.Conv2d(channels, stencils, 3, padding=1, bias=False)
        return convolution, nn.BatchNorm2d(stencils), nn.ReLU(), nn.MaxPool2d(2)

    nets: dict[str, Callable[[], Any]] = {
        "tiny": lambda: nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1)),
        "mlp": lambda: nn.Sequential(
            nn.Flatten(), nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10)
        ),
        "conv": lambda: nn.Sequential(*look(1, 12), *look(12, 24), *look(24, 24), nn.Flatten(), nn.Linear(216, 10)),
    }
    net = nets[model]()
    loss_of = nn.MSELoss() if model == "tiny" else nn.CrossEntropyLoss()
    parameters = net.parameters()
    optimizer = torch.optim.SGD(parameters, lr=0.01) if model == "tiny" else torch.optim.Adam(parameters, lr=1e-3)
    examples, answers, losses = torch.from_numpy(x), torch.from_numpy(y), []

    def dealt() -> Any:
        while True:
            order = torch.randperm(len(examples))
            for start in range(0, len(examples), batch_size):
                chosen = order[start : start + batch_size]
                yield (examples, answers) if batch_size == len(examples) else (examples[chosen], answers[chosen])

    batches_of = dealt()

    def train(batches: int) -> None:
        for _ in range(batches):
            inputs, wanted = next(batches_of)
            optimizer.zero_grad()
            loss = loss_of(net(inputs), wanted)
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())

    return train


def work(library: str, model: str, seed: int, threads: int) -> None:
    """The process of one library: read a number of batches, train them, answer with the seconds."""
    train = (cutaway_trainer if library == "cutaway" else torch_trainer)(model, seed, threads)
    for line in sys.stdin:
        start = perf_counter()
        train(int(line))
        print(perf_counter() - start, flush=True)


# -- who lets them take turns -----------------------------------------------------------------------------------
class Worker:
    """A process that trains when asked."""

    def __init__(self, library: str, model: str, seed: int, threads: int) -> None:
        count = str(threads)
        here = {**os.environ, "OMP_NUM_THREADS": count, "OPENBLAS_NUM_THREADS": count, "MKL_NUM_THREADS": count}
        command = [sys.executable, "-m", "benchmarks.against_torch", "--worker", library, "--model", model]
        command += ["--seed", str(seed), "--threads", count]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=here)
        self.batches = 1

    def seconds(self, batches: int) -> float:
        """How long so many batches took."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        stdin.write(f"{batches}\n")
        stdin.flush()
        answer = stdout.readline()
        if not answer:
            raise SystemExit(f"The process of a library ended early (exit status {self._process.wait()}).")
        return float(answer)

    def warm_up(self, seconds: float) -> None:
        """Find how many batches take about so long."""
        self.seconds(5)
        while (took := self.seconds(self.batches)) < seconds / 10:
            self.batches *= 4
        self.batches = max(1, round(self.batches * seconds / took))

    def close(self) -> None:
        """No more batches."""
        self._process.communicate()


def compare(model: str, options: Any) -> Timings:
    """Seconds a batch for both libraries, block by block."""
    workers = {library: Worker(library, model, options.seed, options.threads) for library in LIBRARIES}
    timings: Timings = {library: [] for library in LIBRARIES}
    try:
        for worker in workers.values():
            worker.warm_up(options.seconds)
        for turn in range(options.rounds):
            for library in LIBRARIES if turn % 2 == 0 else LIBRARIES[::-1]:
                worker = workers[library]
                timings[library].append(worker.seconds(worker.batches) / worker.batches)
    finally:
        for worker in workers.values():
            worker.close()
    return timings


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__, rounds=20, seconds=0.5)
    parser.add_argument("--model", choices=MODELS, help="only this one")
    parser.add_argument("--worker", choices=LIBRARIES, help="(used by the benchmark itself)")
    options = parser.parse_args()
    if options.worker:
        work(options.worker, options.model, options.seed, options.threads)
        return
    if importlib.util.find_spec("torch") is None:
        sys.exit('There is nothing to compare with: torch is not installed. Type: pip install "torch==2.13.0"')
    from importlib.metadata import version

    about = {**facts(options.threads, options.seed), "torch": version("torch")}
    rows, raw = [], {}
    for model in [options.model] if options.model else MODELS:
        raw[model] = timings = compare(model, options)
        ours, theirs = timings["cutaway"], timings["torch"]
        scale, unit = (1e6, "us") if median(ours) < 1e-3 else (1e3, "ms")
        ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
        rows.append((f"{model}, {unit}", summary(ours, scale, 2), summary(theirs, scale, 2), summary(ratios, 1, 2)))
    head = ("time a batch", "Cutaway", "PyTorch", "Cutaway / PyTorch")
    report("against_torch: training, each library in its own process", about, head, rows, options, raw)


if __name__ == "__main__":
    main()
