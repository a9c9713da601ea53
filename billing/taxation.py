"""What the vendor's staff change of how an account is taxed (domain.md 6)."""

from django.db import transaction

from accounts import activity, staff
from accounts.models import Account
from accounts.occasion import Occasion
from accounts.rules.activity import ActivityField, ActivityVerb
from billing.models import Subscription


class NoOwnRate(Exception):
    """The account has no tax rate of its own, or no longer."""


@transaction.atomic
def end_own_rate(account_id: int, *, reason: str, occasion: Occasion) -> None:
    """Let the table of rates decide an account's taxes, from the next charge on.

    What was charged keeps its rate, and a credit of it too; a quote that was drawn up before is shown anew.
    Recorded with the reason, which the account's owner reads. Raises PermissionDenied for anyone but the
    vendor's staff, ValueError without a reason, NoOwnRate.
    """
    staff.demand(occasion.person, reason)
    account = Account.objects.lock(account_id)
    subscription = Subscription.objects.select_for_update(no_key=True).filter(pk=account_id).first()
    if subscription is None or subscription.tax_percent is None:
        raise NoOwnRate
    was = f"{subscription.tax_percent.normalize():f}"
    Subscription.objects.filter(pk=account_id).update(tax_percent=None)
    activity.record(
        account,
        ActivityVerb.OWN_TAX_RATE_ENDED,
        occasion,
        subject="subscription",
        before={ActivityField.OWN_TAX_RATE.value: was},
        after={ActivityField.OWN_TAX_RATE.value: None},
        reason=reason.strip(),
    )
