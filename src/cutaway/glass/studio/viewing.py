"""What can be looked at: the numbers behind a slot or a name at this moment, and the answer `array` about them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine.errors import CutawayError
from . import arrays
from .program import Described, role_of
from .wire import Answer, answer

if TYPE_CHECKING:
    from ...training.run import Run
    from .board import Board

__all__ = ["Seen", "held", "look", "seen"]


class Seen:
    """Some numbers, and what is known about them; `array` is None where they are not computed yet."""

    def __init__(self, array: Any, told: dict[str, Any], made: int = -1) -> None:
        self.array = None if array is None else np.asarray(array)
        self.told, self.made = told, made


def seen(run: Run, about: Described | None, what: dict[str, Any], board: Board | None) -> Seen:
    """The numbers of a slot, of a name of the state, or of a slot of the drawing board."""
    if "board" in what:
        if board is None or board.about is None:
            raise CutawayError("Nothing is drawn yet.")
        return Seen(board.see(what["board"]), _slot(board.about, what["board"]))
    if "name" in what:
        return _named(run, about, what["name"])
    if about is None:
        raise CutawayError("This run has no program here, since its data was not found; its state can be seen by name.")
    return _of_slot(run, about, what["slot"])


def _slot(about: Described, slot: int) -> dict[str, Any]:
    if slot not in about.slots:
        raise CutawayError(f"This program has no slot {slot}.")
    return about.slots[slot]


def _of_slot(run: Run, about: Described, slot: int) -> Seen:
    told, made = _slot(about, slot), about.made.get(slot, -1)
    if slot in about.tape.constants:
        return Seen(about.tape.values[slot], told)
    if run.op == 0:
        name = next((name for name, s in about.tape.state.items() if s == slot), None)
        return Seen(run.state.get(name) if name else None, told, made)
    return Seen(run.see(slot) if made <= run.op - 2 else None, told, made)


def _named(run: Run, about: Described | None, name: str) -> Seen:
    """A part of the state as it is now: after its update the new numbers stand where the old ones stood."""
    name = name if name in run.state or f"optim/{name}" not in run.state else f"optim/{name}"
    if about is not None and name in about.tape.inputs:
        return _of_slot(run, about, about.tape.inputs[name])
    if about is not None and run.op and name in about.tape.state:
        return Seen(run.see(_now_in(run, about, name)), about.slots[about.tape.state[name]])
    array = run.see(name)
    role = role_of(name, about.tape, array.shape) if about is not None else "parameter"
    tile = about.tile_of(array.shape) if about is not None else None
    told = {"name": name, "role": role, "shape": array.shape, "tile": tile, "made": -1, "of": name}
    return Seen(array, told)


def held(run: Run, about: Described | None, what: dict[str, Any]) -> tuple[Any, ...] | None:
    """What holds these numbers while a batch is open, and whether they are computed; None where that is not known.

    A slot is filled once in a batch. So where the same slot holds them as before, and nobody changed or went back, they
    are the same numbers, and need not be looked at.
    """
    if about is None or "board" in what:
        return None
    tape, slot = about.tape, what.get("slot")
    if slot is None:
        name = what["name"]
        name = name if name in run.state or f"optim/{name}" not in run.state else f"optim/{name}"
        if name in tape.inputs:
            slot = tape.inputs[name]
        elif run.op == 0:
            return (name,)
        elif name in tape.state:
            slot = _now_in(run, about, name)
        else:
            return None
    return slot, slot in tape.constants or run.op == 0 or about.made.get(slot, -1) <= run.op - 2


def _now_in(run: Run, about: Described, name: str) -> int:
    """The slot of a part of the state: after its update, that of the new numbers."""
    carried = about.tape.carry.get(name)
    done = carried is not None and carried in about.made and about.made[carried] <= run.op - 2
    return carried if done and carried is not None else about.tape.state[name]


def look(key: str, wish: dict[str, Any], found: Seen) -> Answer:
    """The answer `array`: of some numbers, what was asked for."""
    a, told = found.array, found.told
    fields = {name: told.get(name) for name in ("name", "role", "tile", "of")}
    fields |= {"key": key, "what": wish["what"], "made": found.made, "known": a is not None}
    if a is None:
        return answer("array", shape=told["shape"], dtype=told.get("dtype"), **fields)
    tile = told.get("tile")
    table, lead = arrays.matrix(a, wish["lead"])
    scale = arrays.limit(a)
    fields |= {"shape": a.shape, "dtype": a.dtype.name, "lead": lead, "leads": a.shape[:-2], "matrix": table.shape}
    parts: dict[str, Any] = {}
    if wish["overview"] is not None:
        fields["overview"] = _overview(a, table, tile, wish, scale, parts)
    if wish["window"] is not None:
        asked: dict[str, int] = {"row": 0, "col": 0, "rows": 8, "cols": 8, **wish["window"]}
        number = asked.pop("tile", None)
        part = table if number is None else one_tile(a, tile, number)[0]
        parts["window"], where = arrays.window(part, **asked)
        fields["window"] = where if number is None else {**where, "tile": number}
    if wish["stats"]:
        parts["bins"], low, high = arrays.histogram(a)
        fields["stats"] = arrays.summary(a) | {"low": low, "high": high}
    return answer("array", parts, limit=scale, **fields)


def one_tile(a: Any, tile: list[int] | None, number: int) -> tuple[Any, Callable[[int, int], list[int]]]:
    """One of the pictures that an array is a row of, and the index in the array of a row and column of it."""
    pictures = arrays.tiles(a, tile)
    if pictures is None or number >= len(pictures):
        raise CutawayError(f"This array has no picture {number}.")
    size = pictures.shape[1] * pictures.shape[2]

    def index(row: int, col: int) -> list[int]:
        flat = number * size + row * pictures.shape[2] + col
        return [int(k) for k in np.unravel_index(flat, a.shape)]

    return pictures[number], index


def _overview(
    a: Any, table: Any, tile: list[int] | None, wish: dict[str, Any], scale: float, parts: dict[str, Any]
) -> dict[str, Any]:
    asked = {"rows": 64, "cols": 64, "from": 0, "count": 64} | wish["overview"]
    pictures = arrays.tiles(a, tile) if wish["view"] == "tiles" else None
    told: dict[str, Any] = {"view": "matrix" if pictures is None else "tiles"}
    if pictures is not None:
        start = min(asked["from"], max(0, len(pictures) - 1))
        table = pictures[start : start + asked["count"]]
        told |= {"from": start, "count": len(table), "total": len(pictures)}
    picture, block = arrays.overview(table, asked["rows"], asked["cols"])
    told |= {"rows": picture.shape[-2], "cols": picture.shape[-1], "block": block}
    if picture.size > arrays.EXACT:
        told["scale"] = scale
        picture = arrays.as_bytes(picture, scale)
    parts["overview"] = picture
    return told
