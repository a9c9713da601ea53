"""The account's invoices."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.rules.decision import Action
from admin_center.pages import AccountRequest, page


@require_safe
@page(Action.VIEW_INVOICES)
def invoices(request: AccountRequest) -> HttpResponse:
    """List the invoices."""
    return render(request, "invoices/list.html", {})
