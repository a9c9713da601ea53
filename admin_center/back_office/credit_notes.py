"""Credit notes of the staff: how much of which lines of an invoice is given back, and why."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

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
from admin_center.back_office.refunds import WHY_NOT as WHY_NOT_REFUNDED
from admin_center.back_office.refunds import tell
from admin_center.back_office.staff import StaffAdmin
from admin_center.forms.fields import Number
from admin_center.occasions import staff_occasion
from admin_center.wording import labels, phrases
from admin_center.wording.bidi import isolated
from billing import bank_payments, credit_notes, refunds
from billing.credit_notes import CreditableLine
from billing.models import Invoice, Refund
from billing.rules.credit_notes import CreditRefusal
from billing.rules.money import exponent, to_minor

if TYPE_CHECKING:
    Base = StaffAdmin
else:
    Base = object

WHY_NOT = {
    CreditRefusal.NOTHING: gettext_lazy("Say how much of a line is credited."),
    CreditRefusal.TOO_MUCH: gettext_lazy("That is more than the line charged less what was credited before."),
    CreditRefusal.UNDER_WAY: gettext_lazy("A payment of this invoice is going on: wait for its end."),
    CreditRefusal.WRITTEN_OFF: gettext_lazy("What this invoice asked for was written off: it is not owed."),
    CreditRefusal.NOT_CHARGED: gettext_lazy(
        "Nothing can be given back by the provider: no charge paid this invoice, or nothing is left of it."
    ),
}


class CreditForm(acts.ReasonForm):
    """What of each line is credited, before tax; whether it is given back; and why."""

    everything = forms.BooleanField(label=gettext_lazy("All that is left of every line"), required=False)
    refunded = forms.BooleanField(
        label=gettext_lazy("Give it back"),
        required=False,
        help_text=gettext_lazy(
            "To what paid the invoice, as far as it was charged. Else it stays on the balance."
        ),
    )

    def __init__(self, lines: Sequence[CreditableLine], currency: str, *parts: Any, **named: Any) -> None:
        """Offer what is left of each of these lines."""
        super().__init__(*parts, **named)
        self.lines, self.currency = lines, currency
        self.fields["reason"].help_text = _("The account’s owner reads it in the activity and in a letter.")
        for one in lines:
            line = one.line
            name = f"{line.product_name} {line.edition_name}".strip()
            told = {
                "charged": money(to_minor(line.amount.amount, currency), currency),
                "left": money(one.left, currency),
                "from": phrases.day(line.covers_from),
            }
            self.fields[f"line-{line.position}"] = Number(
                label=f"{line.position}. {isolated(name)}",
                min_value=0,
                max_digits=18,
                decimal_places=exponent(currency),
                required=False,
                disabled=one.left == 0,
                help_text=_("From %(from)s on; charged %(charged)s, left %(left)s, before tax.") % told,
            )
        self.order_fields(
            [*(f"line-{one.line.position}" for one in lines), "everything", "refunded", "reason"]
        )

    def parts(self) -> dict[int, int]:
        """Return what is credited of each line, minor units by position, of a form that was validated."""
        if self.cleaned_data["everything"]:
            return {one.line.position: one.left for one in self.lines if one.left}
        given = {one.line.position: self.cleaned_data.get(f"line-{one.line.position}") for one in self.lines}
        return {position: to_minor(value, self.currency) for position, value in given.items() if value}


class CreditNoteMixin(Base):
    """What an invoice's page needs to credit lines of it."""

    @admin.display(description=gettext_lazy("Credit"))
    def credit_it(self, invoice: Invoice) -> SafeString | str:
        """Return the way to credit lines, where something is left of one."""
        if not any(one.left for one in credit_notes.creditable(invoice)):
            return "–"
        address = reverse("vendor:billing_invoice_credit", args=[invoice.pk])
        return format_html('<a href="{}">{}</a>', address, _("Credit lines of it"))

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses, with that of crediting."""
        view = self.admin_site.admin_view(self.credit)
        return [path("<int:invoice_id>/credit/", view, name="billing_invoice_credit"), *super().get_urls()]

    def credit(self, request: HttpRequest, invoice_id: int) -> HttpResponse:
        """Ask how much of which lines and why; on a POST issue the credit note, or say why not."""
        invoice = Invoice.objects.select_related("subscription__account").filter(pk=invoice_id).first()
        if invoice is None:
            raise Http404
        lines = credit_notes.creditable(invoice)
        form = CreditForm(lines, invoice.currency, request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid():
            note = _credited(request, invoice, form)
            if note is not None:
                return redirect("vendor:billing_invoice_change", note.pk)
        currency = invoice.currency
        facts = [
            (_("Total"), money(to_minor(invoice.total.amount, currency), currency)),
            (_("State"), labels.STATUSES[invoice.state.value].words),
        ]
        above = reverse("vendor:billing_invoice_change", args=[invoice.pk]), str(invoice)
        shown = acts.Act(
            _("Credit lines of an invoice"),
            above,
            facts,
            list(_told(invoice)),
            [("credit", _("Issue the credit note"))],
        )
        return acts.page(self, request, form, shown)


def _told(invoice: Invoice) -> Iterator[str]:
    """Yield what a credit note means for this invoice."""
    yield _(
        "The invoice stays what it is. The credit note names it, bears the taxes of its lines, and goes to "
        "those who get its documents; amounts are before tax."
    )
    if bank_payments.open_ones().filter(pk=invoice.pk).exists():
        left = money(bank_payments.left_of(invoice), invoice.currency)
        told = _(
            "%(left)s of it are still to be paid: a credit of so much or more settles it, the rest stays on "
            "the balance. A card is charged all or nothing: less than that stays on the balance too."
        )
        yield told % {"left": left}


def _credited(request: Any, invoice: Invoice, form: CreditForm) -> Invoice | None:
    """Issue it and tell; None, with the reason in the form, where it can't be."""
    asked, occasion = form.cleaned_data, staff_occasion(request, invoice.subscription.account)
    try:
        note = credit_notes.issue(
            invoice.pk, form.parts(), reason=asked["reason"], refunded=asked["refunded"], occasion=occasion
        )
    except credit_notes.NotCredited as no:
        at = (
            f"line-{no.position}"
            if no.position
            else "refunded"
            if no.why is CreditRefusal.NOT_CHARGED
            else None
        )
        form.add_error(at, str(WHY_NOT[no.why]))
        return None
    except refunds.NotRefunded as no:
        form.add_error("refunded", str(WHY_NOT_REFUNDED[no.why]))
        return None
    messages.success(request, _("Credit note %(number)s is issued.") % {"number": note.number})
    refund = Refund.objects.filter(credit_note=note).first()
    if refund is not None:
        tell(request, refund)
    return note
