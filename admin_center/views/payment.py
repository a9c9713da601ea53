"""How the account pays."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.rules.decision import Action
from admin_center.pages import AccountRequest, page


@require_safe
@page(Action.VIEW_PAYMENT)
def payment(request: AccountRequest) -> HttpResponse:
    """Show the payment method: brand, last four digits, expiry, and who may change it."""
    return render(request, "payment/page.html", {})
