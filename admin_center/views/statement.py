"""What an account owed and owes: its statement between two days, and the ledger of its credit balance."""

from collections.abc import Iterator
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language, override
from django.views.decorators.http import require_safe

from accounts.rules.decision import Action
from admin_center import pagination
from admin_center.documents import pdf
from admin_center.forms.statement import StatementPeriod
from admin_center.pages import AccountRequest, page
from admin_center.presenters import statement as statement_presenter
from billing import account_statements
from billing.models import BalanceEntry
from billing.rules.statements import AccountStatement

PAGE_SIZE = 50
NEWEST_FIRST = pagination.Order("created_at", pagination.moment, descending=True)


@require_safe
@page(Action.VIEW_INVOICES)
def statement(request: AccountRequest) -> HttpResponse:
    """Show what was owed before, what moved it, and what is owed then."""
    form = StatementPeriod(request.today, request.GET)
    first, last = form.period()
    found = account_statements.read(request.account, first, last)
    query = urlencode({"first": first.isoformat(), "last": last.isoformat()})
    shown = {
        "form": form,
        "statement": found,
        "rows": statement_presenter.rows(found),
        "sums": statement_presenter.sums(found),
        "currency": found.currency,
        "csv_url": f"{reverse('statement_csv', args=[request.account.slug])}?{query}",
        "pdf_url": f"{reverse('statement_pdf', args=[request.account.slug])}?{query}",
    }
    return render(request, "statement/statement.html", shown)


@require_safe
@page(Action.VIEW_INVOICES)
def statement_csv(request: AccountRequest) -> HttpResponseBase:
    """Hand out a statement as CSV; days that can't be read lead back to its page."""
    found = _asked(request)
    if found is None:
        return _back(request)
    return StreamingHttpResponse(
        _in_language(statement_presenter.as_csv(found), get_language() or "en"),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": _attached(request, found, "csv")},
    )


@require_safe
@page(Action.VIEW_INVOICES)
def statement_pdf(request: AccountRequest) -> HttpResponse:
    """Hand out a statement as PDF, in the account's language; as `statement_csv` for odd days."""
    found = _asked(request)
    if found is None:
        return _back(request)
    seller = settings.SELLER
    with override(request.account.language):
        told = statement_presenter.told(found, request.account, seller, request.today)
    name = f"statement {request.account.pk}"
    content = pdf.compose("statement.typ", told, name=name, day=request.today, logo=seller.logo)
    headers = {"Content-Disposition": _attached(request, found, "pdf")}
    return HttpResponse(content, content_type="application/pdf", headers=headers)


@require_safe
@page(Action.VIEW_INVOICES)
def credit(request: AccountRequest) -> HttpResponse:
    """List what moved the credit balance, newest first, each with the balance after it."""
    entries = BalanceEntry.objects.filter(subscription_id=request.account.pk).select_related("invoice")
    listed = pagination.cut(entries, NEWEST_FIRST, request.GET, size=PAGE_SIZE)
    shown = {
        "listed": listed,
        "rows": statement_presenter.credit_rows(listed.rows),
        "currency": request.account.currency,
    }
    return render(request, "statement/credit.html", shown)


def _asked(request: AccountRequest) -> AccountStatement | None:
    form = StatementPeriod(request.today, request.GET)
    return account_statements.read(request.account, *form.period()) if form.is_valid() else None


def _back(request: AccountRequest) -> HttpResponse:
    return redirect(f"{reverse('statement', args=[request.account.slug])}?{request.GET.urlencode()}")


def _in_language(lines: Iterator[str], language: str) -> Iterator[str]:
    """Yield lines that are made after the page that asked for them is done, in its language."""
    while True:
        with override(language):
            line = next(lines, None)
        if line is None:
            return
        yield line


def _attached(request: AccountRequest, found: AccountStatement, suffix: str) -> str:
    return f'attachment; filename="statement-{request.account.slug}-{found.first}-{found.last}.{suffix}"'
