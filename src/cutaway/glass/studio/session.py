"""The Python side of the studio: commands in, answers out, whatever carries them.

A session holds a run and its branches, knows where each page is looking, and moves the run only while it answers: the
page pulls. web/PROTOCOL.md says what page and session say to each other.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from threading import RLock
from time import monotonic
from typing import TYPE_CHECKING, Any

from ...engine.errors import CutawayError
from . import arrays, asking
from .board import Board
from .branches import Branches
from .commands import checked
from .drawn import Prepare
from .explaining import explained, why
from .playing import Player, forward, takes, walk
from .program import Described, describe
from .telling import Client, about, headline, results
from .viewing import Seen, held, look, one_tile, seen
from .wire import Answer, MessageError, answer
from .wire import arrays as arrays_of
from .words import place

if TYPE_CHECKING:
    from ...training.run import Run

__all__ = ["Session"]

MOST_CLIENTS = 16
MOST_VIEWS = 64
LONGEST, MOSTLY = 0.2, 3.0  # seconds of a tick; how much longer it shall be than what lies between two
ALONE = 2.0  # seconds without a tick after which nobody is pulling any more
MOVES = {"play", "tick", "pause", "step", "back", "at"}
CHANGES = {"edit", "fork", "branch", "drop", "settings", "watch", "unwatch"}


class Session:
    """A run with its branches, as any number of pages look at it.

    prepare: what a drawing goes through before the network sees it; where nothing is said, what fits the data of the
        run (handwritten digits are cut out and centred)

    >>> from cutaway import nn, optim
    >>> run = ct.Run(nn.Linear(1, 1), nn.MSELoss(), optim.SGD(0.1), data=([[1.0], [2.0]], [[3.0], [5.0]]), batch_size=2)
    >>> [head["kind"] for head, _ in Session(run).handle({"cmd": "step", "unit": "op"})]
    ['program', 'frame']
    """

    def __init__(self, run: Run, prepare: Prepare | None = None) -> None:
        self.branches = Branches(run)
        self.board = Board(prepare)
        self.player = Player()
        self.checkup = asking.Checkup()
        self.clients: dict[str, Client] = {}
        self.turn = 0
        self.driver = ""
        self.hits: list[dict[str, Any]] = []
        self._programs: list[Described] = []
        self._ticked = self._began = 0.0
        self._returns = 0  # how often anything else was done than to go onwards
        self._lock = RLock()

    @property
    def run(self) -> Run:
        """The run that is looked at: the selected branch."""
        return self.branches.selected.run

    # -- in and out -------------------------------------------------------------------------------------------
    def handle(self, head: dict[str, Any], parts: Sequence[bytes] = ()) -> list[Answer]:
        """Do a command and return what there is to answer. What cannot be done is answered by one sentence."""
        with self._lock:
            client = head.get("client", "")
            envelope: dict[str, Any] = {"client": client if isinstance(client, str) else ""}
            if type(head.get("id")) is int:
                envelope["re"] = head["id"]
            try:
                command, fields = checked(head)
                answers = self._do(command, fields, self._client(envelope["client"]), head, parts)
            except CutawayError as error:
                answers = [answer("error", error=str(error), cmd=str(head.get("cmd"))[:40])]
            except Exception as error:
                logging.getLogger(__name__).exception("the studio could not do %s", str(head.get("cmd"))[:40])
                sentence = f"{type(error).__name__}: {str(error)[:400]}. This is a fault of Cutaway."
                answers = [answer("error", error=sentence, cmd=str(head.get("cmd"))[:40])]
            return [({**told, **envelope}, buffers) for told, buffers in answers]

    def _client(self, name: str) -> Client:
        found = self.clients.pop(name, None) or Client(name)
        while len(self.clients) >= MOST_CLIENTS:
            self.clients.pop(next(iter(self.clients)))
        self.clients[name] = found
        return found

    def _do(
        self, command: str, fields: dict[str, Any], client: Client, head: dict[str, Any], parts: Sequence[bytes]
    ) -> list[Answer]:
        if command in MOVES | CHANGES:
            return self._move(command, fields, client, str(head.get("client", "")))
        given = arrays_of(head, parts)
        if command == "predict":
            return [self._predict(given)]
        found = getattr(self, f"_{command}")(client, **fields)
        return found if isinstance(found, list) else [found]

    # -- moving and changing ----------------------------------------------------------------------------------
    def _move(self, command: str, fields: dict[str, Any], client: Client, name: str) -> list[Answer]:
        more: list[Answer] = []
        if command == "tick":
            if not self.player.playing or fields["turn"] != self.turn or name != self.driver:
                return self.frames(client, pull=False)
            self._tick(fields["ms"] / 1000)
        else:
            if command not in ("play", "watch", "unwatch"):
                self.player.pause()
            self.hits = []
            more = getattr(self, f"_{command}")(who=name, **fields) or []
        if command not in ("watch", "unwatch"):  # whoever plays goes on playing
            self.turn += 1
        self._returns += command not in ("step", "tick", "pause")
        marks = self._marks()
        client.shared |= {head["kind"]: marks[head["kind"]] for head, _ in more if head["kind"] in marks}
        return [*more, *self.frames(client)]

    def _play(self, *, who: str, unit: str | None, speed: float | None, until: int | None) -> None:
        goal = None if until is None else (until, self.run.op)
        self.run.program  # noqa: B018 (a run without its data cannot play, and says so)
        self.player.start(self.run, unit or "batch", speed, goal)
        self.driver, self._ticked = who, monotonic()

    def _tick(self, seconds: float) -> None:
        """Train a little.

        Where much time passes between two ticks (to walk to the place, to tell, to paint), they become longer, so
        that most of the time is training; but never so long that a pause comes late.
        """
        begin = self._ticked = monotonic()
        between = begin - self._began - self.player.trained
        if self.player.speed is None and between < 0.5:
            seconds = max(seconds, min(LONGEST, MOSTLY * between))
        self._began, self.player.trained = begin, 0.0
        try:
            stopped = self.player.tick(self.run, seconds)
        except CutawayError:
            self.player.pause()
            raise
        self.hits = [] if stopped is None else [self._hit(stopped)]
        self._ticked = monotonic()  # a batch may take longer than a page that is gone is waited for

    def _hit(self, stopped: Any) -> dict[str, Any]:
        text = stopped if isinstance(stopped, str) else repr(stopped)
        told = {"text": text, "batch": self.run.batch, "op": self.run.op}
        return told | {"expression": getattr(stopped, "condition", None)}

    def _pause(self, *, who: str) -> None:
        """Nothing more than standing still."""

    def _step(self, *, who: str, unit: str, n: int | None) -> None:
        n, run = 1 if n is None else n, self.run
        size = len(run.loader()) if unit == "epoch" else 1
        if unit in ("batch", "epoch"):
            self._go_to(run.batch + n * size, run.op, who)
            return
        if n > 10 * (len(run.program.steps) + 2):
            raise CutawayError("That are many operations at once; go by batches, or play.")
        stopped = forward(run, unit, n)
        self.hits = [] if stopped is None else [self._hit(stopped)]

    def _back(self, *, who: str, unit: str, n: int | None) -> None:
        n, run = 1 if n is None else n, self.run
        if unit in ("op", "layer"):
            if n > 10 * (len(run.program.steps) + 2):
                raise CutawayError("That are many operations at once; go back by batches.")
            if (run.batch, run.op) > (run.earliest, 0):
                run.back(n, unit)
            return
        self._land(max(run.earliest, run.batch - n * (1 if unit == "batch" else len(run.loader()))), run.op, who)

    def _at(self, *, who: str, batch: int, op: int | None) -> None:
        self._go_to(batch, op or 0, who)

    def _go_to(self, batch: int, op: int, who: str) -> None:
        """To any place; a long way forwards is played, so that it can be paused."""
        run = self.run
        if batch > run.batch and takes(run, batch):
            self.player.start(run, "batch", None, (batch, op))
            self.driver, self._ticked = who, monotonic()
        elif batch > run.batch:
            self.player.start(run, "batch", None, (batch, op))
            stopped = self.player.tick(run, 3600.0)
            self.hits = [] if stopped is None else [self._hit(stopped)]
            self.player.pause()
        else:
            self._land(batch, op, who)

    def _land(self, batch: int, op: int, who: str) -> None:
        """Back to a moment; where it is a long way from what is remembered, that way is played, too."""
        run = self.run
        if batch < run.earliest:
            raise CutawayError(f"This run remembers nothing before batch {run.earliest}.")
        near = run.history.nearest(batch)
        if batch == run.batch and op >= run.op:
            stopped = walk(run, op)
            self.hits = [] if stopped is None else [self._hit(stopped)]
        elif batch < run.batch and takes(run, batch, near):
            run.at(near)
            self.player.start(run, "batch", None, (batch, op), past=True)
            self.driver, self._ticked = who, monotonic()
        else:
            run.at(batch, min(op, len(run.program.steps) + 1))

    def _edit(self, *, who: str, what: dict[str, Any], index: list[int] | None, value: float) -> list[Answer]:
        if "board" in what:
            raise CutawayError("What is drawn cannot be edited; draw it anew.")
        found = seen(self.run, self._described(), what, None)
        if found.array is None:
            raise CutawayError("These numbers are not computed yet, so there is nothing to change.")
        at = None if index is None else tuple(index)
        if at is not None and len(at) != found.array.ndim:
            raise CutawayError(f"A place in this array is told by {found.array.ndim} numbers, not {len(at)}.")
        self.run.edit(what["name"] if "name" in what else what["slot"], at, value)
        branch = self.branches.selected
        if branch.parent is not None:  # changed before it was forked: since then it goes its own way
            branch.batch, branch.op = min((branch.batch, branch.op), (self.run.batch, self.run.op))
        return [self._branches()]

    def _fork(self, *, who: str, name: str | None) -> list[Answer]:
        self.branches.fork(name)
        return [self._branches()]

    def _branch(self, *, who: str, select: int) -> list[Answer]:
        self.branches.selected = self.branches.find(select)
        return [self._branches()]

    def _drop(self, *, who: str, branch: int) -> list[Answer]:
        self.branches.drop(branch)
        for client in self.clients.values():
            client.curves.pop(branch, None)
        return [self._branches()]

    def _settings(self, *, who: str, batch_size: int | None) -> list[Answer]:
        if batch_size is not None:
            self.run.batch_size = batch_size
        return [about(self.run)]

    def _watch(self, *, who: str, expression: str) -> list[Answer]:
        if not expression.strip():
            raise CutawayError('A condition is an expression such as "loss > 2".')
        self.run.watch(expression)
        return [self._watches()]

    def _unwatch(self, *, who: str, watch: int) -> list[Answer]:
        self.run.unwatch(watch)
        return [self._watches()]

    # -- looking and asking -----------------------------------------------------------------------------------
    def _hello(self, client: Client) -> list[Answer]:
        self._left_alone()
        client.greeted = True
        client.forget()
        return [about(self.run), *self.frames(client)]

    def _left_alone(self) -> None:
        """Pause where whoever was pulling is gone."""
        if self.player.playing and monotonic() - self._ticked > ALONE + self.player.wait / 1000:
            self.player.pause()
            self.turn += 1

    def _look(self, client: Client, **wish: Any) -> Answer:
        client.views.pop(wish["key"], None)
        if len(client.views) >= MOST_VIEWS:  # none is closed in silence: the page would show old numbers
            raise CutawayError(f"{MOST_VIEWS} views are open; close one before opening another.")
        found = look(wish["key"], wish, self._seen(wish["what"]))
        client.views[wish["key"]] = wish
        client.marks.pop(wish["key"], None)
        return found

    def _unlook(self, client: Client, *, key: str) -> Answer:
        client.views.pop(key, None)
        return answer("done")

    def _news(self, client: Client) -> list[Answer]:
        self._left_alone()
        return [answer("done")] if client.place == self._place() else self.frames(client)

    def _find(self, client: Client, **wish: Any) -> Answer:
        found = self._seen(wish["what"])
        if found.array is None:
            raise CutawayError("These numbers are not computed yet.")
        if wish["tile"] is not None:
            table, index = one_tile(found.array, found.told.get("tile"), wish["tile"])
        else:
            table, lead = arrays.matrix(found.array, wish["lead"])
        cell = arrays.largest(table, wish["rows"], wish["cols"])
        if cell is None:
            raise CutawayError("There is no number in this block.")
        if wish["tile"] is not None:
            return answer("cell", index=index(*cell[0]), value=cell[1])
        at = [*lead, *cell[0]][-found.array.ndim :] if found.array.ndim else []
        return answer("cell", index=at, value=cell[1])

    def _examples(self, client: Client, *, rows: list[int]) -> Answer:
        return asking.examples(self.run, rows)

    def _explain(
        self, client: Client, *, step: int | None, at: list[int] | None, board: bool | None, inside: bool | None
    ) -> Answer:
        if board and self.board.about is None:
            raise CutawayError("Nothing is drawn yet.")
        return explained(self.board if board else self.run, step, at, bool(inside))

    def _why(self, client: Client, *, name: str, index: list[int] | None, batch: int | None) -> Answer:
        return why(self.run, name, index, batch)

    def _health(self, client: Client, *, now: bool | None) -> Answer:
        return self.checkup.answer(self.run, self.branches.selected.id, bool(now))

    def _picture(self, client: Client, *, depth: str | None) -> Answer:
        return asking.picture(self.run, depth)

    def _compare(self, client: Client, *, branch: int) -> Answer:
        return asking.compared(self.branches.selected, self.branches.find(branch))

    def _evaluate(self, client: Client) -> Answer:
        return asking.evaluated(self.run)

    def _predict(self, given: dict[str, Any]) -> Answer:
        if "drawing" not in given:
            raise MessageError("predict comes with a buffer called `drawing`.")
        fields = self.board.predict(self.run, given["drawing"])
        picture = fields.pop("seen")
        return answer("predicted", {"seen": picture}, **fields)

    def _sight(self, client: Client, **wish: Any) -> Answer:
        return client.seeing.answer(self.run, (self.branches.selected.id, self.run.batch, _events(self.run)), wish)

    def _seen(self, what: dict[str, Any]) -> Seen:
        return seen(self.run, self._described(), what, self.board)

    # -- what is told -----------------------------------------------------------------------------------------
    def _branches(self) -> Answer:
        return answer("branches", **self.branches.message())

    def _watches(self) -> Answer:
        told = [{"id": k, "expression": w.text, "hits": len(w.hits)} for k, w in enumerate(self.run.watches)]
        return answer("watches", list=told)

    def _described(self) -> Described | None:
        """The program of the batch that is open or comes next; None where the data of a saved run is not here."""
        run = self.run
        if run.data is None:
            tape = next((t for name, t in run.programs.tapes.items() if name.startswith("train ")), None)
            if tape is None:
                return None
        else:
            tape = run.program
        found = next((one for one in self._programs if one.tape is tape), None)
        if found is None:
            inputs = run.inputs(run.batch) if run.data is not None else ()
            found = describe(tape, run.opened[0], inputs)
            found.number = self._programs[-1].number + 1 if self._programs else 0
            self._programs = [*self._programs[-15:], found]
        return found

    def frames(self, client: Client, pull: bool | None = None) -> list[Answer]:
        """What all pages share and the program, where they are others now; the frame; and the views of a client.

        pull: whether this page is to tick; where nothing is said, the page that drives is
        """
        run, shown = self.run, self._described()
        pull = self.player.playing and client.name == self.driver if pull is None else pull
        out = self._shared(client)
        number = -1 if shown is None else shown.number
        if shown is not None and client.program != number:
            out.append(answer("program", program=number, **shown.message()))
            client.program, client.marks = number, {}
        size = len(run.loader()) if run.data is not None else 0
        tape = None if shown is None else shown.tape
        heard, events = client.events.get(self.branches.selected.id), _events(run)
        client.events[self.branches.selected.id] = events
        curve, told = client.curve(self.branches.selected)
        fields: dict[str, Any] = {
            "turn": self.turn,
            "pull": pull,
            "wait": self.player.wait if pull else 0,
            "playing": self.player.playing,
            "unit": self.player.unit,
            "speed": self.player.speed,
            "branch": self.branches.selected.id,
            "program": number,
            "batch": run.batch,
            "op": run.op,
            "step": run.op - 2,
            "epoch": run.epoch if size else 0,
            "of_epoch": run.number(run.batch) % size if size else 0,
            "title": headline(run, tape),
            "place": place(tape, run.batch, run.op, run.epoch if size else 0),
            "rate": self.player.rate,
            "earliest": run.earliest,
            "hits": self.hits,
            "changed": heard is not None and heard != events,
            "curve": told,
            **results(run, tape),
        }
        out.append(answer("frame", curve, **fields))
        client.place = self._place()
        moment = self._moment()
        for key, wish in list(client.views.items()):
            holds = held(run, shown, wish["what"])
            if holds is not None and client.marks.get(key) == (moment, holds):
                continue  # the page has these numbers
            client.marks[key] = moment, holds
            try:
                out.append(look(key, wish, self._seen(wish["what"])))
            except CutawayError:  # what was looked at is not here any more (another branch, another program)
                del client.views[key]
        return out

    def _shared(self, client: Client) -> list[Answer]:
        """Branches and conditions where they are not as this page knows them, and what is new of the other curves."""
        if not client.greeted:
            return []
        marks, tell = self._marks(), {"branches": self._branches, "watches": self._watches}
        out = [tell[kind]() for kind, mark in marks.items() if client.shared.get(kind) != mark]
        client.shared = marks
        for branch in self.branches.all.values():
            before = len(client.curves[branch.id]) if branch.id in client.curves else -1
            if branch is not self.branches.selected:
                curve, told = client.curve(branch)
                if told["from"] != before or len(curve["curve"]):
                    out.append(answer("curve", curve, curve=told))
        return out

    def _marks(self) -> dict[str, Any]:
        """What stands beside the frame on every page, as marks that are others when it has changed."""
        chosen, every = self.branches.selected, self.branches.all.values()
        left = [(one.id, one.name, one.parent, one.batch, one.op, _events(one.run)) for one in every]
        now = [(branch.run.batch, branch.run.op) for branch in every if branch is not chosen]
        watches = [(watch.text, len(watch.hits)) for watch in self.run.watches]
        return {"branches": (chosen.id, left, now), "watches": watches}

    def _moment(self) -> tuple[Any, ...]:
        """The same as long as one goes onwards in one batch, and no change by hand lies on the way."""
        run, events = self.run, self.run.history.events
        passed = [event for event in events if event.batch == run.batch and event.op <= run.op]
        changes = len(events), len(passed), id(passed[-1]) if passed else 0
        return self._returns, self.branches.selected.id, run.batch, run.op == 0, changes

    def news(self, but: str | None = None) -> list[Answer]:
        """Frames for the pages that do not know where the run stands: another page moved it, or a program did."""
        with self._lock:
            if but is None:  # a cell of the notebook has ended: while it ran, nobody could tick
                self._ticked = monotonic()
            here = self._place()
            known = (None, here)
            late = [(name, page) for name, page in self.clients.items() if name != but and page.place not in known]
            found = [(name, told) for name, page in late for told in self.frames(page)]
            return [({**head, "client": name}, buffers) for name, (head, buffers) in found]

    def _place(self) -> tuple[Any, ...]:
        return self.turn, self.run.batch, self.run.op, self._marks()


def _events(run: Run) -> tuple[int, int]:
    """How often a run was changed by hand, and which change was the last one."""
    events = run.history.events
    return len(events), id(events[-1]) if events else 0
