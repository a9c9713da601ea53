"""One step of the load: so many clients for so many seconds, and who asks after the server's health."""

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from admin_center.server.database import ROOT
from admin_center.server.gateway import LONGEST_WAIT
from tests.bench.visitors import Visitor
from tests.load.clients import LOOPBACK

# Seconds: what a balancer waits for, what "at once" is, and a page that waited its longest and took its time.
HEALTHY, AT_ONCE, LONGEST = 0.1, 0.5, LONGEST_WAIT + 1.0
BETWEEN_QUESTIONS = 1.0


@dataclass(frozen=True, slots=True)
class Step:
    """What so many clients met in that time, in seconds."""

    clients: int
    seconds: float
    answered: Sequence[float]
    refused: Sequence[float]
    health: Sequence[float]
    bought: int
    faulty: int
    faults: Sequence[str]

    def broken(self) -> Iterator[str]:
        """Yield each promise that was not kept, in words."""
        if self.faulty:
            yield f"{self.faulty} answers were no page and no 503 with Retry-After: {'; '.join(self.faults)}"
        if not self.answered or not self.bought:
            yield "nothing was answered, or nothing confirmed"
        if part(self.health, 0.95) > HEALTHY:
            yield f"health took {part(self.health, 0.95) * 1000:.0f} ms, not {HEALTHY * 1000:.0f}"
        if part(self.refused, 0.99) > AT_ONCE:
            yield f"a 503 took {part(self.refused, 0.99) * 1000:.0f} ms, not {AT_ONCE * 1000:.0f}"
        if max(self.answered, default=0) > LONGEST:
            yield f"a page took {max(self.answered):.1f} s, not {LONGEST:.1f}"

    def __str__(self) -> str:
        """Return one line of the table."""
        pages = [part(self.answered, share) for share in (0.5, 0.95, 0.99, 1)]
        rest = [part(self.refused, 0.99), part(self.health, 0.95), part(self.health, 1)]
        answers, others = (" ".join(f"{one * 1000:7.0f}" for one in group) for group in (pages, rest))
        rate = len(self.answered) / self.seconds
        return (
            f"{self.clients:>7} {rate:9.1f} {answers} {self.bought:10} {len(self.refused):7} {others}"
            f" {self.faulty:7}"
        )


HEADING = (
    f"{'clients':>7} {'answers/s':>9} {'p50 ms':>7} {'p95':>7} {'p99':>7} {'longest':>7} {'confirmed':>10}"
    f" {'503':>7} {'p99 ms':>7} {'health':>7} {'longest':>7} {'errors':>7}"
)


def part(seconds: Sequence[float], share: float) -> float:
    """Return what that share of them does not exceed; 0 of none."""
    ordered = sorted(seconds)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


def step(port: int, people: Sequence[Visitor], seconds: float) -> Step:
    """Let a client for each of them ask for so long, and ask after the server's health meanwhile."""
    asking = subprocess.Popen(
        [sys.executable, "-m", "tests.load.clients", str(port), str(seconds)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert asking.stdin is not None
    assert asking.stdout is not None
    with asking:
        json.dump([{"slug": one.slug, "session": one.session} for one in people], asking.stdin)
        asking.stdin.close()
        health = []
        while asking.poll() is None and len(health) < seconds:
            began = time.monotonic()
            health.append(_health(port))
            time.sleep(max(BETWEEN_QUESTIONS - (time.monotonic() - began), 0))
        told: dict[str, Any] = json.load(asking.stdout)
    if asking.returncode:
        raise RuntimeError(f"the clients ended with {asking.returncode}")
    return Step(clients=len(people), seconds=seconds, health=health, **told)


def _health(port: int) -> float:
    """Return in how many seconds the server says that it lives, on a connection of its own."""
    began = time.monotonic()
    with closing(http.client.HTTPConnection(LOOPBACK, port, timeout=30)) as connection:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        answer.read()
        if answer.status != http.client.OK:
            raise RuntimeError(f"/healthz answered {answer.status}")
    return time.monotonic() - began
