"""How many digits from elsewhere does `cutaway try digits` read? The shipped network, on handwriting unlike MNIST's.

    python -m benchmarks.foreign_digits                the published figures
    python -m benchmarks.foreign_digits --part dev     what choices may be made on
    python -m benchmarks.foreign_digits --sheet a.png  some pages of each kind, and what the network is shown of them

Two sources. Drawings: the held-out test digits of the sample, drawn again with other pens on other papers
(benchmarks/drawings.py). scikit-learn's 1,797 digits (8 x 8; Alpaydin and Kaynak, 1998), from other writers and
another scanner: they are never trained on. The dev part is training digits drawn again, and scikit-learn's first 300;
the published part is the rest.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import facts
from benchmarks.drawings import KINDS, drawn
from cutaway import data
from cutaway.engine.shell import pip_install
from cutaway.projects import digits
from cutaway.projects.digits.pixels import resized

Picture = NDArray[Any]

DEV = 300  # of scikit-learn's digits
PREFIX = "8 x 8"
FOREIGN: dict[str, Callable[[Picture], Picture]] = {  # how a file of scikit-learn's digits may look
    f"{PREFIX}, as they are": lambda d: d,
    f"{PREFIX}, dark on white": lambda d: 1 - d,
    f"{PREFIX}, enlarged to 160 x 160": lambda d: resized(d, (160, 160)),
    f"{PREFIX}, enlarged, on a white page": lambda d: 1 - np.pad(resized(d, (80, 80)), ((40, 60), (70, 30))),
    f"{PREFIX}, each pixel a square of 20": lambda d: d.repeat(20, 0).repeat(20, 1),
}


def main(words: Sequence[str] | None = None) -> int:
    """Measure what was asked for, and print it."""
    options = _options(words)
    kinds = [kind for kind in [*FOREIGN, *KINDS] if _wanted(kind, options.kind)]
    if any(kind in FOREIGN for kind in kinds):
        try:
            foreign, answers = _foreign(options.part == "dev")
        except ModuleNotFoundError as error:
            print(error, file=sys.stderr)
            return 1
    splits = data.load("digits")
    part = splits.train[: options.count] if options.part == "dev" else splits.test[: options.count]
    if options.sheet is not None:
        _sheet(options.sheet, kinds, part)
        return 0
    read = digits.reader(options.run)
    for name, fact in facts(1, options.seed).items():
        print(f"{name + ':':13s} {fact}")
    print(f"{'part:':13s} {options.part}\n")
    print(f"{'kind':36s} {'digits':>6s} {'read':>8s} {'refused':>8s}")
    total = refusals = wrong = 0
    start = perf_counter()
    for kind in kinds:
        if kind in FOREIGN:
            pages, truth = [FOREIGN[kind](digit) for digit in foreign], answers
        else:
            pages, truth = drawn(kind, part.x[:, 0], options.seed), np.asarray(part.y)
        said = read_all(read, pages)
        right, refused = int((said == truth).sum()), int((said < 0).sum())
        print(f"{kind:36s} {len(said):6,} {100 * right / len(said):6.2f} % {refused:8,}", flush=True)
        total, refusals, wrong = total + len(said), refusals + refused, wrong + len(said) - right
    print(f"\n{total:,} pages: {wrong:,} misread or refused; {perf_counter() - start:.0f} seconds")
    return 0


def _wanted(kind: str, words: Sequence[str]) -> bool:
    """A kind's whole name means this kind alone; a part of a name means all kinds that have it."""
    return not words or any(part == kind if part in KINDS or part in FOREIGN else part in kind for part in words)


def read_all(read: digits.Reader, pages: Sequence[Picture]) -> NDArray[np.int64]:
    """The digit read on each page, -1 where none was found; as `cutaway try digits` reads a file of 256 greys."""
    said = np.full(len(pages), -1)
    for k, page in enumerate(pages):
        grey = np.round(np.clip(page, 0, 1) * 255).astype(np.float32) / 255
        try:
            (answer,) = digits.answers(read, [digits.digit_in(grey)])
        except digits.PictureError:
            continue
        said[k] = answer.digit
    return said


def _foreign(dev: bool) -> tuple[Picture, NDArray[Any]]:
    """scikit-learn's digits (N, 8, 8), ink 0 to 1, and what they are."""
    try:
        from sklearn.datasets import load_digits
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "The 8 x 8 digits come with scikit-learn, which is not installed. "
            f"Type: {pip_install('scikit-learn')}. Or measure drawings alone: --kind paper --kind pen."
        ) from None
    found = load_digits()
    part = slice(DEV) if dev else slice(DEV, None)
    return found.images[part] / 16, found.target[part]


def _sheet(path: Path, kinds: Sequence[str], part: data.Dataset) -> None:
    """A row for each kind of drawing: a page, beside it what the network is shown of it, and so on."""
    from PIL import Image

    rows = []
    for kind in kinds:
        row = []
        for page in drawn(kind, part.x[:8, 0]) if kind in KINDS else [FOREIGN[kind](d) for d in _foreign(True)[0][:8]]:
            try:
                shown = digits.digit_in(page)
            except digits.PictureError:
                shown = np.full((28, 28), 0.5, np.float32)
            both = [Image.fromarray(np.uint8(255 * np.clip(p, 0, 1))).resize((112, 112)) for p in (page, shown)]
            row += [np.pad(np.asarray(image), 2, constant_values=128) for image in both]
        rows.append(np.hstack(row))
    Image.fromarray(np.vstack(rows)).save(path)


def _options(words: Sequence[str] | None) -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("test", "dev"), default="test")
    parser.add_argument(
        "--kind", action="append", default=[], metavar="WORDS", help="only kinds whose name has these words in it"
    )
    parser.add_argument("--count", type=int, default=500, help="digits drawn again for each kind (default 500)")
    parser.add_argument("--seed", type=int, default=0, help="of pens, papers and places (default 0)")
    parser.add_argument("--run", type=Path, metavar="FOLDER", help="another network, saved by `cutaway run digits`")
    parser.add_argument("--sheet", type=Path, metavar="FILE", help="measure nothing, draw a picture of what there is")
    return parser.parse_args(words)


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    sys.exit(main())
