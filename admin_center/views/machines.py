"""Addresses for machines: is the process alive, can it do its work."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from admin_center.server import readiness


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer that the process lives; asks nothing else."""
    return HttpResponse("ok", content_type="text/plain")


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 when the database answers, is migrated and takes changes; otherwise 503 with the reason."""
    fault = readiness.fault()
    return HttpResponse(fault or "ok", status=503 if fault else 200, content_type="text/plain")
