"""Rows as text: for the eye, as Markdown, as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .sides import PEERS
from .workloads import WORKLOADS

__all__ = ["line", "markdown", "merge", "write"]

Row = Mapping[str, Any]


def duration(seconds: float) -> str:
    """Three digits and a unit.

    >>> duration(0.0123), duration(4.2e-5)
    ('12.3 ms', '42.0 us')
    """
    scale, unit = (1e6, "us") if seconds < 1e-3 else (1e3, "ms") if seconds < 1 else (1, "s")
    value = seconds * scale
    return f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f} {unit}"


def line(row: Row) -> str:
    """One row for the eye."""
    low, high = row["ratio_spread"]
    name = row["peer"] if row["how"] == "eager" else f"{row['peer']} ({row['how']})"
    text = (
        f"{row['workload']:12s} {row['instructions']:6s} {name:42s} ratio {row['ratio']:6.3f} ({low:.3f} .. {high:.3f})"
    )
    text += f"   {duration(row['cutaway_seconds']):>8s} : {duration(row['peer_seconds']):>8s}"
    text += f"   {row['blocks']} blocks, {row['discarded']} discarded{'' if row['quiet'] else ', NOT QUIET'}"
    if "peer_loss" in row:
        text += f"   learned {row['cutaway_loss']:.4f} : {row['peer_loss']:.4f}"
    if "memory_ratio" in row:
        text += f"   memory {row['cutaway_step_memory'] / 2**20:.0f} : {row['peer_step_memory'] / 2**20:.0f} MiB"
    return text


def markdown(rows: Sequence[Row]) -> str:
    """The table of the README: a line for every workload; ratios are our time divided by the peer's."""
    sets = [kind for kind in ("native", "avx2") if any(row["instructions"] == kind for row in rows)]
    columns = [(kind, peer) for kind in sets for peer in PEERS if any(_is(row, kind, peer) for row in rows)]
    head = ["workload", "Cutaway", *(PEERS[p] + (", AVX2 only" if k == "avx2" else "") for k, p in columns), "memory"]
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    for name in WORKLOADS:  # in this order, in whatever order they were measured
        mine = [row for row in rows if row["workload"] == name]
        if not mine:
            continue
        eager = next((row for row in mine if row["peer"] == "torch" and "memory_ratio" in row), {})
        cells = [mine[0]["title"], f"{duration(mine[0]['cutaway_seconds'])}"]
        for kind, peer in columns:
            found = [row for row in mine if _is(row, kind, peer)]
            cells.append(_cell(found[0]) if found else "")
        cells.append(f"{eager['memory_ratio']:.2f}" if eager else "")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _is(row: Row, kind: str, peer: str) -> bool:
    return row["instructions"] == kind and row["peer"] == peer


def _cell(row: Row) -> str:
    how = "" if row["peer"] != "torch-best" else f" ({row['how']})"
    return f"**{row['ratio']:.2f}** of {duration(row['peer_seconds'])}{how}"


def merge(old: Sequence[Row], new: Sequence[Row]) -> list[Row]:
    """The new rows in place of the old ones about the same thing; all others stay."""

    def key(row: Row) -> tuple[str, ...]:
        return row["workload"], row["peer"], row["instructions"]

    found = {key(row): row for row in old} | {key(row): row for row in new}
    return list(found.values())


def write(path: Path, content: Any) -> None:
    """JSON, whole or not at all."""
    beside = path.with_name(path.name + ".part")
    beside.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    os.replace(beside, path)
