"""The account's invoices."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.rules.decision import Action
from admin_center import paging
from admin_center.pages import AccountRequest, page
from billing.models import Invoice

PAGE_SIZE = 50
NEWEST_FIRST = paging.Order("issued_at", paging.moment, descending=True)


@require_safe
@page(Action.VIEW_INVOICES)
def invoices(request: AccountRequest) -> HttpResponse:
    """List the invoices and credit notes, newest first, each with whether it is paid."""
    issued = Invoice.objects.filter(subscription_id=request.account.pk).select_related("payment")
    listed = paging.cut(issued, NEWEST_FIRST, request.GET, size=PAGE_SIZE)
    rows = [(one, _status(one)) for one in listed.rows]
    return render(request, "invoices/list.html", {"listed": listed, "rows": rows})


def _status(invoice: Invoice) -> str:
    """Return the code of where an invoice stands; nothing was left to pay where 0 is due."""
    if invoice.kind == Invoice.Kind.CREDIT_NOTE:
        return "credited"
    if invoice.carried_over.amount > 0:
        return "carried_over"
    return "paid" if invoice.due.amount == 0 or hasattr(invoice, "payment") else "open"
