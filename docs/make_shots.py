"""The pictures of the studio in the README: docs/shots/*.png, each a few tens of kB.

Rerun: python docs/make_shots.py    (needs what the tests need: Chromium, playwright, JupyterLab)
"""

from __future__ import annotations

import importlib
import io
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from safetensors.numpy import load_file

import cutaway as ct
from cutaway import nn
from cutaway.glass.studio import Session
from cutaway.projects.digits import new_run, use

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))  # the browser of the tests
browsing = importlib.import_module("browsing")

COLOURS = 250
THREE = [
    (0.3, 0.25),
    (0.5, 0.18),
    (0.68, 0.28),
    (0.6, 0.42),
    (0.45, 0.5),
    (0.62, 0.56),
    (0.7, 0.7),
    (0.5, 0.82),
    (0.3, 0.75),
]
CELL = """import cutaway as ct
from cutaway import nn

digits = ct.data.load("digits")
net = nn.Sequential(nn.Flatten(), nn.Linear(784, 16), nn.ReLU(), nn.Linear(16, 10))
run = ct.Run(net, nn.CrossEntropyLoss(), ct.optim.SGD(0.1, momentum=0.9), data=digits.train, batch_size=32)
run.train(batches=300, progress=False)
run.studio()"""


def main() -> None:
    """Take all of them."""
    (HERE / "shots").mkdir(exist_ok=True)
    with browsing.chromium() as browser:
        step(browser)
        board(browser)
        sight(browser)
        notebook(browser)


def keep(page: Any, name: str, **how: Any) -> None:
    """A picture of the page in few colours, which is all it has."""
    page.wait_for_timeout(1200)
    image = (
        Image.open(io.BytesIO(page.screenshot(**how)))
        .convert("RGB")
        .quantize(COLOURS, kmeans=2, dither=Image.Dither.NONE)
    )
    file = HERE / "shots" / f"{name}.png"
    image.save(file, optimize=True)
    print(f"{file.name}: {file.stat().st_size / 1000:.0f} kB")


def step(browser: Any) -> None:
    """The training step of a small network, its two branches, in light and dark."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 10))
    optimizer = ct.optim.SGD(0.05, momentum=0.9, weight_decay=1e-4)
    data = ct.data.load("digits").train
    run = ct.Run(net, nn.CrossEntropyLoss(), optimizer, data, batch_size=32, name="digits")
    run.train(batches=420, progress=False)
    session = Session(run)
    run.at(300)

    def say(**command: Any) -> list[Any]:
        return session.handle({"client": "script", **command})

    def go(batch: int) -> None:
        frame = say(cmd="at", batch=batch)[-1][0]
        while frame["pull"]:
            frame = say(cmd="tick", turn=frame["turn"], ms=1000)[-1][0]

    say(cmd="fork")
    say(cmd="edit", what={"name": "alpha"}, value=0.25)
    go(420)
    say(cmd="branch", select=0)
    go(420)
    with browsing.served(session) as home, browsing.opened(browser, home) as page:
        page.locator(".where b").wait_for()
        go(319)
        last = max(k for k, s in enumerate(run.program.steps) if s.output == run.program.gradients["1.weight"])
        say(cmd="at", batch=319, op=last + 2)
        page.wait_for_timeout(1500)
        keep(page, "studio")
        page.get_by_role("button", name="Dark theme").click()
        keep(page, "studio-dark")


def reader() -> ct.Run:
    """A run whose weights are those that come with the package."""
    run = new_run()
    for name, array in load_file(use.SHIPPED).items():
        run.edit(name, None, array)
    return run


def board(browser: Any) -> None:
    """A three drawn with the mouse, and the vote for it."""
    with browsing.served(Session(reader())) as home, browsing.opened(browser, home) as page:
        page.get_by_role("tab", name="Drawing board").click()
        pad = page.locator(".pad").bounding_box()
        places = [(pad["x"] + x * pad["width"], pad["y"] + y * pad["height"]) for x, y in THREE]
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place, steps=6)
        page.mouse.up()
        page.locator(".verdict").wait_for()
        page.get_by_role("button", name="vote for 3").click()
        keep(page, "board")


def sight(browser: Any) -> None:
    """What the network sees in a picture, and what excites one of its units."""
    with browsing.served(Session(reader())) as home, browsing.opened(browser, home) as page:
        page.get_by_role("tab", name="Sight").click()
        page.get_by_label("Layer", exact=True).select_option("4")
        page.locator(".which input").fill("7")
        page.locator(".which input").press("Enter")
        page.locator(".near").first.wait_for()
        page.locator(".maps button").nth(1).click()
        page.locator(".unit [aria-label^='a picture that excites']").wait_for()
        page.wait_for_timeout(8000)
        keep(page, "sight")


def notebook(browser: Any) -> None:
    """The widget in a cell of JupyterLab."""
    with tempfile.TemporaryDirectory() as place:
        browsing.write_notebook(Path(place) / "glass.ipynb", [CELL])
        with (
            browsing.lab(Path(place)) as address,
            browsing.opened(browser, address.replace("NOTEBOOK", "glass.ipynb"), (1400, 1000)) as page,
        ):
            page.keyboard.press("Control+b")  # the list of files away
            browsing.Notebook(page).run(0)
            page.locator(".cutaway .where b").wait_for()
            for _ in range(14):
                page.locator("[data-do=step]").click()
            page.locator(".cutaway").evaluate("(e) => e.scrollIntoView({ block: 'end' })")
            keep(page, "notebook")


if __name__ == "__main__":
    main()
