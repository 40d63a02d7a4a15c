"""The studio in a cell of a notebook."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import cutaway
from cutaway import glass
from cutaway.engine.errors import CutawayError
from cutaway.glass.studio import modules

from .talking import small

CELLS = [
    "import numpy as np, cutaway as ct\n"
    "from cutaway import nn, optim\n"
    'x = np.random.default_rng(0).normal(size=(24, 3)).astype("f")\n'
    "run = ct.Run(nn.Linear(3, 1), nn.MSELoss(), optim.SGD(0.1), (x, x[:, :1]), batch_size=8)\n"
    "studio = run.studio()\n"
    "studio",
    "sent = []\n"
    "studio.send = lambda head, parts=None: sent.append(head)\n"
    "say = lambda **command: studio._handle_custom_msg({'client': 'page', **command}, [])\n"
    "say(cmd='hello')\n"
    "say(cmd='play')\n"
    "say(cmd='tick', turn=sent[-1]['turn'], ms=20)\n"
    "print(run.batch > 0, sent[-1]['pull'], type(studio).__name__)",
    "say(cmd='pause')\nsent.clear()\nrun.step('op')",
    "print([(head['kind'], head['op']) for head in sent])",
]


def test_in_a_notebook_it_is_shown_answers_and_follows_other_cells(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(cutaway.__file__).parents[1]))
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    NotebookClient(book, timeout=60, kernel_name="python3", resources={"metadata": {"path": "."}}).execute()
    first, second, _, last = book.cells
    shown = [output.data for output in first.outputs if "data" in output]
    assert any("application/vnd.jupyter.widget-view+json" in data for data in shown)
    assert second.outputs[0].text.split() == ["True", "True", "Studio"]
    assert last.outputs[0].text.strip() == "[('frame', 1)]"


def test_the_modules_travel_in_one_piece_each_behind_those_it_needs():
    studio = glass.Studio(small())
    text = studio._esm
    assert studio.host == "notebook" and ".cutaway" in studio._css
    order = re.findall(r'"([\w-]+\.js)": \[', text)
    assert order[-1] == "studio.js" and len(order) == len(set(order)) > 5
    for name in order:
        for needed in modules.parts((modules.WEB / name).read_text(encoding="utf-8"))[1::2]:
            assert order.index(needed) < order.index(name)
    assert "export default (await load" in text


def test_modules_that_import_each_other_in_a_circle_are_named(tmp_path, monkeypatch):
    (tmp_path / "a.js").write_text('import { b } from "./b.js";\nexport const a = 1;\n', encoding="utf-8")
    (tmp_path / "b.js").write_text('// @import {A} from "./a.js"\nimport "./a.js";\n', encoding="utf-8")
    monkeypatch.setattr(modules, "WEB", tmp_path)
    modules._sources.cache_clear()
    with pytest.raises(CutawayError, match=r"a\.js -> b\.js -> a\.js"):
        modules.bundle("a.js")
    modules._sources.cache_clear()
