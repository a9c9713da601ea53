"""The account's invoices."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.rules.decision import Action
from admin_center import pagination
from admin_center.pages import AccountRequest, page
from admin_center.presenters import quotes as quote_presenter
from billing import debts, payments
from billing.models import Charge, Invoice, PaymentMethod, Product
from billing.rules.tax_json import row_from_plain

PAGE_SIZE = 50
NEWEST_FIRST = pagination.Order("issued_at", pagination.moment, descending=True)


@require_safe
@page(Action.VIEW_INVOICES)
def invoices(request: AccountRequest) -> HttpResponse:
    """List the invoices and credit notes, newest first, each with whether it is paid."""
    issued = Invoice.objects.filter(subscription_id=request.account.pk).select_related("payment")
    listed = pagination.cut(issued, NEWEST_FIRST, request.GET, size=PAGE_SIZE)
    rows = [(one, _status(one)) for one in listed.rows]
    return render(
        request,
        "invoices/list.html",
        {"listed": listed, "rows": rows, "old_debt": debts.is_old(request.account)},
    )


@require_safe
@page(Action.VIEW_INVOICES)
def invoice(request: AccountRequest, number: str) -> HttpResponse:
    """Show one invoice or credit note, line by line, with whether it is paid."""
    found = _find(request, number)
    context = {
        "page_title": found.number,
        "invoice": found,
        "rows": quote_presenter.invoiced(found.lines.all(), found.currency, _flat(request)),
        "currency": found.currency,
        "taxes": [row_from_plain(row) for row in found.taxes],
        "minus_prepaid": -found.prepaid,
        "status": _status(found),
        "charges": found.charges.order_by("created_at"),
        "method": PaymentMethod.objects.filter(pk=request.account.pk).first(),
    }
    return render(request, "invoices/detail.html", context)


@require_POST
@page(Action.VIEW_INVOICES)
def pay(request: AccountRequest, number: str) -> HttpResponse:
    """Pay an open invoice with the method on file."""
    found = _find(request, number)
    address = reverse("invoice", args=[request.account.slug, found.number])
    back = request.build_absolute_uri(address)
    try:
        charge = payments.pay(number, request.account, by=request.user, on=request.today, return_url=back)
    except payments.AlreadyPaid:
        messages.info(request, _("Nothing is open on this invoice, or a payment is on its way."))
        return redirect(address)
    except payments.PaidByInvoice:
        messages.info(request, _("This account pays its invoices by transfer: nothing is charged here."))
        return redirect(address)
    except payments.NoPaymentMethod:
        messages.warning(request, _("Enter a payment method first."))
        return redirect("payment", request.account.slug)
    if charge.state == Charge.State.ACTION:
        return redirect(charge.action_url)
    if charge.state == Charge.State.SUCCEEDED:
        messages.success(request, _("Paid. Thank you."))
    elif charge.state == Charge.State.FAILED:
        messages.error(request, _("The payment was declined. Use another payment method."))
    else:
        messages.info(request, _("The provider has not answered yet. We ask again by ourselves."))
    return redirect(address)


def _flat(request: AccountRequest) -> frozenset[str]:
    """Return the products that are charged by the period, not by the seat."""
    flat = Product.objects.filter(
        catalogue__subscriptions=request.account.pk, kind=Product.Kind.FLAT
    ).values_list("key", flat=True)
    return frozenset(flat)


def _find(request: AccountRequest, number: str) -> Invoice:
    """Return an invoice of this account; Http404 for any other."""
    found = (
        Invoice.objects.select_related("payment", "quote")
        .filter(number=number, subscription_id=request.account.pk)
        .first()
    )
    if found is None:
        raise Http404
    return found


def _status(invoice: Invoice) -> str:
    """Return the code of where an invoice stands; nothing was left to pay where 0 is due."""
    if invoice.kind == Invoice.Kind.CREDIT_NOTE:
        return "credited"
    if invoice.carried_over.amount > 0:
        return "carried_over"
    return "paid" if invoice.due.amount == 0 or hasattr(invoice, "payment") else "open"
