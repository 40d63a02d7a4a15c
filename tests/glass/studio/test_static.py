"""A recording: one file that holds all it needs, and the numbers of the run."""

from __future__ import annotations

import base64
import gzip
import json
import re

import numpy as np
import pytest

from cutaway.engine.errors import CutawayError
from cutaway.glass import save_html

from ...browsing import chromium
from ...training.worlds import bits_of
from .talking import digits, small


def opened(file):
    """What is told in the file, and the numbers behind it."""
    text = file.read_text(encoding="utf-8")
    packed = re.search(r'id="cutaway-recording">([^<]+)<', text)[1]
    whole = gzip.decompress(base64.b64decode(packed))
    length = int.from_bytes(whole[:4], "little")
    return json.loads(whole[4 : 4 + length]), whole[4 + length :]


def test_it_holds_every_moment_with_the_numbers_of_the_run(tmp_path):
    run = digits()
    run.train(batches=4, progress=False)
    run.step("op")
    before = bits_of(run)
    written = save_html(run, tmp_path / "run.html", batches=(3, 5))
    assert bits_of(run) == before
    assert (written.first, written.stop) == (3, 5) and written.size == written.path.stat().st_size
    assert repr(written).endswith("batches 3 to 4, " + f"{written.size / 1e3:.0f} kB")
    told, blob = opened(written.path)
    steps = run.program.steps
    assert [(b["batch"], len(b["frames"])) for b in told["batches"]] == [
        (3, len(steps) + 2),
        (4, len(steps) + 2),
        (5, 1),
    ]
    other = run.fork().at(4, len(steps) + 1)
    for step in steps:
        record = told["records"][told["batches"][1]["slots"][str(step.output)]]
        place = record["numbers"]
        kept = np.frombuffer(blob, "f", place["size"] // 4, place["at"])
        assert np.array_equal(kept, other.see(step.output).reshape(-1)), step
    assert len(told["batches"][1]["explained"]) == len(steps)
    assert set(told["batches"][1]["why"]) == set(run.program.gradients)
    curve = np.frombuffer(blob, "f", told["curve"]["size"] // 4, told["curve"]["at"]).reshape(-1, 2)
    assert np.allclose(curve[:, 0], run.fork().at(5).losses)


def test_of_large_arrays_the_first_numbers_and_a_picture_are_kept(tmp_path):
    run = digits()
    told, blob = opened(save_html(run, tmp_path / "run.html", batches=1, numbers=100).path)
    record = told["records"][told["batches"][0]["slots"][str(run.program.state["1.weight"])]]
    assert record["numbers"]["size"] == 400 and record["stats"]["size"] == 288
    place = record["overview"]
    picture = np.frombuffer(blob, "f", place["size"] // 4, place["at"])
    assert np.array_equal(picture.reshape(8, 36), run.state["1.weight"])
    assert record["tiles"]["head"]["total"] == 8


def test_the_file_stands_alone(tmp_path):
    file = save_html(small(), tmp_path / "run.html", batches=1).path
    text = file.read_text(encoding="utf-8")
    page = re.sub(r'id="cutaway-recording">[^<]+<', "<", text)
    assert not re.search(r'(src|href)="(?!data:)', page.split("<script")[0])
    assert "default-src 'none'" in page and "connect-src" not in page
    assert [f.name for f in tmp_path.iterdir()] == ["run.html"]  # nothing half-written is left


@pytest.mark.parametrize("batches", [0, -1, 65, (5, 5), (7, 3)])
def test_a_stretch_that_is_none_is_said(tmp_path, batches):
    with pytest.raises(CutawayError, match="how many"):
        save_html(small(), tmp_path / "run.html", batches=batches)
    assert not list(tmp_path.iterdir())


def test_it_plays_in_a_browser_with_no_network(tmp_path):
    run = digits()
    run.train(batches=3, progress=False)
    file = save_html(run, tmp_path / "run.html").path
    with chromium() as browser:
        page = browser.new_context(offline=True).new_page()
        asked, broken = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: broken.append(error))
        page.goto(file.as_uri())
        page.get_by_text("Batch 3", exact=False).first.wait_for()
        for _ in range(3):
            page.keyboard.press("ArrowRight")
        page.get_by_text("step 2 of", exact=False).first.wait_for()
        page.keyboard.press("ArrowLeft")
        page.get_by_text("step 1 of", exact=False).first.wait_for()
    assert not broken and all(url.startswith(("file:", "blob:", "data:")) for url in asked)
