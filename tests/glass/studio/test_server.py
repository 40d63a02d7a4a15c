"""The page's door: who may come in, and what is refused; and messages that are none."""

from __future__ import annotations

import http.client
import random
import struct
import threading
from contextlib import contextmanager

import pytest
import uvicorn

from cutaway.engine.errors import CutawayError
from cutaway.glass.studio import Session
from cutaway.glass.studio.commands import COMMANDS
from cutaway.glass.studio.server import application, listen, serve
from cutaway.glass.studio.wire import MOST_BYTES, MessageError, pack, unpack

from ...training.worlds import bits_of, same_future
from .talking import Page, small

TOKEN = "a-secret-word"


@contextmanager
def up(session):
    """The server in a thread; yields a function that asks it, as a program would, with any headers."""
    with listen() as found:
        port = found.getsockname()[1]
        config = uvicorn.Config(application(session, TOKEN), log_level="critical", lifespan="off", ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [found]})
        thread.start()

        def ask(method="POST", path=f"/{TOKEN}/message", body=None, **headers):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            headers = {name.replace("_", "-"): value for name, value in headers.items()}
            headers.setdefault("Host", f"127.0.0.1:{port}")
            connection.putrequest(method, path, skip_host=True)
            if body is not None:
                headers.setdefault("Content-Length", str(len(body)))
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders()
            if body is not None:
                connection.send(body)
            answer = connection.getresponse()
            told = answer.status, answer.read()
            connection.close()
            return told

        ask.port = port
        try:
            yield ask
        finally:
            server.should_exit = True
            thread.join()


STEP = pack([({"cmd": "step", "unit": "op", "client": "p"}, [])])


@pytest.fixture(scope="module")
def world():
    session = Session(small())
    with up(session) as ask:
        yield session, ask


def test_who_has_the_word_gets_the_page_its_modules_and_answers(world):
    session, ask = world
    status, text = ask("GET", f"/{TOKEN}/")
    assert status == 200 and b"<script" in text
    assert ask("GET", f"/{TOKEN}/link.js")[0] == 200
    before = session.run.op
    status, body = ask(body=STEP)
    assert status == 200 and [head["kind"] for head, _ in unpack(body)][-1] == "frame"
    assert session.run.op == before + 1
    assert ask(body=STEP, Origin=f"http://127.0.0.1:{ask.port}", Sec_Fetch_Site="same-origin")[0] == 200
    assert ask(body=STEP, Host=f"localhost:{ask.port}", Origin=f"http://localhost:{ask.port}")[0] == 200


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/message", {}),
        ("/wrong/message", {}),
        (f"/{TOKEN}x/message", {}),
        (f"/{TOKEN[:-1]}/message", {}),
        (f"/{TOKEN}/message", {"Host": "evil.example"}),
        (f"/{TOKEN}/message", {"Host": "127.0.0.1.evil.example:80"}),
        (f"/{TOKEN}/message", {"Host": ""}),
        (f"/{TOKEN}/message", {"Origin": "http://evil.example"}),
        (f"/{TOKEN}/message", {"Origin": "null"}),
        (f"/{TOKEN}/message", {"Origin": "http://127.0.0.1:1"}),
        (f"/{TOKEN}/message", {"Sec_Fetch_Site": "cross-site"}),
        (f"/{TOKEN}/message", {"Sec_Fetch_Site": "same-site"}),
    ],
)
def test_without_the_word_or_from_elsewhere_nothing_is_done(world, path, headers):
    session, ask = world
    before = bits_of(session.run)
    assert ask(path=path, body=STEP, **headers)[0] in (400, 403, 404, 405)
    page = path.removesuffix("message")
    assert ask("GET", page, **headers)[0] in (400, 403, 404)
    assert bits_of(session.run) == before


@pytest.mark.parametrize(
    "name", ["../pyproject.toml", "..%2Fstudio%2Fserver.py", "PROTOCOL.md", "studio", "", "x.js", ".html", "a/b.js"]
)
def test_only_the_pages_own_files_are_given(world, name):
    if name:
        assert world[1]("GET", f"/{TOKEN}/{name}")[0] in (403, 404)


def test_what_is_too_long_or_no_message_is_refused(world):
    session, ask = world
    before = bits_of(session.run)
    assert ask(body=bytes(MOST_BYTES + 1))[0] == 413
    for body in (b"\xff\xff\xff\xff{}", b"{}", b"\x02\0\0\0[]", b"\x04\0\0\0nope", STEP[:-1], STEP + b"\1"):
        status, told = ask(body=body)
        assert status == 400 and unpack(told)[0][0]["kind"] == "error", body
    assert ask("PUT", body=STEP)[0] == 405
    assert bits_of(session.run) == before


