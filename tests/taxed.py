"""What taxes depend on, for tests with a database: a table of rates, where an account is, who sells."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from accounts.models import Account
from admin_center.server import seller
from billing.models import BillingProfile, PostalAddress, TaxRate
from billing.rules.parties import Address, Seller, TaxIdKind

SINCE = date(2013, 1, 1)
FRENCH = seller.DEMO
# The same vendor, in Montreal.
QUEBECOIS = replace(FRENCH, address=Address("CA", ("1 rue Sherbrooke",), "Montréal", region="QC"), tax_ids=())


def rates() -> None:
    """Store a small table: France at 20 %, Quebec's two, the rest of Canada with one of them."""
    TaxRate.objects.bulk_create(
        TaxRate(country=country, region=region, name=name, percent=Decimal(percent), in_force_from=SINCE)
        for country, region, name, percent in (
            ("FR", "", "TVA", "20"),
            ("CA", "", "GST", "5"),
            ("CA", "QC", "GST", "5"),
            ("CA", "QC", "QST", "9.975"),
        )
    )


def rise(percent: str, since: date) -> None:
    """Let the rate of France be another from a day on."""
    TaxRate.objects.create(country="FR", name="TVA", percent=Decimal(percent), in_force_from=since)


def place(account: Account, country: str, region: str = "", *, number: str = "") -> BillingProfile:
    """Give an account its seat, and perhaps its number for VAT."""
    address = PostalAddress.objects.create(account=account, country=country, region=region)
    profile, _made = BillingProfile.objects.update_or_create(
        account=account,
        defaults={
            "sold_to": address,
            "tax_id_kind": TaxIdKind.VAT.value if number else "",
            "tax_id_country": country if number else "",
            "tax_id_number": number,
        },
    )
    return profile


def sells(settings: object, vendor: Seller) -> None:
    """Let another vendor sell, for one test."""
    settings.SELLER = vendor  # type: ignore[attr-defined]
