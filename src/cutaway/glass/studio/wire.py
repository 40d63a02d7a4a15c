"""Messages as bytes: a head in JSON and raw arrays behind it, many messages in a row; little-endian throughout.

    uint32 length of the head | head | arrays, each padded to a multiple of 8

The head's `sizes` say how long each array is; it is padded by spaces so that arrays begin at a multiple of 8.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ...engine.errors import CutawayError

__all__ = ["Answer", "MessageError", "answer", "pack", "plain", "unpack"]

Answer = tuple[dict[str, Any], list[bytes]]  # a message: its head, and its arrays as bytes

MOST_BYTES = 4 << 20  # of a row of messages that comes in: a drawing is far below
MOST_MESSAGES = 64  # in one row
MOST_BUFFERS = 8  # of one message
MOST_DEPTH = 32  # of lists within lists: deeper ones could exhaust the reader
KINDS = {"float32": np.float32, "int8": np.int8, "uint8": np.uint8, "int32": np.int32}


class MessageError(CutawayError, ValueError):
    """A message that is none: cut short, too long, or not made as the protocol says.

    >>> issubclass(MessageError, ValueError)
    True
    """


def answer(kind: str, arrays: dict[str, Any] | None = None, **fields: Any) -> Answer:
    """A message of a kind: its fields made plain, its arrays named in `buffers`.

    >>> head, parts = answer("cell", {"window": np.zeros(2, "f")}, value=float("nan"))
    >>> head["value"], head["buffers"], len(parts[0])
    ('NaN', [{'name': 'window', 'dtype': 'float32', 'shape': [2]}], 8)
    """
    head = {"kind": kind, **plain(fields)}
    parts = []
    for name, array in (arrays or {}).items():
        array = np.ascontiguousarray(array)
        head.setdefault("buffers", []).append({"name": name, "dtype": array.dtype.name, "shape": list(array.shape)})
        parts.append(array.tobytes())
    return head, parts


def plain(value: Any) -> Any:
    """A value as JSON can hold it: NumPy's numbers are numbers, and what is no number is a word.

    >>> plain({"a": (np.float32(0.5), float("inf"))})
    {'a': [0.5, 'Infinity']}
    """
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(inner) for inner in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else "NaN" if value != value else f"{'-' * (value < 0)}Infinity"
    return value if isinstance(value, int) else str(value)


def pack(messages: Iterable[tuple[dict[str, Any], Sequence[bytes]]]) -> bytes:
    """Messages in a row.

    >>> unpack(pack([({"cmd": "look"}, [b"12345678", b"1"])]))
    [({'cmd': 'look'}, [b'12345678', b'1'])]
    """
    out = []
    for head, parts in messages:
        text = json.dumps({**head, "sizes": [len(part) for part in parts]}, allow_nan=False).encode()
        text += b" " * (-(len(text) + 4) % 8)
        out += [struct.pack("<I", len(text)), text]
        for part in parts:
            out += [part, bytes(-len(part) % 8)]
    return b"".join(out)


def unpack(data: bytes) -> list[tuple[dict[str, Any], list[bytes]]]:
    """The messages of a row, or MessageError."""
    if len(data) > MOST_BYTES:
        raise MessageError(f"This message has {len(data):,} bytes; at most {MOST_BYTES:,} are read.")
    messages: list[tuple[dict[str, Any], list[bytes]]] = []
    at = 0
    while at < len(data):
        if len(messages) == MOST_MESSAGES:
            raise MessageError(f"More than {MOST_MESSAGES} messages came at once.")
        if at + 4 > len(data):
            raise MessageError("This message is cut short: the length of its head is missing.")
        (length,) = struct.unpack_from("<I", data, at)
        head, at = _head(data[at + 4 : at + 4 + length], length), at + 4 + length
        sizes = head.pop("sizes", [])
        if (
            not isinstance(sizes, list)
            or len(sizes) > MOST_BUFFERS
            or not all(type(n) is int and n >= 0 for n in sizes)
        ):
            raise MessageError(f"`sizes` is a list of at most {MOST_BUFFERS} lengths.")
        parts = []
        for size in sizes:
            if at + size > len(data):
                raise MessageError("This message is cut short: its arrays are longer than it says.")
            parts.append(data[at : at + size])
            at += size + -size % 8
        messages.append((head, parts))
    return messages


def _head(text: bytes, length: int) -> dict[str, Any]:
    if len(text) < length:
        raise MessageError("This message is cut short: its head is longer than what came.")
    if max(text.count(b"["), text.count(b"{")) > 4096:
        raise MessageError("This message has too many lists.")
    try:
        head = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MessageError(f"The head of this message is no JSON ({error}).") from None
    if not isinstance(head, dict):
        raise MessageError("The head of a message is an object: {...}.")
    return head


def arrays(head: dict[str, Any], parts: Sequence[bytes]) -> dict[str, Any]:
    """The arrays that came with a message, by name."""
    told = head.get("buffers", [])
    if not isinstance(told, list) or len(told) != len(parts):
        raise MessageError("`buffers` names every array that comes with a message.")
    found: dict[str, Any] = {}
    for one, part in zip(told, parts, strict=True):
        if not isinstance(one, dict) or not isinstance(one.get("name"), str) or one.get("dtype") not in KINDS:
            raise MessageError(f"A buffer has a name and one of the kinds {', '.join(KINDS)}.")
        kind = np.dtype(KINDS[one["dtype"]])
        shape: Any = one.get("shape")
        sound = isinstance(shape, list) and len(shape) <= 8 and all(type(n) is int and 0 <= n < 2**31 for n in shape)
        if not sound or math.prod(shape) * kind.itemsize != len(part):
            raise MessageError(f"The buffer {one['name'][:40]!r} has {len(part)} bytes, which is not its shape.")
        found[one["name"]] = np.frombuffer(part, kind).reshape(shape)
    return found
