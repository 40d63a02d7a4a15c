"""`cutaway open RUN`."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner

from cutaway.cli import app
from cutaway.glass.studio.wire import pack, unpack
from cutaway.projects import digits

SRC = Path(__file__).resolve().parents[2] / "src"


@pytest.fixture
def saved(tmp_path):
    """A saved run whose data comes with Cutaway."""
    run = digits.new_run(digits.Recipe(epochs=1))
    run.save(tmp_path / "run")
    return tmp_path / "run"


def test_it_serves_the_run_until_ctrl_c_and_leaves_the_file_alone(saved):
    before = {file: file.read_bytes() for file in saved.iterdir()}
    process = subprocess.Popen(
        [sys.executable, "-m", "cutaway", "open", str(saved), "--no-browser"],
        env={**os.environ, "PYTHONPATH": str(SRC), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        lines = [process.stdout.readline() for _ in range(3)]
        address = re.search(r"http://127\.0\.0\.1:\d+/\S{20,}/", "".join(lines))[0]
        assert lines[0].startswith("Run digits: 0 batches done")
        assert b"studio" in urllib.request.urlopen(address).read().lower()
        body = pack([({"cmd": "hello"}, []), ({"cmd": "step", "unit": "op"}, [])])
        told = unpack(urllib.request.urlopen(urllib.request.Request(address + "message", body)).read())
        assert told[0][0]["board"]["shape"] == [28, 28] and told[-1][0]["op"] == 1
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(address.rsplit("/", 2)[0] + "/")
    finally:
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=20)
    assert process.returncode == 0 and "as it was" in rest
    assert {file: file.read_bytes() for file in saved.iterdir()} == before


def test_what_is_no_saved_run_is_said(tmp_path):
    told = CliRunner().invoke(app, ["open", str(tmp_path)])
    assert told.exit_code == 1 and "no saved run" in told.output and "Traceback" not in told.output


def test_without_its_extra_the_sentence_says_what_to_install(saved, monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    told = CliRunner().invoke(app, ["open", str(saved)])
    assert told.exit_code == 1 and "-m pip install starlette uvicorn" in told.output
