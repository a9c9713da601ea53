"""A Stripe on this machine: localstripe in a process of its own, and in front of it what it lacks.

localstripe (GPL; nobody here wrote it) knows customers, methods, set-ups, payments, declines, 3-D Secure,
direct debits and refunds. This proxy adds what the adapter needs of the real one: Checkout's hosted page,
return addresses, the newest first and filtered lists, idempotency keys; and the faults of a line.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

# It would listen on every interface: told to bind to "::", it gets the loopback. Its store goes where it is
# thrown away, instead of a file in /tmp that all its processes share.
LAUNCH = """
import builtins, runpy, socket, sys

class Loopback(socket.socket):
    def bind(self, address):
        self.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().bind(("::ffff:127.0.0.1", address[1]))

socket.socket, opened, store = Loopback, open, sys.argv.pop()
builtins.open = lambda path, *given, **named: opened(
    store if path == "/tmp/localstripe.pickle" else path, *given, **named)
runpy.run_module("localstripe", run_name="__main__")
"""
CARDS = {
    "approves": "4242424242424242",
    "declines": "4000000000000341",
    "asks": "4000002500003155",
    "asks, then declines": "4000008260003178",
}
IBANS = {"debit": "DE89370400440532013000", "debit fails": "DE62370400440532013001"}
# Faults of the line, for the next payments that are asked for: before Stripe hears of it, or after.
LOST, SILENT, RUBBISH, BROKEN = "lost", "silent", "rubbish", "broken"
# Of refunds alone: Stripe refuses it, or its bank answers later.
REFUSED, LATER = "refused", "later"


class StandIn:
    """What stands before localstripe, and its books beside."""

    def __init__(self, port: int, upstream: int) -> None:
        """Listen on a port of the loopback, in a thread."""
        self.port, self.upstream = port, upstream
        self.base = f"http://127.0.0.1:{port}"
        self.clear()

    def clear(self) -> None:
        """Forget everything: a new Stripe for each test."""
        self.pages: dict[str, dict[str, Any]] = {}
        self.return_urls: dict[str, str] = {}
        self.answers: dict[str, tuple[bytes, int, bytes]] = {}
        self.faults: list[str] = []
        self.refund_faults: list[str] = []
        self.pending: set[str] = set()
        self.asked: list[tuple[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.heard: list[tuple[str, bytes]] = []
        self.ask("DELETE", "/_config/data")

    # --- Asking localstripe ---------------------------------------------------------------------------

    def forward(
        self, method: str, path: str, body: bytes = b"", key: str = "sk_test_12345"
    ) -> tuple[int, bytes]:
        connection = HTTPConnection("127.0.0.1", self.upstream, timeout=5)
        with suppress(OSError):
            connection.connect()
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/x-www-form-urlencoded"}
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        told = answer.status, answer.read()
        connection.close()
        return told

    def ask(self, method: str, path: str, **given: Any) -> Any:
        status, told = self.forward(method, path, urlencode(given).encode())
        assert status < 300, (method, path, told)
        return json.loads(told) if told else None

    def intents(self) -> list[dict[str, Any]]:
        """Return all payments, as Stripe lists them: the newest first."""
        found = self.ask("GET", "/v1/payment_intents?limit=1000")["data"]
        return [self.led(one) for one in reversed(found)]

    def led(self, intent: dict[str, Any]) -> dict[str, Any]:
        """Lead to the bank by redirect, where there is an address to come back to."""
        if (intent.get("next_action") or {}).get("type") == "use_stripe_sdk" and intent[
            "id"
        ] in self.return_urls:
            url = f"{self.base}/bank/{intent['id']}"
            intent["next_action"] = {
                "type": "redirect_to_url",
                "redirect_to_url": {"url": url, "return_url": self.return_urls[intent["id"]]},
            }
        return intent

    # --- What people and banks do ---------------------------------------------------------------------

    def enter(self, page: str, mode: str) -> str:
        """Enter a method on a hosted page, as a customer would; return where that leads."""
        opened = self.pages[page]
        if mode in IBANS:
            method = self.ask(
                "POST", "/v1/payment_methods", type="sepa_debit", **{"sepa_debit[iban]": IBANS[mode]}
            )
        else:
            card = {"number": CARDS[mode], "exp_month": 12, "exp_year": 2034, "cvc": "123"}
            given = {f"card[{name}]": value for name, value in card.items()}
            method = self.ask("POST", "/v1/payment_methods", type="card", **given)
        self.ask("POST", f"/v1/payment_methods/{method['id']}/attach", customer=opened["customer"])
        opened |= {"status": "complete", "method": method["id"]}
        return str(opened["success_url"])

    def method(self, mode: str) -> str:
        """Return our reference of a method that was entered before."""
        customer = self.ask("POST", "/v1/customers")["id"]
        page = f"cs_{len(self.pages)}"
        self.pages[page] = {"customer": customer, "success_url": ""}
        self.enter(page, mode)
        kind = "sepa_debit" if mode in IBANS else "card"
        return f"{customer}/{self.pages[page]['method']}/{kind}"

    def banks_answer(self, *, agree: bool) -> None:
        """Let the customer's bank agree or refuse, where it was asked."""
        for intent in self.intents():
            if intent["status"] == "requires_action":
                path = f"/v1/payment_intents/{intent['id']}/_authenticate"
                self.ask("POST", path, client_secret=intent["client_secret"], success=str(agree).lower())

    def wait_for_debits(self) -> None:
        """Wait until what is collected is collected: half a second for each debit."""
        for _time in range(100):
            if all(one["status"] != "processing" for one in self.intents()):
                return
            time.sleep(0.05)
        raise AssertionError("a direct debit is still on its way")

    def kept(self) -> int:
        """Return what was taken and not given back, in minor units."""
        taken = sum(one["amount"] for one in self.intents() if one["status"] == "succeeded")
        return taken - sum(one["amount"] for one in self.ask("GET", "/v1/refunds?limit=1000")["data"])

    # --- What it adds ---------------------------------------------------------------------------------

    def answer(self, method: str, path: str, body: bytes, key: str) -> tuple[int, bytes]:
        """Answer the SDK: here what localstripe lacks, else as it answers."""
        where, given = urlsplit(path), dict(parse_qsl(body.decode()))
        asked = dict(parse_qsl(where.query))
        match method, where.path.strip("/").split("/"):
            case "POST", ["hears"]:
                return 200, b"{}"
            case "POST", ["v1", "checkout", "sessions"]:
                page = f"cs_test_{len(self.pages)}"
                self.pages[page] = given | {"status": "open"}
                return 200, _json(self._session(page))
            case "GET", ["v1", "checkout", "sessions", page]:
                return (200, _json(self._session(page))) if page in self.pages else (404, _missing(page))
            case "GET", ["v1", "payment_intents"]:
                return 200, _json(self._listed(asked))
            case "GET", ["v1", "payment_intents", name]:
                status, told = self.forward(method, path)
                return (200, _json(self.led(json.loads(told)))) if status == 200 else (status, _missing(name))
            case "POST", ["v1", "payment_intents"]:
                return self._created(given, key)
            case "POST", ["v1", "refunds"]:
                return self._refunded(given, key)
            case "GET", ["v1", "refunds"]:
                listed = self.ask("GET", path)
                return 200, _json(listed | {"data": [self._stands(one) for one in listed["data"]]})
        return self.forward(method, path, body)

    def _refunded(self, given: dict[str, str], key: str) -> tuple[int, bytes]:
        """Refuse what is more than is left, as localstripe doesn't; the same key is the same refund."""
        if key not in self.answers:
            body, intent = _json(dict(sorted(given.items()))), given["payment_intent"]
            before = self.ask("GET", f"/v1/refunds?payment_intent={intent}&limit=1000")["data"]
            left = self.ask("GET", f"/v1/payment_intents/{intent}")["amount"] - sum(
                one["amount"] for one in before
            )
            if int(given["amount"]) > left:
                return 400, _error("invalid_request_error", "charge_already_refunded", "")
            self.answers[key] = body, *self.forward("POST", "/v1/refunds", urlencode(given).encode())
        first, status, told = self.answers[key]
        if first != _json(dict(sorted(given.items()))):
            return 400, _error("idempotency_error", "", "other parameters")
        return status, _json(self._stands(json.loads(told)))

    def _stands(self, refund: dict[str, Any]) -> dict[str, Any]:
        return refund | ({"status": "pending"} if refund["id"] in self.pending else {})

    def _session(self, page: str) -> dict[str, Any]:
        opened = self.pages[page]
        entered = None
        if opened.get("method"):
            found = self.ask("GET", f"/v1/payment_methods/{opened['method']}")
            entered = {
                "id": "seti_1",
                "object": "setup_intent",
                "status": "succeeded",
                "payment_method": found,
            }
        return {
            "id": page,
            "object": "checkout.session",
            "customer": opened["customer"],
            "status": opened["status"],
            "setup_intent": entered,
            "url": f"{self.base}/page/{page}",
        }

    def _listed(self, asked: dict[str, str]) -> dict[str, Any]:
        found = [
            one
            for one in self.intents()
            if asked.get("customer", one["customer"]) == one["customer"]
            and int(asked.get("created[gte]", 0)) <= one["created"]
        ]
        if after := asked.get("starting_after"):
            found = found[[one["id"] for one in found].index(after) + 1 :]
        limit = int(asked.get("limit", 10))
        return {
            "object": "list",
            "url": "/v1/payment_intents",
            "data": found[:limit],
            "has_more": len(found) > limit,
        }

    def _created(self, given: dict[str, str], key: str) -> tuple[int, bytes]:
        body = _json(dict(sorted(given.items())))
        if key in self.answers:
            first, status, told = self.answers[key]
            return (
                (status, told)
                if first == body
                else (400, _error("idempotency_error", "", "other parameters"))
            )
        return_url = given.pop("return_url", "")
        status, told = self.forward("POST", "/v1/payment_intents", urlencode(given).encode())
        if status == 200:
            intent = json.loads(told)
            if return_url:
                self.return_urls[intent["id"]] = return_url
            if intent["status"] == "requires_action" and not return_url:
                # Nobody is there: the bank's wish is a decline, and the payment over.
                path = f"/v1/payment_intents/{intent['id']}/_authenticate"
                intent = self.ask("POST", path, client_secret=intent["client_secret"], success="false")
                status, told = 402, _error("card_error", "authentication_required", "", payment_intent=intent)
            elif intent["status"] == "requires_payment_method":
                error = intent["last_payment_error"] or {}
                status, told = 402, _error("card_error", error.get("code", ""), "", payment_intent=intent)
            else:
                told = _json(self.led(intent))
        elif status == 404:
            told = _missing("payment_method")
        if key:
            self.answers[key] = body, status, told
        return status, told


