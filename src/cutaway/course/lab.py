"""JupyterLab on this machine alone, with one notebook open in it, until somebody ends it."""

from __future__ import annotations

import importlib.util
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from urllib.parse import quote

from ..engine.errors import CutawayError
from ..engine.shell import pip_install

__all__ = ["missing", "needs_lab", "open_lab"]

NEEDED = ("jupyterlab", "jupytext", "matplotlib", "nbclient", "anywidget", "ipywidgets")
PATIENCE = 120.0  # seconds for JupyterLab to answer; a slow disk takes twenty the first time
# the corner of the screen belongs to the chapter, and nothing is to be asked of other machines
QUIET = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}


def missing(module: str) -> CutawayError:
    """The one sentence for a part of the course that is not installed."""
    get = pip_install(*NEEDED, "ipykernel!=7.0.*")
    return CutawayError(f"The course needs {module}, which is not installed. To get all it needs, type: {get}")


def needs_lab() -> None:
    """Everything that the course is shown with, or one sentence."""
    for module in NEEDED:
        if importlib.util.find_spec(module) is None:
            raise missing(module)


def open_lab(notebook: Path, ready: Callable[[str], None], port: int = 0) -> None:
    """Start JupyterLab in the notebook's folder, hand its address to ready, and wait; Ctrl-C ends it.

    It listens to this machine alone, and its address has a secret word in it.
    """
    port, token = port or _free_port(), secrets.token_urlsafe(24)
    with tempfile.TemporaryDirectory(prefix="cutaway-learn-") as scratch:
        settings = Path(scratch) / "labconfig"
        settings.mkdir()
        (settings / "page_config.json").write_text(json.dumps(QUIET), encoding="utf-8")
        log = Path(scratch) / "jupyter.log"
        with open(log, "wb") as out:
            lab = subprocess.Popen(
                _command(notebook.parent, port), env=_surroundings(scratch, token), stdout=out, stderr=out
            )
        before = _end_with_us()
        try:
            _wait_until_it_answers(lab, port, token, log)
            page = f"lab/workspaces/cutaway/tree/{quote(notebook.name)}"
            ready(f"http://127.0.0.1:{port}/{page}?token={token}")
            lab.wait()
        except KeyboardInterrupt:
            pass
        finally:
            _end(lab)
            for number, handler in before.items():
                signal.signal(number, handler)


def _command(folder: Path, port: int) -> list[str]:
    root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    return [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", *root),
        f"--ServerApp.root_dir={folder}",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        "--ServerApp.answer_yes=True",
        "--ServerApp.log_level=WARN",
        "--PasswordIdentityProvider.hashed_password=",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]


def _surroundings(settings: str, token: str) -> Mapping[str, str]:
    also = os.environ.get("JUPYTER_CONFIG_PATH", "")
    config = os.pathsep.join([settings, *([also] if also else [])])
    return {
        **os.environ,
        "JUPYTER_TOKEN": token,  # not among the words of the command, which everybody on the machine can read
        "JUPYTER_CONFIG_PATH": config,
        "JUPYTER_PREFER_ENV_PATH": "1",  # the kernel is this Python, which has Cutaway
    }


def _free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


def _wait_until_it_answers(lab: subprocess.Popen[bytes], port: int, token: str, log: Path) -> None:
    question = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/status", headers={"Authorization": f"token {token}"}
    )
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if lab.poll() is not None:
            said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-6:]
            raise CutawayError("JupyterLab did not start. It said:\n  " + "\n  ".join(said or ["nothing"]))
        try:
            with direct.open(question, timeout=5):
                return
        except urllib.error.HTTPError as error:
            raise CutawayError(f"Something else answers on port {port}; name another with --port.") from error
        except OSError:
            time.sleep(0.1)
    raise CutawayError(f"JupyterLab has not answered for {PATIENCE:.0f} seconds.")


def _end_with_us() -> dict[int, signal.Handlers | int | Callable[[int, FrameType | None], object] | None]:
    """Whoever ends this program by a signal ends JupyterLab too."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    return {number: signal.signal(number, stop) for number in numbers}


def _end(lab: subprocess.Popen[bytes]) -> None:
    """Let it save and end its kernels; after a while, without asking."""
    if lab.poll() is None:
        lab.terminate()
        try:
            lab.wait(15)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            lab.kill()
            lab.wait()
