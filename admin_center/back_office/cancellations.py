"""Cancelled accounts: why, in figures and in their owners' words; and the way back within 90 days."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import clock
from accounts.rules.capabilities import AccountState
from admin_center import drafts
from admin_center.back_office.activity import OfAccount
from admin_center.back_office.cancellation_figures import A_YEAR, by_month, by_reason
from admin_center.back_office.columns import linked, money, related
from admin_center.back_office.site import site
from admin_center.forms.fields import Day, Lines
from admin_center.occasions import staff_occasion
from billing import cancellation
from billing.models import Cancellation

# So many of the latest answers in words stand under the figures.
WORDS_SHOWN = 20


class RestoreForm(forms.Form):
    """Why an account is given back."""

    reason = Lines(
        label=_("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The account’s owner reads it in the activity."),
    )


class PeriodForm(forms.Form):
    """The days that the figures cover, both included."""

    since = Day(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}))
    until = Day(label=_("Until"), widget=forms.DateInput(attrs={"type": "date"}))

    def clean(self) -> dict[str, Any]:
        """Refuse a period that ends before it begins."""
        found = super().clean() or {}
        since, until = found.get("since"), found.get("until")
        if since and until and until < since:
            self.add_error("until", _("The period ends before it begins."))
        return found


@admin.register(Cancellation, site=site)
class CancellationAdmin(OfAccount):
    """Every cancellation with its reason, and the figures of all."""

    change_list_template = "back_office/cancellations.html"
    list_display = (
        *("created_at", related("account", _("Account")), "reason", "at_period_end"),
        *("by_name", "undone_at", "erased_at"),
    )
    company = staticmethod(linked("account", "accounts_account", _("Account")))
    fields = (
        *("company", "reason", "text", "at_period_end", "by_name", "created_at", "sums"),
        *("standing", "undone_at", "erased_at"),
    )

    def name_of(self, row: Cancellation) -> str:
        """Return which account and why."""
        return f"{row.account} · {row.get_reason_display()}"

    @admin.display(description=_("What the sheet said"))
    def sums(self, one: Cancellation) -> str:
        """Return what was forfeited, owed and lost, as its owner saw it."""
        told = {name: money(int(minor), one.account.currency) for name, minor in one.sheet.items()}
        words = gettext("forfeited %(forfeited)s, still owed %(owed)s, credit lost %(balance)s")
        return words % told if {"forfeited", "owed", "balance"} <= told.keys() else "–"

    @admin.display(description=_("The way back"))
    def standing(self, one: Cancellation) -> SafeString | str:
        """Return until when the account can be given back, with the way to do it."""
        until = restorable_until(one)
        if until is None:
            return "–"
        return format_html(
            '{} <a href="{}">{}</a>',
            gettext("Until %(day)s:") % {"day": timezone.localtime(until).strftime("%Y-%m-%d %H:%M %Z")},
            reverse("vendor:billing_cancellation_restore", args=[one.pk]),
            gettext("Give the account back"),
        )

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses, with those of the figures and of giving an account back."""
        door = self.admin_site.admin_view
        return [
            path("figures/", door(self.figures), name="billing_cancellation_figures"),
            path("<int:one_id>/restore/", door(self.restore), name="billing_cancellation_restore"),
            *super().get_urls(),
        ]

    def figures(self, request: HttpRequest) -> HttpResponse:
        """Show why accounts were cancelled in a period, by reason and by month."""
        today = clock.now().date()
        asked = request.GET if {"since", "until"} & request.GET.keys() else None
        usual = {"since": today - A_YEAR, "until": today}
        form = PeriodForm(asked or {name: day.isoformat() for name, day in usual.items()})
        since, until = (form.cleaned_data[n] for n in usual) if form.is_valid() else usual.values()
        rows = Cancellation.objects.filter(
            created_at__gte=_midnight(since), created_at__lt=_midnight(until + timedelta(days=1))
        )
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Why accounts were cancelled"),
            "opts": self.opts,
            "form": form,
            "tables": [
                (gettext("By reason"), gettext("Reason"), by_reason(rows)),
                (gettext("By month"), gettext("Month"), by_month(rows)),
            ],
            "words": rows.exclude(text="").select_related("account").order_by("-created_at")[:WORDS_SHOWN],
        }
        status = 422 if form.errors else 200
        return TemplateResponse(request, "back_office/figures.html", context, status=status)

    def restore(self, request: HttpRequest, one_id: int) -> HttpResponse:
        """Ask for the reason; on a POST give the account back exactly as it was."""
        one = Cancellation.objects.select_related("account").filter(pk=one_id).first()
        if one is None:
            raise Http404
        until = restorable_until(one)
        form = RestoreForm(request.POST if request.method == "POST" else None)
        if until is None or (form.is_bound and form.is_valid()):
            if until is None or not _restored(request, one, form):
                messages.warning(request, gettext("This account can’t be given back (any more)."))
            return redirect("vendor:billing_cancellation_change", one.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Give an account back"),
            "subtitle": str(one.account),
            "opts": self.opts,
            "one": one,
            "until": until,
            "form": form,
            "kept": drafts.refill(request, form),
        }
        status = 422 if form.errors else 200
        return TemplateResponse(request, "back_office/restore.html", context, status=status)


def restorable_until(one: Cancellation) -> datetime | None:
    """Return the moment until which an account can be given back, None where it can't."""
    account = one.account
    if account.state != AccountState.CANCELLED or one.undone_at or one.erased_at or not account.cancelled_at:
        return None
    until = account.cancelled_at + cancellation.KEPT_FOR
    return until if clock.now(account) < until else None


def _restored(request: Any, one: Cancellation, form: RestoreForm) -> bool:
    """Give the account back and tell; False where its time is over meanwhile."""
    try:
        occasion = staff_occasion(request, one.account)
        cancellation.restore(one.account.pk, reason=form.cleaned_data["reason"], occasion=occasion)
    except cancellation.RestoreOver:
        return False
    messages.success(request, gettext("The account is back as it was. Nothing was charged."))
    return True


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ZoneInfo("UTC"))
