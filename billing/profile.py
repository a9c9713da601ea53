"""Whom an account's documents are made out to, and who gets them: future ones alone (domain.md 9)."""

from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import transaction

from accounts import activity, staff
from accounts.email_addresses import validate_address
from accounts.gate import Gate
from accounts.models import Account
from accounts.occasion import Occasion
from accounts.rules.activity import ActivityVerb
from accounts.rules.decision import Action
from billing import addresses, tax_numbers
from billing.models import BillingProfile, InvoiceRecipient, PostalAddress
from billing.rules.parties import Address, TaxId

SUBJECT = "billing_profile"


class TooManyRecipients(Exception):
    """As many get the invoices as may."""


@dataclass(frozen=True, slots=True)
class ProfileValues:
    """What a profile says; `bill_to` is None where invoices go to the address of `sold_to`."""

    legal_name: str = ""
    sold_to: Address | None = None
    bill_to: Address | None = None
    tax_id: TaxId | None = None
    purchase_order: str = ""


@transaction.atomic
def change(account: Account, values: ProfileValues, *, occasion: Occasion) -> bool:
    """Let documents from now on be made out so; tell whether anything differed.

    Raises NotAllowed, addresses.BadAddress, tax_numbers.BadTaxNumber.
    """
    account = Account.objects.lock(account.pk)
    Gate(occasion.person, account, on=occasion.on).demand(Action.CHANGE_PAYMENT)
    return keep(account, values, occasion=occasion)


@transaction.atomic
def change_by_staff(account: Account, values: ProfileValues, *, occasion: Occasion, reason: str) -> bool:
    """Do the same for an account whose people may not, or where they ask for it.

    Recorded with the reason, which the account's owner reads. Raises PermissionDenied for anyone but
    the vendor's staff, ValueError without a reason, addresses.BadAddress, tax_numbers.BadTaxNumber.
    """
    staff.demand(occasion.person, reason)
    account = Account.objects.lock(account.pk)
    return keep(account, values, occasion=occasion, reason=reason.strip())


def keep(account: Account, values: ProfileValues, *, occasion: Occasion, reason: str = "") -> bool:
    """Write a profile down and record what differs. Called under the account's lock."""
    values = _checked(values)
    profile = BillingProfile.objects.of(account.pk) or BillingProfile(account=account)
    before, after = facts(profile_values(profile)), facts(values)
    changed = {name for name in after if before[name] != after[name]}
    if not changed:
        return False
    _write(profile, values, occasion.at)
    activity.record(
        account,
        ActivityVerb.BILLING_PROFILE_CHANGED,
        occasion,
        subject=SUBJECT,
        before={name: before[name] for name in before if name in changed},
        after={name: after[name] for name in after if name in changed},
        reason=reason,
    )
    return True


def _checked(values: ProfileValues) -> ProfileValues:
    """Return the values as they are kept; an address that is the same twice is one."""
    sold_to = addresses.checked(values.sold_to) if values.sold_to else None
    bill_to = addresses.checked(values.bill_to) if values.bill_to and sold_to else None
    found = values.tax_id
    return ProfileValues(
        legal_name=values.legal_name,
        sold_to=sold_to,
        bill_to=bill_to if bill_to != sold_to else None,
        tax_id=tax_numbers.checked(found.kind, found.country, found.number) if found else None,
        purchase_order=values.purchase_order,
    )


def profile_values(profile: BillingProfile) -> ProfileValues:
    """Return what a profile says now."""
    return ProfileValues(
        legal_name=profile.legal_name,
        sold_to=profile.sold_to.as_rules() if profile.sold_to else None,
        bill_to=profile.bill_to.as_rules() if profile.bill_to else None,
        tax_id=profile.tax_id,
        purchase_order=profile.purchase_order,
    )


