"""Fetching: resumed when cut off, checked, several sources; against a server on this machine."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cutaway.data import FetchError, catalog, download, fetch, home, load, registry
from cutaway.data.download import bring
from cutaway.data.places import RemoteFile

CONTENT = bytes(range(256)) * 2_000  # 512,000 bytes: several pieces
OTHER = CONTENT[::-1]
SHA = hashlib.sha256(CONTENT).hexdigest()
PATH = "toy/numbers.bin"


class Server:
    """Serves ``files`` on this machine and remembers what was asked. ``cuts``: bytes after which to break off."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {PATH: CONTENT}
        self.cuts: list[int] = []
        self.ranges = True
        self.status: list[int] = []
        self.asked: list[tuple[str, str | None]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path, wanted = self.path.lstrip("/"), self.headers.get("Range")
                outer.asked.append((path, wanted))
                content = outer.files.get(path)
                if outer.status or content is None:
                    self.send_error(outer.status.pop(0) if outer.status else 404)
                    return
                start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and outer.ranges else 0
                if start >= len(content):
                    self.send_error(416)
                    return
                self.send_response(206 if start else 200)
                if start:
                    self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
                self.send_header("Content-Length", str(len(content) - start))
                self.end_headers()
                body = content[start:]
                if outer.cuts:
                    body = body[: outer.cuts.pop(0)]
                self.wfile.write(body)
                self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def asked_for(self, path: str = PATH) -> list[str | None]:
        return [wanted for name, wanted in self.asked if name == path]

    def file(self, *more: str) -> RemoteFile:
        return RemoteFile(PATH, len(CONTENT), SHA, (self.address, *more))

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    served = Server()
    yield served
    served.stop()


@pytest.fixture
def other() -> Iterator[Server]:
    served = Server()
    yield served
    served.stop()


@pytest.fixture(autouse=True)
def _quick_and_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "PAUSE", 0.0)
    monkeypatch.delenv("CUTAWAY_MIRROR", raising=False)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def leftovers(folder: Path) -> list[str]:
    return sorted(p.name for p in (folder / "toy").iterdir() if p.name != ".lock")


