"""A document sent once more, to those who get the account's documents."""

from collections.abc import Sequence
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
from admin_center.back_office.staff import StaffAdmin
from admin_center.occasions import staff_occasion
from billing import document_letters
from billing.document_letters import Addressee, ResendRefusal
from billing.models import Invoice

if TYPE_CHECKING:
    Base = StaffAdmin
else:
    Base = object

WHY_NOT = {
    ResendRefusal.BY_VENDOR: gettext_lazy(
        "No costs are shown on this account: nobody of it gets its documents."
    ),
    ResendRefusal.NO_DOCUMENT: gettext_lazy(
        "It comes from the previous system: there is no document of ours."
    ),
    ResendRefusal.NOBODY: gettext_lazy("Choose who gets it."),
}


class SendDocumentForm(acts.ReasonForm):
    """To whom a document goes once more, and why."""

    email = forms.MultipleChoiceField(label=gettext_lazy("To"), widget=forms.CheckboxSelectMultiple)
    field_order = ("email", "reason")

    def __init__(self, people: Sequence[Addressee], *parts: Any, **named: Any) -> None:
        """Offer those who get the account's documents."""
        super().__init__(*parts, **named)
        choices = [(one.email, f"{one.name} <{one.email}>" if one.name else one.email) for one in people]
        self.fields["email"].choices = choices  # type: ignore[attr-defined]


class DocumentLetterMixin(Base):
    """What an invoice's page needs to send its document once more."""

    @admin.display(description=gettext_lazy("Document"))
    def send_it(self, invoice: Invoice) -> SafeString | str:
        """Return the way to send it once more, or why nobody gets it."""
        account = invoice.subscription.account
        if not account.shows_costs:
            return str(WHY_NOT[ResendRefusal.BY_VENDOR])
        if invoice.reason == Invoice.Reason.BROUGHT_IN:
            return str(WHY_NOT[ResendRefusal.NO_DOCUMENT])
        address = reverse("vendor:billing_invoice_send", args=[invoice.pk])
        return format_html('<a href="{}">{}</a>', address, _("Send it again"))

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses, with that of sending."""
        view = self.admin_site.admin_view(self.send_document)
        return [path("<int:invoice_id>/send/", view, name="billing_invoice_send"), *super().get_urls()]

    def send_document(self, request: HttpRequest, invoice_id: int) -> HttpResponse:
        """Ask to whom and why; on a POST send it, or say why not."""
        invoice = Invoice.objects.select_related("subscription__account").filter(pk=invoice_id).first()
        if invoice is None:
            raise Http404
        people = document_letters.addressees(invoice.subscription.account)
        form = SendDocumentForm(people, request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid() and _sent(request, invoice, form):
            return redirect("vendor:billing_invoice_change", invoice.pk)
        told = [_("The same document goes out once more, with the e-invoice inside where it can be one.")]
        above = reverse("vendor:billing_invoice_change", args=[invoice.pk]), str(invoice)
        shown = acts.Act(_("Send a document again"), above, [], told, [("send", _("Send it again"))])
        return acts.page(self, request, form, shown)


def _sent(request: Any, invoice: Invoice, form: forms.Form) -> bool:
    """Send it and tell; False, with the reason in the form, where it can't be."""
    asked, occasion = form.cleaned_data, staff_occasion(request, invoice.subscription.account)
    try:
        document_letters.send_again(invoice.pk, asked["email"], reason=asked["reason"], occasion=occasion)
    except document_letters.NotSentOnce as no:
        form.add_error(None, str(WHY_NOT[no.why]))
        return False
    told = _("%(number)s is on its way to %(emails)s.")
    messages.success(request, told % {"number": invoice.number, "emails": ", ".join(asked["email"])})
    return True
