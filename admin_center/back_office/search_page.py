"""One search over accounts, people and invoices, from every page of the back office."""

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext

from accounts.models import Account, User
from admin_center.back_office import search

# So many of each are shown; the lists of accounts and of people have the rest.
SHOWN = 10


def show(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """Show what a term finds: each way by its own index, as the lists do."""
    term = request.GET.get("q", "").strip()
    context: dict[str, Any] = {**site.each_context(request), "title": gettext("Search"), "term": term}
    if term:
        context |= _found(term)
    return TemplateResponse(request, "back_office/search.html", context)


def _found(term: str) -> dict[str, Any]:
    accounts, people = search.accounts(term), search.people(term)
    return {
        "accounts": Account.objects.filter(pk__in=accounts).order_by("name", "pk")[:SHOWN],
        "more_accounts": len(set(accounts)) > SHOWN,
        "people": User.objects.filter(pk__in=people).order_by("name", "pk")[:SHOWN],
        "more_people": len(set(people)) > SHOWN,
        "invoices": search.invoices(term)[:SHOWN],
    }
