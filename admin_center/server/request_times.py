"""How long requests take, by the pattern of their address: counted in every process, and summed.

The processes of a server share a folder, into which each writes its counts every few seconds. What a process
counted stays when it ends, so that no count ever falls while the server lives.
"""

import json
import os
import tempfile
import threading
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

# The upper ends, in seconds; one more holds what took longer.
BUCKETS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# Names the folder to the processes of a server.
FOLDER = "REQUEST_TIMES"
SECONDS_BETWEEN = 2.0


@dataclass
class Times:
    """How many requests of a kind there were, how long they took together, how many fell in each bucket."""

    count: int = 0
    seconds: float = 0.0
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))

    def add(self, other: "Times") -> None:
        """Add what was counted elsewhere."""
        self.count += other.count
        self.seconds += other.seconds
        self.buckets = [one + two for one, two in zip(self.buckets, other.buckets, strict=True)]


# Method, pattern, status.
Kind = tuple[str, str, int]
_lock = threading.Lock()
_counted: dict[Kind, Times] = {}
_writer: threading.Thread | None = None


def observe(method: str, route: str, status: int, seconds: float) -> None:
    """Count one request."""
    with _lock:
        times = _counted.setdefault((method, route, status), Times())
        times.count += 1
        times.seconds += seconds
        times.buckets[bisect_left(BUCKETS, seconds)] += 1
    _begin_to_write()


def total() -> dict[Kind, Times]:
    """Return what all processes of this server counted."""
    with _lock:
        found = {kind: Times(one.count, one.seconds, list(one.buckets)) for kind, one in _counted.items()}
    folder = os.environ.get(FOLDER)
    own = _file(folder) if folder else None
    for path in Path(folder).glob("*.json") if folder else ():
        # Half of one is never seen: each is written whole, then named.
        if path != own:
            for method, route, status, *times in json.loads(path.read_text()):
                found.setdefault((method, route, status), Times()).add(Times(*times))
    return found


@contextmanager
def shared() -> Iterator[None]:
    """Let processes that are started meanwhile count together."""
    with tempfile.TemporaryDirectory(prefix="request-times-") as folder:
        os.environ[FOLDER] = folder
        try:
            yield
        finally:
            del os.environ[FOLDER]


def _begin_to_write() -> None:
    global _writer
    folder = os.environ.get(FOLDER)
    if folder and _writer is None:
        _writer = threading.Thread(target=_write, args=(folder,), name="request-times", daemon=True)
        _writer.start()


def _write(folder: str) -> None:
    """Write what this process counted, every few seconds, until it ends."""
    pause, file = threading.Event(), _file(folder)
    # The folder goes with the server.
    with suppress(FileNotFoundError):
        while True:
            with _lock:
                rows = [[*kind, one.count, one.seconds, one.buckets] for kind, one in _counted.items()]
            file.with_suffix(".new").write_text(json.dumps(rows))
            file.with_suffix(".new").replace(file)
            pause.wait(SECONDS_BETWEEN)


def _file(folder: str) -> Path:
    return Path(folder) / f"{os.getpid()}.json"
