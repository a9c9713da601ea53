"""Between granian and the application: a request is whole, and within its limits, before a thread is taken.

granian reads headers within its own time limit. Bodies are gathered here by the event loop, which waits
for as many slow clients as there are at once; only then does the one thread of this process run the WSGI
application. Answers are handed back whole, so that a slow reader holds no thread either.
"""

import asyncio
import io
import logging
import math
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any

from granian._granian import RSGIHTTPProtocol as HTTPProtocol
from granian._granian import RSGIProtocolClosed
from granian.rsgi import Scope

# No form of ours is near it; Django would refuse more as well, after reading it.
MOST_BYTES = 2_621_440
# For its headers, and again for its body.
SECONDS_FOR_A_REQUEST = 10
# For how long a request that is whole may expect to wait for the thread: where it would be longer, whoever
# asks is told at once to come back. A few always wait, however slow the last ones were.
SECONDS_TO_WAIT = 2.0
# Where the line goes slower than was expected, whoever stands in it is told so after this, and what they
# asked for is never begun.
LONGEST_WAIT = 4.0
FEW_WAITING, MOST_WAITING = 4, 200
# What machines ask; it takes no turn with pages.
HEALTH = ("/healthz", "/readyz", "/metrics")
# A header of an answer that the application wants to be given after so many seconds; clients don't see it.
ANSWER_AFTER = "x-answer-after"
PLAIN = ("content-type", "text/plain; charset=utf-8")
# What a person reads who comes when too many wait. No thread is free to ask for their language: it has both.
BUSY = Path(__file__).with_name("busy.html").read_text()

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Answer = tuple[int, list[tuple[str, str]], bytes]

log = logging.getLogger(__name__)


