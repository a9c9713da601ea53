"""Whom a page names to be asked."""

from accounts.models import Account
from admin_center.wording.bidi import isolated


def vendor_contact(account: Account) -> str:
    """Return the vendor's contact of an account, with the address to write to."""
    return f"{isolated(account.vendor_contact_name)} ({account.vendor_contact_email})"
