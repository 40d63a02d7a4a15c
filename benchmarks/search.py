"""Find the numbers of a recipe: train PyTorch twins of it on a GPU, and judge them by pictures held out of training.

    python -m benchmarks.search objects --vary alpha=0.05,0.1 --vary epochs=10,20 --seeds 0,1

trains every combination with every seed and prints, for each, the share of the held-out tenth of the *training*
pictures that is named rightly: at one look, and at the several looks of the recipe. The test set is never loaded.
Batches are dealt in another order, and changed by the same rules with other random numbers, than Cutaway's own.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import itertools
import json
import math
import time
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["main"]

SHARE = 0.9  # of the training pictures is trained on, the rest judges


def main(arguments: list[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", choices=("mnist", "fashion", "objects"))
    parser.add_argument("--base", choices=("best", "quick"), default="best", help="the recipe to begin with")
    parser.add_argument(
        "--vary", action="append", default=[], metavar="NAME=A,B", help="a number of it, and its values"
    )
    parser.add_argument("--list", type=Path, help="a JSON list of such changes, each a trial")
    parser.add_argument("--optimizer", default="", help="another one, e.g. 'optim.Muon(0.02, others=[\"20.*\"])'")
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--arrays", type=Path, help="folder with x.npy (bytes) and y.npy instead of the data's name")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--processes", type=int, default=1, help="so many trials at a time")
    parser.add_argument("--seconds", type=float, default=math.inf, help="begin no trial after so long")
    parser.add_argument("--json", type=Path, help="write a line for every trial here, too")
    options = parser.parse_args(arguments)
    varied = [v.partition("=")[::2] for v in options.vary]
    values = [[json.loads(f"[{v}]")] if v.startswith("[[") else json.loads(f"[{v}]") for _, v in varied]
    changes = [dict(zip([name for name, _ in varied], chosen, strict=True)) for chosen in itertools.product(*values)]
    if options.list:
        listed = json.loads(options.list.read_text(encoding="utf-8"))
        changes = [{**change, **more} for change in changes for more in listed]
    _all(options, [{"changed": change, "seed": int(seed)} for seed in options.seeds.split(",") for change in changes])


def _all(options: argparse.Namespace, trials: list[dict[str, Any]]) -> None:
    from torch import multiprocessing

    context = multiprocessing.get_context("spawn")
    waiting, done = context.Queue(), context.Queue()
    for trial in trials:
        waiting.put(trial)
    count = min(options.processes, len(trials))
    for _ in range(count):
        waiting.put(None)
    workers = [context.Process(target=_work, args=(options, waiting, done, time.time())) for _ in range(count)]
    for worker in workers:
        worker.start()
    found: dict[str, list[dict[str, Any]]] = {}
    busy = count
    while busy:
        result = done.get()
        if result is None:
            busy -= 1
            continue
        found.setdefault(json.dumps(result["changed"]), []).append(result)
        print(json.dumps(result), flush=True)
        if options.json:
            with options.json.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"project": options.project, "optimizer": options.optimizer, **result}) + "\n")
    for worker in workers:
        worker.join()
    print(
        f"\n{options.project} {options.base} {options.optimizer}: held-out tenth, mean over seeds (one look, all looks)"
    )
    ranked = sorted(found.items(), key=lambda item: -np.mean([r["looks"] for r in item[1]]))
    for changed, results in ranked:
        one, all_ = (np.mean([r[key] for r in results]) for key in ("one", "looks"))
        print(
            f"{100 * one:.3f} %  {100 * all_:.3f} %  ({len(results)} seeds, {results[0]['seconds']:.0f} s)  {changed}"
        )


def _work(options: argparse.Namespace, waiting: Any, done: Any, start: float) -> None:
    """One process: trial after trial."""
    import torch

    torch.set_num_threads(1)
    torch.backends.cudnn.benchmark = True
    x, y = _pictures(options)
    order = np.random.default_rng(0).permutation(len(x))
    count = round(SHARE * len(x))
    while (trial := waiting.get()) is not None:
        if time.time() - start < options.seconds:
            parts = (x[order[:count]], y[order[:count]], x[order[count:]], y[order[count:]])
            done.put({**trial, **_trial(options, trial, *parts)})
    done.put(None)


def _pictures(options: argparse.Namespace) -> tuple[Any, Any]:
    """All training pictures as bytes (N, C, H, W), and their classes."""
    if options.arrays:
        return np.load(options.arrays / "x.npy"), np.load(options.arrays / "y.npy").astype(np.int64)
    from cutaway import data

    train = data.load({"objects": "cifar10"}.get(options.project, options.project)).train
    return np.round(train.x * 255).astype(np.uint8), np.asarray(train.y)


def _trial(options: argparse.Namespace, trial: dict[str, Any], x: Any, y: Any, judge_x: Any, judge_y: Any) -> Any:
    import torch

    from cutaway import optim

    from .twins import Trainer, twin

    begin = time.time()
    project = importlib.import_module(f"cutaway.projects.{options.project}")
    base = getattr(project, options.base.upper())
    changed = {k: tuple(v) if isinstance(v, list) else v for k, v in trial["changed"].items()}
    recipe = dataclasses.replace(base, seed=trial["seed"], **changed)
    device = torch.device(options.device)
    batches = recipe.epochs * -(-len(x) // recipe.batch_size)
    optimizer = recipe.optimizer(batches)
    if options.optimizer:
        optimizer = eval(options.optimizer, {"optim": optim})  # typed by whoever runs this
        optimizer.schedule, optimizer.average = recipe.optimizer(batches).schedule, recipe.average
    net = twin(recipe.net(x[:5000].astype(np.float32) / 255)).to(device, memory_format=torch.channels_last)
    trainer = Trainer(net, recipe.loss(), optimizer, half=device.type == "cuda")
    pictures, answers = torch.from_numpy(x).to(device), torch.from_numpy(y).to(device)
    torch.manual_seed(1000 + trial["seed"])
    changes = recipe.augment()
    lost = []
    for _ in range(recipe.epochs):
        order = torch.randperm(len(x), device=device)
        for chosen in order.split(recipe.batch_size):
            batch = pictures[chosen].float() / 255
            for change in changes:
                batch = CHANGES[type(change).__name__](change, batch)
            lost.append(trainer.step(batch.contiguous(memory_format=torch.channels_last), answers[chosen]))
    trainer.use_averages()
    net.eval()

    def read(views: Any) -> Any:
        with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=trainer.half):
            parts = torch.from_numpy(views).to(device).split(1000)
            return torch.cat([net(part) for part in parts]).float().cpu().numpy()

    judged = judge_x.astype(np.float32) / 255
    one, all_ = read(judged), project.VIEWS.ask(read, judged)
    return {
        "one": float((one.argmax(1) == judge_y).mean()),
        "looks": float((all_.argmax(1) == judge_y).mean()),
        "loss": float(torch.stack(lost[-100:]).mean()),
        "seconds": time.time() - begin,
    }


def _shift(change: Any, x: Any, pad: int, mode: str) -> Any:
    import torch

    count, _, height, width = x.shape
    around = torch.nn.functional.pad(x, (pad,) * 4, mode=mode)
    down, across = torch.randint(0, 2 * pad + 1, (2, count, 1, 1), device=x.device)
    rows = down + torch.arange(height, device=x.device)[:, None]
    columns = across + torch.arange(width, device=x.device)
    number = torch.arange(count, device=x.device)[:, None, None]
    return around[number, :, rows, columns].permute(0, 3, 1, 2)


def _flip(change: Any, x: Any) -> Any:
    import torch

    return torch.where(torch.rand(len(x), 1, 1, 1, device=x.device) < 0.5, x.flip(3), x)


def _cut_out(change: Any, x: Any) -> Any:
    import torch

    inside = []
    for side in x.shape[2:]:
        begin = torch.randint(0, side, (len(x), 1), device=x.device) - change.size // 2
        places = torch.arange(side, device=x.device)
        inside.append((places >= begin) & (places < begin + change.size))
    covered = inside[0][:, None, :, None] & inside[1][:, None, None, :]
    return torch.where(covered, change.fill, x)


def _warp(change: Any, x: Any) -> Any:
    import torch

    from cutaway.data import warp

    count, _, height, width = x.shape
    drawn = torch.rand(count, 2 + 2 * warp.NODES**2, device=x.device) * 2 - 1
    angle, size = drawn[:, :1, None] * math.radians(change.degrees), 1 + drawn[:, 1:2, None] * change.zoom
    i = (torch.arange(height, device=x.device) - (height - 1) / 2)[:, None]
    j = torch.arange(width, device=x.device) - (width - 1) / 2
    down = (angle.cos() * i - angle.sin() * j) / size
    across = (angle.sin() * i + angle.cos() * j) / size
    arrows = drawn[:, 2:].reshape(count, 2, warp.NODES, warp.NODES) * change.bend
    rows, columns = (torch.from_numpy(np.array(warp._splines(side))).to(x.device) for side in (height, width))
    field = rows @ arrows @ columns.T
    places = torch.stack([(across + field[:, 1]) * 2 / width, (down + field[:, 0]) * 2 / height], -1)
    return torch.nn.functional.grid_sample(x, places, align_corners=False)


CHANGES = {
    "Shift": lambda change, x: _shift(change, x, change.pixels, "constant"),
    "Crop": lambda change, x: _shift(change, x, change.pad, "reflect"),
    "Flip": _flip,
    "CutOut": _cut_out,
    "Warp": _warp,
}

if __name__ == "__main__":
    main()
