"""The numbers of a run by name. While plans work on them they stand in the rows of a plan; they come when asked for."""

from __future__ import annotations

from collections.abc import Collection, ItemsView, Iterator, KeysView, Mapping, MutableMapping, ValuesView
from typing import Any, Protocol

__all__ = ["State"]


class Rows(Protocol):
    """Where numbers stand (see rows)."""

    views: dict[str, Any]

    def store(self, state: MutableMapping[str, Any], names: Collection[str]) -> None:
        """Give them back, copied."""


class State(MutableMapping[str, Any]):
    """A dict of arrays, some of which a plan may still hold; whoever reads or writes one has all of them fetched first.

    Training looks at the clock ten times a second. Copying large tables out of the plan and into it again each time
    would take longer than some batches do, and mostly nobody looks at them.

    >>> state = State({"w": 1.0})
    >>> state["w"], "b" in state, dict(state)
    (1.0, False, {'w': 1.0})
    """

    def __init__(self, numbers: Mapping[str, Any] | None = None) -> None:
        self._held: dict[str, Any] = dict(numbers or {})
        self._rows: Rows | None = None
        self._names: Collection[str] = ()

    def leave(self, rows: Rows, names: Collection[str]) -> None:
        """From now on these numbers stand in the rows; what is held of them here is old."""
        self._rows, self._names = rows, names

    def left_in(self, rows: Rows) -> Collection[str]:
        """The names of what stands in these rows."""
        return self._names if self._rows is rows else ()

    def fetch(self) -> None:
        """Take everything back, as arrays that are never written to again."""
        if self._rows is not None:
            self._rows.store(self._held, self._names)
            self._rows = None  # not before: Ctrl-C in the middle leaves everything to be fetched again

    def standing(self) -> dict[str, Any]:
        """All numbers where they are, to be looked at here and now: the next batch may write over them."""
        if self._rows is None:
            return dict(self._held)
        return self._held | {name: self._rows.views[name] for name in self._names}

    def __getitem__(self, name: str) -> Any:
        self.fetch()
        return self._held[name]

    def __setitem__(self, name: str, array: Any) -> None:
        self.fetch()
        self._held[name] = array

    def __delitem__(self, name: str) -> None:
        self.fetch()
        del self._held[name]

    def clear(self) -> None:
        """Forget everything; nothing has to be fetched for that."""
        self._rows = None
        self._held.clear()

    def keys(self) -> KeysView[str]:
        """The names, for which nothing has to be fetched."""
        return self._held.keys()

    def values(self) -> ValuesView[Any]:
        """The arrays."""
        self.fetch()
        return self._held.values()

    def items(self) -> ItemsView[str, Any]:
        """Names and arrays."""
        self.fetch()
        return self._held.items()

    def __or__(self, other: Mapping[str, Any]) -> dict[str, Any]:
        return {**self, **other}

    def __ror__(self, other: Mapping[str, Any]) -> dict[str, Any]:
        return {**other, **self}

    def __reduce__(self) -> tuple[Any, ...]:
        """Copied or pickled it is a dict of its own."""
        return dict, (dict(self),)

    def __contains__(self, name: object) -> bool:
        return name in self._held

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)

    def __repr__(self) -> str:
        self.fetch()
        return repr(self._held)
