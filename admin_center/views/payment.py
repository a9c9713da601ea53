"""How the account pays."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import Membership
from accounts.rules.decision import Action
from accounts.rules.roles import Role
from admin_center import summary
from admin_center.pages import AccountRequest, page
from billing.models import PaymentMethod


@require_safe
@page(Action.VIEW_PAYMENT)
def payment(request: AccountRequest) -> HttpResponse:
    """Show the payment method: brand, last four digits, expiry, and who may change it."""
    method = PaymentMethod.objects.filter(pk=request.account.pk).first()
    contacts = Membership.objects.contacts(request.account)
    changers = [one for one in contacts if one.role == Role.OWNER or one.changes_payment]
    return render(
        request,
        "payment/page.html",
        {
            "method": method,
            "changers": changers,
            "may_change": request.gate.may(Action.CHANGE_PAYMENT),
            "expired": method is not None and summary.expires_by(method, request.today),
        },
    )
