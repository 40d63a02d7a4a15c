"""Reading a pickle that a stranger made: arrays and plain containers come out of it, and nothing else can happen.

A pickle is a program: it may name any function of any module and have it called with any arguments, also one that
deletes files. So the names are looked at before anything is called. Those few that arrays are made of are answered
with functions of our own, which make an array of plain numbers or refuse; every other name ends the reading.
"""

from __future__ import annotations

import io
import pickle
from typing import Any

import numpy as np

from .errors import FileFormatError

__all__ = ["unpickle"]

KINDS = "biuf"  # whole numbers and fractions: no objects, no records


class RefusedError(Exception):
    """What is in the file is none of what is admitted."""


class _Array:
    """An array while it is being made: pickle first makes an empty one, then fills it."""

    def __init__(self, *nothing: Any) -> None:
        self.array: Any = None

    def __setstate__(self, state: Any) -> None:
        try:
            _, shape, kind, by_columns, content = state
            array = np.frombuffer(_bytes(content), dtype=kind.dtype)
            self.array = array.reshape(tuple(map(int, shape)), order="F" if by_columns else "C")
        except (TypeError, ValueError, AttributeError, OverflowError) as error:
            raise RefusedError(f"it holds an array that makes no sense ({error})") from None


class _Kind:
    """A kind of numbers while it is being made."""

    def __init__(self, code: Any, *rest: Any) -> None:
        self.dtype = _dtype(code)

    def __setstate__(self, state: Any) -> None:
        if isinstance(state, tuple) and len(state) > 1 and state[1] in (">", b">"):
            self.dtype = self.dtype.newbyteorder(">")


def _dtype(code: Any) -> np.dtype[Any]:
    code = code.decode("ascii", "replace") if isinstance(code, bytes) else code
    if not isinstance(code, str) or not (code[:1] in KINDS and code[1:].isdigit()):
        raise RefusedError(f"it holds an array of {code!r}, and only plain numbers are read")
    return np.dtype(code)


def _bytes(content: Any) -> bytes:
    if isinstance(content, str):  # how Python 2 wrote bytes
        return content.encode("latin-1")
    if not isinstance(content, bytes | bytearray):
        raise ValueError("its numbers are not bytes")
    return bytes(content)


def _encoded(text: Any, code: Any = "latin1") -> bytes:
    """What Python 3 writes for bytes in the old protocols: text, and how to encode it."""
    if not isinstance(text, str) or code not in ("latin1", "latin-1"):
        raise RefusedError("it encodes something that is no text")
    return text.encode("latin-1")


def _viewed(content: Any, kind: Any, shape: Any, order: Any) -> _Array:
    """The newest form of an array: its bytes, and how they are to be read."""
    made = _Array()
    made.__setstate__((1, shape, kind, order == "F", content))
    return made


def _gathered(kind: type) -> Any:
    """A set out of a list, and out of nothing else."""

    def gather(items: Any = ()) -> Any:
        if type(items) not in (list, tuple):
            raise RefusedError(f"it makes a {kind.__name__} of something that is no list")
        return kind(items)

    return gather


ADMITTED: dict[tuple[str, str], Any] = {
    ("_codecs", "encode"): _encoded,
    **{(where, kind.__name__): _gathered(kind) for where in ("builtins", "__builtin__") for kind in (set, frozenset)},
    **{(f"numpy.{core}.numeric", "_frombuffer"): _viewed for core in ("core", "_core")},
    ("numpy", "dtype"): _Kind,
    ("numpy", "ndarray"): _Array,
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy._core.multiarray", "_reconstruct"): _Array,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ADMITTED:
            raise RefusedError(f"it asks for {module}.{name}, and only arrays and plain containers are read")
        return ADMITTED[module, name]

    def persistent_load(self, pid: Any) -> Any:
        raise RefusedError("it points to something outside the file")


def unpickle(content: bytes, name: str = "the file") -> Any:
    """What a pickle holds, if that is made of arrays of numbers, lists, tuples, dicts, sets, text, bytes and numbers.

    Text that Python 2 wrote comes as bytes. Raises FileFormatError for anything else, before it can do anything.

    >>> unpickle(pickle.dumps({"x": np.arange(3), "names": ["a", "b"]}))["x"]
    array([0, 1, 2])
    >>> unpickle(b"cos" + bytes([10]) + b"system" + bytes([10]) + b"(S'echo harm'" + bytes([10]) + b"tR.")
    Traceback (most recent call last):
        ...
    cutaway.data.errors.FileFormatError: the file is not read: it asks for os.system, ...
    """
    try:
        return _plain(_Unpickler(io.BytesIO(content), encoding="bytes").load())
    except RecursionError:
        raise FileFormatError(f"{name} is not read: it is nested too deeply.") from None
    except RefusedError as error:
        raise FileFormatError(f"{name} is not read: {error}.") from None
    except Exception as error:  # a pickle that is cut short or damaged may fail in any way
        raise FileFormatError(f"{name} is not a whole pickle ({type(error).__name__}: {error}).") from None


def _plain(value: Any) -> Any:
    """The same with finished arrays; what is neither array nor plain container is refused."""
    if isinstance(value, _Array):
        if value.array is None:
            raise RefusedError("it holds an array without numbers")
        return value.array
    if type(value) is dict:
        return {_plain(key): _plain(inner) for key, inner in value.items()}
    if type(value) in (list, tuple, set, frozenset):
        return type(value)(_plain(inner) for inner in value)
    if value is None or type(value) in (bool, int, float, str, bytes, bytearray):
        return value
    raise RefusedError(f"it holds a {type(value).__name__.strip('_')} where numbers belong")
