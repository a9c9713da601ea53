"""Erases the personal data of accounts that were cancelled 90 days ago; keeps what invoices must keep."""

from datetime import timedelta

from allauth.account.models import EmailAddress
from django.db import connection, transaction

from accounts import activity
from accounts.models import (
    Account,
    AccountPermission,
    Activity,
    Invitation,
    Letter,
    Membership,
    OwnershipOffer,
    User,
)
from accounts.rules.capabilities import AccountState
from billing.cancellation import KEPT_FOR
from billing.models import AgentSeat, Cancellation, ChangeRequest, DataExport, PaymentMethod, PaymentSetup


def due() -> list[int]:
    """Return the accounts whose 90 days are over and that are not erased yet."""
    over = activity.current().at - timedelta(days=KEPT_FOR.days)
    return list(
        Account.objects.filter(
            state=AccountState.CANCELLED, cancelled_at__lte=over, erased_at=None
        ).values_list("pk", flat=True)
    )


@transaction.atomic
def erase(account_id: int) -> bool:
    """Erase one account's personal data; return whether there was anything to do.

    Kept are invoices with their lines, the subscription they bill, and the trail without names,
    addresses and values. People of other accounts keep their sign-in; those of none are erased.
    """
    account = Account.objects.lock(account_id)
    if account.erased_at is not None or account_id not in due():
        return False
    people = list(Membership.objects.filter(account=account).values_list("user_id", flat=True))
    AgentSeat.objects.filter(subscription_id=account_id).delete()
    PaymentMethod.objects.filter(pk=account_id).delete()
    PaymentSetup.objects.filter(subscription_id=account_id).delete()
    DataExport.objects.filter(account=account).delete()
    Invitation.objects.filter(account=account).delete()
    OwnershipOffer.objects.filter(account=account).delete()
    Letter.objects.filter(account=account).delete()
    ChangeRequest.objects.filter(subscription_id=account_id).update(
        requester=None, requester_name="", decided_by=None, decided_by_name="", note="", reason=""
    )
    Cancellation.objects.filter(account=account).update(
        by=None, by_name="", text="", erased_at=activity.current().at
    )
    account.name = account.slug = f"erased-{account_id}"
    account.external_id, account.vendor_contact_phone = "", ""
    account.erased_at = activity.current().at
    account.save(update_fields=["name", "slug", "external_id", "vendor_contact_phone", "erased_at"])
    with connection.cursor() as cursor:
        # The trail's trigger lets names out of entries, and nothing else, until this commits.
        cursor.execute("SELECT set_config('admin_center.erasing', 'on', true)")
    Activity.objects.filter(account=account).update(
        actor=None, actor_name="", address=None, before=None, after=None, reason=""
    )
    AccountPermission.objects.filter(content_object=account).delete()
    Membership.objects.filter(account=account).delete()
    _erase_people(people)
    activity.record(account, "account_erased", by=None, subject="account")
    return True


def _erase_people(ids: list[int]) -> None:
    """Erase those who belong to no other account and are not the vendor's staff."""
    for person in User.objects.filter(pk__in=ids, memberships=None, is_staff=False):
        EmailAddress.objects.filter(user=person).delete()
        person.email, person.name = f"erased-{person.pk}@erased.invalid", "—"
        person.is_active, person.last_login = False, None
        person.set_unusable_password()
        person.save(update_fields=["email", "name", "is_active", "last_login", "password"])
