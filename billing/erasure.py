"""Erases the personal data of accounts that were cancelled 90 days ago; keeps what invoices must keep."""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import Min, QuerySet

from accounts import activity, queues
from accounts.models import (
    Account,
    Activity,
    Draft,
    EmailChange,
    Invitation,
    Letter,
    Membership,
    OwnershipOffer,
    RowFailure,
    User,
)
from accounts.occasion import Occasion
from accounts.rules.activity import ActivityVerb
from accounts.rules.capabilities import AccountState
from billing.cancellation import KEPT_FOR
from billing.models import (
    AgentSeat,
    BillingProfile,
    Cancellation,
    ChangeRequest,
    DataExport,
    FirstApproval,
    KeptQuote,
    PaymentLink,
    PaymentMethod,
    PaymentSetup,
    PlannedInvitation,
    PostalAddress,
    Refund,
    RequestComment,
    WriteOff,
)
from billing.storage import statements

QUEUE = "erasures"
# A statement holds at most 65,535 parameters.
AT_ONCE = 1000


def due(at: datetime) -> list[int]:
    """Return the accounts that are not erased yet and whose 90 days are over at a moment.

    Those with a clock of their own are `own_clocks`'.
    """
    return list(_due(at).filter(clock=None).order_by("pk").values_list("pk", flat=True))


def oldest(at: datetime) -> datetime | None:
    """Return since when the oldest erasure has been due at a moment."""
    first: datetime | None = _due(at).aggregate(first=Min("cancelled_at"))["first"]
    return first + timedelta(days=KEPT_FOR.days) if first else None


def _due(at: datetime) -> "QuerySet[Account]":
    over = at - timedelta(days=KEPT_FOR.days)
    return Account.objects.filter(state=AccountState.CANCELLED, cancelled_at__lte=over, erased_at=None)


def erase_due(at: datetime) -> tuple[int, int]:
    """Erase what is due at a moment, each account for itself; return how many were, and could not be."""
    rows = [(account_id, account_id) for account_id in due(at)]
    return queues.each(QUEUE, rows, lambda account_id: erase(account_id, at), at=at)


@transaction.atomic
def erase(account_id: int, at: datetime) -> bool:
    """Erase one account's personal data; return whether there was anything to do.

    Kept are invoices with their lines and the parties they name, the subscription they bill, and the
    trail without names, addresses and values. People of other accounts keep their sign-in; those of
    none are erased.
    """
    account = Account.objects.lock(account_id)
    if not _due(at).filter(pk=account_id).exists():
        return False
    people = list(Membership.objects.filter(account=account).values_list("user_id", flat=True))
    AgentSeat.objects.filter(subscription_id=account_id).delete()
    PaymentSetup.objects.filter(subscription_id=account_id).delete()
    PaymentMethod.objects.filter(subscription_id=account_id).delete()
    BillingProfile.objects.filter(pk=account_id).delete()
    PostalAddress.objects.filter(account=account).delete()
    DataExport.objects.filter(account=account).delete()
    Invitation.objects.filter(account=account).delete()
    OwnershipOffer.objects.filter(account=account).delete()
    Letter.objects.filter(account=account).delete()
    Draft.objects.filter(account=account).delete()
    RowFailure.objects.filter(account=account).delete()
    ChangeRequest.objects.filter(subscription_id=account_id).update(
        requester=None, requester_name="", decided_by=None, decided_by_name="", note="", reason=""
    )
    FirstApproval.objects.filter(request__subscription_id=account_id).update(person=None, person_name="")
    RequestComment.objects.filter(request__subscription_id=account_id).update(
        author=None, author_name="", text=""
    )
    PaymentLink.objects.filter(invoice__subscription_id=account_id).update(sent_to="")
    PlannedInvitation.objects.filter(quote__subscription_id=account_id).delete()
    KeptQuote.objects.filter(subscription_id=account_id).delete()
    WriteOff.objects.filter(invoice__subscription_id=account_id).update(reason="")
    Refund.objects.filter(subscription_id=account_id).update(reason="", decision="")
    Cancellation.objects.filter(account=account).update(by=None, by_name="", text="", erased_at=at)
    account.name = account.slug = _free(
        f"erased-{account_id}", lambda slug: Account.objects.filter(slug=slug).exists()
    )
    account.external_id, account.vendor_contact_phone = "", ""
    account.erased_at = at
    account.save(update_fields=["name", "slug", "external_id", "vendor_contact_phone", "erased_at"])
    statements.let_names_out_of_activity()
    Activity.objects.filter(account=account).update(
        actor=None, actor_name="", address=None, before=None, after=None, reason=""
    )
    Membership.objects.filter(account=account).delete()
    _erase_people(people)
    activity.record(account, ActivityVerb.ACCOUNT_ERASED, Occasion.of(account, at), subject="account")
    return True


def _erase_people(ids: list[int]) -> None:
    """Erase those who belong to no other account and are not the vendor's staff."""
    for start in range(0, len(ids), AT_ONCE):
        some = User.objects.filter(pk__in=ids[start : start + AT_ONCE], memberships=None, is_staff=False)
        for person in some:
            _erase_person(person)


def _erase_person(person: User) -> None:
    EmailAddress.objects.filter(user=person).delete()
    EmailChange.objects.filter(person=person).delete()
    Letter.objects.filter(user=person, account=None).delete()
    person.email, person.name = _free_address(person.pk), "—"
    person.is_active, person.last_login = False, None
    person.set_unusable_password()
    person.save(update_fields=["email", "name", "is_active", "last_login", "password"])


def _free_address(person_id: int) -> str:
    name = _free(
        f"erased-{person_id}", lambda name: User.objects.filter(email=f"{name}@erased.invalid").exists()
    )
    return f"{name}@erased.invalid"


def _free(name: str, taken: Callable[[str], bool]) -> str:
    """Return the name, with a random end where somebody chose the same for themselves."""
    while taken(name):
        name = f"{name[:40]}-{secrets.token_hex(4)}"
    return name
