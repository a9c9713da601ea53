"""Whom an account's invoices are made out to: read on its page, and changed by staff with a reason."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
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
from admin_center.back_office.staff import StaffAdmin
from admin_center.forms.fields import Lines
from admin_center.forms.profile import ProfileForm, country_of_zone
from admin_center.occasions import staff_occasion
from admin_center.presenters import profile as presenter
from billing import profile as profiles
from billing.models import InvoiceRecipient

if TYPE_CHECKING:
    Base = StaffAdmin
else:
    Base = object


class StaffProfileForm(ProfileForm):
    """A billing profile, and why staff change it."""

    reason = Lines(
        label=_("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The account’s owner reads it in the activity."),
    )


class BillingProfileMixin(Base):
    """What an account's page needs to show its billing profile, and to change it."""

    @admin.display(description=_("Billing profile"))
    def made_out_to(self, account: Account) -> SafeString:
        """Return what the profile says, what an invoice would lack, and the way to change it."""
        said = presenter.facts(presenter.values_of(account))
        told = [(fact.words, ", ".join(fact.lines)) for fact in said if fact.lines]
        told += [(gettext("Missing"), f"{gap.title}. {gap.why}") for gap in presenter.gaps(account)]
        lines = format_html_join("", "<div><b>{}</b>: {}</div>", told)
        if account.cancelled_at is not None:
            return lines
        url = reverse("vendor:accounts_account_profile", args=[account.pk])
        return format_html('{}<a href="{}">{}</a>', lines, url, gettext("Change the billing profile"))

    @admin.display(description=_("Recipients of the invoices"))
    def recipients(self, account: Account) -> SafeString | str:
        """Return who gets the invoices, each in which language."""
        rows = InvoiceRecipient.objects.filter(profile=account.pk)
        told = ((one.name, one.email, one.get_language_display()) for one in rows)
        return format_html_join("", "<div>{} {} ({})</div>", told) or "–"

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses, with that of changing the profile."""
        view = self.admin_site.admin_view(self.change_profile)
        ours = path("<int:account_id>/billing-profile/", view, name="accounts_account_profile")
        return [ours, *super().get_urls()]

    def change_profile(self, request: HttpRequest, account_id: int) -> HttpResponse:
        """Ask for the profile and the reason; a POST changes it, or brings the fields of another country."""
        account = Account.objects.filter(pk=account_id, cancelled_at=None).first()
        if account is None:
            raise Http404
        kept = drafts.of(request) if request.method != "POST" else None
        form = _form(request, account, kept)
        if form.is_bound and form.is_valid():
            _change(request, account, form)
            return redirect("vendor:accounts_account_change", account.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Billing profile"),
            "subtitle": str(account),
            "opts": self.opts,
            "account": account,
            "form": form,
            "kept": kept,
        }
        return TemplateResponse(
            request, "back_office/billing_profile.html", context, status=422 if form.errors else 200
        )


def _form(request: HttpRequest, account: Account, kept: drafts.FormDraft | None) -> StaffProfileForm:
    """Return the form as it stands, as it was posted, or with what was typed under another country."""
    judged = request.method == "POST" and request.POST.get("act") != "country"
    values = presenter.values_of(account)
    typed = request.POST if request.method == "POST" else kept.data if kept else None
    return StaffProfileForm(
        request.POST if judged else None,
        values=replace(values, legal_name=values.legal_name or account.name),
        country=country_of_zone(account.timezone),
        typed=typed,
    )


def _change(request: Any, account: Account, form: StaffProfileForm) -> None:
    changed = profiles.change_by_staff(
        account,
        form.values(),
        occasion=staff_occasion(request, account),
        reason=form.cleaned_data["reason"],
    )
    if changed:
        messages.success(
            request, gettext("The billing profile is changed. It applies to invoices from now on.")
        )
    else:
        messages.info(request, gettext("Nothing was changed."))
