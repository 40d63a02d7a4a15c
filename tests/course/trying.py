"""Runs the cells of a chapter, and at the place of every exercise its blank, its solution and every known mistake.

`python trying.py 4` prints what went otherwise than it should, as a list of sentences in JSON. Each answer is tried in
a process forked at that place: it finds the variables of a reader who has come so far, and leaves no trace.
"""

from __future__ import annotations

import ast
import io
import json
import os
import re
import sys
import warnings
from contextlib import redirect_stdout

import matplotlib
from IPython.display import display

from cutaway.course import reading
from cutaway.course.chapters import chapter
from cutaway.course.checking import exercises
from cutaway.course.exercise import Verdict

matplotlib.use("agg")
CALL = re.compile(r"""\bcheck\(\s*["'](\d+\.\d+)["']""")


def value(code, names):
    """Run a cell as a notebook does: the value of its last line, if that is an expression."""
    tree = ast.parse(code)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    with redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(tree, "<cell>", "exec"), names)
        if last is None:
            return None
        found = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)
        for form in ("_repr_html_", "__repr__"):  # a notebook would show it
            if found is not None and hasattr(found, form):
                getattr(found, form)()
        return found


def tried(code, names):
    """The kind and name of the verdict on this cell, or what went wrong."""
    try:
        said = value(code, names)
    except Exception as error:
        return [f"stopped with {type(error).__name__}: {error}", ""]
    return [said.kind, said.name] if isinstance(said, Verdict) else ["no verdict: the last line is no check", ""]


def apart(code, names):
    """The same, in a process that is forked here and ends there (where nothing forks: in this one, names put back)."""
    if not hasattr(os, "fork"):
        before = dict(names)
        said = tried(code, names)
        names.clear()
        names.update(before)
        return said
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(into, json.dumps(tried(code, names)).encode())
        finally:
            os._exit(0)
    os.close(into)
    with os.fdopen(out) as told:
        said = told.read()
    os.waitpid(child, 0)
    return json.loads(said) if said else ["ended Python", ""]


def problems(number):
    there, met = exercises(number), []
    names = {"__name__": "__main__", "display": display}
    told = []

    def expect(what, code, kind, name=""):
        said = apart(code, names)
        if said != [kind, name]:
            told.append(f"{what}: wanted {kind} {name}, got {' '.join(said)}")

    for cell in reading.read(chapter(number).path)["cells"]:
        if cell["cell_type"] != "code":
            continue
        for found in CALL.findall(cell["source"]):
            met.append(found)
            if found not in there:
                told.append(f"the chapter checks {found}, which is no exercise")
                continue
            one = there[found]
            expect(f"{found} blank", cell["source"], "blank")
            expect(f"{found} solution", one.solution, "right")
            for wrong in one.mistakes:
                expect(f"{found} {wrong.name!r}", wrong.cell(one.solution), "mistake", wrong.name)
        value(cell["source"], names)
    if met != list(there):
        told.append(f"the chapter checks {met}, and the exercises are {list(there)}")
    return told


def refuse_to_write_here(event, words):
    """A class's notebooks run beside each other in one folder, which may be for reading only: none may write there."""
    if event != "open" or not isinstance(words[0], str | bytes | os.PathLike):
        return
    path, _, flags = words
    if flags & (os.O_WRONLY | os.O_RDWR) and os.path.dirname(os.path.abspath(os.fsdecode(path))) == HERE:
        raise PermissionError(f"a cell writes {path} into the folder of the notebook")


HERE = os.getcwd()

if __name__ == "__main__":
    sys.addaudithook(refuse_to_write_here)
    print(json.dumps(problems(int(sys.argv[1]))))
