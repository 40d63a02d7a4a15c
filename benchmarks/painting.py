"""What makes a painting? The same photo painted with and without each part of the painter, on one sheet.

    python -m benchmarks.painting --content PHOTO --style PAINTING --sheet sheet.png
    python -m benchmarks.painting ... --only trained,random         some of the variants
    python -m benchmarks.painting ... --time 512                     how long one painting takes, and its peak of memory

Every variant is judged by two figures, both measured with the eye that comes along, at full size, and both 0 at best:
style (how far the Gram matrices of its five layers are from the painting's: |G - P|^2 / |P|^2, the mean of the five)
and content (how far what layer 3 sees is from what it sees in the photo, as a share of the variance there). Neither
says what is beautiful: for that there is the sheet. No chance is involved but in the variant with random stencils.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import facts
from cutaway import nn, optim
from cutaway.engine import Tape, Tensor, ops
from cutaway.projects import paint
from cutaway.projects.paint.descent import Within
from cutaway.projects.paint.picture import framed, resized
from cutaway.projects.paint.wish import apart, gram

Picture = NDArray[Any]


class Moments(paint.Wish):
    """Style as the mean and the spread of every channel, in place of the Gram matrix (Li and others, 2017)."""

    @staticmethod
    def statistic(seen: Tensor) -> Tensor:
        """Mean and standard deviation of each channel, (2 C,)."""
        mean = seen.mean((0, 2, 3))
        return ops.concat(mean, ((seen * seen).mean((0, 2, 3)) - mean * mean + 1e-6).sqrt(), dim=0)


class PaletteRMSprop(Within, optim.RMSprop):
    """RMSprop for pixels."""

    kind = "palette rmsprop"


class PaletteSGD(Within, optim.SGD):
    """Gradient descent with momentum for pixels."""

    kind = "palette sgd"


class Descent(paint.Order):
    """An order whose pixels are changed by another optimizer."""

    way: Callable[[optim.Schedule], optim.Optimizer]

    def optimizer(self) -> optim.Optimizer:
        """That other one."""
        return self.way(optim.OneCycle(total=self.steps, warm=0.1, end=0.02))


@dataclass(frozen=True)
class Variant:
    """One way to paint: what differs from the order, and the eye or the wish where these do."""

    name: str
    changes: dict[str, Any] = field(default_factory=dict)
    look: Callable[[Picture], paint.Eye] | None = None
    wish: type[paint.Wish] = paint.Wish
    way: Callable[[Any], optim.Optimizer] | None = None


def random_eye(picture: Picture) -> paint.Eye:
    """The same five layers as they were drawn, untrained; only their batch norms have looked at the painting."""
    net = paint.network()
    net.train()
    for norm in (m for m in net.modules() if isinstance(m, nn.BatchNorm2d)):
        norm.momentum = 1.0  # what was seen last counts alone
    with Tape() as tape:
        net(Tensor(resized(picture, (128, 128))))
    for name, slot in tape.carry.items():
        buffer = net.named_buffers().get(name)
        if buffer is not None:
            buffer.data = np.asarray(tape.values[slot])
    return paint.Eye.of(net.eval())


VARIANTS = (
    Variant("trained"),
    Variant("random", look=random_eye),
    Variant("layer 1 alone", {"layers": (0,)}),
    Variant("layers 1 to 3", {"layers": (0, 1, 2)}),
    Variant("layers 4 and 5", {"layers": (3, 4)}),
    Variant("no matching", {"match": 0.0}),
    Variant("matching 1", {"match": 1.0}),
    Variant("matching alone", {"style": 0.0, "match": 1.0}),
    Variant("mean and spread", wish=Moments),
    Variant("content 0.1", {"content": 0.1}),
    Variant("content 2", {"content": 2.0}),
    Variant("smooth 0", {"smooth": 0.0}),
    Variant("smooth 50", {"smooth": 50.0}),
    Variant("alpha 0.02", {"alpha": 0.02}),
    Variant("alpha 0.1", {"alpha": 0.1}),
    Variant("RMSprop", way=lambda s: PaletteRMSprop(0.01, schedule=s)),
    Variant("SGD with momentum", way=lambda s: PaletteSGD(30.0, 0.9, schedule=s)),
    Variant("keep colours", {"keep_colours": True}),
)


def main(words: Sequence[str] | None = None) -> int:
    """Paint what was asked for; print the figures, and draw the sheet."""
    options = _options(words)
    photo, painting = paint.read(options.content), paint.read(options.style)
    order = paint.Order(size=options.time or options.size, steps=options.steps, threads=options.threads)
    chosen = [v for v in VARIANTS if not options.only or v.name in options.only.split(",")]
    chosen = chosen[:1] if options.time else chosen
    print("\n".join(f"{key}: {value}" for key, value in facts(options.threads, 0).items()))
    rows, tiles = [], []
    for variant in chosen:
        made, row = _painted(variant, photo, painting, order)
        rows.append(row)
        tiles.append((variant.name, made))
        print("  ".join(f"{key} {value}" for key, value in row.items()), flush=True)
        if options.sheet:
            _sheet(options.sheet, tiles)
        if options.json:
            options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 0


def _painted(variant: Variant, photo: Picture, painting: Picture, order: paint.Order) -> tuple[Picture, dict[str, Any]]:
    """The finished picture, and its figures."""
    wanted = replace(order, **variant.changes)
    if variant.way is not None:
        wanted = type("Other", (Descent,), {"way": staticmethod(variant.way)})(**vars(wanted))
    look = paint.eye()
    with tempfile.TemporaryDirectory() as folder:
        work = paint.Painting(photo, painting, wanted, Path(folder), variant.look(painting) if variant.look else look)
        work.wish = variant.wish
        start = perf_counter()
        work.go_on(progress=False)
        seconds = perf_counter() - start
        made = paint.read(work.finished)
    seen, was, style = (look.look(framed(p), order.threads) for p in (made, work.photo, work.painting))
    strokes = [float(apart(gram(Tensor(a)), gram(Tensor(b))).numpy()) for a, b in zip(seen, style, strict=True)]
    things = float(np.mean((seen[2] - was[2]) ** 2) / np.var(was[2]))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figures = {"style": round(float(np.mean(strokes)), 3), "content": round(things, 3)}
    height, width = made.shape[2:]
    return made, {
        "variant": variant.name,
        **figures,
        "seconds": round(seconds, 1),
        "peak MiB": round(peak),
        "size": f"{width} x {height}",
    }


def _sheet(file: Path, tiles: Sequence[tuple[str, Picture]], across: int = 4) -> None:
    """All pictures with their names, on one page."""
    from PIL import Image, ImageDraw

    height, width = tiles[0][1].shape[2:]
    across = min(across, len(tiles))
    page = Image.new("RGB", (across * (width + 4), -(-len(tiles) // across) * (height + 18)), "white")
    pen = ImageDraw.Draw(page)
    for k, (name, picture) in enumerate(tiles):
        left, top = k % across * (width + 4), k // across * (height + 18)
        pen.text((left + 2, top + 3), name, fill="black")
        pixels = np.round(picture[0].transpose(1, 2, 0) * 255).astype(np.uint8)
        page.paste(Image.fromarray(pixels), (left, top + 16))
    page.save(file)


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--content", type=Path, required=True, help="the photo")
    parser.add_argument("--style", type=Path, required=True, help="the painting")
    parser.add_argument("--size", type=int, default=256, help="pixels of the longer side (default: 256)")
    parser.add_argument("--steps", type=int, default=paint.Order.steps, help="steps at each size")
    parser.add_argument("--threads", type=int, default=1, help="of NumPy's BLAS (default: 1)")
    parser.add_argument("--only", default="", help="names of variants, with commas between them")
    parser.add_argument("--time", type=int, metavar="SIZE", help="one painting of this size, to be timed")
    parser.add_argument("--sheet", type=Path, help="where to draw the pictures")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    return parser.parse_args(words)


if __name__ == "__main__":
    raise SystemExit(main())
