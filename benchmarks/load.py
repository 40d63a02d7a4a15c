"""What a process takes of the machine: how long its threads waited for a core, and how much memory it holds.

Both count the process and all its children, and both come from Linux' /proc; elsewhere there is None. Of a virtual
machine that had to wait itself, only the whole machine knows: that time is counted, too.
"""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["family", "memory", "waited"]


def family(pid: int) -> list[int]:
    """The process and its children, their children, and so on."""
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found += [int(child) for child in children.read_text().split()]
            except OSError:  # a thread that ended meanwhile
                continue
    return found


def waited(pid: int | None = None) -> float | None:
    """Seconds for which threads could have run, but something else had the core; differences mean something."""
    if not Path("/proc/self/schedstat").exists():
        return None
    total = 0
    for process in family(os.getpid() if pid is None else pid):
        for thread in Path(f"/proc/{process}/task").glob("*/schedstat"):
            try:
                total += int(thread.read_text().split()[1])
            except OSError:
                continue
    return total / 1e9 + _stolen()


def _stolen() -> float:
    """Seconds that the host of a virtual machine took from it."""
    fields = Path("/proc/stat").read_text().partition("\n")[0].split()
    return int(fields[8]) / os.sysconf("SC_CLK_TCK") if len(fields) > 8 else 0.0


def memory(pid: int | None = None) -> int | None:
    """Bytes in memory now; what several share counts once (the kernel's proportional set size)."""
    total = 0
    for process in family(os.getpid() if pid is None else pid):
        try:
            lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        except OSError:
            return total or None
        total += sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total
