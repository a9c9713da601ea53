"""Documents to take away: an invoice as PDF and as e-invoice, the list as CSV, a year as ZIP."""

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.rules.decision import Action
from admin_center.documents import archive, einvoice, pdf
from admin_center.forms.invoices import InvoiceFilter
from admin_center.pages import AccountRequest, page
from admin_center.presenters import bill
from admin_center.presenters import documents as document_presenter
from admin_center.presenters import invoices as invoice_presenter
from billing import documents
from billing.models import Invoice
from billing.rules import e_invoices
from billing.rules.documents import InvoiceDocument


@require_safe
@page(Action.VIEW_INVOICES)
def invoice_pdf(request: AccountRequest, number: str) -> HttpResponse:
    """Hand out an invoice as PDF."""
    found = _find(request, number)
    document = documents.read(found)
    told = document_presenter.told(document, bill.sentence(found, document))
    return _file(pdf.write(document, told), "application/pdf", f"{number}.pdf")


@require_safe
@page(Action.VIEW_INVOICES)
def invoice_factur_x(request: AccountRequest, number: str) -> HttpResponse:
    """Hand out an invoice as Factur-X: its PDF with the e-invoice inside."""
    found = _find(request, number)
    document = _e_invoice(found)
    told = document_presenter.told(document, bill.sentence(found, document))
    notes = list(document_presenter.notes(document))
    content = einvoice.factur_x(document, pdf.write(document, told), told, notes)
    return _file(content, "application/pdf", f"{number}-factur-x.pdf")


@require_safe
@page(Action.VIEW_INVOICES)
def invoice_ubl(request: AccountRequest, number: str) -> HttpResponse:
    """Hand out an invoice as UBL."""
    document = _e_invoice(_find(request, number))
    content = einvoice.ubl(
        document, document_presenter.told(document), list(document_presenter.notes(document))
    )
    return _file(content, "application/xml", f"{number}.xml")


@require_safe
@page(Action.VIEW_INVOICES)
def invoices_csv(request: AccountRequest) -> HttpResponseBase:
    """Hand out what the filter chose as CSV; a filter that can't be read leads back to its page."""
    form = InvoiceFilter(request.account, request.GET)
    if not form.is_valid():
        return redirect(f"{reverse('invoices', args=[request.account.slug])}?{request.GET.urlencode()}")
    lines = invoice_presenter.as_csv(
        form.chosen().order_by("-issued_at", "-pk"), language=get_language() or "en"
    )
    name = f"invoices-{request.account.slug}-{request.today.isoformat()}.csv"
    return StreamingHttpResponse(
        lines, content_type="text/csv; charset=utf-8", headers={"Content-Disposition": _attached(name)}
    )


@require_safe
@page(Action.VIEW_INVOICES)
def invoices_zip(request: AccountRequest) -> HttpResponseBase:
    """Hand out the PDFs of a year, the last where none is named, made while they are sent."""
    form = InvoiceFilter(request.account, request.GET)
    if not form.is_valid():
        return redirect(f"{reverse('invoices', args=[request.account.slug])}?{request.GET.urlencode()}")
    ours = form.issued.of_ours().order_by("issued_at", "pk")
    last = ours.last()
    year = form.cleaned_data["year"] or (last.issued_on.year if last else None)
    issued = ours.filter(issued_on__year=year)
    if not issued.exists():
        messages.info(request, _("There is no document to download."))
        return redirect("invoices", request.account.slug)
    name = f"invoices-{request.account.slug}-{year}.zip"
    return StreamingHttpResponse(
        archive.zipped(archive.pdfs(issued.values_list("pk", flat=True))),
        content_type="application/zip",
        headers={"Content-Disposition": _attached(name)},
    )


def _find(request: AccountRequest, number: str) -> Invoice:
    """Return an invoice of this account; Http404 for any other, and for one whose document lies elsewhere."""
    found = Invoice.objects.of_ours().filter(number=number, subscription_id=request.account.pk).first()
    if found is None:
        raise Http404
    return found


def _e_invoice(found: Invoice) -> InvoiceDocument:
    """Return a document that can be an e-invoice; Http404 for another, whose page says what is missing."""
    document = documents.read(found)
    if e_invoices.missing(document):
        raise Http404
    return document


def _file(content: bytes, kind: str, name: str) -> HttpResponse:
    return HttpResponse(content, content_type=kind, headers={"Content-Disposition": _attached(name)})


def _attached(name: str) -> str:
    return f'attachment; filename="{name}"'
