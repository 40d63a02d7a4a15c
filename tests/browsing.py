"""A real browser for tests: the system's Chromium, the studio served to it, and JupyterLab.

Everything here is a context manager that leaves nothing running. `tests/glass/browser/conftest.py` makes fixtures of
them; other folders can do the same.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import pytest
import uvicorn
from playwright.sync_api import Browser, Locator, Page, sync_playwright

import cutaway
from cutaway.glass.studio import Session
from cutaway.glass.studio.server import application, listen

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
QUIETLY = (
    "--no-sandbox",  # as root, in a container
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
TOKEN = "word"


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser. Where there is none the test is skipped, and the test command says so."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("Chromium (to get it, on Debian: sudo apt install chromium)")
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=found, args=[*QUIETLY])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Browser, address: str, size: tuple[int, int] = (1280, 800), dark: bool = False) -> Iterator[Page]:
    """A page in a context of its own. An error in its scripts, or a request to elsewhere, fails the test."""
    viewport = {"width": size[0], "height": size[1]}
    context = browser.new_context(viewport=viewport, color_scheme="dark" if dark else "light", reduced_motion="reduce")
    context.set_default_timeout(20_000)
    page, broken, asked = context.new_page(), [], []
    page.on("pageerror", lambda error: broken.append(error))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    yield page
    context.close()
    assert not broken
    elsewhere = [
        url for url in asked if not url.startswith(("http://127.0.0.1:", "http://localhost:", "data:", "blob:"))
    ]
    assert not elsewhere


@contextmanager
def served(session: Session) -> Iterator[str]:
    """The studio of a session behind a port, in a thread; yields its address."""
    with listen() as found:
        config = uvicorn.Config(application(session, TOKEN), log_level="critical", lifespan="off", ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [found]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{found.getsockname()[1]}/{TOKEN}/"
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def lab(folder: Path) -> Iterator[str]:
    """JupyterLab on a folder, with settings of its own; yields the address that notebooks are opened under."""
    settings = folder / ".lab" / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    quiet = {"fetchNews": "false", "checkForUpdates": False}
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(quiet), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    places = {
        "JUPYTER_CONFIG_DIR": folder / ".lab" / "config",
        "JUPYTER_DATA_DIR": folder / ".lab" / "data",
        "JUPYTER_RUNTIME_DIR": folder / ".lab" / "runtime",
        "IPYTHONDIR": folder / ".lab" / "ipython",
        "JUPYTERLAB_SETTINGS_DIR": folder / ".lab" / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": folder / ".lab" / "workspaces",
        "PYTHONPATH": Path(cutaway.__file__).parents[1],
        "OPENBLAS_NUM_THREADS": "1",
    }
    options = {
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.root_dir": folder,
        "ServerApp.allow_root": True,
        "ServerApp.open_browser": False,
        "IdentityProvider.token": TOKEN,
    }
    command = [sys.executable, "-m", "jupyterlab", *(f"--{name}={value}" for name, value in options.items())]
    surroundings = {**os.environ, **{name: str(place) for name, place in places.items()}}
    log = folder / ".lab" / "log.txt"
    with log.open("wb") as out:
        server = subprocess.Popen(command, env=surroundings, stdout=out, stderr=out, cwd=folder)
        try:
            for _ in range(300):
                if _answers(port) or server.poll() is not None:
                    break
                time.sleep(0.1)
            assert server.poll() is None, log.read_text(encoding="utf-8")
            yield f"http://127.0.0.1:{port}/lab/tree/NOTEBOOK?token={TOKEN}&reset"
        finally:
            server.terminate()
            server.wait(20)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", f"/api?token={TOKEN}")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


class Notebook:
    """A notebook open in JupyterLab: its cells are run by their keys, as a reader runs them."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
        page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()

    def cell(self, number: int) -> Locator:
        """The cell of this number."""
        return self.page.locator(f".jp-Notebook [data-windowed-list-index='{number}']")

    def run(self, number: int) -> None:
        """Run the cell of this number and wait until it is done."""
        prompt = self.cell(number).locator(".jp-InputPrompt")
        before = prompt.inner_text()
        self.start(number)
        for k in range(1, 900):
            time.sleep(0.1)
            now = prompt.inner_text()
            if now != before and re.fullmatch(r"\[\d+\]:", now):
                break
            if k % 30 == 0 and "*" not in now:  # a notebook that has only just opened misses keys
                self.start(number)
        self.page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()

    def start(self, number: int) -> None:
        """Run the cell of this number."""
        self.cell(number).locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")

    def printed(self, number: int) -> str:
        """What a cell has printed."""
        self.run(number)
        return self.cell(number).locator(".jp-OutputArea-output").inner_text()


def write_notebook(file: Path, cells: list[str]) -> None:
    """A notebook out of the sources of its code cells."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(book, file)


def axe(page: Page, within: str = ".cutaway") -> list[Any]:
    """What axe-core finds that is serious or critical."""
    file = Path(__file__).parent / "glass" / "browser" / "node_modules" / "axe-core" / "axe.min.js"
    if not file.exists():
        pytest.skip("axe-core (to get it: npm install --no-package-lock --prefix tests/glass/browser)")
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(file.read_text(encoding="utf-8"))
    found = page.evaluate("(within) => axe.run(within, { resultTypes: ['violations'] })", within)
    grave = [one for one in found["violations"] if one["impact"] in ("serious", "critical")]
    return [(one["id"], [node["html"][:160] for node in one["nodes"][:3]]) for one in grave]
