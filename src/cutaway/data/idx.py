"""The file format of MNIST: a few bytes that say what follows, and then the numbers, nothing else.

    byte 0, 1    zero
    byte 2       the kind of number (8: a byte from 0 to 255)
    byte 3       how many sides the array has
    then         the length of each side, four bytes each, the highest first
    then         the numbers

So ``00 00 08 03  00 00 ea 60  00 00 00 1c  00 00 00 1c`` begins 60,000 pictures of 28 x 28 bytes.
(Described by Yann LeCun beside the MNIST files.)
"""

from __future__ import annotations

import math
import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import FileFormatError

__all__ = ["parse", "read"]

KINDS = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


def read(path: str | os.PathLike[str]) -> NDArray[Any]:
    """The array in an idx file, packed by gzip or not.

    Raises FileFormatError, with what was met and what was expected, for anything else.
    """
    path = Path(path)
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        import gzip

        try:
            content = gzip.decompress(content)
        except EOFError as error:
            raise FileFormatError(f"{path} was cut short: its gzip packing has no end. Fetch it again.") from error
        except (OSError, zlib.error) as error:
            raise FileFormatError(f"{path} is damaged ({error}). Fetch it again.") from error
    return parse(content, str(path))


def parse(content: bytes, name: str = "the file") -> NDArray[Any]:
    """The array that these bytes hold, in this machine's byte order.

    >>> parse(bytes([0, 0, 8, 2,  0, 0, 0, 2,  0, 0, 0, 3,  1, 2, 3, 4, 5, 6])).tolist()
    [[1, 2, 3], [4, 5, 6]]
    """
    if len(content) < 4:
        raise FileFormatError(f"{name} holds {len(content)} bytes; an idx file begins with four that describe it.")
    if content[:2] != b"\0\0" or content[2] not in KINDS:
        raise FileFormatError(
            f"{name} is not an idx file: it begins with the bytes {content[:4].hex(' ')}, and idx begins with "
            f"00 00, then the kind of number (08 for bytes), then how many sides there are.{_guess(content)}"
        )
    kind, sides = np.dtype(KINDS[content[2]]), content[3]
    begin = 4 + 4 * sides
    if len(content) < begin:
        raise FileFormatError(f"{name} ends within the lengths of its {sides} sides.")
    shape = tuple(int(n) for n in np.frombuffer(content, ">u4", sides, 4))
    count, there = math.prod(shape), (len(content) - begin) / kind.itemsize
    if there != count:
        raise FileFormatError(
            f"{name} promises {' x '.join(map(str, shape))} = {count:,} numbers, and {there:,g} follow: it was "
            f"{'cut short' if there < count else 'lengthened'}. Fetch it again."
        )
    return np.frombuffer(content, kind, offset=begin).reshape(shape).astype(kind.newbyteorder("="))


def _guess(content: bytes) -> str:
    head = content[:64].lstrip().lower()
    if head.startswith((b"<!doctype", b"<html", b"<?xml")):
        return " It is a web page: a server answered with its error page."
    if head.startswith(b"pk\x03\x04"):
        return " It is a zip archive: unpack it first."
    return ""
