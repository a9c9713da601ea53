"""What each payment method of an account is charged for, and when one may be taken off it.

One is the default: all that is due is charged to it. One more may be the backup, which is tried once the
default was declined for good and nobody was there to choose another.
"""

from typing import assert_never

from django.db import transaction

from accounts import activity
from accounts.gate import Gate
from accounts.models import Account
from accounts.occasion import Occasion
from accounts.rules.activity import ActivityVerb
from accounts.rules.capabilities import AccountState, CollectionMethod
from accounts.rules.decision import Action
from billing import bank_payments
from billing.models import (
    Charge,
    Invoice,
    InvoicePayment,
    PaymentMethod,
    ScheduledChange,
    Subscription,
)
from billing.rules import kept_methods
from billing.rules.kept_methods import KeptReason

Use = PaymentMethod.Use
# Failures of what no bank was asked about: another method would fare no better.
NEVER_REACHED = ("provider_refused", "not_received")


class MethodKept(Exception):
    """The method stays on file: replacing it is the way, or charging another one first."""

    def __init__(self, why: KeptReason) -> None:
        """Keep the reason."""
        super().__init__(why)
        self.why = why


def method_of(account: Account, method_id: int | None = None) -> PaymentMethod | None:
    """Return what an account's invoices are charged to: the default, or the one that was chosen.

    None where there is none that can be charged.
    """
    if method_id is None:
        found = PaymentMethod.objects.default_of(account.pk)
    else:
        found = PaymentMethod.objects.filter(subscription_id=account.pk, pk=method_id).first()
    return found if found is not None and found.reference else None


@transaction.atomic
def put_to_use(method_id: int, use: str, *, occasion: Occasion) -> PaymentMethod:
    """Make a method the default, the backup, or only kept on file; return it.

    The one that was the default before is kept on file, or becomes the backup where it changes places
    with it. Raises NotAllowed, MethodKept for a default that would leave none, PaymentMethod.DoesNotExist.
    """
    account = Account.objects.lock_for(PaymentMethod, method_id)
    Gate(occasion.person, account, on=occasion.on).demand(Action.CHANGE_PAYMENT)
    found = PaymentMethod.objects.get(pk=method_id)
    if found.use == Use.DEFAULT and Use(use) is not Use.DEFAULT:
        raise MethodKept(KeptReason.DEFAULT)
    put(account, found, Use(use), occasion)
    return found


def put(account: Account, method: PaymentMethod, use: PaymentMethod.Use, occasion: Occasion) -> None:
    """Write what a method is charged for, and what becomes of the one in that place; record both."""
    was, before = Use(method.use), _uses(account)
    if was is use:
        return
    # One at a time holds each place: the method leaves its own first.
    PaymentMethod.objects.filter(pk=method.pk).update(use=Use.SPARE)
    match use:
        case Use.DEFAULT:
            leaves = PaymentMethod.objects.filter(subscription_id=account.pk, use=Use.DEFAULT)
            leaves.update(use=Use.BACKUP if was is Use.BACKUP else Use.SPARE)
        case Use.BACKUP:
            PaymentMethod.objects.filter(subscription_id=account.pk, use=Use.BACKUP).update(use=Use.SPARE)
        case Use.SPARE:
            pass
        case _:
            assert_never(use)
    method.use = use
    method.save(update_fields=["use"])
    after = _uses(account)
    activity.record(
        account,
        ActivityVerb.PAYMENT_METHOD_USE_CHANGED,
        occasion,
        subject="payment_methods",
        before=before,
        after=after,
    )


@transaction.atomic
def remove(method_id: int, *, occasion: Occasion) -> None:
    """Take a method off the account. Raises NotAllowed, MethodKept, PaymentMethod.DoesNotExist."""
    account = Account.objects.lock_for(PaymentMethod, method_id)
    Gate(occasion.person, account, on=occasion.on).demand(Action.CHANGE_PAYMENT)
    found = PaymentMethod.objects.get(pk=method_id)
    if why := kept(account).get(found.pk):
        raise MethodKept(why)
    put(account, found, Use.SPARE, occasion)
    activity.record(
        account,
        ActivityVerb.PAYMENT_METHOD_REMOVED,
        occasion,
        subject=activity_subject(found.pk),
        before=activity_facts(found),
    )
    found.delete()


def backup_for(account: Account, declined: Charge) -> PaymentMethod | None:
    """Return what is tried in the place of a charge that was declined for good, None where nothing is.

    Only for an invoice of which nothing came in meanwhile, and only once. What never reached a bank would
    not reach another one.
    """
    invoice = declined.invoice
    if invoice is None or declined.backup_of_id is not None or account.state == AccountState.CANCELLED:
        return None
    if declined.failure in NEVER_REACHED:
        return None
    if account.collects is not CollectionMethod.CHARGE_AUTOMATICALLY:
        return None
    if InvoicePayment.objects.filter(invoice=invoice).exists() or bank_payments.is_partly_paid(invoice):
        return None
    method = PaymentMethod.objects.backup_of(account.pk)
    return method if method is not None and method.reference not in ("", declined.method) else None


def kept(account: Account) -> dict[int, KeptReason]:
    """Return why methods of an account can't be removed now, by their ids (domain.md 9). Reads only."""
    methods = list(PaymentMethod.objects.filter(subscription_id=account.pk))
    going_on = Charge.objects.filter(subscription_id=account.pk, state__in=Charge.OPEN, link=None)
    charged = set(going_on.values_list("method", flat=True))
    only = len(methods) == 1
    due = may_fall_due(account) if only else None
    reasons = {
        one.pk: kept_methods.kept(
            charging=one.reference in charged, is_default=one.use == Use.DEFAULT, is_only=only, due=due
        )
        for one in methods
    }
    return {pk: why for pk, why in reasons.items() if why is not None}


def may_fall_due(account: Account) -> KeptReason | None:
    """Return what an account's default may be charged for, None where nothing will be. Reads only."""
    if account.collects is not CollectionMethod.CHARGE_AUTOMATICALLY:
        return None
    if account.state == AccountState.CANCELLED:
        return None
    if Invoice.objects.filter(subscription_id=account.pk, due__gt=0, payment__isnull=True).exists():
        return KeptReason.INVOICE_OPEN
    if Charge.objects.filter(subscription_id=account.pk, state__in=Charge.OPEN, link=None).exists():
        return KeptReason.PAYMENT_OPEN
    renews = Subscription.objects.filter(pk=account.pk, lines__ended_on=None, lines__isnull=False)
    ends = ScheduledChange.objects.filter(subscription_id=account.pk, kind=ScheduledChange.Kind.CANCELLATION)
    return KeptReason.RENEWAL if renews.exists() and not ends.exists() else None


def activity_subject(method_id: int) -> str:
    """Return how the trail names a method."""
    return f"payment_method:{method_id}"


def activity_facts(method: PaymentMethod) -> dict[str, object]:
    """Return what the trail may say of a method."""
    return {"kind": str(method.kind), "brand": method.brand, "last_four": method.last_four}


def _uses(account: Account) -> dict[str, object]:
    """Return which method is the default and which the backup, as the trail tells it."""
    methods = PaymentMethod.objects
    default, backup = methods.default_of(account.pk), methods.backup_of(account.pk)
    return {
        "default_method": str(default) if default else "",
        "backup_method": str(backup) if backup else "",
    }
