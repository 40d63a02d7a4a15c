"""`cutaway doctor`: everything on this machine that Cutaway depends on, and a verdict."""

from __future__ import annotations

import importlib.util
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from typing import NamedTuple

import click
import numpy as np

import cutaway
from cutaway.data import home
from cutaway.engine.shell import pip_install
from cutaway.training.machine import cores

from . import screen
from .app import app

EXTRAS = {  # module, packages, purpose
    "images": ("PIL", "pillow", "reads photos and drawings, for `try digits`"),
    "studio": ("starlette", "starlette uvicorn", "shows a run in the browser, for `open`"),
    "notebook": ("anywidget", "anywidget ipywidgets", "shows the studio in a notebook"),
    "learn": ("jupyterlab", "jupyterlab jupytext nbclient matplotlib", "opens the course, for `learn`"),
}


class Finding(NamedTuple):
    """One line of the doctor. grave: Cutaway does not work so."""

    what: str
    value: str
    advice: str = ""
    grave: bool = False


def findings() -> Iterator[Finding]:
    """Look at one thing after the other."""
    yield Finding("Cutaway", f"{cutaway.__version__} in {os.path.dirname(cutaway.__file__)}")
    version = platform.python_version()
    yield Finding("Python", f"{version} ({sys.executable})")
    yield Finding("system", f"{platform.system()} {platform.release()}, {platform.machine()}")
    yield Finding("NumPy", np.__version__)
    yield _blas()
    yield _arithmetic()
    yield Finding("cores", str(cores()), "" if cores() > 1 else "training will be slow on a single core")
    memory = _memory()
    yield Finding(
        "memory",
        f"{memory / 2**30:.1f} GiB" if memory else "unknown",
        "close other programs while training" if 0 < memory < 2 * 2**30 else "",
    )
    yield _terminal()
    yield _cache()
    for name, (module, package, purpose) in EXTRAS.items():
        here = importlib.util.find_spec(module) is not None
        advice = "" if here else f"it {purpose}; to get it: {pip_install(*package.split())}"
        yield Finding(f"extra: {name}", "installed" if here else "not installed", advice)


def _blas() -> Finding:
    from threadpoolctl import threadpool_info

    pools = [
        f"{p['internal_api']} {p['version']}, {p['num_threads']} thread{'s' * (p['num_threads'] > 1)}"
        f" ({p.get('architecture') or 'generic'})"
        for p in threadpool_info()
        if p["user_api"] == "blas"
    ]
    return Finding("BLAS", "; ".join(pools) or "of NumPy itself (not known to threadpoolctl)")


def _arithmetic() -> Finding:
    """A BLAS that was built for another processor can compute wrongly; this is rare, and worth one look."""
    x = np.linspace(-1, 1, 200 * 300, dtype=np.float32).reshape(200, 300)
    gap = float(np.abs(x @ x.T - np.einsum("ik,jk->ij", x, x, dtype=np.float64)).max())
    if gap < 1e-3:
        return Finding("arithmetic", "matrix products are right")
    return Finding("arithmetic", f"matrix products are off by {gap:.2g}", "reinstall numpy", grave=True)


def _terminal() -> Finding:
    out = screen.console()
    if not out.is_terminal:
        return Finding("terminal", "none (output goes to a file or a pipe): plain lines are printed")
    blocks = "pictures out of blocks" if screen.can_draw(out) else "pictures out of letters"
    return Finding("terminal", f"{out.width} columns, {out.color_system or 'no'} colours, {blocks}")


def _cache() -> Finding:
    folder = home()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        advice = "data sets cannot be kept; set CUTAWAY_HOME to a folder that you may write to"
        return Finding("cache", f"{folder}: {error.strerror}", advice)
    return Finding("cache", f"{folder}, can be written")


def _memory() -> int:
    """Bytes of memory in this machine, 0 where that cannot be told."""
    if sys.platform == "win32":
        import ctypes

        class Status(ctypes.Structure):
            _fields_ = [
                ("length", ctypes.c_ulong),
                ("load", ctypes.c_ulong),
                *((name, ctypes.c_ulonglong) for name in ("total", "free", "a", "b", "c", "d", "e")),
            ]

        status = Status(length=ctypes.sizeof(Status))
        ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))
        return int(status.total)
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return 0


@app.command()
def doctor() -> None:
    """Look at this machine and say whether Cutaway is well on it."""
    out = screen.console()
    found = list(findings())
    for what, value, advice, grave in found:
        mark = "!!" if grave else "-" if advice else "ok"
        out.print(f"{mark:>2}  {what:<14} {value}", style="bold red" if grave else None, soft_wrap=True)
        if advice:
            out.print(f"{'':18} {advice}", soft_wrap=True)
    grave_ones = [f.what for f in found if f.grave]
    if grave_ones:
        raise click.ClickException(f"Cutaway cannot work here before this is mended: {', '.join(grave_ones)}.")
    optional = [f.what for f in found if f.advice]
    also = f" Worth a look: {', '.join(optional)}." if optional else ""
    out.print(f"\nCutaway works on this machine.{also}", soft_wrap=True)