def test_many_pages_at_once_are_answered_one_after_the_other(world):
    session, ask = world
    start, op = session.run.batch, session.run.op
    body = pack([({"cmd": "step", "unit": "batch", "client": "p"}, [])])
    threads = [threading.Thread(target=ask, kwargs={"body": body}) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (session.run.batch, session.run.op) == (start + 12, op)


def test_a_port_that_is_taken_is_said():
    with listen() as found:
        found.listen()
        with pytest.raises(CutawayError, match="taken"):
            serve(Session(small()), found.getsockname()[1])


# -- ten thousand messages ---------------------------------------------------------------------------------------------
VALUES = [
    None, True, False, 0, 1, -1, 2, 7, 10**6, 2**53, -(2**63), 0.5, 1e308, "", "op", "batch", "w", "0.weight", "NaN",
    "\0", "é" * 70, "x" * 5000, [], [0], [0, 0], [1, 2, 3], ["a"], [None] * 99, {}, {"slot": 3}, {"name": "0.bias"},
    {"slot": -1}, {"name": 5}, {"board": 0}, {"rows": 5, "cols": 0}, {"a": {"b": {}}}, [[[[]]]],
]  # fmt: skip
LOOKING = (
    "look",
    "unlook",
    "find",
    "explain",
    "why",
    "health",
    "examples",
    "picture",
    "compare",
    "evaluate",
    "predict",
)


def message(chance: random.Random) -> tuple[dict, list[bytes]]:
    """A command whose fields are anything: now and then it is sound."""
    command = chance.choice([*LOOKING, *LOOKING, *COMMANDS, "hello", "__init__", "do", "handle", ""])
    head: dict = {"cmd": command, "client": chance.choice(["a", "b", 3, None])}
    for name in COMMANDS.get(command, {"x": None}):
        if chance.random() < 0.8:
            head[name.rstrip("?")] = chance.choice(VALUES)
    if chance.random() < 0.1:
        head[chance.choice(["id", "who", "self", "buffers", "cmd", "op", "__class__"])] = chance.choice(VALUES)
    return head, [chance.randbytes(chance.choice([0, 1, 4, 64]))] if chance.random() < 0.1 else []


def test_ten_thousand_random_messages_leave_the_run_as_it_was():
    chance, page = random.Random(20), Page(small())
    page.run.train(batches=6, progress=False)
    page.ask("hello")
    page.ask("step", unit="op", n=3)
    other = page.run.fork()
    before, events = bits_of(page.run), len(page.run.history.events)
    changing = set(COMMANDS) - set(LOOKING) - {"hello"}
    refused = answered = 0
    for _ in range(10_000):
        head, parts = message(chance)
        answers = page.session.handle(head, parts)
        assert answers, head
        bad = answers[0][0]["kind"] == "error"
        refused, answered = refused + bad, answered + (not bad)
        assert "fault of Cutaway" not in str(answers[0][0].get("error")), (head, answers[0][0])
        here = page.run.batch, page.run.op, len(page.run.history.events)
        if here != (*before["place"], events):
            assert not bad and head["cmd"] in changing, head  # a sound command that moves; a refused one never does
            page.session.branches.selected = page.session.branches.all[0]
            page.run.history.events = page.run.history.events[:events]
            page = Page(other.fork())
    assert refused > 5000 and answered > 300
    while page.session.player.playing:
        page.ask("pause")
    page.session.branches.selected = page.session.branches.all[0]
    assert bits_of(page.run) == before
    page.ask("at", batch=6)
    other.at(6)
    same_future(page.run, other)


def test_random_bytes_and_broken_rows_leave_the_server_up():
    chance, session = random.Random(21), Session(small())
    before = bits_of(session.run)
    sound = pack([({"cmd": "look", "key": "w", "what": {"name": "0.weight"}, "stats": True, "client": "p"}, [b"1234"])])
    with up(session) as ask:
        for k in range(300):
            body = bytearray(sound) if k % 3 else bytearray(chance.randbytes(chance.randrange(400)))
            for _ in range(chance.randrange(1, 4) if k % 3 else 0):
                body[chance.randrange(len(body))] = chance.randrange(256)
            assert ask(body=bytes(body[: chance.choice([None, -1, len(body) // 2])]))[0] in (200, 400)
        status, told = ask(body=pack([({"cmd": "hello", "client": "p"}, [])]))
        assert status == 200 and unpack(told)[-1][0]["kind"] == "frame"
    assert bits_of(session.run) == before


def test_rows_of_bytes_are_messages_or_refused():
    chance = random.Random(22)
    sound = pack([({"cmd": "a"}, [b"123", bytes(16)]), ({"cmd": "b"}, [])])
    assert unpack(sound) == [({"cmd": "a"}, [b"123", bytes(16)]), ({"cmd": "b"}, [])]
    for k in range(10_000):
        body = bytearray(sound)
        for _ in range(1 + k % 3):
            body[chance.randrange(len(body))] = chance.randrange(256)
        try:
            told = unpack(bytes(body[: chance.choice([None, chance.randrange(len(body))])]))
        except MessageError:
            continue
        assert all(isinstance(head, dict) for head, _ in told)
    deep = b"[" * 5000
    with pytest.raises(MessageError):
        unpack(struct.pack("<I", len(deep)) + deep)
