"""Old debts: accounts that owe what no invoice here stands for, until staff say that it was settled."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import clock
from accounts.models import Account
from admin_center import drafts
from admin_center.back_office.columns import with_invoice
from admin_center.back_office.staff import StaffAdmin
from admin_center.forms.fields import Lines
from admin_center.occasions import staff_occasion
from billing import debts
from billing.models import Subscription

if TYPE_CHECKING:
    Base = StaffAdmin
else:
    Base = object


class SettleForm(forms.Form):
    """How a debt was settled that was never invoiced here."""

    reason = Lines(
        label=_("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The account’s owner reads it in the activity and in a letter."),
    )


class OldDebtMixin(Base):
    """What an account's page needs to show that it owes an old debt, and to open it again."""

    @admin.display(description=_("Debt"))
    def debt(self, account: Account) -> SafeString | str:
        """Return the invoice to pay, or that there is none."""
        if account.own_state not in debts.OWING:
            return "–"
        if number := debts.open_invoice(account):
            return with_invoice(gettext("Invoice %(number)s is open") % {"number": number}, number)
        return gettext("An old debt that has no invoice here.")

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses, with that of settling an old debt."""
        view = self.admin_site.admin_view(self.settle)
        ours = path("<int:account_id>/old-debt/", view, name="accounts_account_settle")
        return [ours, *super().get_urls()]

    def settle(self, request: HttpRequest, account_id: int) -> HttpResponse:
        """Ask for the reason; on a POST open the account again, or say what stands against it."""
        account = Account.objects.filter(pk=account_id).first()
        if account is None:
            raise Http404
        form = SettleForm(request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid():
            _settled(request, account, form.cleaned_data["reason"])
            return redirect("vendor:accounts_account_change", account.pk)
        if not debts.is_old(account):
            _not_old(request, debts.open_invoice(account))
            return redirect("vendor:accounts_account_change", account.pk)
        today = clock.today(account)
        subscription = Subscription.objects.filter(pk=account.pk).first()
        paid_until = subscription.paid_until if subscription else None
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Old debt settled"),
            "subtitle": str(account),
            "opts": self.opts,
            "account": account,
            "paid_until": paid_until,
            "over": paid_until is not None and paid_until < today,
            "form": form,
            "kept": drafts.refill(request, form),
        }
        status = 422 if form.errors else 200
        return TemplateResponse(request, "back_office/old_debt.html", context, status=status)


def _settled(request: Any, account: Account, reason: str) -> None:
    """Open the account again and tell, or tell why there is nothing to settle."""
    try:
        debts.settle_old(account.pk, reason=reason, occasion=staff_occasion(request, account))
    except debts.NothingOwed:
        _not_old(request, "")
    except debts.SuspendedByVendor:
        messages.warning(request, gettext("The staff have suspended the account: end that first."))
    except debts.InvoiceOpen as unpaid:
        _not_old(request, unpaid.number)
    else:
        messages.success(
            request, gettext("The account is open again. Its owner and billing admins are notified.")
        )


def _not_old(request: HttpRequest, number: str) -> None:
    if number:
        told = gettext("Invoice %(number)s is open: it is paid, not settled here.")
        messages.warning(request, with_invoice(told % {"number": number}, number))
    else:
        messages.info(request, gettext("This account owes no old debt, or no longer."))
