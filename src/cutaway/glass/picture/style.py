"""The look of every picture: ink on paper, light and dark from the same names; hue belongs to numbers alone."""

from __future__ import annotations

from html import escape

from .scale import STOPS

__all__ = ["CSS", "mono", "sans", "short", "text"]


def _stops(theme: str) -> str:
    return ";".join(f"--v{k}:#{stop}" for k, stop in enumerate(STOPS[theme].split()))


LIGHT = (
    "--paper:#fdfdfb;--sunk:#f0efea;--ink:#17191c;--ink2:#4b4f55;--ink3:#666a70;--line:#e2e0d9;--line2:#b9b6ad;"
    "--alarm:#7b1fa2;" + _stops("light")
)
DARK = (
    "--paper:#15181c;--sunk:#1c2025;--ink:#eceef0;--ink2:#b4bac1;--ink3:#929aa3;--line:#272b31;--line2:#4c525a;"
    "--alarm:#d7a1f2;" + _stops("dark")
)
SANS = (
    "Inter,'Adwaita Sans','Segoe UI',-apple-system,Cantarell,Roboto,'Noto Sans','Liberation Sans',system-ui,sans-serif"
)
MONO = "ui-monospace,'SF Mono','Cascadia Mono','DejaVu Sans Mono',monospace"
_DARK_HOSTS = "[data-theme=dark] .cutaway-net,[data-jp-theme-light=false] .cutaway-net"
_LIGHT_HOSTS = "[data-theme=light] .cutaway-net,[data-jp-theme-light=true] .cutaway-net"

_COLOURS = "".join(f".cutaway-net .v{k}{{fill:var(--v{k})}}.cutaway-net .w{k}{{stroke:var(--v{k})}}" for k in range(9))
_COLOURS += ".cutaway-net .v9{fill:var(--alarm)}.cutaway-net .w9{stroke:var(--alarm)}"

CSS = f"""
.cutaway-net{{{LIGHT}}}
@media (prefers-color-scheme:dark){{.cutaway-net{{{DARK}}}}}
{_DARK_HOSTS}{{{DARK}}}
{_LIGHT_HOSTS}{{{LIGHT}}}
.cutaway-net .da{{display:none}}
@media (prefers-color-scheme:dark){{.cutaway-net .li{{display:none}}.cutaway-net .da{{display:inline}}}}
:is({_DARK_HOSTS}) .li,:is({_LIGHT_HOSTS}) .da{{display:none}}
:is({_DARK_HOSTS}) .da,:is({_LIGHT_HOSTS}) .li{{display:inline}}
.cutaway-net svg text,svg.cutaway-net text{{font:11px {SANS};fill:var(--ink2)}}
.cutaway-net .m{{font-family:{MONO}!important;font-variant-numeric:tabular-nums}}
.cutaway-net .t{{font-size:12.5px!important;font-weight:600;fill:var(--ink)!important}}
.cutaway-net .h{{font-size:13px!important;font-weight:600;fill:var(--ink)!important}}
.cutaway-net .f{{fill:var(--ink3)!important}}
.cutaway-net .c{{text-anchor:middle}} .cutaway-net .e{{text-anchor:end}}
.cutaway-net .ground{{fill:var(--paper)}}
.cutaway-net .box{{fill:var(--paper);stroke:var(--line2)}}
.cutaway-net .firm{{stroke:var(--ink)}}
.cutaway-net .well{{fill:var(--sunk);stroke:var(--line)}}
.cutaway-net .hollow{{fill:none;stroke:var(--line2);stroke-dasharray:3 3}}
.cutaway-net .road{{fill:none;stroke:var(--ink3);stroke-width:1.2}}
.cutaway-net .come{{fill:none;stroke:var(--ink3);stroke-width:1.2;stroke-dasharray:4 3}}
.cutaway-net .thin{{fill:none;stroke:var(--line2);stroke-width:1}}
.cutaway-net .dot{{fill:var(--ink3)}}
.cutaway-net .wire{{fill:none}} .cutaway-net .unit{{stroke:var(--line2)}}
{_COLOURS}
.cutaway-net .node[data-open]{{cursor:pointer}}
.cutaway-net .node.on .box{{fill:var(--ink);stroke:var(--ink)}}
.cutaway-net .node.on text:not(.p){{fill:var(--paper)!important}}
.cutaway-net .node:focus-visible{{outline:2px solid var(--ink);outline-offset:2px}}
.cutaway-net image{{image-rendering:pixelated}}
"""


def mono(s: str, size: float = 11.0) -> float:
    """About how wide a text in the monospace is."""
    return len(s) * size * 0.605


def sans(s: str, size: float = 12.5) -> float:
    """About how wide a text in the bold sans is."""
    return sum(
        size * (0.31 if c in "iljtfr.,: 1" else 0.78 if c in "mwMW%" else 0.7 if c.isupper() else 0.6) for c in s
    )


def short(s: str, most: int) -> str:
    """A name that fits: the middle is left out, since names differ at their ends.

    >>> short("encoder.layers.0.self_attn", 13)
    'encode…f_attn'
    """
    return s if len(s) <= most else s[: (most - 1) // 2] + "…" + s[len(s) - most // 2 :]


def text(x: float, y: float, s: str, kind: str = "") -> str:
    """A line of text; kind: m monospace, t title, f faint, c centred, e ending at x."""
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}">{escape(s)}</text>'
