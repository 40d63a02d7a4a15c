"""What a reader can ask help() for answers with a sentence and an example that runs."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any

import pytest

import cutaway as ct
import cutaway.data
import cutaway.engine
import cutaway.training

ROOMS = [ct, ct.engine, ct.engine.ops, ct.nn, ct.optim, ct.data, ct.training, ct.glass]


def public() -> list[Any]:
    """Every name in an `__all__` of the rooms that users enter, but modules and plain data."""
    found = {}
    for room in ROOMS:
        for name in room.__all__:
            thing = getattr(room, name)
            if not isinstance(thing, ModuleType | dict | str):
                found[id(thing)] = pytest.param(thing, id=f"{room.__name__}.{name}")
    return list(found.values())


@pytest.mark.parametrize("thing", public())
def test_every_public_name_says_what_it_is_and_shows_it(thing: Any) -> None:
    told = inspect.cleandoc(thing.__doc__ or "")
    assert len(told.partition("\n")[0]) > 15, "a first sentence"
    assert ">>>" in told, "an example"
