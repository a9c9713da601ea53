"""Changes what the vendor keeps about an account: its contact there, how it is served, and where it is."""

from collections.abc import Mapping

from django.db import transaction

from accounts import activity, staff
from accounts.models import Account, User

# What the vendor's staff may change by hand; all else has a verb of its own.
FIELDS = (
    "type",
    "collection_method",
    "timezone",
    "language",
    "vendor_contact_name",
    "vendor_contact_email",
    "vendor_contact_phone",
)


@transaction.atomic
def amend(account_id: int, values: Mapping[str, str], *, by: User, reason: str) -> bool:
    """Give an account new particulars, and tell whether any differed.

    Recorded with the reason, which the account's owner reads in the trail (security.md,
    "The shape" 9). Raises PermissionDenied for anyone but the vendor's staff, ValueError for a field that is
    not among FIELDS or without a reason, ValidationError for a value that the field refuses.
    """
    staff.demand(by, reason)
    if not set(values) <= set(FIELDS):
        raise ValueError("name only particulars")
    account = Account.objects.lock(account_id)
    changed = {field: value for field, value in values.items() if getattr(account, field) != value}
    if not changed:
        return False
    before = {field: getattr(account, field) for field in changed}
    for field, value in changed.items():
        setattr(account, field, value)
    account.clean_fields(exclude=[field.name for field in account._meta.fields if field.name not in changed])
    account.save(update_fields=list(changed))
    activity.record(
        account,
        "account_amended",
        by=by,
        subject="account",
        before=before,
        after=changed,
        reason=reason.strip(),
    )
    return True
