"""Parked subscriptions: nothing is charged until staff mended what is broken and say so."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from admin_center import drafts
from admin_center.back_office.staff import StaffAdmin
from admin_center.forms.fields import Lines
from admin_center.occasions import staff_occasion
from billing import renewal
from billing.models import Subscription

if TYPE_CHECKING:
    Base = StaffAdmin
else:
    Base = object

# What `billing.rules.invariants` and the price list report, in words for those who mend it.
FAULTS = {
    "two_lines": _("the product is on two lines"),
    "scheduled_elsewhere": _("a change waits for a line that is not there, or for another day than renewal"),
    "period_off_anchor": _("the period does not follow from the anchor day"),
    "quantity": _("nothing is bought on the line"),
    "over_credited": _("more was credited than charged"),
    "outside_term": _("what was paid lies outside its term"),
    "overlap": _("days are paid twice"),
    "gap": _("days are not paid"),
    "paid_end": _("what was paid does not end where the subscription says"),
    "charged_twice": _("the renewal would charge it twice"),
    "taxed_twice": _("the renewal would tax it twice"),
    "above_full_price": _("the renewal would charge more than the full price"),
    "no_price_in_cycle": _("the price list has no price in the billing cycle"),
}


class ParkedFilter(admin.SimpleListFilter):
    """Those for which nothing is charged."""

    title = _("parked")
    parameter_name = "parked"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        """Return the one choice."""
        return [("yes", _("Yes"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the parked subscriptions, by an index of their own."""
        return queryset.filter(parked_at__isnull=False) if self.value() == "yes" else queryset


class UnparkForm(forms.Form):
    """Why a subscription may renew again."""

    reason = Lines(
        label=_("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The account’s owner reads it in the activity."),
    )


class ParkingMixin(Base):
    """What a subscription's page needs to show that it is parked, and to let it renew again."""

    @admin.display(description=_("Parked"))
    def parked(self, subscription: Subscription) -> SafeString | str:
        """Return since when and why, with the way to end it."""
        if subscription.parked_at is None:
            return "–"
        return format_html(
            '{} <a href="{}">{}</a>',
            words(subscription.parked_because),
            reverse("vendor:billing_subscription_unpark", args=[subscription.pk]),
            gettext("Let it renew again"),
        )

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses, with that of letting it renew again."""
        view = self.admin_site.admin_view(self.unpark)
        ours = path("<int:account_id>/unpark/", view, name="billing_subscription_unpark")
        return [ours, *super().get_urls()]

    def unpark(self, request: HttpRequest, account_id: int) -> HttpResponse:
        """Ask for the reason; on a POST let the subscription renew again, or say what is still broken."""
        one = Subscription.objects.select_related("account").filter(pk=account_id).first()
        if one is None:
            raise Http404
        form = UnparkForm(request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid() and _unparked(request, one, form):
            return redirect("vendor:billing_subscription_change", one.pk)
        if one.parked_at is None:
            messages.info(request, gettext("This subscription is not parked."))
            return redirect("vendor:billing_subscription_change", one.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Let a subscription renew again"),
            "subtitle": str(one.account),
            "opts": self.opts,
            "one": one,
            "because": words(one.parked_because),
            "form": form,
            "kept": drafts.refill(request, form),
        }
        status = 422 if form.errors else 200
        return TemplateResponse(request, "back_office/unpark.html", context, status=status)


def _unparked(request: Any, one: Subscription, form: UnparkForm) -> bool:
    """Let it renew again and tell; False, with the reason in the form, where something is still broken."""
    try:
        occasion = staff_occasion(request, one.account)
        renewal.unpark(one.account.pk, reason=form.cleaned_data["reason"], occasion=occasion)
    except renewal.StillBroken as broken:
        form.add_error(None, gettext("It can’t renew yet: %(why)s.") % {"why": words(str(broken))})
        return False
    except renewal.NotParked:
        messages.info(request, gettext("This subscription is not parked."))
        return True
    messages.success(request, gettext("The subscription renews again, with what is due now."))
    return True


def words(because: str) -> str:
    """Return what is broken in words, from "code product, code"; an unknown code as it is."""
    told = []
    for fault in because.split(", "):
        code, _space, product = fault.partition(" ")
        words = str(FAULTS.get(code, code))
        told.append(f"{product}: {words}" if product else words)
    return "; ".join(told)
