"""A planned kernel does not compute: it says which NumPy calls would.

`do(f, *args)` writes one call down, with every view already cut and the last argument being where the result goes. All
loops of a kernel (blocks, strips, corners) are unrolled here, once; a replay is a straight line of calls.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

__all__ = ["Call", "Do", "Memory", "straight_line"]

Call = tuple[Callable[..., Any], tuple[Any, ...]]
LINE = 64  # bytes of a cache line: where every array begins
ROOM = 1 << 23  # bytes promised for a piece of scratch at first
STEP = 17 * LINE  # pieces begin at different places of a page, or they would want the same lines of the cache


def aligned(nbytes: int) -> int:
    """The next whole number of cache lines."""
    return -(-nbytes // LINE) * LINE


def fresh(nbytes: int) -> Any:
    """Zeroed bytes that begin at a cache line."""
    raw = np.zeros(nbytes + LINE, np.uint8)
    start = -raw.ctypes.data % LINE
    return raw[start : start + nbytes]


def promised(nbytes: int) -> Any:
    """Zeroed bytes that the system gives page by page when they are touched: what is never used takes no memory."""
    how = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_PRIVATE") else {}
    return np.frombuffer(mmap.mmap(-1, nbytes, **how), np.uint8)


def unread(shape: Sequence[int], dtype: Any) -> Any:
    """An array that is only asked how it lies, so it takes no memory."""
    nbytes = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    return promised(max(1, nbytes))[:nbytes].view(dtype).reshape(shape)


class Memory:
    """Scratch that all kernels of a plan share, one after the other, and memory that lives as long as the plan."""

    def __init__(self) -> None:
        self.shared: dict[Any, Any] = {}  # what one kernel leaves for another: the transformed pictures, say
        self.kept_bytes = 0
        self._pool: list[Any] = []  # scratch, handed out anew to every kernel
        self._most: list[int] = []  # bytes that were ever asked for of each piece

    def keep(self, shape: Sequence[int], dtype: Any = np.float32) -> Any:
        """Zeroed memory that lives as long as the plan."""
        nbytes = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
        self.kept_bytes += nbytes
        return fresh(nbytes).view(dtype).reshape(shape)

    def scratch(self, k: int, nbytes: int) -> Any:
        """The k-th piece of scratch, at least so large."""
        while len(self._pool) <= k:
            self._pool.append(promised(ROOM))
            self._most.append(0)
        start = k * STEP % 4096
        if len(self._pool[k]) < start + nbytes:  # kernels before this one hold on to the smaller piece
            self._pool[k] = promised(start + 2 * nbytes)
        self._most[k] = max(self._most[k], nbytes)
        return self._pool[k][start : start + nbytes]

    @property
    def nbytes(self) -> int:
        """What it all takes."""
        return self.kept_bytes + sum(self._most)


def _maximum(a: Any, b: Any, out: Any) -> None:
    np.maximum(a, b, out=out)


def _minimum(a: Any, b: Any, out: Any) -> None:
    np.minimum(a, b, out=out)


_NAMED: dict[Any, Callable[..., Any]] = {np.maximum: _maximum, np.minimum: _minimum}  # these want out= by its name


class Do:
    """The list of calls that a kernel writes.

    >>> do, out = Do(Memory()), np.zeros(2, np.float32)
    >>> do(np.add, np.float32([1, 2]), np.float32([3, 4]), out)
    >>> straight_line(do.calls)()
    >>> out
    array([4., 6.], dtype=float32)
    """

    def __init__(self, memory: Memory) -> None:
        self.calls: list[Call] = []
        self.memory = memory
        self._taken = 0

    def __call__(self, f: Callable[..., Any], *args: Any) -> None:
        self.calls.append((_NAMED.get(f, f), args))

    def scratch(self, shape: Sequence[int], dtype: Any = np.float32) -> Any:
        """Memory that is this kernel's until it ends; what stands in it at first is arbitrary."""
        dtype = np.dtype(dtype)
        nbytes = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
        self._taken += 1
        return self.memory.scratch(self._taken - 1, nbytes).view(dtype).reshape(shape)

    def like(self, x: Any, dtype: Any = None) -> Any:
        """Scratch with the shape of x and the same order of its sides in memory."""
        order = sorted(range(x.ndim), key=lambda k: -abs(x.strides[k]) if x.shape[k] > 1 else 0)
        back = np.argsort(order)
        return self.scratch([x.shape[k] for k in order], dtype or x.dtype).transpose(back)

    @property
    def taken(self) -> int:
        """How many pieces of scratch are in use."""
        return self._taken

    def release(self, down_to: int = 0) -> None:
        """Let scratch be taken again, but for the first so many pieces: the values in it are done with."""
        self._taken = down_to

    def keep(self, shape: Sequence[int], dtype: Any = np.float32) -> Any:
        """Zeroed memory that lives as long as the plan, for what must survive from the way there to the way back."""
        return self.memory.keep(shape, dtype)

    @property
    def shared(self) -> dict[Any, Any]:
        """What kernels leave for one another; the key begins with the name of the kernel that wrote it."""
        return self.memory.shared


def straight_line(calls: Sequence[Call]) -> Callable[[], None]:
    """The calls as one Python function: without a loop while they are few, as on a tiny network every turn is felt."""
    if not calls:
        return _nothing
    if len(calls) > 1500:
        every = tuple(calls)

        def replay() -> None:
            for f, args in every:
                f(*args)

        return replay
    names: dict[int, str] = {}
    environment: dict[str, Any] = {}

    def name(value: Any) -> str:
        if id(value) not in names:  # the environment keeps every value alive, so an id stays its own
            names[id(value)] = f"v{len(names)}"
            environment[names[id(value)]] = value
        return names[id(value)]

    def line(f: Callable[..., Any], args: tuple[Any, ...]) -> str:
        if f in (_maximum, _minimum):
            a, b, out = map(name, args)
            return f"    {name(np.maximum if f is _maximum else np.minimum)}({a}, {b}, out={out})"
        return f"    {name(f)}({', '.join(map(name, args))})"

    lines = [line(f, args) for f, args in calls]
    defaults = ", ".join(f"{n}={n}" for n in environment)  # local names are found faster than global ones
    exec(f"def replay({defaults}):\n" + "\n".join(lines), environment)
    made: Callable[[], None] = environment["replay"]
    return made


def _nothing() -> None:
    """The replay of no calls."""
