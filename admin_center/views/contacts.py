"""Who acts on billing: the owner first, then billing admins."""

from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import Membership
from accounts.rules.decision import Action
from accounts.rules.folding import words
from admin_center.forms.people import ContactSearch
from admin_center.pages import AccountRequest, page

# Nobody has so many; whoever does is asked to search.
MOST = 100


@require_safe
@page(Action.VIEW_CONTACTS)
def contacts(request: AccountRequest) -> HttpResponse:
    """List the billing contacts."""
    form = ContactSearch(request.GET)
    found = Membership.objects.contacts(request.account)
    text = form.cleaned_data.get("q") if form.is_valid() else ""
    for word in words(text or ""):
        found = found.filter(listed_as__contains=word)
    listed, zone = list(found[: MOST + 1]), ZoneInfo(request.account.timezone)
    for one in listed:
        seen = one.user.last_login
        one.seen_on = seen.astimezone(zone).date() if seen else None  # type: ignore[attr-defined]
    return render(
        request,
        "contacts/list.html",
        {
            "form": form,
            "contacts": listed[:MOST],
            "more": len(listed) > MOST,
            "searched": text,
            "may_roles": request.gate.may(Action.MANAGE_ROLES),
        },
    )
