"""Team members and their seats."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.rules.decision import Action
from admin_center.pages import AccountRequest, page


@require_safe
@page(Action.VIEW_PEOPLE)
def people(request: AccountRequest) -> HttpResponse:
    """List the members."""
    return render(request, "people/list.html", {})
