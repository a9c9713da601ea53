"""The account's invoices."""

from typing import assert_never
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.rules.decision import Action
from admin_center import pagination
from admin_center.forms.invoices import InvoiceFilter
from admin_center.pages import AccountRequest, page
from admin_center.presenters import bill as bill_presenter
from admin_center.presenters import documents as document_presenter
from admin_center.presenters import dunning
from admin_center.presenters import invoices as invoice_presenter
from admin_center.presenters import payment as method_presenter
from admin_center.presenters import payments as payment_presenter
from admin_center.presenters import quotes as quote_presenter
from billing import bank_payments, debts, documents, payments, reconciliation
from billing.models import Charge, Invoice
from billing.rules import e_invoices
from billing.rules.documents import InvoiceState

PAGE_SIZE = 50
NEWEST_FIRST = pagination.Order("issued_at", pagination.moment, descending=True)


@require_safe
@page(Action.VIEW_INVOICES)
def invoices(request: AccountRequest) -> HttpResponse:
    """List the invoices and credit notes that fit the filter, newest first, with what each year came to."""
    form = InvoiceFilter(request.account, request.GET)
    chosen = form.chosen()
    collected = Charge.objects.filter(invoice=OuterRef("pk"), state=Charge.State.PROCESSING)
    shown_ones = chosen.select_related("payment").annotate(collecting=Exists(collected))
    listed = pagination.cut(shown_ones, NEWEST_FIRST, request.GET, size=PAGE_SIZE)
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
    charges = list(found.charges.order_by("created_at"))
    bookings = list(found.bank_bookings.select_related("payment").order_by("pk"))
    methods = method_presenter.in_order(request.account)
    method = methods[0] if methods else None
    timeline = dunning.of_invoice(found, method, request.today)
    past = () if timeline else dunning.past(charges, found.dunning_entries.order_by("pk"))
    context = {
        "page_title": found.number,
        "invoice": found,
        "document": document_presenter.view_of(document, open_=found.state is InvoiceState.OPEN),
        "bill": bill_presenter.of(found, document),
        "gist": bill_presenter.gist(found, lines),
        "e_invoice_needs": e_invoices.missing(document),
        "rows": quote_presenter.invoiced(lines, found.currency),
        "currency": found.currency,
        "taxes": document.taxes,
        "minus_prepaid": -found.prepaid,
        "given_back": -found.total,
        "timeline": timeline,
        "rows_of_payment": timeline.rows if timeline else past,
        "bookings": bookings,
        "settled": payment_presenter.settled(
            found, charges, transferred=bool(bookings), zone=request.account.timezone
        ),
        "partly_paid": bank_payments.is_partly_paid(found),
        "left": (bank_payments.left_of(found), found.currency),
        "method": method,
        "methods": methods,
        "may_pay": request.gate.may(Action.PAY_INVOICE),
        "change_shown": request.gate.may(Action.VIEW_SUBSCRIPTION),
    }
    return render(request, "invoices/detail.html", context)


@require_POST
@page(Action.PAY_INVOICE)
def pay(request: AccountRequest, number: str) -> HttpResponse:
    """Pay an open invoice with the method that is charged first, or another one on file."""
    found = _find(request, number)
    address = reverse("invoice", args=[request.account.slug, found.number])
    chosen = request.POST.get("method", "")
    method = method_presenter.named(request.account, chosen)
    if chosen and method is None:
        messages.warning(request, _("This payment method is no longer on file: choose another one."))
        return redirect(address)
    back = request.build_absolute_uri(reverse("invoice_return", args=[request.account.slug, found.number]))
    try:
        charge = payments.pay(
            number,
            request.account,
            occasion=request.occasion,
            return_url=back,
            method_id=method.pk if method else None,
        )
    except payments.AlreadyPaid:
        messages.info(request, _("Nothing is open on this invoice, or a payment is on its way."))
        return redirect(address)
    except payments.PaidByInvoice:
        messages.info(request, _("This account pays its invoices by transfer: nothing is charged here."))
        return redirect(address)
    except payments.PaidInPart:
        messages.info(request, _("A part was paid by transfer: please pay the rest by transfer too."))
        return redirect(address)
    except payments.NoPaymentMethod:
        messages.warning(request, _("Enter a payment method first."))
        return redirect("payment", request.account.slug)
    if charge.state == Charge.State.ACTION:
        return redirect(charge.action_url)
    _tell(request, charge)
    return redirect(address)


@require_http_methods(["GET", "HEAD", "POST"])
@page(Action.PAY_INVOICE)
def pay_return(request: AccountRequest, number: str) -> HttpResponse:
    """Take a customer back from their bank's page; a POST asks at once how the payment stands."""
    found = _find(request, number)
    charge = found.charges.filter(state__in=Charge.OPEN).first()
    if charge is not None:
        if request.method != "POST":
            return render(request, "invoices/returned.html", {"page_title": found.number})
        charge = reconciliation.ask_on_return(charge.pk, occasion=request.occasion)
    else:
        # The provider told before its customer came back.
        settled = found.charges.order_by("created_at")
        charge = settled.filter(state=Charge.State.SUCCEEDED).last() or settled.last()
    if charge is not None:
        _tell(request, charge)
    return redirect("invoice", request.account.slug, found.number)


def _tell(request: AccountRequest, charge: Charge) -> None:
    """Say on the next page how a payment stands."""
    match state := Charge.State(charge.state):
        case Charge.State.SUCCEEDED:
            messages.success(request, _("Paid. Thank you."))
        case Charge.State.FAILED:
            messages.error(request, _("The payment was declined. Use another payment method."))
        case Charge.State.ACTION:
            messages.warning(request, _("The payment is not confirmed with the bank yet."))
        case Charge.State.PROCESSING:
            messages.info(
                request, _("The direct debit is on its way: the bank collects it within some days.")
            )
        case Charge.State.CREATED | Charge.State.SENDING | Charge.State.UNKNOWN:
            messages.info(request, _("The provider has not answered yet. We check again automatically."))
        case _:
            assert_never(state)


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
