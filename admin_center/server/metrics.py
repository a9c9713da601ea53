"""What Prometheus reads: how the background work stands, and how long requests take (docs/operating.md)."""

from collections.abc import Iterable, Iterator, Mapping

from admin_center.server import request_times
from admin_center.server.readiness import Readiness
from admin_center.server.request_times import BUCKETS, Times

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "admin_center_"
Sample = tuple[Mapping[str, str], float]


def text(ready: Readiness) -> str:
    """Return all of it in Prometheus' text format."""
    return "\n".join([*_state(ready), *_requests(request_times.total())]) + "\n"


def _state(ready: Readiness) -> Iterator[str]:
    yield from _gauge("ready", "1 where pages can be served.", [({}, float(ready.fault is None))])
    yield from _gauge(
        "pending_migrations", "Migrations that wait for manage.py prepare.", [({}, float(len(ready.pending)))]
    )
    work = ready.backlog
    if work is None:
        return
    beat = work.seconds_since(work.beat)
    yield from _gauge(
        "worker_alive", "1 where a worker gave a sign of life within a minute.", [({}, float(work.is_worked))]
    )
    yield from _gauge(
        "worker_beat_age_seconds",
        "How long ago a worker last gave a sign of life; nothing where there is none.",
        [] if beat is None else [({}, beat)],
    )
    yield from _gauge(
        "oldest_due_seconds",
        "For how long the oldest work of a kind has been due.",
        [({"kind": kind}, seconds) for kind, seconds in sorted(work.late().items())],
    )
    yield from _gauge(
        "step_ended_timestamp_seconds",
        "When a step of the background work last ended well.",
        [({"step": step}, ended.timestamp()) for step, ended in sorted(work.ended.items())],
    )
    yield from _gauge(
        "failed_rows",
        "Rows of a queue that fail, each written to its account.",
        [({"queue": queue}, float(rows)) for queue, rows in sorted(work.failures.items())],
    )
    yield from _gauge(
        "parked_accounts", "Accounts whose renewal waits for the staff.", [({}, float(work.parked))]
    )


def _requests(counted: Mapping[request_times.Kind, Times]) -> Iterator[str]:
    name = f"{PREFIX}request_seconds"
    yield f"# HELP {name} How long requests took, by the pattern of their address."
    yield f"# TYPE {name} histogram"
    for (method, route, status), times in sorted(counted.items()):
        labels = {"method": method, "route": route, "status": str(status)}
        reached = 0
        for end, count in zip((*BUCKETS, float("inf")), times.buckets, strict=True):
            reached += count
            le = "+Inf" if end == float("inf") else f"{end:g}"
            yield f"{name}_bucket{_labels(labels | {'le': le})} {reached}"
        yield f"{name}_sum{_labels(labels)} {times.seconds:.6f}"
        yield f"{name}_count{_labels(labels)} {times.count}"


def _gauge(name: str, about: str, samples: Iterable[Sample]) -> Iterator[str]:
    yield f"# HELP {PREFIX}{name} {about}"
    yield f"# TYPE {PREFIX}{name} gauge"
    for labels, value in samples:
        yield f"{PREFIX}{name}{_labels(labels)} {value:.3f}"


def _labels(labels: Mapping[str, str]) -> str:
    escaped = {
        name: value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
        for name, value in labels.items()
    }
    return "{" + ",".join(f'{name}="{value}"' for name, value in escaped.items()) + "}" if labels else ""
