"""What an account owes, and the way out of a debt that no invoice here stands for."""

from datetime import date

from django.db import transaction

from accounts import activity, lifecycle, mail, staff
from accounts.models import Account, Membership
from accounts.occasion import Occasion
from accounts.rules.activity import ActivityVerb
from accounts.rules.capabilities import (
    BY_TYPE,
    AccountState,
    AccountType,
    Capability,
    Standing,
    whole_catalogue,
)
from accounts.rules.letters import LetterKind
from billing import dunning_letters
from billing.models import Invoice, Subscription
from billing.rules.documents import InvoiceState
from billing.rules.facts import Availability
from billing.rules.periods import Cycle
from billing.storage import loading

# The states that only the payment of a debt ends.
OWING = (AccountState.PAST_DUE, AccountState.SUSPENDED)


class NothingOwed(Exception):
    """The account is neither past due nor suspended, or no longer."""


class SuspendedByVendor(Exception):
    """The vendor's staff have suspended the account: that ends first."""


class InvoiceOpen(Exception):
    """An invoice stands for the debt: paying it is the way."""

    def __init__(self, number: str) -> None:
        """Keep the invoice's number."""
        super().__init__(number)
        self.number = number


def open_invoice(account: Account) -> str:
    """Return the number of the account's oldest invoice that is still to be paid, empty where none is."""
    unpaid = Invoice.objects.filter(subscription_id=account.pk, due__gt=0, payment__isnull=True)
    return unpaid.order_by("issued_at").values_list("number", flat=True).first() or ""


def are_settled(account: Account, on: date) -> bool:
    """Tell whether nothing keeps an account past due or suspended on a day: what isn't due yet does not."""
    unpaid = Invoice.objects.in_state(InvoiceState.OPEN).filter(subscription_id=account.pk)
    return account.own_state in OWING and not unpaid.exclude(due_on__gt=on).exists()


def is_old(account: Account) -> bool:
    """Tell whether the account owes something that no invoice here stands for: a debt brought along."""
    return account.own_state in OWING and not open_invoice(account)


def way_out(account: Account, standing: Standing, on: date) -> bool:
    """Tell whether what the pages advise leads anywhere: an invoice to pay, or something on sale to buy."""
    if standing in (Standing.PAST_DUE, Standing.SUSPENDED):
        return bool(open_invoice(account))
    if standing in (Standing.CANCELLED, Standing.SUSPENDED_BY_VENDOR):
        return False
    subscription = Subscription.objects.filter(pk=account.pk).first()
    if subscription is None:
        return False
    products = loading.catalogue(subscription.catalogue_id, account.currency).values()
    kind = AccountType(account.type)
    # Where nothing can be bought, everything is asked for, also what is sold by talking.
    asked = Capability.BUY_PRODUCTS not in BY_TYPE[kind]
    only_open = not asked and not whole_catalogue(kind)
    return any(
        edition.price(cycle, on) is not None or (asked and edition.availability is Availability.SALES_ONLY)
        for product in products
        if not product.withdrawn and (product.open_to_assisted or not only_open)
        for edition in product.editions
        for cycle in Cycle
    )


@transaction.atomic
def settle_old(account_id: int, *, reason: str, occasion: Occasion) -> Account:
    """Open an account again whose old debt was settled elsewhere; the owner and billing admins are told.

    Nothing is charged here: where the paid period is over, the next tick starts one on this day, and
    the days of suspension are not charged. Raises PermissionDenied for anyone but the vendor's staff,
    ValueError without a reason, NothingOwed, SuspendedByVendor, InvoiceOpen.
    """
    staff.demand(occasion.person, reason)
    account = Account.objects.lock(account_id)
    if account.state not in OWING:
        raise NothingOwed
    if account.suspended_by_vendor_at is not None:
        raise SuspendedByVendor
    if number := open_invoice(account):
        raise InvoiceOpen(number)
    entry = activity.record(
        account, ActivityVerb.OLD_DEBT_SETTLED, occasion, subject="account", reason=reason.strip()
    )
    reopen(account, occasion=occasion, reason="old_debt_settled")
    mail.post(
        LetterKind.OLD_DEBT_SETTLED,
        account,
        to=[member.user for member in Membership.objects.contacts(account)],
        # What staff write may name an amount.
        facts={"reason": reason.strip() if account.shows_costs else ""},
        key=str(entry.pk),
    )
    return account


def reopen(account: Account, *, occasion: Occasion, reason: str) -> None:
    """Give back what a debt took; a period that ended while suspended starts anew on this day.

    What the vendor's staff have suspended stays closed: it owes nothing once they restore it.
    """
    was_suspended = account.state == AccountState.SUSPENDED
    lifecycle.move(account, AccountState.ACTIVE, occasion=occasion, reason=reason)
    if account.state == AccountState.SUSPENDED:
        return
    if was_suspended and reason != "old_debt_settled":
        dunning_letters.restored(account, key=f"{account.pk}:{occasion.at.isoformat()}")
    if was_suspended:
        resume(account, occasion.on)


def resume(account: Account, on: date) -> None:
    """Let a period that ended while suspended start anew on a day; the next tick renews it."""
    Subscription.objects.filter(pk=account.pk, paid_until__lt=on).update(resumes_on=on)
