"""Talking with a session as a page does, and small runs of many kinds to talk about."""

from __future__ import annotations

from typing import Any

import numpy as np

from cutaway import nn, optim
from cutaway.data import Dataset
from cutaway.glass.studio import Session
from cutaway.training import Run

from ...training.worlds import WORLDS, pictures

KINDS = {"float32": np.float32, "int8": np.int8, "uint8": np.uint8, "int32": np.int32}


class Page:
    """A page: it sends commands and reads what is answered."""

    def __init__(self, run: Run | Session, name: str = "page") -> None:
        self.session = run if isinstance(run, Session) else Session(run)
        self.name = name

    @property
    def run(self) -> Run:
        return self.session.run

    def ask(self, cmd: str, parts: Any = (), **fields: Any) -> list[dict[str, Any]]:
        """All answers; each with its arrays by name under `data`."""
        answers = self.session.handle({"cmd": cmd, "client": self.name, **fields}, parts)
        return [{**head, "data": read(head, buffers)} for head, buffers in answers]

    def one(self, kind: str, cmd: str, parts: Any = (), **fields: Any) -> dict[str, Any]:
        """The answer of that kind."""
        answers = self.ask(cmd, parts, **fields)
        assert kind in [a["kind"] for a in answers], answers
        return next(a for a in answers if a["kind"] == kind)

    def frame(self, cmd: str, **fields: Any) -> dict[str, Any]:
        return self.one("frame", cmd, **fields)

    def go(self, cmd: str, **fields: Any) -> dict[str, Any]:
        """A journey to its end: a machine that is slow at the moment plays it, so it is ticked until it is there."""
        frame = self.frame(cmd, **fields)
        while frame["pull"]:
            frame = self.frame("tick", turn=frame["turn"], ms=1000)
        return frame

    def error(self, cmd: str, **fields: Any) -> str:
        answers = self.ask(cmd, **fields)
        assert [a["kind"] for a in answers] == ["error"], answers
        return answers[0]["error"]

    def numbers(self, **what: Any) -> Any:
        """The exact numbers behind a small array, as a window shows them."""
        window = {"row": 0, "col": 0, "rows": 64, "cols": 64}
        return self.one("array", "look", key="numbers", what=what, window=window)["data"]["window"]


def read(head: dict[str, Any], buffers: Any) -> dict[str, Any]:
    told = head.get("buffers", [])
    assert len(told) == len(buffers)
    return {
        b["name"]: np.frombuffer(part, KINDS[b["dtype"]]).reshape(b["shape"])
        for b, part in zip(told, buffers, strict=True)
    }


def small() -> Run:
    """A small run that remembers."""
    return WORLDS["momentum, clipping, dropout"]()


def digits() -> Run:
    """Pictures of 6 x 6 laid out in rows, two layers."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(36, 8), nn.ReLU(), nn.Linear(8, 4))
    return Run(net, nn.CrossEntropyLoss(), optim.Adam(0.01), pictures(40), batch_size=8)


def words() -> Run:
    """Rows of word numbers, an embedding, a loop over time and attention."""

    class Reader(nn.Module):
        def __init__(self) -> None:
            self.table, self.loop = nn.Embedding(12, 6), nn.LSTM(6, 6)
            self.last = nn.Linear(6, 3)

        def forward(self, x: Any) -> Any:
            return self.last(self.loop(self.table(x.long()))[0][:, -1])

    chance = np.random.default_rng(4)
    data = Dataset(chance.integers(0, 12, (24, 5)), chance.integers(0, 3, 24))
    return Run(Reader(), nn.CrossEntropyLoss(), optim.SGD(0.1), data, batch_size=6)


def guesses() -> Run:
    """No classes: numbers to numbers."""
    chance = np.random.default_rng(5)
    x = chance.normal(size=(24, 3)).astype("f")
    return Run(nn.Linear(3, 2), nn.MSELoss(), optim.RMSprop(0.01), (x, x[:, :2]), batch_size=7)


KINDS_OF_RUNS = {**WORLDS, "pictures in rows": digits, "words": words, "numbers": guesses}
