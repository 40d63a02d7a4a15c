"""The picture as HTML: strips that unfold on a click, without anything from outside, and the same as a table."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from .strips import Drawn
from .style import CSS, MONO, SANS
from .text import Cells

__all__ = ["document", "fragment"]

FRAME = f"""
.cutaway-net figure,figure.cutaway-net{{margin:0;font:13px/20px {SANS};color:var(--ink);background:var(--paper)}}
figure.cutaway-net .strip{{overflow-x:auto}}
figure.cutaway-net section.strip{{border-top:1px solid var(--line2);position:relative}}
figure.cutaway-net section.strip::before{{content:"";position:absolute;left:var(--at,24px);top:-1px;width:0;
 border:7px solid transparent;border-top-color:var(--ink)}}
figure.cutaway-net button{{position:absolute;right:12px;top:6px;font:12px {SANS};color:var(--ink2);background:none;
 border:1px solid var(--line2);border-radius:4px;padding:2px 8px;cursor:pointer}}
figure.cutaway-net details{{border-top:1px solid var(--line);padding:8px 14px;color:var(--ink2)}}
figure.cutaway-net table{{border-collapse:collapse;margin-top:6px;font-size:12px}}
figure.cutaway-net :is(th,td){{text-align:left;padding:1px 16px 1px 0;font-weight:400;white-space:pre;
 border-bottom:1px solid var(--line)}}
figure.cutaway-net thead th{{font-weight:600;color:var(--ink)}}
figure.cutaway-net td{{font-family:{MONO};font-size:11.5px}}
"""

SCRIPT = """(f=>{if(!f)return;
const strip=id=>[...f.querySelectorAll("[data-strip]")].find(s=>s.dataset.strip===id);
const mark=(g,on)=>{g.classList.toggle("on",on);g.setAttribute("aria-expanded",on)};
const fold=host=>host.querySelectorAll("g.on").forEach(g=>{
const s=strip(g.dataset.open);fold(s);s.hidden=true;mark(g,false)});
const unfold=g=>{const host=g.closest("[data-strip]"),on=g.classList.contains("on"),s=strip(g.dataset.open);fold(host);
if(on||!s||s===host)return;
f.querySelectorAll("g.on").forEach(o=>{if(o.dataset.open===g.dataset.open)fold(o.closest("[data-strip]"))});
host.after(s);s.hidden=false;mark(g,true);const b=g.getBoundingClientRect();
s.style.setProperty("--at",b.left+b.width/2-7-s.getBoundingClientRect().left+"px");s.scrollIntoView({block:"nearest"})};
f.querySelectorAll("g[data-open]").forEach(g=>{g.setAttribute("tabindex",0);g.setAttribute("role","button");mark(g,false);
g.setAttribute("aria-label","Look inside "+g.querySelector("title").textContent);g.onclick=()=>unfold(g);
g.onkeydown=e=>{if(e.key==="Enter"||e.key===" "){e.preventDefault();unfold(g)}}});
f.querySelectorAll("button[data-fold]").forEach(b=>b.onclick=()=>{const id=b.closest("[data-strip]").dataset.strip;
const g=[...f.querySelectorAll("g.on")].find(g=>g.dataset.open===id);if(g){unfold(g);g.focus()}});
})(document.getElementById("%s"));"""


def fragment(drawn: Sequence[Drawn], rows: Sequence[Cells], name: str, id: str) -> str:
    """The picture as a piece of a page, for a notebook."""
    opened = {d.id: d for d in drawn}
    parts = []
    for d in opened.values():
        svg = d.strip.svg(d.title, d.told, "group" if len(opened) > 1 else "img", style=False)
        if d.id == "program":
            parts.append(f'<div class="strip" data-strip="program">{svg}</div>')
        else:
            parts.append(
                f'<section class="strip" data-strip="{escape(d.id)}" aria-label="{escape(d.title)}" hidden>{svg}'
                '<button type="button" data-fold>Fold</button></section>'
            )
    body = "".join(
        f'<tr><th scope="row">{escape(_indented(cells[0]))}</th>'
        + "".join(f"<td>{escape(c)}</td>" for c in cells[1:])
        + "</tr>"
        for cells in rows
    )
    table = (
        "<details><summary>The same as a table</summary><table><thead><tr>"
        + "".join(f'<th scope="col">{h}</th>' for h in ("part", "path", "output", "weights"))
        + f"</tr></thead><tbody>{body}</tbody></table></details>"
    )
    script = f"<script>{SCRIPT % id}</script>" if len(opened) > 1 else ""
    return (
        f'<figure class="cutaway-net" id="{id}" aria-label="{escape(name)}"><style>{CSS}{FRAME}</style>'
        f"{''.join(parts)}{table}{script}</figure>"
    )


def document(body: str, title: str) -> str:
    """A page that stands alone."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>body{{margin:0;padding:16px;background:#f4f3ef}}"
        "@media (prefers-color-scheme:dark){body{background:#0e1013}}</style></head>"
        f"<body><main>{body}</main></body></html>\n"
    )


def _indented(name: str) -> str:
    """Blanks instead of the lines of the tree, which a screen reader would spell."""
    return name.translate(str.maketrans("├└│─", "\u00a0\u00a0\u00a0\u00a0"))
