"""What is never finished takes no thread: bodies and headers are bounded in time and size before.

With granian's own WSGI, whose thread reads the body, four such connections stopped the site,
/healthz included, until their clients went away.
"""

import asyncio
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
from django.conf import settings

from admin_center.server import gateway
from admin_center.server.gateway import MOST_BYTES
from tests.console.echo import PATIENCE
from tests.console.test_worker import server

HEAD = (
    b"POST /sign-in/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
)
UNFINISHED = {
    "no request at all": b"",
    "unfinished headers": HEAD + b"X-More: ",
    "an unfinished body": HEAD + b"Content-Length: 1000\r\n\r\nlogin=ol",
    "an unfinished chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n400\r\nlogin=ol",
    "one byte at a time": HEAD + b"Content-Length: 1000\r\n\r\nl",
}
MANY = 50


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Serve the application that says what it was asked."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = int(probe.getsockname()[1])
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.console.echo", str(free)],
        cwd=settings.BASE_DIR, env=os.environ.copy(), stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for _try in range(300):
            try:
                socket.create_connection(("127.0.0.1", free)).close()
                break
            except OSError:
                time.sleep(0.1)
        yield free
    finally:
        process.terminate()
        process.wait(timeout=20)


def ask(port: int, path: str = "/", method: str = "GET", **given: Any) -> tuple[int, Any]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request(method, path, **given)
        answer = connection.getresponse()
        return answer.status, answer.read()


def told(port: int, path: str = "/", method: str = "GET", **given: Any) -> dict[str, str]:
    status, content = ask(port, path, method, **given)
    assert status == http.client.OK
    known: dict[str, str] = json.loads(content)
    return known


def open_many(stack: ExitStack, port: int, kinds: dict[str, bytes]) -> dict[str, list[socket.socket]]:
    opened: dict[str, list[socket.socket]] = {}
    for kind, sent in kinds.items():
        for _one in range(MANY):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))
            client.sendall(sent)
            opened.setdefault(kind, []).append(client)
    return opened


def status_of(client: socket.socket) -> int | None:
    """Return the status that a client reads before its connection ends; None where it is only ended."""
    read = b""
    while more := client.recv(4096):
        read += more
    return int(read.split()[1]) if read else None


@pytest.mark.django_db(transaction=True)
def test_the_site_answers_beside_fifty_connections_of_every_kind_that_never_end() -> None:
    with server("--without-worker") as process, ExitStack() as stack:
        port = int(process.args[process.args.index("--port") + 1])  # type: ignore[index,union-attr]
        ask(port, "/healthz", headers={"Host": "localhost"})
        open_many(stack, port, UNFINISHED)
        began = time.monotonic()
        for path in ("/healthz", "/readyz", "/sign-in/login/") * 3:
            assert ask(port, path, headers={"Host": "localhost"})[0] == http.client.OK
        assert time.monotonic() - began < 5


def test_what_does_not_end_in_time_is_ended(port: int) -> None:
    with ExitStack() as stack:
        opened = open_many(stack, port, UNFINISHED)
        began = time.monotonic()
        while time.monotonic() - began < PATIENCE / 2:
            for client in opened["one byte at a time"]:
                client.sendall(b"x")
            assert told(port)["REQUEST_METHOD"] == "GET"
            time.sleep(0.1)
        answers = {kind: {status_of(client) for client in clients} for kind, clients in opened.items()}
        # Not by their own ten seconds, one after the other; a machine with other work takes its time.
        assert time.monotonic() - began < PATIENCE * 15
    assert answers == {
        "no request at all": {None},
        "unfinished headers": {None},
        "an unfinished body": {408},
        "an unfinished chunk": {408},
        "one byte at a time": {408},
    }


