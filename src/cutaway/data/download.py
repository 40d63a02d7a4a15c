"""Brings the files of a data set to this machine: resumed when cut off, checked, several sources in order.

A file arrives under the name ``….part``; only when its sha256 is right does it take its own name, in one move.
So a file with its own name is whole, and what has arrived of any other is kept for the next attempt.
"""

from __future__ import annotations

import hashlib
import os
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from . import places
from .errors import FetchError
from .places import Progress, RemoteFile
from .sources import Source, SourceError, at

__all__ = ["bring", "is_whole"]

CHUNK = 1 << 17
TRIES = 4
PAUSE = 0.5  # seconds before the second attempt, doubled each time


def bring(files: Sequence[RemoteFile], folder: Path, what: str, progress: Progress | None = None) -> None:
    """See to it that ``folder`` holds all the files, whole. ``progress(done, total)`` counts bytes.

    Asked in order: ``CUTAWAY_MIRROR``, then each address. Raises FetchError, with what to do, when none
    of them served a file.
    """
    report = progress or (lambda done, total: None)
    total, done = sum(file.size for file in files), 0
    chosen = places.mirror()
    mirror = [at(chosen)] if chosen else []
    for file in files:
        target = folder / file.path
        if not is_whole(target, file):
            with _writing_to(folder), _alone(target):
                _fill_in(file, target, mirror, what, _counting(report, done, file.size, total))
        done += file.size
        report(done, total)


def _fill_in(
    file: RemoteFile, target: Path, mirror: Sequence[Source], what: str, report: Callable[[int], object]
) -> None:
    """Fetch the file unless it is there, with the lock held: another process may have brought it by now."""
    damaged = target.exists() and not is_whole(target, file)
    if damaged:
        target.unlink()
    if not target.exists():
        _from_any(file, target, mirror, what, damaged, report)
        if damaged:
            warnings.warn(f"{target} was damaged; it has been fetched again.", stacklevel=5)


def is_whole(target: Path, file: RemoteFile) -> bool:
    """Whether the file in the cache has the sha256 it should have."""
    if not target.is_file():
        return False
    try:
        vouched = target.with_name(target.name + ".sha256").read_text(encoding="ascii").split()[:1]
    except (OSError, UnicodeDecodeError):
        vouched = []
    return _sha256(target) in {file.sha256, *vouched}


def _from_any(
    file: RemoteFile,
    target: Path,
    mirror: Sequence[Source],
    what: str,
    damaged: bool,
    report: Callable[[int], object],
) -> None:
    failed = []
    for source in [*mirror, *map(at, file.addresses)]:
        try:
            for path, sha256 in _offers(file, source, source in mirror):
                try:
                    _from_one(file, target, source, path, sha256, report)
                    return
                except SourceError as error:
                    failed.append(f"{source.name}: {error}")
        except SourceError as error:  # its list cannot be read
            failed.append(f"{source.name}: {error}")
    lost = f" (The copy in {target} was damaged and has been removed.)" if damaged else ""
    raise FetchError(
        f"{what} could not be fetched: {file.path} is not to be had from\n    "
        + "\n    ".join(failed)
        + f"\nConnect to the internet and try again (what has arrived is kept), or set CUTAWAY_MIRROR to a "
        f"folder or an address that serves {file.path}.{lost}"
    )


def _offers(file: RemoteFile, source: Source, mirror: bool) -> list[tuple[str, str]]:
    """Under which paths a source may have the file, and the sha256 it has there.

    Only a mirror that the user chose may vouch for files of its own packing.
    """
    if not mirror:
        return [(file.path.removeprefix(f"{file.below}/") if file.below else file.path, file.sha256)]
    listed = source.manifest
    packed = [(path, listed[path]) for path in file.repacked if path in listed]
    return [*packed, (file.path, listed.get(file.path, file.sha256))]


def _from_one(
    file: RemoteFile, target: Path, source: Source, path: str, sha256: str, report: Callable[[int], object]
) -> None:
    """Fetch from one source: go on where the last attempt ended, and from the beginning if that went wrong."""
    part = target.with_name(target.name + ".part")
    attempt = 0
    while True:
        resumed = part.stat().st_size if part.exists() else 0
        try:
            if resumed != file.size or _sha256(part) != sha256:
                resumed = _receive(path, source, part, resumed, report)
        except SourceError as error:
            arrived = part.stat().st_size if part.exists() else 0
            attempt = 0 if arrived > resumed else attempt + 1
            if not error.again or attempt >= TRIES:
                raise
            time.sleep(PAUSE * 2**attempt)
            continue
        found = _sha256(part)
        if found == sha256:
            break
        part.unlink()
        if not resumed:
            raise SourceError(f"sent a file with the wrong checksum (sha256 {found[:12]}…, not {sha256[:12]}…)")
    note = target.with_name(target.name + ".sha256")
    if sha256 == file.sha256:
        note.unlink(missing_ok=True)
    else:  # the mirror packed the file in its own way: remember what it vouched for
        note.write_text(f"{sha256}  {target.name}\n", encoding="ascii")
    os.replace(part, target)


def _receive(path: str, source: Source, part: Path, have: int, report: Callable[[int], object]) -> int:
    """Write what the source sends behind the ``have`` bytes that are there; return where writing began."""
    with source.open(path, have) as opened:
        begins = opened.start if opened.start <= have else 0
        if opened.start > have:
            raise SourceError(f"began at byte {opened.start} when asked for byte {have}")
        with part.open("r+b" if have else "wb") as file:
            file.seek(begins)
            file.truncate()
            done = begins
            report(done)
            while chunk := _read(opened.stream):
                file.write(chunk)
                done += len(chunk)
                report(done)
            file.flush()
            os.fsync(file.fileno())
        if opened.end is not None and done < opened.end:
            raise SourceError(f"broke off after {done:,} of {opened.end:,} bytes", again=True)
    return begins


def _read(stream: IO[bytes]) -> bytes:
    """The next bytes; a connection that breaks is a trouble of the source, a full disk is not."""
    import http.client

    try:
        return stream.read(CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise SourceError(f"broke off ({type(error).__name__}: {error})", again=True) from error


def _counting(report: Progress, before: int, size: int, total: int) -> Callable[[int], object]:
    return lambda arrived: report(before + min(arrived, size), total)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _writing_to(folder: Path) -> Iterator[None]:
    try:
        yield
    except FetchError:
        raise
    except OSError as error:
        raise FetchError(
            f"Fetched data is kept in {folder}, and writing there failed: {error}. Make room there, or set "
            "CUTAWAY_HOME to another folder."
        ) from error


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Let one process at a time fetch into this folder; the system frees the lock when a process dies."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with (target.parent / ".lock").open("a+b") as lock:
        _lock(lock.fileno())
        yield


def _lock(descriptor: int) -> None:
    import sys

    if sys.platform == "win32":
        import errno
        import msvcrt

        while True:
            try:
                return msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
            except OSError as error:
                if error.errno != errno.EDEADLK:  # that one only says that ten seconds have passed
                    return None
    else:
        import fcntl

        with suppress(OSError):  # a file system without locks: two downloads at once are then on their own
            fcntl.flock(descriptor, fcntl.LOCK_EX)
