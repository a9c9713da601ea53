"""Who acts on billing: the owner first, then billing admins."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.rules.decision import Action
from admin_center.pages import AccountRequest, page


@require_safe
@page(Action.VIEW_CONTACTS)
def contacts(request: AccountRequest) -> HttpResponse:
    """List the billing contacts."""
    return render(request, "contacts/list.html", {})
