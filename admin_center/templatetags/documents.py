"""Words around documents, for templates."""

from django import template

from admin_center.wording import documents
from billing.rules.e_invoices import EInvoiceNeed

register = template.Library()


@register.filter
def e_invoice_need(need: EInvoiceNeed) -> str:
    """Return why a document is no e-invoice."""
    return documents.e_invoice_need(need)
