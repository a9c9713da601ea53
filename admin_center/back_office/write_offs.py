"""Write-offs: what is left to pay of an invoice is given up, with a reason."""

from typing import TYPE_CHECKING, Any, assert_never

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from admin_center.back_office import acts
from admin_center.back_office.columns import money
from admin_center.back_office.staff import StaffAdmin
from admin_center.occasions import staff_occasion
from billing import bank_payments, write_offs
from billing.models import Invoice
from billing.rules.documents import InvoiceState
from billing.rules.money import to_minor
from billing.write_offs import WriteOffRefusal

if TYPE_CHECKING:
    Base = StaffAdmin
else:
    Base = object

WHY_NOT = {
    WriteOffRefusal.NOTHING_OPEN: gettext_lazy("Nothing is left to pay on this invoice."),
    WriteOffRefusal.UNDER_WAY: gettext_lazy("A payment of this invoice is going on: wait for its end."),
}


class WriteOffMixin(Base):
    """What an invoice's page needs to give up what is left of it, and to show that it was."""

    @admin.display(description=gettext_lazy("Written off"))
    def written_off(self, invoice: Invoice) -> SafeString | str:
        """Return what was given up, by whom and why; or the way to do it, where it is open."""
        match state := invoice.state:
            case InvoiceState.WRITTEN_OFF:
                one = invoice.write_off
                given_up = money(to_minor(one.amount.amount, invoice.currency), invoice.currency)
                return f"{given_up} ({one.written_off_by_name}): {one.reason}"
            case InvoiceState.OPEN:
                address = reverse("vendor:billing_invoice_write_off", args=[invoice.pk])
                return format_html('<a href="{}">{}</a>', address, _("Write off what is left of it"))
            case InvoiceState.PAID | InvoiceState.CREDITED | InvoiceState.CARRIED_OVER:
                return "–"
            case _:
                assert_never(state)

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses, with that of writing off."""
        view = self.admin_site.admin_view(self.write_off)
        ours = path("<int:invoice_id>/write-off/", view, name="billing_invoice_write_off")
        return [ours, *super().get_urls()]

    def write_off(self, request: HttpRequest, invoice_id: int) -> HttpResponse:
        """Ask why; on a POST write off what is left, or say why not."""
        invoice = Invoice.objects.select_related("subscription__account").filter(pk=invoice_id).first()
        if invoice is None:
            raise Http404
        form = acts.ReasonForm(request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid() and _written_off(request, invoice, form):
            return redirect("vendor:billing_invoice_change", invoice.pk)
        currency, is_open = invoice.currency, invoice.state is InvoiceState.OPEN
        facts = [
            (_("Total"), money(to_minor(invoice.total.amount, currency), currency)),
            (_("Left to pay"), money(bank_payments.left_of(invoice) if is_open else 0, currency)),
        ]
        told = [
            _(
                "What is left is no longer owed, and nobody can pay it any more. The invoice stays what it "
                "is, with its tax; the statement says that it was written off. An account that owes nothing "
                "else is open again."
            ),
            _("Where the customer should never have owed it, credit lines of the invoice instead."),
        ]
        above = reverse("vendor:billing_invoice_change", args=[invoice.pk]), str(invoice)
        buttons = [("write_off", _("Write it off"))]
        return acts.page(
            self,
            request,
            form,
            acts.Act(_("Write an invoice off"), above, facts, told, buttons, takes_away=True),
        )


def _written_off(request: Any, invoice: Invoice, form: forms.Form) -> bool:
    """Write it off and tell; False, with the reason in the form, where it can't be."""
    occasion = staff_occasion(request, invoice.subscription.account)
    try:
        write_offs.write_off(invoice.pk, reason=form.cleaned_data["reason"], occasion=occasion)
    except write_offs.NotWrittenOff as no:
        form.add_error(None, str(WHY_NOT[no.why]))
        return False
    messages.success(
        request, _("What was left of invoice %(number)s is no longer owed.") % {"number": invoice}
    )
    return True