def test_a_file_arrives_whole_and_progress_ends_at_the_total(server: Server, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    bring([server.file()], tmp_path, "toy", lambda done, total: seen.append((done, total)))
    assert (tmp_path / PATH).read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert len(seen) > 3 and [d for d, _ in seen] == sorted(d for d, _ in seen)
    assert leftovers(tmp_path) == ["numbers.bin"]


def test_a_whole_file_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    bring([server.file()], tmp_path, "toy")
    bring([server.file()], tmp_path, "toy")
    assert len(server.asked) == 1


def test_a_download_that_breaks_off_goes_on_where_it_was(server: Server, tmp_path: Path) -> None:
    server.cuts = [200_000, 100_000]
    bring([server.file()], tmp_path, "toy")
    assert server.asked_for() == [None, "bytes=200000-", "bytes=300000-"]
    assert (tmp_path / PATH).read_bytes() == CONTENT


def test_a_download_may_break_off_often_as_long_as_it_gets_on(server: Server, tmp_path: Path) -> None:
    server.cuts = [40_000] * 12
    bring([server.file()], tmp_path, "toy")
    assert (tmp_path / PATH).read_bytes() == CONTENT and len(server.asked) == 13


def test_a_server_that_never_gets_on_is_given_up(server: Server, tmp_path: Path) -> None:
    server.cuts = [1000] + [0] * 50
    with pytest.raises(FetchError, match="broke off after 1,000 of 512,000 bytes"):
        bring([server.file()], tmp_path, "toy")
    assert len(server.asked) < 10
    assert (tmp_path / (PATH + ".part")).stat().st_size == 1000


def test_what_arrived_before_the_program_ended_is_kept(server: Server, tmp_path: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        if done > 200_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bring([server.file()], tmp_path, "toy", interrupt)
    assert leftovers(tmp_path) == ["numbers.bin.part"]
    have = (tmp_path / (PATH + ".part")).stat().st_size
    assert 200_000 < have < len(CONTENT)
    bring([server.file()], tmp_path, "toy")
    assert server.asked_for()[1] == f"bytes={have}-"
    assert (tmp_path / PATH).read_bytes() == CONTENT


def test_a_server_that_cannot_resume_starts_over(server: Server, tmp_path: Path) -> None:
    server.ranges, server.cuts = False, [200_000]
    bring([server.file()], tmp_path, "toy")
    assert server.asked_for() == [None, "bytes=200000-"]
    assert (tmp_path / PATH).read_bytes() == CONTENT


def test_a_part_that_belongs_to_another_file_is_thrown_away(server: Server, tmp_path: Path) -> None:
    (tmp_path / "toy").mkdir()
    (tmp_path / (PATH + ".part")).write_bytes(OTHER[:1000])
    bring([server.file()], tmp_path, "toy")
    assert (tmp_path / PATH).read_bytes() == CONTENT
    assert server.asked_for() == ["bytes=1000-", None]


@pytest.mark.parametrize("length", [len(CONTENT), len(CONTENT) + 5])
def test_a_part_that_is_too_long_is_thrown_away(server: Server, tmp_path: Path, length: int) -> None:
    (tmp_path / "toy").mkdir()
    (tmp_path / (PATH + ".part")).write_bytes((OTHER + OTHER)[:length])
    bring([server.file()], tmp_path, "toy")
    assert (tmp_path / PATH).read_bytes() == CONTENT


def test_a_part_that_was_complete_needs_no_server(tmp_path: Path) -> None:
    (tmp_path / "toy").mkdir()
    (tmp_path / (PATH + ".part")).write_bytes(CONTENT)
    bring([RemoteFile(PATH, len(CONTENT), SHA, ("http://127.0.0.1:9",))], tmp_path, "toy")
    assert (tmp_path / PATH).read_bytes() == CONTENT


def test_a_wrong_file_is_refused_and_the_second_source_asked(server: Server, other: Server, tmp_path: Path) -> None:
    server.files[PATH] = OTHER
    bring([server.file(other.address)], tmp_path, "toy")
    assert (tmp_path / PATH).read_bytes() == CONTENT
    assert len(server.asked) == 1 and len(other.asked) == 1


def test_the_second_source_goes_on_where_the_first_gave_up(server: Server, other: Server, tmp_path: Path) -> None:
    server.cuts = [150_000] + [0] * 10
    bring([server.file(other.address)], tmp_path, "toy")
    assert other.asked_for() == ["bytes=150000-"]
    assert (tmp_path / PATH).read_bytes() == CONTENT


def test_a_busy_server_is_asked_again_and_a_missing_file_is_not(server: Server, tmp_path: Path) -> None:
    server.status = [503, 503]
    bring([server.file()], tmp_path, "toy")
    assert len(server.asked) == 3
    server.asked.clear()
    with pytest.raises(FetchError, match="404"):
        bring([RemoteFile("toy/none", 1, SHA, (server.address,))], tmp_path, "toy")
    assert len(server.asked) == 1


def test_when_nobody_serves_the_file_one_message_names_all_and_says_what_to_do(server: Server, tmp_path: Path) -> None:
    server.files[PATH] = OTHER
    with pytest.raises(FetchError) as met:
        bring([server.file("http://127.0.0.1:9", "http://no-such-place.invalid")], tmp_path, "toy")
    message = str(met.value)
    assert "wrong checksum" in message and "refused the connection" in message and "no internet" in message
    assert "CUTAWAY_MIRROR" in message and "try again" in message
    assert not (tmp_path / PATH).exists()


def test_a_damaged_file_in_the_cache_is_named_and_fetched_again(server: Server, tmp_path: Path) -> None:
    bring([server.file()], tmp_path, "toy")
    (tmp_path / PATH).write_bytes(CONTENT[:-1] + b"!")
    with pytest.warns(UserWarning, match=r"numbers\.bin was damaged"):
        bring([server.file()], tmp_path, "toy")
    assert (tmp_path / PATH).read_bytes() == CONTENT
    (tmp_path / PATH).write_bytes(b"")
    del server.files[PATH]
    with pytest.raises(FetchError, match="was damaged and has been removed"):
        bring([server.file()], tmp_path, "toy")


def test_a_mirror_folder_is_asked_first(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mirror" / "toy").mkdir(parents=True)
    (tmp_path / "mirror" / PATH).write_bytes(CONTENT)
    monkeypatch.setenv("CUTAWAY_MIRROR", str(tmp_path / "mirror"))
    bring([server.file()], tmp_path / "cache", "toy")
    assert (tmp_path / "cache" / PATH).read_bytes() == CONTENT
    assert server.asked == []


def test_a_mirror_without_a_list_is_held_to_the_canonical_checksum(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mirror" / "toy").mkdir(parents=True)
    (tmp_path / "mirror" / PATH).write_bytes(OTHER)
    monkeypatch.setenv("CUTAWAY_MIRROR", (tmp_path / "mirror").as_uri())
    bring([server.file()], tmp_path / "cache", "toy")
    assert (tmp_path / "cache" / PATH).read_bytes() == CONTENT


def manifest(content: bytes) -> bytes:
    listed = {"path": PATH, "sha256": hashlib.sha256(content).hexdigest()}
    return json.dumps({"sets": [{"name": "toy", "files": [listed]}]}).encode()


@pytest.mark.parametrize("kind", ["folder", "address"])
def test_a_mirror_may_vouch_for_files_it_packed_itself(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    packed = CONTENT[:300_000]
    server.files = {PATH: packed, "MANIFEST.json": manifest(packed)}
    root = tmp_path / "mirror"
    for path, content in server.files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    monkeypatch.setenv("CUTAWAY_MIRROR", str(root) if kind == "folder" else server.address)
    file = RemoteFile(PATH, len(CONTENT), SHA, ())
    bring([file], tmp_path / "cache", "toy")
    assert (tmp_path / "cache" / PATH).read_bytes() == packed
    monkeypatch.delenv("CUTAWAY_MIRROR")
    bring([file], tmp_path / "cache", "toy")  # still known to be whole, with no mirror at hand


def test_a_mirror_may_serve_the_same_content_in_another_packing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = CONTENT[:200_000]
    listed = {"path": "toy/numbers.xz", "sha256": hashlib.sha256(other).hexdigest()}
    (tmp_path / "mirror/toy").mkdir(parents=True)
    (tmp_path / "mirror/toy/numbers.xz").write_bytes(other)
    monkeypatch.setenv("CUTAWAY_MIRROR", str(tmp_path / "mirror"))
    file = RemoteFile(PATH, len(CONTENT), SHA, (), repacked=("toy/numbers.xz",))
    with pytest.raises(FetchError, match=r"no file toy/numbers\.bin there"):  # nobody vouches for the packing
        bring([file], tmp_path / "cache", "toy")
    (tmp_path / "mirror/MANIFEST.json").write_text(json.dumps({"sets": [{"files": [listed]}]}), encoding="utf-8")
    bring([file], tmp_path / "cache", "toy")
    assert (tmp_path / "cache" / PATH).read_bytes() == other


def test_an_address_may_keep_its_files_in_no_folder(server: Server, tmp_path: Path) -> None:
    server.files = {"numbers.bin": CONTENT}
    bring([RemoteFile(PATH, len(CONTENT), SHA, (server.address,), below="toy")], tmp_path, "toy")
    assert (tmp_path / PATH).read_bytes() == CONTENT


def test_an_address_that_is_no_mirror_may_not_vouch(server: Server, tmp_path: Path) -> None:
    server.files = {PATH: OTHER, "MANIFEST.json": manifest(OTHER)}
    with pytest.raises(FetchError, match="wrong checksum"):
        bring([server.file()], tmp_path, "toy")


def test_a_mirror_that_lies_about_its_own_file_is_refused(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.files = {PATH: CONTENT, "MANIFEST.json": manifest(OTHER)}
    monkeypatch.setenv("CUTAWAY_MIRROR", server.address)
    with pytest.raises(FetchError, match="wrong checksum"):
        bring([RemoteFile(PATH, len(CONTENT), SHA, ())], tmp_path, "toy")


def test_a_mirror_folder_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUTAWAY_MIRROR", str(tmp_path / "nowhere"))
    with pytest.raises(FetchError, match=r"nowhere: no such folder"):
        bring([RemoteFile(PATH, 1, SHA, ())], tmp_path, "toy")


def test_a_cache_that_cannot_be_written_says_so(server: Server, tmp_path: Path) -> None:
    (tmp_path / "toy").write_text("a file where the folder should be")
    with pytest.raises(FetchError, match="CUTAWAY_HOME"):
        bring([server.file()], tmp_path, "toy")


def test_two_at_once_fetch_the_file_once(server: Server, tmp_path: Path) -> None:
    together = [threading.Thread(target=bring, args=([server.file()], tmp_path, "toy")) for _ in range(4)]
    for thread in together:
        thread.start()
    for thread in together:
        thread.join()
    assert len(server.asked) == 1
    assert (tmp_path / PATH).read_bytes() == CONTENT


def test_home_follows_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUTAWAY_HOME", str(tmp_path / "here"))
    assert home() == tmp_path / "here"
    monkeypatch.delenv("CUTAWAY_HOME")
    assert home().name == "cutaway"


def test_the_catalogue_says_what_there_is_without_touching_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUTAWAY_HOME", str(tmp_path / "none"))
    digits, mnist, fashion, objects, weather = catalog()
    assert digits.here and digits.embedded and digits.path.stat().st_size == digits.size
    assert not mnist.here and not mnist.embedded
    assert mnist.path == tmp_path / "none" / "data" / "mnist"
    assert mnist.licence.startswith("CC BY-SA") and mnist.size > 11_000_000
    assert not fashion.here and not objects.here
    assert fashion.path == tmp_path / "none" / "data" / "fashion-mnist" and objects.path.suffix == ".gz"
    assert fetch("digits") == digits.path and fetch("weather") == weather.path
    assert weather.here and weather.embedded and weather.path.stat().st_size == weather.size
    assert not (tmp_path / "none").exists()


def test_an_unknown_name_is_answered_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Did you mean 'mnist'"):
        load("minst")
    with pytest.raises(ValueError, match=r"digits, mnist, fashion, cifar10 and weather; your own file is .*table"):
        fetch("zebra")


def test_mnist_offline_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUTAWAY_HOME", str(tmp_path))
    mnist = registry.ENTRIES[1]
    gone = tuple(RemoteFile(f.path, f.size, f.sha256, ("http://no-such-place.invalid",)) for f in mnist.files)
    monkeypatch.setattr(registry, "ENTRIES", (registry.ENTRIES[0], dataclasses.replace(mnist, files=gone)))
    with pytest.raises(FetchError, match=r"(?s)mnist could not be fetched.*CUTAWAY_MIRROR"):
        load("mnist")
