"""The trail of an account, as a page and as CSV."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.rules.decision import Action
from admin_center.pages import AccountRequest, page


@require_safe
@page(Action.VIEW_ACTIVITY)
def activity(request: AccountRequest) -> HttpResponse:
    """List the entries, newest first."""
    return render(request, "activity/list.html", {})
