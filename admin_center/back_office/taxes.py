"""Taxes: the table of rates as it is loaded, and how one account is taxed."""

from dataclasses import replace
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
from accounts.models import Account
from admin_center import drafts
from admin_center.back_office.site import site
from admin_center.back_office.staff import StaffAdmin
from admin_center.forms.fields import Lines
from admin_center.occasions import staff_occasion
from admin_center.pagination import Order
from admin_center.wording import taxes
from billing import taxation
from billing.models import Subscription, TaxRate
from billing.rules.taxation import STANDARD, taxes_on, treatment
from billing.storage import loading

if TYPE_CHECKING:
    Base = StaffAdmin
else:
    Base = object


@admin.register(TaxRate, site=site)
class TaxRateAdmin(StaffAdmin):
    """Rates of every country and day; they are changed by `manage.py load_tax_rates`."""

    list_display = ("country", "region", "name", "rate", "category", "scope", "in_force_from")
    list_filter = ("country",)
    order = Order("country", str)
    fields = ("country", "region", "name", "rate", "category", "scope", "law", "code", "in_force_from")

    @admin.display(description=_("Rate"))
    def rate(self, rate: TaxRate) -> str:
        """Return the percentage, or that nothing is charged."""
        return taxes.rate(rate.percent, rate.law)


class OwnRateForm(forms.Form):
    """Why an account is no longer charged a rate of its own."""

    reason = Lines(
        label=_("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The account’s owner reads it in the activity."),
    )


class TaxationMixin(Base):
    """What a subscription's page needs to show how the account is taxed, and to end a rate of its own."""

    @admin.display(description=_("Tax"))
    def taxed(self, subscription: Subscription) -> SafeString | str:
        """Return the treatment with what is charged today, and the way to end a rate of its own."""
        told = _told(subscription.account)
        if subscription.tax_percent is None:
            return told
        return format_html(
            '{} <a href="{}">{}</a>',
            told,
            reverse("vendor:billing_subscription_own_rate", args=[subscription.pk]),
            gettext("Let the table of rates decide"),
        )

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses, with that of ending a rate of its own."""
        view = self.admin_site.admin_view(self.end_own_rate)
        ours = path("<int:account_id>/own-rate/", view, name="billing_subscription_own_rate")
        return [ours, *super().get_urls()]

    def end_own_rate(self, request: HttpRequest, account_id: int) -> HttpResponse:
        """Ask for the reason; on a POST let the table decide."""
        one = Subscription.objects.select_related("account").filter(pk=account_id).first()
        if one is None:
            raise Http404
        form = OwnRateForm(request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid():
            _ended(request, one.account, form.cleaned_data["reason"])
            return redirect("vendor:billing_subscription_change", one.pk)
        if one.tax_percent is None:
            messages.info(request, gettext("This account has no tax rate of its own."))
            return redirect("vendor:billing_subscription_change", one.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Let the table of rates decide"),
            "subtitle": str(one.account),
            "opts": self.opts,
            "one": one,
            "now": _told(one.account),
            "then": _told(one.account, own=False),
            "form": form,
            "kept": drafts.refill(request, form),
        }
        status = 422 if form.errors else 200
        return TemplateResponse(request, "back_office/own_rate.html", context, status=status)


def _told(account: Account, *, own: bool = True) -> str:
    """Return how an account is taxed today, in words; without its own rate what the table would say."""
    today = clock.today(account)
    reading = loading.read(account, today)
    assert reading is not None  # it has a subscription
    found = reading.facts.taxation if own else replace(reading.facts.taxation, own_rate=None)
    return taxes.treatment(treatment(found), taxes_on(found, STANDARD, today))


def _ended(request: Any, account: Account, reason: str) -> None:
    """End the rate and tell, or tell that there is none."""
    try:
        taxation.end_own_rate(account.pk, reason=reason, occasion=staff_occasion(request, account))
    except taxation.NoOwnRate:
        messages.info(request, gettext("This account has no tax rate of its own."))
    else:
        messages.success(request, gettext("From the next charge on the table of rates decides."))
