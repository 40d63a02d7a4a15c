"""Cutaway beside PyTorch and others: training steps of ten networks, measured so that the ratio means something.

    python -m benchmarks                              everything; half an hour with all peers
    python -m benchmarks perceptron resnet            these two workloads
    python -m benchmarks tiny --peers torch           against PyTorch as everybody writes it, nobody else
    python -m benchmarks --avx2 --json results.json   once more with AVX2 instructions only
    python -m benchmarks --profile resnet             where our own time goes

A ratio is our time for a step divided by the peer's: below 1 Cutaway is faster. How it is measured: README.md.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from cutaway.engine.shell import pip_install

from . import table
from .common import facts, worth
from .duel import Plan, duel
from .process import WorkerError
from .sides import PEERS
from .sides.exchange import exchange
from .workloads import WORKLOADS

MODULES = {"torch": "torch", "torch-best": "torch", "autograd": "autograd", "gensim": "gensim"}


def arguments() -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    listed = "\n".join(f"  {name:14s} {w.title}" for name, w in WORKLOADS.items())
    parser.epilog = f"workloads:\n{listed}\n\npeers: {', '.join(PEERS)}"
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help="which; all when not said")
    parser.add_argument("--peers", nargs="+", choices=PEERS, metavar="PEER", help="against whom; all when not said")
    parser.add_argument("--avx2", action="store_true", help="with AVX2 instructions only, as most laptops have")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="cores for each side (default 2)")
    parser.add_argument("--blocks", type=int, default=12, metavar="N", help="undisturbed pairs wanted (default 12)")
    parser.add_argument("--seconds", type=float, default=0.5, help="length of a block (default 0.5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all rows; rows already there are renewed")
    parser.add_argument("--markdown", action="store_true", help="print the table of the README, too")
    parser.add_argument("--profile", action="store_true", help="print where our time goes instead of measuring")
    options = parser.parse_args()
    unknown = [name for name in options.workloads if name not in WORKLOADS]
    if unknown:
        parser.error(f"there is no workload {unknown[0]!r}; there are: {', '.join(WORKLOADS)}")
    return options


def profile(name: str, file: Path, cores: int) -> None:
    """Where the time of our own steps goes."""
    from .sides.ours import new_run

    run = new_run(WORKLOADS[name], file, cores)
    run.train(batches=5, progress=False)
    print(run.profile())


def main() -> None:
    """Measure and print."""
    options = arguments()
    wanted = [WORKLOADS[name] for name in options.workloads or WORKLOADS]
    kept: list[Any] = json.loads(options.json.read_text())["rows"] if options.json and options.json.exists() else []
    about = facts(options.workers, 0)
    if options.workers > 1 and not options.profile:
        about["together"] = f"{worth(options.workers):.2f}"
        print(f"{options.workers} processes multiply {about['together']} times as fast as one", flush=True)
    rows: list[dict[str, Any]] = []
    plan = Plan(options.workers, options.blocks, options.seconds, options.avx2)
    with tempfile.TemporaryDirectory() as folder:
        for workload in wanted:
            file = Path(folder) / f"{workload.name}.safetensors"
            exchange(workload, file)
            if options.profile:
                profile(workload.name, file, options.workers)
                continue
            peers = [peer for peer in workload.peers if peer in (options.peers or PEERS) and _installed(peer)]
            try:
                new = duel(workload, peers, file, plan)
            except WorkerError as error:
                print(f"{workload.name}: Cutaway {error}", file=sys.stderr)
                continue
            for row in new:
                row["machine"] = about
                print(table.line(row), flush=True)
            rows += new
            file.unlink()
            if options.json:
                table.write(options.json, {"rows": table.merge(kept, rows)})
    if options.markdown:
        print(table.markdown(table.merge(kept, rows)))


def _installed(peer: str) -> bool:
    if importlib.util.find_spec(MODULES[peer]) is None:
        print(f"{peer} is not installed, so it is left out: {pip_install(MODULES[peer])}", file=sys.stderr)
        return False
    return True


if __name__ == "__main__":
    main()
