"""How many photos of clothes does `cutaway try fashion` name rightly? python tools/read_photos.py FOLDER

The folder has a sub-folder of photos for each kind, as in the "clothing dataset" of Alexey Grigorev and 32 others (CC0;
github.com/alexeygrigorev/clothing-dataset-small, folders `validation`, which choices may be made on, and `test`).
Fashion-MNIST's ten classes are not its own: WANTED says which answers count as right. A kind without an entry is
compared by its name.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cutaway.projects import fashion

WANTED = {
    "dress": ("dress",),
    "longsleeve": ("pullover", "shirt", "T-shirt"),
    "outwear": ("coat",),
    "pants": ("trousers",),
    "shirt": ("shirt",),
    "shoes": ("sandal", "sneaker", "ankle boot"),
    "t-shirt": ("T-shirt",),
    "hat": (),
    "shorts": (),
    "skirt": (),
}


def main(words: Sequence[str] | None = None) -> int:
    """A line for each kind, and one for all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--run", type=Path, help="another network, saved by `cutaway run fashion`")
    options = parser.parse_args(words)
    read = fashion.reader(options.run)
    total = right = 0
    for kind in sorted(part for part in options.folder.iterdir() if part.is_dir()):
        wanted = WANTED.get(kind.name, (kind.name,))
        if not wanted:
            continue  # Fashion-MNIST has no such class
        pictures = np.stack([fashion.picture(file) for file in sorted(kind.iterdir())])
        said = [fashion.CLASSES[k] for k in fashion.VIEWS.ask(read, pictures).argmax(1)]
        good = sum(one in wanted for one in said)
        total, right = total + len(said), right + good
        often = ", ".join(f"{name} {n}" for name, n in Counter(said).most_common(4))
        print(f"{kind.name:12s} {good:3d} of {len(said):3d}   {often}", flush=True)
    print(f"{'all':12s} {right:3d} of {total:3d}   {100 * right / max(1, total):.1f} %")
    return 0


if __name__ == "__main__":
    sys.exit(main())
