"""The two places a file can come from, a folder and a web address, behind the same few words.

A source is asked for a path such as ``mnist/train-images-idx3-ubyte.gz`` and for the byte to begin at. It may
carry a ``MANIFEST.json`` that lists the sha256 of what it serves: a mirror that had to pack a file anew says
so there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any, Protocol

__all__ = ["Folder", "Opened", "Source", "SourceError", "Web", "at"]

TIMEOUT = 20.0  # seconds without a byte


class SourceError(Exception):
    """One source failed. ``again`` says whether asking it once more may help."""

    def __init__(self, reason: str, again: bool = False) -> None:
        super().__init__(reason)
        self.again = again


@dataclass(frozen=True)
class Opened:
    """A stream of bytes that begins at byte ``start`` of the file; the file ends at ``end``, if that is known."""

    stream: IO[bytes]
    start: int
    end: int | None


class Source(Protocol):
    """Somewhere that files come from."""

    @property
    def name(self) -> str:
        """How a message calls it."""

    def open(self, path: str, start: int) -> Any:
        """A context that gives an :class:`Opened` file; SourceError where there is none."""

    @property
    def manifest(self) -> dict[str, str]:
        """The sha256 of each path this source vouches for; empty where it keeps no list."""


@dataclass(frozen=True)
class Folder:
    """A folder on this machine."""

    root: Path

    @property
    def name(self) -> str:
        return f"the folder {self.root}"

    @contextmanager
    def open(self, path: str, start: int) -> Iterator[Opened]:
        """The file from its first byte on: reading a folder again costs nothing."""
        try:
            stream = (self.root / path).open("rb")
        except OSError as error:
            raise SourceError(f"no file {path} there" if self.root.is_dir() else "no such folder") from error
        with stream:
            yield Opened(stream, 0, (self.root / path).stat().st_size)

    @cached_property
    def manifest(self) -> dict[str, str]:
        """What MANIFEST.json in the folder says."""
        try:
            text = (self.root / "MANIFEST.json").read_bytes()
        except OSError:
            return {}
        return _read_manifest(text, str(self.root / "MANIFEST.json"))


@dataclass(frozen=True)
class Web:
    """An address that begins with http:// or https://; the path is appended to it."""

    address: str

    @property
    def name(self) -> str:
        from urllib.parse import urlsplit

        return urlsplit(self.address).netloc or self.address

    @contextmanager
    def open(self, path: str, start: int) -> Iterator[Opened]:
        """The file from byte ``start`` on, where the server can do that, and from its beginning otherwise."""
        import http.client
        import urllib.error
        from urllib.parse import quote
        from urllib.request import Request, build_opener

        headers = {"User-Agent": "cutaway (a course in deep learning)", "Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        request = Request(f"{self.address.rstrip('/')}/{quote(path)}", headers=headers)
        try:
            answer = build_opener().open(request, timeout=TIMEOUT)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 416 and start:  # nothing behind that byte: ask for all of it
                with self.open(path, 0) as opened:
                    yield opened
                return
            raise SourceError(f"answered {error.code} {error.reason}", error.code >= 500) from error
        except (OSError, http.client.HTTPException) as error:
            raise _trouble(error) from error
        with answer:
            length = answer.headers.get("Content-Length", "")
            size = int(length) if length.isdigit() else None
            begins = _begins(answer.headers.get("Content-Range", "")) if answer.status == 206 else 0
            yield Opened(answer, begins, None if size is None else begins + size)

    @cached_property
    def manifest(self) -> dict[str, str]:
        """What MANIFEST.json at this address says."""
        try:
            with self.open("MANIFEST.json", 0) as opened:
                text = opened.stream.read()
        except (SourceError, OSError):
            return {}
        return _read_manifest(text, f"{self.address}/MANIFEST.json")


def at(place: str) -> Source:
    """The source behind a folder's path or an address.

    >>> at("https://example.org/data").name, at("/mnt/data").name
    ('example.org', 'the folder /mnt/data')
    """
    lower = place.lower()
    if lower.startswith(("http://", "https://")):
        return Web(place)
    if lower.startswith("file://"):
        from urllib.parse import urlsplit
        from urllib.request import url2pathname

        return Folder(Path(url2pathname(urlsplit(place).path)))
    return Folder(Path(place).expanduser())


def _begins(content_range: str) -> int:
    """The first byte of "bytes 100-199/200"."""
    digits = content_range.removeprefix("bytes").strip().split("-")[0]
    if not digits.isdigit():
        raise SourceError(f"sent a piece of the file without saying which (Content-Range: {content_range!r})")
    return int(digits)


def _trouble(error: Exception) -> SourceError:
    """In plain words what an attempt to connect ended with."""
    import socket
    import ssl

    cause: object = getattr(error, "reason", error)
    if isinstance(cause, socket.gaierror):
        return SourceError("its address could not be looked up (no internet?)")
    if isinstance(cause, ssl.SSLError):
        return SourceError(f"no safe connection ({cause.reason or cause})")
    if isinstance(cause, TimeoutError):
        return SourceError(f"no answer within {TIMEOUT:g} seconds")
    if isinstance(cause, ConnectionRefusedError):
        return SourceError("refused the connection")
    return SourceError(f"{type(cause).__name__}: {cause}", again=True)


def _read_manifest(text: bytes, where: str) -> dict[str, str]:
    try:
        listed = json.loads(text)
        return {
            str(file["path"]): str(file["sha256"]).lower()
            for group in listed["sets"]
            for file in group["files"]
            if "sha256" in file
        }
    except (ValueError, KeyError, TypeError) as error:
        raise SourceError(
            f'{where} is not a list of files ({{"sets": [{{"files": [{{"path": ..., "sha256": ...}}]}}]}})'
        ) from error
