"""Make docs/digits.svg, the picture in the README: python docs/make_picture.py

It is what `cutaway run digits` prints when the trained network that comes with Cutaway is looked at, as rich draws it.
"""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI

from cutaway import data
from cutaway.cli import screen
from cutaway.projects import digits

# Rich's own frame names a font on the web; this one takes whatever the reader has.
FRAME = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {terminal_width} {terminal_height}" role="img"
 aria-label="Three digits that the network misread, drawn in a terminal, and its score">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
 font-size: {char_height}px; line-height: {line_height}px; white-space: pre }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}</defs>
<rect width="100%" height="100%" rx="8" fill="#0c0c0c"/>
<g transform="translate(9, 9)" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g></g></svg>
"""


def main() -> None:
    """Draw and write."""
    out = Console(
        record=True, width=80, file=io.StringIO(), force_terminal=True, color_system="truecolor", highlight=False
    )
    held_out = data.load("digits").test
    found = digits.report(digits.reader(), held_out)
    out.print("[bold]$ cutaway run digits[/]\n")
    out.print(f"Of the 2,000 held-out digits it misreads {len(found.mistakes)}. These it was surest about:\n")
    shown = found.mistakes[:3]
    captions = [(f"says {m.said} ({100 * m.share:.0f} %)", f"it is {m.truth}") for m in shown]
    for line in screen.row_of_pictures(out, [m.picture[1:27, 3:25] for m in shown], captions, gap=6):
        out.print(line)
    out.print(f"\nheld-out accuracy: {100 * found.accuracy:.2f} %", style="bold green")
    out.print()
    svg = out.export_svg(theme=MONOKAI, code_format=FRAME, unique_id="digits")
    Path(__file__).with_name("digits.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
