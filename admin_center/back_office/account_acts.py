"""What the staff can do to an account now: each act with its page, those that take something away apart."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from admin_center.back_office import cancellations, endings
from billing import debts, own_clocks, staff_changes
from billing.models import Cancellation, Subscription


@dataclass(frozen=True, slots=True)
class AccountAct:
    """An act as its button says it, and the page that asks for the reason."""

    words: Any
    url: str
    icon: str
    takes_away: bool = False


def of(account: Account, subscription: Subscription | None) -> Iterator[AccountAct]:
    """Yield what can be done now; of a cancelled account nothing but to give it back."""
    if account.cancelled_at is not None:
        one = Cancellation.objects.filter(account=account, undone_at=None).select_related("account").first()
        if one is not None and cancellations.restorable_until(one) is not None:
            yield _act(_("Give the account back"), "billing_cancellation_restore", one.pk, "undo")
        return
    if subscription is not None:
        yield from _of_subscription(account, subscription)
    yield _act(_("Change the billing profile"), "accounts_account_profile", account.pk, "edit")
    if account.own_state in debts.OWING and not debts.open_invoice(account):
        yield _act(_("Old debt settled"), "accounts_account_settle", account.pk, "check")
    if account.clock is not None or own_clocks.may_have_one(account):
        words = _("Move the clock") if account.clock else _("Put it on a clock of its own")
        yield _act(words, "accounts_account_clock", account.pk, "clock")
    suspended = account.suspended_by_vendor_at is not None
    words = _("End the suspension") if suspended else _("Suspend the account")
    icon = "undo" if suspended else "lock"
    yield _act(words, "accounts_account_suspension", account.pk, icon, takes_away=not suspended)
    if endings.is_ours(account):
        ends = endings.scheduled_end(account) is not None
        words = _("Undo the end") if ends else _("End it for its owner")
        icon = "undo" if ends else "sign-out"
        yield _act(words, "accounts_account_end", account.pk, icon, takes_away=not ends)


def _of_subscription(account: Account, subscription: Subscription) -> Iterator[AccountAct]:
    if subscription.parked_at is not None:
        yield _act(_("Let it renew again"), "billing_subscription_unpark", account.pk, "reload")
    if staff_changes.may_change(account):
        words = _("Change seats, sell temporary seats")
        yield _act(words, "billing_subscription_act", account.pk, "cart")
    yield _act(_("Agree a price with this account"), "billing_subscription_agree_price", account.pk, "tag")
    if subscription.tax_percent is not None:
        words = _("Let the table of rates decide")
        yield _act(words, "billing_subscription_own_rate", account.pk, "chart")


def _act(words: Any, name: str, pk: int, icon: str, *, takes_away: bool = False) -> AccountAct:
    return AccountAct(words, reverse(f"vendor:{name}", args=[pk]), icon, takes_away)
