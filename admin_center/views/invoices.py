"""The account's invoices."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.rules.decision import Action
from admin_center import pagination
from admin_center.forms.invoices import InvoiceFilter
from admin_center.pages import AccountRequest, page
from admin_center.presenters import documents as document_presenter
from admin_center.presenters import invoices as invoice_presenter
from admin_center.presenters import quotes as quote_presenter
from billing import debts, documents, payments
from billing.models import Charge, Invoice, PaymentMethod
from billing.rules import e_invoices

PAGE_SIZE = 50
NEWEST_FIRST = pagination.Order("issued_at", pagination.moment, descending=True)


@require_safe
@page(Action.VIEW_INVOICES)
def invoices(request: AccountRequest) -> HttpResponse:
    """List the invoices and credit notes that fit the filter, newest first, with what each year came to."""
    form = InvoiceFilter(request.account, request.GET)
    chosen = form.chosen()
    listed = pagination.cut(chosen.select_related("payment"), NEWEST_FIRST, request.GET, size=PAGE_SIZE)
    filters = {name: form[name].data for name in form.fields if form[name].data}
    shown = {
        "form": form,
        "listed": listed,
        "filtered": bool(filters),
        "csv_url": f"{reverse('invoices_csv', args=[request.account.slug])}?{urlencode(filters)}",
        "years": invoice_presenter.years(chosen) if form.years else [],
        "archives": form.years,
        "old_debt": debts.is_old(request.account),
    }
    return render(request, "invoices/list.html", shown)


@require_safe
@page(Action.VIEW_INVOICES)
def invoice(request: AccountRequest, number: str) -> HttpResponse:
    """Show one invoice or credit note, line by line, with whether it is paid and what it rests on."""
    found = _find(request, number)
    lines = list(found.lines.all())
    document = documents.of(found, lines)
    context = {
        "page_title": found.number,
        "invoice": found,
        "document": document_presenter.view_of(document),
        "e_invoice_needs": e_invoices.missing(document),
        "rows": quote_presenter.invoiced(lines, found.currency),
        "currency": found.currency,
        "taxes": document.taxes,
        "minus_prepaid": -found.prepaid,
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
