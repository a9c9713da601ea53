"""Invoices and credit notes, to look at: once issued they never change."""

from datetime import datetime

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from admin_center.back_office.columns import amount, invoices
from admin_center.back_office.credit_notes import CreditNoteMixin
from admin_center.back_office.document_letters import DocumentLetterMixin
from admin_center.back_office.payment_links import LinkInline, PaymentLinks
from admin_center.back_office.payments import why_not
from admin_center.back_office.site import site
from admin_center.back_office.staff import StaffInline
from admin_center.back_office.subscriptions import OF_ACCOUNT, OfSubscription
from admin_center.back_office.write_offs import WriteOffMixin
from admin_center.wording import changes
from billing.models import Charge, Invoice, InvoiceLine


class InvoiceLineInline(StaffInline):
    """What the invoice charges or credits."""

    model = InvoiceLine
    unit_price_shown = staticmethod(amount("unit_price", _("Unit price")))
    amount_shown = staticmethod(amount("amount", _("Amount")))
    fields = (
        *("position", "sign", "product_name", "edition_name", "covers_from", "covers_until", "quantity"),
        *("unit_price_shown", "amount_shown", "cause"),
    )

    @admin.display(description=_("Kind"))
    def sign(self, line: InvoiceLine) -> str:
        """Return whether it charges or credits."""
        return gettext("Credit") if line.kind == "credit" else gettext("Charge")

    @admin.display(description=_("Because of"))
    def cause(self, line: InvoiceLine) -> str:
        """Return what led to it, in words."""
        return changes.because(line.because, line.unit_words) or "–"


class TryInline(StaffInline):
    """Each try to collect the invoice."""

    model = Charge
    ordering = ("-created_at",)
    verbose_name_plural = _("Tries to collect it")
    show_change_link = True
    amount_shown = staticmethod(amount("amount", _("Amount")))
    fields = ("created_at", "amount_shown", "state", "why", "by_link", "settled_at")

    @admin.display(description=_("Why not"))
    def why(self, charge: Charge) -> str:
        """Return the reason of a decline."""
        return why_not(charge)

    @admin.display(description=_("By a link"), boolean=True)
    def by_link(self, charge: Charge) -> bool:
        """Return whether somebody paid by a link, and nobody was signed in."""
        return charge.link_id is not None


@admin.register(Invoice, site=site)
class InvoiceAdmin(CreditNoteMixin, DocumentLetterMixin, WriteOffMixin, PaymentLinks, OfSubscription):
    """Invoices and credit notes, the newest first."""

    total_shown = staticmethod(amount("total", _("Total")))
    due_shown = staticmethod(amount("due", _("Due")))
    subtotal_shown = staticmethod(amount("subtotal", _("Subtotal")))
    tax_shown = staticmethod(amount("tax", _("Tax")))
    prepaid_shown = staticmethod(amount("prepaid", _("From the balance")))
    list_display = ("number", OF_ACCOUNT, "kind", "reason", "issued_on", total_shown, due_shown)
    list_select_related = ("subscription__account",)
    fields = (
        *("number", "company", "kind", "reason", "issued_on", "issued_at", "period_start", "caused_by"),
        *("subtotal_shown", "tax_shown", "total_shown", "prepaid_shown", "due_shown", "paid_at", "by_link"),
        *("written_off", "credit_it", "corrected", "send_it"),
    )
    inlines = (InvoiceLineInline, TryInline, LinkInline)

    @admin.display(description=_("Corrects"))
    def corrected(self, invoice: Invoice) -> SafeString | str:
        """Return the invoices that a credit note names."""
        return invoices(one["number"] for one in invoice.corrects)

    @admin.display(description=_("paid at"))
    def paid_at(self, invoice: Invoice) -> datetime | None:
        """Return when the money was there."""
        payment = getattr(invoice, "payment", None)
        return payment.paid_at if payment and not payment.write_off_id else None