def _write(profile: BillingProfile, values: ProfileValues, at: datetime) -> None:
    """Store the values; an address that is no longer used goes once nothing refers to it."""
    left = [
        one.pk
        for one, wanted in ((profile.sold_to, values.sold_to), (profile.bill_to, values.bill_to))
        if one is not None and wanted is None
    ]
    fill(profile, values, at)
    for address in (profile.sold_to, profile.bill_to):
        if address is not None:
            address.save()
    profile.save()
    PostalAddress.objects.filter(pk__in=left).delete()


def fill(profile: BillingProfile, values: ProfileValues, at: datetime) -> None:
    """Let a profile and its addresses say what values say, without storing anything."""
    profile.sold_to = _address(profile, profile.sold_to, values.sold_to)
    profile.bill_to = _address(profile, profile.bill_to, values.bill_to)
    profile.legal_name, profile.purchase_order = values.legal_name, values.purchase_order
    profile.tax_id_kind = values.tax_id.kind.value if values.tax_id else ""
    profile.tax_id_country = values.tax_id.country if values.tax_id else ""
    profile.tax_id_number = values.tax_id.number if values.tax_id else ""
    profile.updated_at = at


def _address(
    profile: BillingProfile, stored: PostalAddress | None, wanted: Address | None
) -> PostalAddress | None:
    if wanted is None:
        return None
    stored = stored or PostalAddress(account_id=profile.account_id)
    for part in PostalAddress.PARTS:
        setattr(stored, part, getattr(wanted, part))
    stored.lines = list(wanted.lines)
    return stored


def facts(values: ProfileValues) -> dict[str, object]:
    """Return what the trail says of a profile."""
    return {
        "legal_name": values.legal_name,
        "sold_to": _plain(values.sold_to),
        "bill_to": _plain(values.bill_to),
        "tax_number": values.tax_id.written if values.tax_id else "",
        "purchase_order": values.purchase_order,
    }


def _plain(address: Address | None) -> dict[str, object] | None:
    if address is None:
        return None
    return asdict(address) | {"lines": list(address.lines)}


@transaction.atomic
def add_recipient(
    account: Account, *, email: str, name: str, language: str, occasion: Occasion
) -> InvoiceRecipient:
    """Let somebody get the invoices by mail; whoever does already is renamed.

    Raises NotAllowed, TooManyRecipients, ValidationError for an address that no letter can be sent to.
    """
    account = Account.objects.lock(account.pk)
    Gate(occasion.person, account, on=occasion.on).demand(Action.CHOOSE_RECIPIENTS)
    email = email.strip().lower()
    validate_address(email)
    profile, _made = BillingProfile.objects.get_or_create(account=account)
    found = InvoiceRecipient.objects.filter(profile=profile, email=email).first()
    before = told(found) if found else None
    if found is None and profile.recipients.count() >= InvoiceRecipient.MOST:
        raise TooManyRecipients
    found = found or InvoiceRecipient(profile=profile, email=email)
    found.name, found.language = name, language
    if told(found) != before:
        found.save()
        changed, added = ActivityVerb.INVOICE_RECIPIENT_CHANGED, ActivityVerb.INVOICE_RECIPIENT_ADDED
        verb = changed if before else added
        activity.record(account, verb, occasion, subject=SUBJECT, before=before, after=told(found))
    return found


@transaction.atomic
def remove_recipient(recipient_id: int, *, occasion: Occasion) -> None:
    """Send somebody no more invoices. Raises NotAllowed, InvoiceRecipient.DoesNotExist."""
    account = Account.objects.lock_for(InvoiceRecipient, recipient_id)
    Gate(occasion.person, account, on=occasion.on).demand(Action.CHOOSE_RECIPIENTS)
    found = InvoiceRecipient.objects.get(pk=recipient_id)
    found.delete()
    activity.record(
        account, ActivityVerb.INVOICE_RECIPIENT_REMOVED, occasion, subject=SUBJECT, before=told(found)
    )


def told(recipient: InvoiceRecipient) -> dict[str, object]:
    """Return what the trail says of a recipient."""
    return {"email": recipient.email, "name": recipient.name, "language": recipient.language}
