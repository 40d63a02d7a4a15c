"""Writes docs/reference/ from the docstrings: a page for every family of operations and layers.

`python docs/make_reference.py` writes the pages; with --check it says which are out of date, and fails if any is.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import cutaway.engine.ops
import cutaway.nn
import cutaway.optim
from cutaway.engine import Op

PAGES = Path(__file__).parent / "reference"
ROOMS = {"operations": cutaway.engine.ops, "layers": cutaway.nn, "optimizers": cutaway.optim}


def pages() -> dict[str, str]:
    """File name -> text."""
    made: dict[str, str] = {}
    index = ["# Reference", "", "Made from the docstrings by `docs/make_reference.py`.", ""]
    for title, room in ROOMS.items():
        index += [f"## {title.capitalize()}", ""]
        for info in sorted(pkgutil.iter_modules(room.__path__), key=lambda m: m.name):
            module = importlib.import_module(f"{room.__name__}.{info.name}")
            things = public(module, room)
            if things:
                name = f"{title}-{info.name}.md"
                made[name] = page(module, things)
                listed = ", ".join(f"`{known}`" for known, _ in things)
                index.append(f"- [{info.name}]({name}): {listed}")
        index.append("")
    made["index.md"] = "\n".join(index)
    return made


def public(module: ModuleType, room: ModuleType) -> list[tuple[str, Any]]:
    """What users call, in the order of the file."""
    things = []
    for name, thing in vars(module).items():
        if name not in room.__all__:
            continue
        kind = type(thing) if isinstance(thing, Op) else thing
        if getattr(kind, "__module__", None) == module.__name__:
            things.append((name, thing))
    return things


def page(module: ModuleType, things: list[tuple[str, Any]]) -> str:
    """One family."""
    family = module.__name__.rpartition(".")[2]
    lines = [f"# {family.capitalize()}", "", prose(inspect.cleandoc(module.__doc__ or "")), ""]
    for name, thing in things:
        lines += operation(name, thing) if isinstance(thing, Op) else layer(name, thing)
    return "\n".join(lines).rstrip() + "\n"


def operation(name: str, op: Op) -> list[str]:
    """An operation by its story."""
    story = op.story
    lines = [
        f"## `ops.{name}{signature(op.forward)}`",
        "",
        prose(story.analogy),
        "",
        "```text",
        story.formula,
        "```",
        "",
    ]
    lines += ["| part | what it means |", "|---|---|"]
    lines += [f"| `{part}` | {cell(meaning)} |" for part, meaning in story.parts.items()]
    lines += ["", *([prose(story.use), ""] if story.use else []), *([prose(story.notes), ""] if story.notes else [])]
    felt = "its gradient is made of operations" if type(op).backward is not Op.backward else "no gradient flows"
    opened = "; the step can be opened" if op.written is not None else ""
    torch = f"In PyTorch: `{op.torch}`; here " if op.torch else "PyTorch has no name for it; here "
    return [*lines, f"{torch}{felt}{opened}.", "", *example(op.__doc__)]


def layer(name: str, kind: type) -> list[str]:
    """A layer or optimizer by its docstring."""
    told = inspect.cleandoc(kind.__doc__ or "").partition("\n>>>")[0].strip()
    first, _, rest = told.partition("\n\n")
    formula, _, rest = rest.partition("\n\n")
    lines = [f"## `{name}{signature(kind)}`", "", prose(first), ""]
    if formula:
        lines += ["```text", formula, "```", ""]
    if rest:
        lines += ["```text", rest, "```", ""]
    return [*lines, *example(kind.__doc__)]


def example(docstring: str | None) -> list[str]:
    """The doctest, as it is."""
    told = inspect.cleandoc(docstring or "")
    start = told.find(">>>")
    return ["```python", told[start:].rstrip(), "```", ""] if start >= 0 else []


def signature(thing: Any) -> str:
    """The arguments and their usual values, without types; nothing for errors and the like."""
    try:
        known = inspect.signature(thing)
    except ValueError:
        return ""
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in known.parameters.values()]
    return str(known.replace(parameters=bare, return_annotation=inspect.Signature.empty))


def prose(text: str) -> str:
    """Text for Markdown."""
    return text.replace("<", "&lt;")


def cell(text: str) -> str:
    """Text for a cell of a table."""
    return prose(text).replace("|", "\\|")


def main() -> int:
    """Write, or check."""
    made = pages()
    if "--check" in sys.argv[1:]:
        there = {path.name: path.read_text(encoding="utf-8") for path in PAGES.glob("*.md")}
        old = sorted(name for name in {*made, *there} if made.get(name) != there.get(name))
        if old:
            print(f"out of date: {', '.join(old)}; run .venv/bin/python docs/make_reference.py")
        return bool(old)
    PAGES.mkdir(exist_ok=True)
    for gone in set(PAGES.glob("*.md")) - {PAGES / name for name in made}:
        gone.unlink()
    for name, text in made.items():
        (PAGES / name).write_text(text, encoding="utf-8", newline="\n")
    print(f"{len(made)} pages in {PAGES}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
