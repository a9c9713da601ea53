"""The subscription summary (domain.md 4)."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.rules.decision import Action
from admin_center.pages import AccountRequest, page


@require_safe
@page(Action.VIEW_SUBSCRIPTION)
def subscription(request: AccountRequest) -> HttpResponse:
    """Show what the company has bought, what it costs, and what waits for renewal."""
    return render(request, "subscription/summary.html", {})
