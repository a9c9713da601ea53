"""A billing profile as pages show it, and what an invoice would lack with it."""

from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.models import Account
from admin_center.wording import addresses, invoice_needs
from billing.models import BillingProfile
from billing.profile import ProfileValues, profile_values
from billing.rules.invoice_needs import missing
from billing.tax_numbers import types_of


@dataclass(frozen=True, slots=True)
class ProfileFact:
    """One thing that a profile says, in lines; none where it says nothing of it."""

    words: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProfileGap:
    """Something that an invoice would lack, and what comes of it."""

    title: str
    why: str


def values_of(account: Account) -> ProfileValues:
    """Return what an account's profile says."""
    return profile_values(BillingProfile.objects.of(account.pk) or BillingProfile(account=account))


def facts(values: ProfileValues) -> list[ProfileFact]:
    """Return all that a profile says, for who may only read it."""
    sold_to = tuple(addresses.lines(values.sold_to)) if values.sold_to else ()
    bill_to = tuple(addresses.lines(values.bill_to)) if values.bill_to else ()
    same = (_("The same"),) if values.sold_to else ()
    tax_name, number = _("Tax number"), ""
    if found := values.tax_id:
        number = found.written
        tax_name = next(
            (addresses.tax_id_name(one) for one in types_of(found.country) if one.kind is found.kind),
            tax_name,
        )
    return [
        ProfileFact(_("Legal name"), _some(values.legal_name)),
        ProfileFact(_("Company’s address"), sold_to),
        ProfileFact(_("Address for invoices"), bill_to or same),
        ProfileFact(tax_name, _some(number)),
        ProfileFact(_("Purchase order number"), _some(values.purchase_order)),
    ]


def _some(text: str) -> tuple[str, ...]:
    return (text,) if text else ()


def gaps(account: Account) -> list[ProfileGap]:
    """Return what an invoice of now would lack; read by whoever may see payment details."""
    profile = BillingProfile.objects.of(account.pk) or BillingProfile(account=account)
    return [
        ProfileGap(invoice_needs.title(need), invoice_needs.why(need, settings.SELLER))
        for need in missing(settings.SELLER, profile.as_buyer(account.name))
    ]
