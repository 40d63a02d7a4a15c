"""The page's ES modules in one piece, for a cell of a notebook and for a file that stands alone.

No build step: each module stays as it is written and becomes a blob of its own when the piece is loaded, the ones it
imports first; only the addresses in its import lines are put in then.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

from ...engine.errors import CutawayError

__all__ = ["WEB", "bundle", "style"]

WEB = Path(__file__).parents[1] / "web"
_IMPORT = re.compile(r'^((?:import|export)\b[^;"\']*?\bfrom\s*|import\s*)"\./([\w-]+\.js)"', re.MULTILINE)
_LOADER = """\
const sources = {sources};
const at = {{}};
for (const [name, parts] of Object.entries(sources)) {{
  const text = parts.map((part, k) => (k % 2 ? JSON.stringify(at[part]) : part)).join("");
  at[name] = URL.createObjectURL(new Blob([text], {{ type: "text/javascript" }}));
}}
const load = (name) => import(at[name]);
"""


def parts(text: str) -> list[str]:
    r"""A module cut at the addresses of its imports: text, name, text, name, ..., text.

    >>> parts('import { a } from "./b.js";  // b\n')
    ['import { a } from ', 'b.js', ';  // b\n']
    """
    found, end = [], 0
    for match in _IMPORT.finditer(text):
        found += [text[end : match.end(1)], match[2]]
        end = match.end()
    return [*found, text[end:]]


@cache
def _sources(entries: tuple[str, ...]) -> dict[str, list[str]]:
    """The modules that these need, each behind those that it imports."""
    done: dict[str, list[str]] = {}

    def visit(name: str, way: tuple[str, ...]) -> None:
        if name in done:
            return
        if name in way:
            raise CutawayError(f"The modules of the page import each other in a circle: {' -> '.join((*way, name))}.")
        cut = parts((WEB / name).read_text(encoding="utf-8"))
        for wanted in cut[1::2]:
            visit(wanted, (*way, name))
        done[name] = cut

    for entry in entries:
        visit(entry, ())
    return done


def bundle(*entries: str) -> str:
    """JavaScript that defines ``load(name)``, a promise of the module of that name; it needs no other file.

    >>> "createObjectURL" in bundle("link.js")
    True
    """
    text = json.dumps(_sources(entries), ensure_ascii=False)
    return _LOADER.format(sources=text.replace("</", "<\\/").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))


def style() -> str:
    """The style sheet of the page."""
    return (WEB / "studio.css").read_text(encoding="utf-8")