class Gateway:
    """Serves a WSGI application as granian's RSGI calls for it."""

    def __init__(self, application: Application, *, patience: float = SECONDS_FOR_A_REQUEST) -> None:
        """Keep the application and the thread in which it runs."""
        self.application = application
        self.patience = patience
        self.thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="console")
        # Pages may all wait for a database that is frozen; a balancer is told so.
        self.health = ThreadPoolExecutor(max_workers=1, thread_name_prefix="health")
        self.line = WaitingLine()

    async def answer(self, scope: Scope, proto: HTTPProtocol) -> None:
        """Gather the body, run the application, and answer."""
        try:
            body = await asyncio.wait_for(_gather(scope, proto), self.patience)
        except TimeoutError:
            return _refuse(proto, HTTPStatus.REQUEST_TIMEOUT)
        except TooLarge:
            return _refuse(proto, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        except RSGIProtocolClosed:
            return None
        given: Answer | None = None
        if scope.path in HEALTH:
            loop = asyncio.get_running_loop()
            given = await loop.run_in_executor(self.health, self._run, scope, body)
        elif not self.line.is_full:
            with self.line:
                given = await self._in_turn(scope, body)
        if given is None:
            return _busy(proto, self.line.seconds)
        status, headers, content = given
        # The thread is free meanwhile.
        await asyncio.sleep(max((float(value) for name, value in headers if name == ANSWER_AFTER), default=0))
        headers = [one for one in headers if one[0] != ANSWER_AFTER]
        return _answer(proto, status, headers, content)

    async def _in_turn(self, scope: Scope, body: bytes) -> Answer | None:
        """Run the application when its turn comes; return None, with nothing begun, where that takes long."""
        turn = self.thread.submit(self._run, scope, body)
        answer = asyncio.wrap_future(turn)
        await asyncio.wait([answer], timeout=LONGEST_WAIT)
        return None if turn.cancel() else await answer

    def _run(self, scope: Scope, body: bytes) -> Answer:
        """Run the application in its thread, to the end."""
        began = time.monotonic()
        try:
            return _ask(self.application, _environ(scope, body), scope.method)
        except Exception:
            # Django answers its own failures; this is one before or after it.
            log.exception("request_failed")
            return HTTPStatus.INTERNAL_SERVER_ERROR, [PLAIN], b"Internal Server Error"
        finally:
            if scope.path not in HEALTH:
                self.line.took(time.monotonic() - began)


class WaitingLine:
    """How many requests wait for the thread, and for how long the next one would."""

    def __init__(self) -> None:
        """Begin with nobody waiting, and a page of an ordinary day."""
        self.waiting = 0
        self.each = 0.05

    @property
    def seconds(self) -> float:
        """How long whoever comes now would wait, as the last requests were."""
        return self.waiting * self.each

    @property
    def is_full(self) -> bool:
        """Whether whoever comes now had better come back."""
        return self.waiting >= MOST_WAITING or (
            self.waiting >= FEW_WAITING and self.seconds > SECONDS_TO_WAIT
        )

    def took(self, seconds: float) -> None:
        """Learn how long a request kept the thread: the last twenty or so count."""
        self.each += (seconds - self.each) / 20

    def __enter__(self) -> None:
        """Stand in line."""
        self.waiting += 1

    def __exit__(self, *_failure: object) -> None:
        """Leave it, answered or not."""
        self.waiting -= 1


class TooLarge(Exception):
    """The body is larger than any of ours."""


async def _gather(scope: Scope, proto: HTTPProtocol) -> bytes:
    """Return the whole body; raise TooLarge, by what is announced where anything is."""
    headers = scope.headers
    announced = headers.get("content-length")
    if announced is None and headers.get("transfer-encoding") is None:
        return b""
    if announced is not None and int(announced) > MOST_BYTES:
        raise TooLarge
    gathered = bytearray()
    async for chunk in proto:
        gathered += chunk
        if len(gathered) > MOST_BYTES:
            raise TooLarge
    return bytes(gathered)


def _environ(scope: Scope, body: bytes) -> dict[str, Any]:
    """Return what WSGI (PEP 3333) says of a request."""
    server, _colon, port = scope.server.rpartition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        # granian has decoded it; WSGI wants its bytes, one a character.
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": server.strip("[]"),
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope.headers.items():
        # In an environment X_Forwarded_For and X-Forwarded-For are one name: proxies set the second, and
        # anybody could send the first.
        if "_" in name or name in ("content-length", "transfer-encoding"):
            continue
        key = "CONTENT_TYPE" if name == "content-type" else f"HTTP_{name.upper().replace('-', '_')}"
        separator = "; " if name == "cookie" else ","
        environ[key] = f"{environ[key]}{separator}{value}" if key in environ else value
    return environ


def _ask(application: Application, environ: dict[str, Any], method: str) -> Answer:
    """Call the application and read its answer to the end."""
    status, headers = 500, []

    def start_response(line: str, given: list[tuple[str, str]], _failure: Any = None) -> None:
        nonlocal status, headers
        status, headers = int(line[:3]), [(name.lower(), value) for name, value in given]

    chunks = application(environ, start_response)
    try:
        content = b"" if method == "HEAD" else b"".join(chunks)
    finally:
        if hasattr(chunks, "close"):
            chunks.close()
    return status, headers, content


def _refuse(proto: HTTPProtocol, status: HTTPStatus) -> None:
    """Answer without the application, and end the connection: the rest of its body is not ours to read."""
    headers = [PLAIN, ("connection", "close"), ("cache-control", "no-store"), ("retry-after", "1")]
    _answer(proto, status.value, headers, status.phrase.encode())


def _busy(proto: HTTPProtocol, seconds: float) -> None:
    """Tell whoever comes when too many wait that nothing was changed, and when to come back."""
    headers = [
        ("content-type", "text/html; charset=utf-8"),
        ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
        ("cache-control", "no-store"),
        ("retry-after", str(max(1, math.ceil(seconds)))),
    ]
    _answer(proto, HTTPStatus.SERVICE_UNAVAILABLE, headers, BUSY.encode())


def _answer(proto: HTTPProtocol, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
    """Answer, where somebody still waits for it."""
    with suppress(RSGIProtocolClosed):
        proto.response_bytes(status, headers, content)
