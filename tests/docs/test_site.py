"""The site: it builds without a warning, holds everything, and asks nothing of other machines."""

from __future__ import annotations

import functools
import http.server
import importlib.util
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from cutaway.course.chapters import chapters
from cutaway.course.words import words

from ..browsing import chromium, opened

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    to = tmp_path_factory.mktemp("site")
    command = [sys.executable, str(ROOT / "docs" / "build.py"), "--to", str(to)]
    ran = subprocess.run(command, cwd=to, capture_output=True, encoding="utf-8", check=False)
    assert ran.returncode == 0, ran.stderr[-4000:]
    return to / "html"


@pytest.fixture(scope="module")
def address(site):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_chapters_stand_there_with_what_their_cells_print_and_without_what_checks_our_prose(site):
    for one in chapters().values():
        page = (site / "course" / f"{one.path.stem}.html").read_text(encoding="utf-8")
        assert one.title.split(":")[0] in page
        assert "cell_output" in page and 'class="ct"' in page and "prose-claims" not in page
    assert (site / "reference" / "layers-linear.html").exists()
    replayed = (site / "course" / "04_gradient_descent.html").read_text(encoding="utf-8")
    assert 'src="../_static/04_gradient_descent.html"' in replayed
    assert "same weights to the bit: True" in (site / "howto" / "save_and_go_on.html").read_text(encoding="utf-8")


def test_the_glossary_has_both_words_of_every_entry(site):
    page = (site / "glossary.html").read_text(encoding="utf-8")
    for one in words():
        assert f"<strong>{one.say}</strong>" in page and one.trade in page


def test_in_a_browser_every_request_stays_on_the_site_and_formulas_are_set(site, address):
    asked, failed = [], []
    with chromium() as browser, opened(browser, f"{address}course/{chapters()[4].path.stem}.html") as page:
        page.locator("mjx-container").first.wait_for()
        page.locator("iframe").scroll_into_view_if_needed()  # the studio of chapter 4, replayed
        page.frame_locator("iframe").get_by_text("between two batches").wait_for()
        page.on("request", lambda one: asked.append(one.url))
        page.on("response", lambda one: failed.append(one.url) if one.status >= 400 else None)
        page.goto(f"{address}replay.html")
        page.frame_locator("iframe").get_by_text("what comes next").wait_for()
        page.goto(f"{address}howto/pause_and_look.html")
        page.locator(".cell_output svg").first.wait_for()
    elsewhere = [url for url in asked if not url.startswith((address, "data:", "blob:"))]
    assert len(asked) > 20 and elsewhere == [] and failed == []


def test_what_would_ask_another_machine_is_found(tmp_path):
    spec = importlib.util.spec_from_file_location("build_site", ROOT / "docs" / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "page.html").write_text(
        '<script src="https://cdn.org/a.js"></script><link rel="stylesheet" href="//cdn.org/b.css">'
        '<img src="pictures/c.png"><a href="https://else.org">a link waits</a><style>@import "https://cdn.org/d.css";</style>'
        '<p style="background: url(https://cdn.org/e.png)">',
        encoding="utf-8",
    )
    (tmp_path / "f.css").write_text("a { background: url('http://cdn.org/g.png') }", encoding="utf-8")
    found = [one.rpartition("/")[2] for one in module.foreign(tmp_path)]
    assert found == ["a.js", "b.css", "d.css", "e.png", "g.png"]
