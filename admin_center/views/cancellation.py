"""Cancellations: products, and the whole account."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.rules.decision import Action
from admin_center.pages import AccountRequest, page


@require_safe
@page(Action.CANCEL_ACCOUNT)
def cancel(request: AccountRequest) -> HttpResponse:
    """Show what can be cancelled."""
    return render(request, "cancellation/page.html", {})
