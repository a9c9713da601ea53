"""Incoming transfers: those of which something is not booked, and the page that books them."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from admin_center import drafts
from admin_center.back_office.columns import amount, money, with_invoice
from admin_center.back_office.site import site
from admin_center.back_office.staff import StaffAdmin
from admin_center.forms.fields import Lines, Number, Text
from admin_center.occasions import staff_occasion
from billing import bank_payments
from billing.models import BankPayment, Invoice
from billing.rules.money import to_minor

WHY_NOT = {
    "unknown": _("There is no open invoice of this number."),
    "currency": _("The invoice is in another currency than the transfer."),
    "accounts": _("One transfer pays invoices of one account."),
    "too_much": _("That is more than is left of the transfer, or of the invoice."),
    "under_way": _("A payment of this invoice is going on: wait for its end."),
    "twice": _("A part of this transfer is booked on this invoice already."),
}


class BookForm(forms.Form):
    """Which invoice a transfer pays, how much of it, and why it is so."""

    number = Text(label=_("Invoice"), max_length=40)
    amount = Number(label=_("Amount"), min_value=0, max_digits=18, decimal_places=3)
    reason = Lines(
        label=_("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The account’s owner reads it in the activity."),
    )


@admin.register(BankPayment, site=site)
class BankPaymentAdmin(StaffAdmin):
    """Transfers; without a search those of which something is not booked."""

    amount_shown = staticmethod(amount("amount", _("Amount")))
    list_display = ("received_on", "bank_id", "amount_shown", "left", "payer", "reference")
    search_fields = ("bank_id",)
    search_help_text = _("Without a search: what is not booked. Else by the bank’s id, payer or reference.")
    fields = ("bank_id", "received_on", "amount_shown", "left", "payer", "reference", "booked", "act")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Return what waits, or what a term finds."""
        term = search_term.strip()
        return (self.found(queryset, term) if term else bank_payments.waiting()), False

    def found(self, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Return the transfers whose id, payer or reference begins so."""
        ids = queryset.filter(bank_id__istartswith=term)
        return ids | queryset.filter(payer__istartswith=term) | queryset.filter(reference__istartswith=term)

    @admin.display(description=_("Not booked"))
    def left(self, payment: BankPayment) -> str:
        """Return what of it is not booked yet."""
        return money(bank_payments.left_over(payment), payment.amount.currency.code)

    @admin.display(description=_("Booked"))
    def booked(self, payment: BankPayment) -> SafeString | str:
        """Return the invoices that it pays, and how much of each."""
        rows = (
            (
                reverse("vendor:billing_invoice_change", args=[one.invoice_id]),
                one.invoice.number,
                money(to_minor(one.amount.amount, one.invoice.currency), one.invoice.currency),
                one.booked_by_name or gettext("Automatic"),
            )
            for one in payment.bookings.select_related("invoice").order_by("pk")
        )
        return format_html_join("", '<div><a href="{}">{}</a>: {} ({})</div>', rows) or "–"

    @admin.display(description=_("Act"))
    def act(self, payment: BankPayment) -> SafeString | str:
        """Return the way to book what is left of it."""
        if not bank_payments.left_over(payment):
            return "–"
        address = reverse("vendor:billing_bankpayment_book", args=[payment.pk])
        return format_html('<a href="{}">{}</a>', address, gettext("Book it"))

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses, with that of booking."""
        view = self.admin_site.admin_view(self.book)
        return [path("<int:payment_id>/book/", view, name="billing_bankpayment_book"), *super().get_urls()]

    def book(self, request: HttpRequest, payment_id: int) -> HttpResponse:
        """Ask for the invoice, the amount and the reason; on a POST book it, or say why not."""
        payment = BankPayment.objects.filter(pk=payment_id).first()
        if payment is None:
            raise Http404
        form = BookForm(request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid() and _booked(request, payment, form):
            return redirect("vendor:billing_bankpayment_change", payment.pk)
        currency = payment.amount.currency.code
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Book a transfer"),
            "subtitle": str(payment.bank_id),
            "opts": self.opts,
            "payment": payment,
            "left": money(bank_payments.left_over(payment), currency),
            "form": form,
            "kept": drafts.refill(request, form),
        }
        status = 422 if form.errors else 200
        return TemplateResponse(request, "back_office/book_transfer.html", context, status=status)


def _booked(request: Any, payment: BankPayment, form: BookForm) -> bool:
    """Book it and tell; False, with the reason in the form, where it can't be."""
    asked, currency = form.cleaned_data, payment.amount.currency.code
    number = asked["number"].upper()
    try:
        part = to_minor(asked["amount"], currency)
    except ValueError:
        form.add_error("amount", gettext("The currency has fewer decimals."))
        return False
    invoice = Invoice.objects.filter(number=number).first()
    account = Account.objects.filter(pk=invoice.subscription_id).first() if invoice else None
    try:
        occasion = staff_occasion(request, account)
        bank_payments.book(payment.pk, {number: part}, reason=asked["reason"], occasion=occasion)
    except bank_payments.NotBookable as refused:
        form.add_error("number" if refused.reason == "unknown" else "amount", WHY_NOT[refused.reason])
        return False
    told = gettext("Booked on invoice %(number)s.") % {"number": number}
    messages.success(request, with_invoice(told, number))
    return True
