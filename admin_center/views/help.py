"""Help pages: open to everybody, signed in or not."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

# Title, what it answers, and icon, by the page's name in its address.
PAGES = {
    "buying-seats": (
        _("Who can buy seats"),
        _("Roles, what each may do, and what to do when a button is missing."),
        "people",
    ),
    "cancelling": (
        _("Cancelling"),
        _("Who can cancel a product or the account, when it ends, and what happens to data and invoices."),
        "calendar",
    ),
    "temporary-subscriptions": (
        _("Temporary subscriptions"),
        _("Extra seats for some days or months: how they are priced, and when they end."),
        "clock",
    ),
    "account-types": (
        _("Account types"),
        _("Self-service, online-assisted and managed accounts, and what each can do on its own."),
        "account",
    ),
}


@login_not_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List the help pages."""
    pages = [(slug, *about) for slug, about in PAGES.items()]
    return render(request, "help/index.html", {"pages": pages})


@login_not_required
@require_safe
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one help page; raise Http404 where there is none of that name."""
    if slug not in PAGES:
        raise Http404
    others = [(other, *about) for other, about in PAGES.items() if other != slug]
    return render(request, f"help/{slug}.html", {"page_title": PAGES[slug][0], "others": others})
