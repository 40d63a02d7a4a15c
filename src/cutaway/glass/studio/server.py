"""The studio as a page of this machine: Starlette and uvicorn on the loopback address, for whoever has the secret word.

The word is the first part of every address. Requests that name another host (a page elsewhere whose name was bent to
this machine) or come from another page are refused, and so are messages that are too long or no messages at all.
"""

from __future__ import annotations

import re
import secrets
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ...engine.errors import CutawayError
from ...engine.shell import pip_install
from .session import Session
from .wire import MOST_BYTES, MessageError, answer, pack, unpack

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["application", "listen", "serve"]

WEB = Path(__file__).parents[1] / "web"
KINDS = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}  # Starlette adds the charset
LOCAL = {"127.0.0.1", "localhost", "::1"}
FILE = re.compile(r"^[A-Za-z0-9_-]+\.(html|js|css)$")
RULES = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def needs_studio() -> None:
    """Starlette and uvicorn, or one sentence."""
    try:
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError:
        raise CutawayError(
            f"The studio needs Starlette and uvicorn. Type: {pip_install('starlette', 'uvicorn')}"
        ) from None


def application(session: Session, token: str) -> Starlette:
    """The page and its messages, all below /TOKEN/.

    >>> from cutaway import nn, optim
    >>> run = ct.Run(nn.Linear(1, 1), nn.MSELoss(), optim.SGD(0.1), data=([[1.0], [2.0]], [[3.0], [5.0]]), batch_size=2)
    >>> [route.path for route in application(Session(run), "word").routes]
    ['/{token}/message', '/{token}/{file}', '/{token}/', '/{rest:path}']
    """
    needs_studio()
    from anyio.to_thread import run_sync
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse, RedirectResponse, Response
    from starlette.routing import Route

    def refused(status: int, sentence: str) -> Response:
        return PlainTextResponse(sentence, status, headers=RULES)

    def unfit(request: Request) -> Response | None:
        """Why a request is not answered."""
        if not local(request.headers.get("host", "")):
            return refused(400, "This page is only for the machine it runs on.")
        if not own(request):
            return refused(403, "Another page asked; only the studio's own page may.")
        if not secrets.compare_digest(request.path_params.get("token", "").encode(), token.encode()):
            return refused(403, "The address lacks this run's secret word. Use the one that cutaway open printed.")
        return None

    async def page(request: Request) -> Response:
        trouble = unfit(request)
        if trouble is not None:
            return trouble
        name = request.path_params.get("file", "index.html")
        file = WEB / name
        if not FILE.match(name) or not file.is_file():
            return refused(404, "There is no such file.")
        return Response(file.read_bytes(), media_type=KINDS[file.suffix], headers=RULES)

    async def message(request: Request) -> Response:
        trouble = unfit(request)
        if trouble is not None:
            return trouble
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > MOST_BYTES:
                return refused(413, f"At most {MOST_BYTES:,} bytes are read.")
        status, told = await run_sync(answers, session, bytes(body))
        return Response(told, status, media_type="application/octet-stream", headers=RULES)

    async def elsewhere(request: Request) -> Response:
        word = request.path_params["rest"]
        if local(request.headers.get("host", "")) and secrets.compare_digest(word.encode(), token.encode()):
            return RedirectResponse(f"/{token}/", headers=RULES)
        return refused(403, "The address lacks this run's secret word. Use the one that cutaway open printed.")

    return Starlette(
        routes=[
            Route("/{token}/message", message, methods=["POST"]),
            Route("/{token}/{file}", page, methods=["GET"]),
            Route("/{token}/", page, methods=["GET"]),
            Route("/{rest:path}", elsewhere, methods=["GET"]),
        ]
    )


def answers(session: Session, body: bytes) -> tuple[int, bytes]:
    """The status and the packed answers to a row of packed messages."""
    try:
        messages = unpack(body)
    except MessageError as error:
        return 400, pack([answer("error", error=str(error), cmd="")])
    out = []
    for head, parts in messages:
        out += session.handle(head, parts)
    return 200, pack(out)


def local(host: str) -> bool:
    """Is this the name of this very machine, whatever the port?

    >>> local("127.0.0.1:8770"), local("[::1]:80"), local("evil.example"), local("localhost.evil.example")
    (True, True, False, False)
    """
    try:
        return urlsplit(f"//{host}").hostname in LOCAL
    except ValueError:
        return False


def own(request: Request) -> bool:
    """Does it come from the page itself, or from no page at all (an address that was typed, a program)?"""
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site", "same-origin")
    if origin is not None and origin != f"http://{request.headers.get('host')}":
        return False
    return site == "same-origin" or (site == "none" and request.method == "GET")


def listen(port: int = 0) -> socket.socket:
    """A socket on the loopback address; port 0 means any free one."""
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    # inherited by every connection; without it, an answer in two pieces waits 40 ms for the first to be confirmed
    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        found.bind(("127.0.0.1", port))
        found.listen(64)  # whoever comes before the server is up waits a moment
    except OSError:
        found.close()
        raise CutawayError(f"Port {port} is taken. Name another with --port, or none at all.") from None
    return found


def serve(session: Session, port: int = 0, ready: Callable[[str], Any] | None = None) -> None:
    """Serve the page until Ctrl-C; `ready` is called with its address when it can be opened."""
    needs_studio()
    import uvicorn

    token = secrets.token_urlsafe(18)
    with listen(port) as found:
        address = f"http://127.0.0.1:{found.getsockname()[1]}/{token}/"
        config = uvicorn.Config(
            application(session, token),
            log_level="critical",
            access_log=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=1,
            server_header=False,
        )
        server = uvicorn.Server(config)

        async def up(sockets: list[socket.socket] | None = None) -> None:
            await begin(sockets=sockets)
            if ready is not None:
                ready(address)

        begin, server.startup = server.startup, up  # type: ignore[method-assign]
        with suppress(KeyboardInterrupt):  # uvicorn passes Ctrl-C on when it has closed down
            server.run(sockets=[found])
