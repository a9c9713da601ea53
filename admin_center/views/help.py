"""Help pages: open to everybody, signed in or not."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

PAGES = ("buying-seats", "cancelling", "temporary-subscriptions", "account-types")


@login_not_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List the help pages."""
    return render(request, "help/index.html", {"pages": PAGES})


@login_not_required
@require_safe
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one help page."""
    if slug not in PAGES:
        raise Http404
    return render(request, f"help/{slug}.html", {})
