"""Builds the site: `python docs/build.py` writes build/site/html, and every warning of Sphinx is an error.

The chapters and how-to pages are executed first (once for one state of the source, shared with the tests, see
tools/executed.py); the glossary, the list of chapters and the replays are made; MathJax comes from a package. The site
asks nothing of other machines: `foreign` finds what would, and the build fails if there is any.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import re
import shutil
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

from executed import executed  # noqa: E402

import cutaway as ct  # noqa: E402
from cutaway import nn  # noqa: E402
from cutaway.course.chapters import chapters  # noqa: E402
from cutaway.course.words import words  # noqa: E402

DOCS = ROOT / "docs"
ADDRESS = re.compile(r"^\s*(?:https?:)?//", re.IGNORECASE)
FRAME = """<iframe src="{address}" title="{title}"
        loading="lazy" style="width: 100%; height: 46rem; border: 1px solid #8884;"></iframe>
<p><a href="{address}">Open it on a page of its own.</a></p>"""
TITLE = "Two batches of a network learning to read digits, replayed in the studio"
REPLAY = f"```{{raw}} html\n{FRAME.format(address='_static/replay.html', title=TITLE)}\n```"
IN_STYLES = re.compile(r"""(?:url\(|@import)\s*["']?\s*((?:https?:)?//[^"')\s]+)""", re.IGNORECASE)


def main() -> int:
    """Build into build/site, or where --to says."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--to", type=Path, default=ROOT / "build" / "site")
    to = parser.parse_args().to
    build(to)
    print(f"The site is in {to / 'html'}.")
    return 0


def build(to: Path) -> Path:
    """Put the sources together in to/source, and let Sphinx write to/html; return that folder."""
    from sphinx.cmd.build import build_main

    source, html = to / "source", to / "html"
    for folder in (source, html):
        shutil.rmtree(folder, ignore_errors=True)
    put_together(source)
    if status := build_main(["-q", "-W", "--keep-going", "-b", "html", str(source), str(html)]):
        raise SystemExit(status)
    if asked := foreign(html):
        raise SystemExit("The site would ask other machines for:\n  " + "\n  ".join(asked))
    return html


def put_together(source: Path) -> None:
    """Everything that Sphinx reads, in one folder."""
    (source / "_static").mkdir(parents=True)
    shutil.copy(DOCS / "conf.py", source)
    shutil.copy(DOCS / "site.css", source / "_static")
    for page in DOCS.glob("*.md"):
        text = re.sub(r"\]\((howto/\w+)\.md\)", r"](\1.ipynb)", page.read_text(encoding="utf-8"))  # executed by then
        (source / page.name).write_text(text.replace("{{ replay }}", REPLAY), encoding="utf-8")
    shutil.copytree(DOCS / "reference", source / "reference")
    shutil.copytree(DOCS / "shots", source / "shots")
    for name in ("howto", "course"):
        (source / name).mkdir()
    for page in sorted((DOCS / "howto").glob("*.md")):
        write_notebook(executed(page), source / "howto" / f"{page.stem}.ipynb")
    for chapter in chapters().values():
        notebook = executed(chapter.path)
        replay_studio(notebook, source / "_static" / f"{chapter.path.stem}.html")
        write_notebook(notebook, source / "course" / chapter.file_name)
    (source / "course" / "index.md").write_text(contents(), encoding="utf-8")
    (source / "glossary.md").write_text(glossary(), encoding="utf-8")
    write_reference_tree(source / "reference")
    replay(source / "_static" / "replay.html")


def write_notebook(notebook: dict[str, Any], path: Path) -> None:
    """An executed notebook for the site."""
    path.write_text(json.dumps(notebook), encoding="utf-8")


def contents() -> str:
    """The list of the chapters."""
    pages = "\n".join(one.path.stem for one in chapters().values())
    return (
        "# The course\n\nEach chapter is a notebook. Here you can read it with all that it prints and draws; to run it "
        "and answer its exercises, type `cutaway learn` and the number of the chapter.\n\n"
        f"```{{toctree}}\n:maxdepth: 2\n\n{pages}\n```\n"
    )


def glossary() -> str:
    """Every word of the course, the beginner's and the trade's side by side."""
    lines = [
        "# Glossary",
        "",
        "The left column has the words of the course, the next one what the trade says for the same thing.",
        "",
        "| the course says | the trade says | what it means | chapter |",
        "|---|---|---|---|",
    ]
    for one in sorted(words(), key=lambda word: word.say.lower()):
        cells = (f"**{one.say}**", one.trade or "the same", one.means, str(one.chapter))
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(lines) + "\n"


def write_reference_tree(folder: Path) -> None:
    """The pages of the reference belong to the tree of the site, behind the list that its index already is."""
    pages = "\n".join(sorted(page.stem for page in folder.glob("*.md") if page.stem != "index"))
    index = folder / "index.md"
    index.write_text(
        f"{index.read_text(encoding='utf-8')}\n```{{toctree}}\n:hidden:\n\n{pages}\n```\n", encoding="utf-8"
    )


def replay(path: Path) -> None:
    """A short training run in one file, for the page that shows it."""
    digits = ct.data.load("digits")
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 12), nn.ReLU(), nn.Linear(12, 10))
    run = ct.Run(net, nn.CrossEntropyLoss(), ct.optim.SGD(alpha=0.1), data=digits.train[:640], batch_size=8)
    run.train(batches=60, progress=False)
    ct.glass.save_html(run, path, batches=2)


def replay_studio(notebook: dict[str, Any], path: Path) -> None:
    """Where a chapter opens the studio on its run, the site, which has no kernel, replays that run's first batches."""
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    sources = ["".join(cell["source"]) for cell in cells]
    here = next((k for k, source in enumerate(sources) if "ct.glass.Studio(" in source), None)
    if here is None:
        return
    known: dict[str, Any] = {"__name__": "__main__"}
    with contextlib.redirect_stdout(io.StringIO()):
        for source in sources[: here + 1]:
            exec(compile(source, path.stem, "exec"), known)
    ct.glass.save_html(known["run"], path, batches=(0, 6))
    title = "The first six batches of this run, replayed in the studio"
    html = FRAME.format(address=f"../_static/{path.name}", title=title)
    cells[here]["outputs"] = [{"output_type": "display_data", "metadata": {}, "data": {"text/html": html}}]


class Requests(HTMLParser):
    """What a browser fetches by itself when it shows a page (a link waits until somebody clicks on it)."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, pairs: list[tuple[str, str | None]]) -> None:
        """Scripts, pictures, frames, style sheets and the like."""
        told = {name: value or "" for name, value in pairs}
        fetched = [told.get(name, "") for name in ("src", "srcset", "poster", "data", "xlink:href")]
        if tag in ("link", "use", "image"):
            fetched.append(told.get("href", ""))
        self.found += [one for one in fetched if ADDRESS.match(one)]
        self.found += IN_STYLES.findall(told.get("style", ""))

    def handle_data(self, data: str) -> None:
        """Style sheets that stand in the page."""
        if self.cdata_elem == "style":
            self.found += IN_STYLES.findall(data)


def foreign(html: Path) -> list[str]:
    """Every request to another machine in the pages and style sheets below this folder."""
    asked = []
    for page in sorted(html.rglob("*.html")):
        requests = Requests()
        requests.feed(page.read_text(encoding="utf-8"))
        asked += [f"{page.relative_to(html)}: {one}" for one in requests.found]
    for sheet in sorted(html.rglob("*.css")):
        asked += [f"{sheet.relative_to(html)}: {one}" for one in IN_STYLES.findall(sheet.read_text(encoding="utf-8"))]
    return asked


if __name__ == "__main__":
    sys.exit(main())
