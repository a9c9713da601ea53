"""Change what the company has bought."""

from django.http import HttpResponse
from django.shortcuts import render

from accounts.rules.decision import Action
from admin_center.pages import AccountRequest, page


@page(Action.REQUEST_CHANGE)
def manage(request: AccountRequest) -> HttpResponse:
    """Show what can be changed."""
    return render(request, "manage/form.html", {})