def test_what_is_too_large_is_refused_before_it_is_read(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(HEAD + f"Content-Length: {MOST_BYTES + 1}\r\n\r\n".encode())
        assert status_of(client) == 413
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        chunk = b"x" * 65_536
        try:
            for _one in range(MOST_BYTES // len(chunk) + 2):
                client.sendall(b"10000\r\n" + chunk + b"\r\n")
            assert status_of(client) == 413
        except ConnectionError:
            pass  # it no longer listened
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(HEAD + b"X-Large: " + b"x" * 200_000 + b"\r\n\r\n")
        assert status_of(client) == 431
    assert ask(port, "/", "POST", body=b"x" * MOST_BYTES)[0] == http.client.OK


@pytest.mark.parametrize(
    "lengths",
    [b"Content-Length: x\r\n", b"Content-Length: -1\r\n", b"Content-Length: 4\r\nContent-Length: 9\r\n"],
)
def test_a_length_that_is_none_is_refused(port: int, lengths: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(HEAD + lengths + b"\r\nxxxx")
        assert status_of(client) == 400


def test_the_application_reads_what_was_sent(port: int) -> None:
    asked = told(
        port, "/caf%C3%A9/a%2525b?q=%C3%A9", "POST", body=b"a=1", headers={"X-Sent": "1", "Host": "x.example"}
    )
    assert asked["PATH_INFO"].encode("latin-1").decode() == "/café/a%25b"
    assert (asked["QUERY_STRING"], asked["BODY"], asked["CONTENT_LENGTH"]) == ("q=%C3%A9", "a=1", "3")
    assert (asked["HTTP_X_SENT"], asked["HTTP_HOST"], asked["REMOTE_ADDR"]) == ("1", "x.example", "127.0.0.1")
    chunks = told(port, "/", "POST", body=iter([b"a=", b"1"]), headers={"Transfer-Encoding": "chunked"},
                  encode_chunked=True)  # fmt: skip
    assert (chunks["BODY"], chunks["CONTENT_LENGTH"]) == ("a=1", "3")
    assert told(port)["CONTENT_LENGTH"] == "0"


def test_health_takes_no_turn_with_pages(port: int) -> None:
    """Each page waits for a frozen database, say; whoever asks after the process's health is answered."""
    with closing(socket.create_connection(("127.0.0.1", port))) as page:
        page.sendall(b"GET /hangs HTTP/1.1\r\nHost: localhost\r\n\r\n")
        page.settimeout(0.5)
        for path in ("/healthz", "/readyz"):
            assert told(port, path)["PATH_INFO"] == path
        with pytest.raises(TimeoutError):
            page.recv(1)


def test_whoever_would_wait_too_long_is_told_at_once(port: int) -> None:
    """Each page takes 0.3 s: after some of them a dozen more are not queued, and read when to come back."""
    for _once in range(20):
        assert ask(port, "/slow")[0] == http.client.OK
    with ExitStack() as stack:
        pages = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _one in range(14)]
        for page in pages:
            page.sendall(
                b"POST /slow HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
        began = time.monotonic()
        assert told(port, "/healthz")["PATH_INFO"] == "/healthz"
        answers = [status_of(page) for page in pages]
    assert set(answers) == {http.client.OK, http.client.SERVICE_UNAVAILABLE}
    # 2 s of waiting at 0.2 to 0.3 s each.
    assert 4 <= answers.count(http.client.OK) <= 13
    assert time.monotonic() - began < 10


def test_what_waits_longer_than_was_expected_is_given_up_and_never_begun(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A database freezes when four are let in: the one who is served waits for it, the others are told."""
    monkeypatch.setattr(gateway, "LONGEST_WAIT", 0.2)
    thawed, begun = threading.Event(), []

    def frozen(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        begun.append(environ["PATH_INFO"])
        thawed.wait(10)
        start_response("200 OK", [])
        return [b"done"]

    class Asked:
        method, scheme, http_version, query_string = "GET", "http", "1.1", ""
        server = client = "127.0.0.1:1"
        headers: dict[str, str] = {}

        def __init__(self, path: str) -> None:
            self.path = path

    async def ask() -> list[int]:
        served = gateway.Gateway(frozen)
        heard = [Heard() for _one in range(4)]
        answers = [
            asyncio.create_task(served.answer(Asked(f"/{number}"), one))  # type: ignore[arg-type]
            for number, one in enumerate(heard)
        ]
        await asyncio.wait(answers[1:])
        thawed.set()
        await answers[0]
        served.thread.shutdown()
        assert served.line.waiting == 0
        return [one.answer[0] for one in heard]

    assert asyncio.run(ask()) == [200, 503, 503, 503]
    assert begun == ["/0"]


class Heard:
    """What a client is answered."""

    def response_bytes(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        self.answer = status, dict(headers), content.decode()


def test_who_is_told_to_come_back_reads_that_nothing_was_changed() -> None:
    heard = Heard()
    gateway._busy(heard, 2.3)  # type: ignore[arg-type]
    status, headers, content = heard.answer
    assert (status, headers["retry-after"], headers["cache-control"]) == (503, "3", "no-store")
    assert "Nothing was changed" in content
    assert "Rien n’a été modifié" in content


def test_a_few_always_wait_and_many_never_do() -> None:
    line = gateway.WaitingLine()
    for _once in range(200):
        line.took(9.0)
    for number in range(gateway.MOST_WAITING):
        assert line.is_full is (number >= gateway.FEW_WAITING)
        line.__enter__()
    quick = gateway.WaitingLine()
    quick.each, quick.waiting = 0.0, gateway.MOST_WAITING
    assert quick.is_full


def test_a_header_with_an_underscore_is_dropped(port: int) -> None:
    """Otherwise a client would speak as a proxy: both spellings are one name in WSGI."""
    spoofed = {"X_Forwarded_For": "6.6.6.6", "x_forwarded_proto": "https", "X-Forwarded_Host": "evil.example"}
    assert not [name for name in told(port, headers=spoofed) if "FORWARDED" in name]
    both = told(port, headers={"X_Forwarded_For": "6.6.6.6", "X-Forwarded-For": "192.0.2.1"})
    assert both["HTTP_X_FORWARDED_FOR"] == "192.0.2.1"


def test_answers_are_as_the_application_gave_them(port: int) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", "/")
        answer = connection.getresponse()
        assert answer.headers.get_all("set-cookie") == ["a=1", "b=2"]
        length = answer.headers["content-length"]
        assert len(answer.read()) == int(length)
        connection.request("HEAD", "/")
        head = connection.getresponse()
        assert head.read() == b""
        assert int(head.headers["content-length"]) > 0
    assert ask(port, "/fails")[0] == http.client.INTERNAL_SERVER_ERROR


def test_who_goes_away_is_in_nobodys_way(port: int) -> None:
    for sent in (b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n", HEAD + b"Content-Length: 9\r\n\r\nabc"):
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(sent)
    assert told(port)["REQUEST_METHOD"] == "GET"
