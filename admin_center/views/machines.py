"""Addresses for machines: is the process alive, can it do its work, how does all of it stand."""

import secrets

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts import clock
from admin_center.server import metrics as prometheus
from admin_center.server import readiness
from billing.backlog import Backlog


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer that the process lives; asks nothing else."""
    return HttpResponse("ok", content_type="text/plain")


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 when the database answers, is migrated and takes changes; otherwise 503 with the reason.

    Then it says how the background work stands, in numbers alone: nothing of any account.
    """
    ready = readiness.ask(clock.now())
    told = ready.fault or "\n".join(["ok", *_lines(ready.backlog)])
    return HttpResponse(told, status=503 if ready.fault else 200, content_type="text/plain")


@login_not_required
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer Prometheus, who bears the token of the settings; to everybody else it is not there."""
    known, sent = settings.METRICS_TOKEN, request.headers.get("Authorization", "")
    if not known or not secrets.compare_digest(sent.encode(), f"Bearer {known}".encode()):
        raise Http404
    return HttpResponse(prometheus.text(readiness.ask(clock.now())), content_type=prometheus.CONTENT_TYPE)


def _lines(work: Backlog | None) -> list[str]:
    """Return how the background work stands, a line for each."""
    if work is None:
        return []
    beat = work.seconds_since(work.beat)
    late = {kind: seconds for kind, seconds in work.late().items() if seconds}
    return [
        f"worker: {'none' if beat is None else f'last beat {beat:.0f} s ago'}",
        *(f"oldest due: {kind} for {seconds:.0f} s" for kind, seconds in late.items()),
        *([] if late else ["oldest due: nothing"]),
        *(f"failed rows: {queue} {rows}" for queue, rows in work.failures.items()),
        f"parked accounts: {work.parked}",
    ]