def _json(told: Any) -> bytes:
    return json.dumps(told).encode()


def _error(kind: str, code: str, message: str, **more: Any) -> bytes:
    return _json({"error": {"type": kind, "code": code, "message": message, **more}})


def _missing(name: str) -> bytes:
    return _error("invalid_request_error", "resource_missing", f"No such object: {name}")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stand_in: StandIn

    def log_message(self, *args: Any) -> None:
        """Say nothing."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        here = self.stand_in
        if self.path == "/hears":
            # Localstripe's own messages, for as long as it runs; nobody asked Stripe anything.
            here.heard.append((self.headers["Stripe-Signature"], body))
        else:
            here.asked.append((self.command, self.path))
            here.headers.append(dict(self.headers))
        faults = {"/v1/payment_intents": here.faults, "/v1/refunds": here.refund_faults}.get(self.path, [])
        fault = faults.pop(0) if faults and self.command == "POST" else ""
        if fault == LOST:
            self._hang_up()
            return
        key = self.headers.get("Idempotency-Key", "")
        if fault == REFUSED:
            status, told = 400, _error("invalid_request_error", "refund_disputed_payment", "")
        else:
            status, told = here.answer(self.command, self.path, body, key)
        if fault == LATER:
            here.pending.add(json.loads(told)["id"])
            told = _json(json.loads(told) | {"status": "pending"})
        if fault == SILENT:
            self._hang_up()
            return
        if fault == RUBBISH:
            told = b"<html>502"
        if fault == BROKEN:
            status, told = 500, _error("api_error", "", "broken")
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(told)))
        self.send_header("Request-Id", f"req_{len(here.asked)}")
        self.end_headers()
        self.wfile.write(told)

    def _hang_up(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    do_GET = do_POST = do_DELETE = _serve  # noqa: N815


@contextmanager
def running() -> Iterator[StandIn]:
    """Start localstripe on a free port of the loopback with the proxy before it; stop both."""
    with tempfile.TemporaryDirectory() as folder:
        upstream = free_port()
        process = subprocess.Popen(
            [sys.executable, "-c", LAUNCH, "--from-scratch", "--port", str(upstream), f"{folder}/store"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        )
        try:
            _wait(process, upstream)
            handler = type("Handler", (_Handler,), {})
            server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
            server.daemon_threads = True
            here = StandIn(server.server_address[1], upstream)
            handler.stand_in = here  # type: ignore[attr-defined]
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield here
            server.shutdown()
            server.server_close()
        finally:
            process.terminate()
            process.wait(timeout=10)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    for _time in range(200):
        assert process.poll() is None, "localstripe did not start"
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise AssertionError("localstripe does not answer")
