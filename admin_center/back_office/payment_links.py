"""Links by which an invoice is paid without signing in: staff send them, and take them back."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import clock
from accounts.email_addresses import LONGEST, UNWRITABLE
from admin_center import drafts
from admin_center.back_office.staff import StaffAdmin, StaffInline
from admin_center.forms.fields import Lines
from admin_center.occasions import staff_occasion
from admin_center.presenters.payment_links import WHY_NO_LINK
from billing import payment_links
from billing.models import Invoice, PaymentLink

if TYPE_CHECKING:
    Base = StaffAdmin
else:
    Base = object


class SendForm(forms.Form):
    """To whom the link goes, and why."""

    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=LONGEST,
        help_text=_("Whoever reads this mailbox sees what the invoice charges, and can pay it."),
    )
    reason = Lines(
        label=_("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The account’s owner reads it in the activity."),
    )


class RevokeForm(forms.Form):
    """Why a link is taken back."""

    reason = Lines(
        label=_("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The account’s owner reads it in the activity."),
    )


class LinkInline(StaffInline):
    """Each link to pay the invoice; nobody sees its token."""

    model = PaymentLink
    ordering = ("-pk",)
    list_select_related = ("invoice__subscription__account",)
    fields = ("sent_to", "created_at", "expires_at", "revoked_at", "act")

    @admin.display(description=_("Act"))
    def act(self, link: PaymentLink) -> SafeString | str:
        """Return the way to revoke it, or why nothing is paid by it anyway."""
        account = link.invoice.subscription.account
        why = payment_links.over(account, link, clock.now(account))
        if why:
            return str(WHY_NO_LINK[why])
        address = reverse("vendor:billing_invoice_link_revoke", args=[link.pk])
        return format_html('<a href="{}">{}</a>', address, gettext("Revoke the link"))


class PaymentLinks(Base):
    """What an invoice's page needs to send links, and to take them back."""

    @admin.display(description=_("Payment by a link"))
    def by_link(self, invoice: Invoice) -> SafeString | str:
        """Return the way to send a link, where the invoice is open."""
        if invoice.due.amount <= 0 or hasattr(invoice, "payment"):
            return "–"
        address = reverse("vendor:billing_invoice_link_send", args=[invoice.pk])
        return format_html('<a href="{}">{}</a>', address, gettext("Send a link to pay it"))

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses, with those of sending and revoking."""
        door = self.admin_site.admin_view
        return [
            path("<int:invoice_id>/link/", door(self.send_link), name="billing_invoice_link_send"),
            path("links/<int:link_id>/revoke/", door(self.revoke_link), name="billing_invoice_link_revoke"),
            *super().get_urls(),
        ]

    def send_link(self, request: HttpRequest, invoice_id: int) -> HttpResponse:
        """Ask to whom and why; on a POST send the link."""
        invoice = Invoice.objects.select_related("subscription__account").filter(pk=invoice_id).first()
        if invoice is None:
            raise Http404
        form = SendForm(request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid() and _sent(request, invoice, form):
            return redirect("vendor:billing_invoice_change", invoice.pk)
        return self._ask(request, invoice, form, "send_link.html", gettext("Send a link to pay an invoice"))

    def revoke_link(self, request: HttpRequest, link_id: int) -> HttpResponse:
        """Ask why; on a POST take the link back."""
        links = PaymentLink.objects.select_related("invoice__subscription__account")
        link = links.filter(pk=link_id).first()
        if link is None:
            raise Http404
        form = RevokeForm(request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid() and _revoked(request, link, form):
            return redirect("vendor:billing_invoice_change", link.invoice_id)
        title = gettext("Revoke a link to pay an invoice")
        return self._ask(request, link.invoice, form, "revoke_link.html", title, link=link)

    def _ask(
        self, request: HttpRequest, invoice: Invoice, form: forms.Form, page: str, title: str, **more: Any
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "subtitle": str(invoice),
            "opts": self.opts,
            "invoice": invoice,
            "form": form,
            "kept": drafts.refill(request, form),
            **more,
        }
        status = 422 if form.errors else 200
        return TemplateResponse(request, f"back_office/{page}", context, status=status)


def _sent(request: Any, invoice: Invoice, form: forms.Form) -> bool:
    """Send it and tell; False, with the reason in the form, where it can't be sent."""
    asked = form.cleaned_data
    try:
        occasion = staff_occasion(request, invoice.subscription.account)
        payment_links.send(invoice.pk, asked["email"], reason=asked["reason"], occasion=occasion)
    except payment_links.MalformedAddress:
        form.add_error("email", UNWRITABLE)
        return False
    except payment_links.LinkOver as over:
        form.add_error(None, WHY_NO_LINK[over.why])
        return False
    messages.success(request, gettext("The link is on its way to %(email)s.") % {"email": asked["email"]})
    return True


def _revoked(request: Any, link: PaymentLink, form: forms.Form) -> bool:
    """Take it back and tell; False, with the reason in the form, where it is over already."""
    try:
        occasion = staff_occasion(request, link.invoice.subscription.account)
        payment_links.revoke(link.pk, reason=form.cleaned_data["reason"], occasion=occasion)
    except payment_links.LinkOver as over:
        form.add_error(None, WHY_NO_LINK[over.why])
        return False
    messages.success(request, gettext("The link is revoked: nothing can be paid by it any more."))
    return True
