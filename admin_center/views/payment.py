"""How the account pays."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Membership
from accounts.rules.decision import Action
from accounts.rules.roles import Role
from admin_center import summary
from admin_center.pages import AccountRequest, page
from billing import methods
from billing.models import Invoice, PaymentMethod

# More than anybody owes; the Invoices page lists all.
MOST_UNPAID = 12


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
            "next": request.GET.get("next", "")[:40],
            "may_change": request.gate.may(Action.CHANGE_PAYMENT),
            "unpaid": _unpaid(request),
            "expired": method is not None and summary.expires_by(method, request.today),
        },
    )


def _unpaid(request: AccountRequest) -> list[Invoice]:
    """Return the invoices that are still to be paid, for who may see them."""
    if not request.gate.may(Action.VIEW_INVOICES):
        return []
    found = Invoice.objects.filter(subscription_id=request.account.pk, due__gt=0, payment__isnull=True)
    return list(found.order_by("issued_at")[:MOST_UNPAID])


@require_POST
@page(Action.CHANGE_PAYMENT)
def payment_begin(request: AccountRequest) -> HttpResponse:
    """Lead to the provider's own page, on which a method is entered."""
    back = reverse("payment_return", args=[request.account.slug])
    request.session["payment_next"] = request.POST.get("next", "")[:40]
    try:
        address = methods.begin(
            request.account,
            by=request.user,
            on=request.today,
            return_url=request.build_absolute_uri(back),
        )
    except methods.ProviderUnreachable:
        messages.error(request, _("The payment provider does not answer. Try again in a moment."))
        return redirect("payment", request.account.slug)
    return redirect(address)


@require_safe
@page(Action.CHANGE_PAYMENT)
def payment_return(request: AccountRequest) -> HttpResponse:
    """Take the customer back from the provider's page, with the method that was entered there."""
    token = request.GET.get("setup", "")[:200]
    try:
        entered = methods.finish(request.account, token, by=request.user, on=request.today)
    except methods.ProviderUnreachable:
        entered = None
    if entered is None:
        messages.info(request, _("No payment method was entered. The one on file stays."))
    else:
        messages.success(request, _("The payment method is replaced."))
    try:
        return redirect("quote", request.account.slug, UUID(request.session.pop("payment_next", "")))
    except ValueError:
        return redirect("payment", request.account.slug)
