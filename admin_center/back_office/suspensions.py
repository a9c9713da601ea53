"""Suspends an account by hand, and ends that again: each with a reason that its people read."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import clock
from accounts.models import Account
from accounts.rules.capabilities import AccountState
from admin_center import drafts
from admin_center.back_office.staff import StaffAdmin
from admin_center.forms.fields import Lines
from admin_center.occasions import staff_occasion
from admin_center.wording import phrases
from billing import suspensions
from billing.models import Subscription

if TYPE_CHECKING:
    Base = StaffAdmin
else:
    Base = object


class SuspensionForm(forms.Form):
    """Why an account is suspended, or no longer."""

    reason = Lines(
        label=_("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_(
            "The owner and billing admins read it, in a letter and on the account’s home. Name no amount."
        ),
    )


class SuspensionMixin(Base):
    """What an account's page needs to suspend it and to end that."""

    @admin.display(description=_("Suspension"))
    def suspension(self, account: Account) -> str:
        """Return since when and why staff have suspended the account."""
        if account.state == AccountState.CANCELLED:
            return "–"
        since = account.suspended_by_vendor_at
        if since is None:
            return gettext("Not suspended by the staff.")
        day = phrases.day(_day(account, since))
        return gettext("Since %(day)s: %(reason)s") % {"day": day, "reason": account.suspension_reason}

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses, with that of suspending and of ending it."""
        view = self.admin_site.admin_view(self.suspend)
        ours = path("<int:account_id>/suspension/", view, name="accounts_account_suspension")
        return [ours, *super().get_urls()]

    def suspend(self, request: HttpRequest, account_id: int) -> HttpResponse:
        """Ask for the reason; on a POST suspend the account, or end that, as the page showed it."""
        account = Account.objects.filter(pk=account_id).first()
        if account is None:
            raise Http404
        since = account.suspended_by_vendor_at
        form = SuspensionForm(request.POST if request.method == "POST" else None)
        if account.state == AccountState.CANCELLED:
            messages.info(request, gettext("The account is cancelled: there is nothing to suspend."))
            return redirect("vendor:accounts_account_change", account.pk)
        if form.is_bound and form.is_valid():
            _act(request, account, form.cleaned_data["reason"], ends=request.POST.get("ends") == "1")
            return redirect("vendor:accounts_account_change", account.pk)
        paid = Subscription.objects.filter(pk=account.pk).values_list("paid_until", flat=True).first()
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("End the suspension") if since else gettext("Suspend the account"),
            "subtitle": str(account),
            "opts": self.opts,
            "account": account,
            "since": _day(account, since) if since else None,
            "over": paid is not None and paid < clock.today(account),
            "form": form,
            "kept": drafts.refill(request, form),
        }
        status = 422 if form.errors else 200
        return TemplateResponse(request, "back_office/suspension.html", context, status=status)


def _day(account: Account, moment: datetime) -> date:
    return moment.astimezone(ZoneInfo(account.timezone)).date()


def _act(request: Any, account: Account, reason: str, *, ends: bool) -> None:
    """Do what the page offered, or tell that somebody else did before."""
    occasion = staff_occasion(request, account)
    try:
        if ends:
            suspensions.end(account.pk, reason=reason, occasion=occasion)
            told = gettext("The suspension has ended. The owner and billing admins are notified.")
        else:
            suspensions.suspend(account.pk, reason=reason, occasion=occasion)
            told = gettext("The account is suspended. Its owner and billing admins are notified.")
    except suspensions.NothingToSuspend:
        messages.info(request, gettext("The account is cancelled: there is nothing to suspend."))
    except suspensions.AlreadySuspended:
        messages.info(request, gettext("The account is suspended already."))
    except suspensions.NotSuspended:
        messages.info(request, gettext("The account is not suspended by the staff, or no longer."))
    else:
        messages.success(request, told)
