"""The cast: the same people in every test and in the demo.

Olivia owns Acme, Bilal is its billing admin, Adam an admin, Agnes an agent, Leo a light agent;
Stella owns Globex; Vera belongs to the vendor's staff.
"""

from datetime import UTC, date, datetime
from typing import Any

from django.db import transaction

from accounts import roles
from accounts.models import Account, Membership, User
from accounts.rules.capabilities import AccountState, AccountType
from accounts.rules.roles import Role

PASSWORD = "correct horse battery"

CAST = {
    "olivia": ("olivia@acme.example", "Olivia Owens", Role.OWNER),
    "bilal": ("bilal@acme.example", "Bilal Brahimi", Role.BILLING_ADMIN),
    "adam": ("adam@acme.example", "Adam Adler", Role.ADMIN),
    "agnes": ("agnes@acme.example", "Agnes Albert", Role.AGENT),
    "leo": ("leo@acme.example", "Leo Laurent", Role.LIGHT_AGENT),
}


def person(email: str, name: str, **fields: Any) -> User:
    """Return the person with this address, made if need be, with the password and a verified address."""
    from allauth.account.models import EmailAddress

    user = User.objects.filter(email=email).first()
    if user is None:
        user = User.objects.create_user(email, PASSWORD, name=name, **fields)
        EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


@transaction.atomic
def account(slug: str, name: str, people: list[tuple[User, Role]], **fields: Any) -> Account:
    """Make an account with its people."""
    values: dict[str, Any] = {
        "type": AccountType.SELF_SERVICE,
        "state": AccountState.ACTIVE,
        "currency": "USD",
        "timezone": "America/New_York",
        "vendor_contact_name": f"Sales of {name}",
        "vendor_contact_email": f"sales-{slug}@vendor.example",
    } | fields
    if values["state"] == AccountState.CANCELLED:
        values.setdefault("cancelled_at", datetime(2026, 10, 1, tzinfo=UTC))
    if values["state"] == AccountState.TRIAL:
        values.setdefault("trial_ends_on", date(2099, 1, 1))
    made = Account.objects.create(slug=slug, name=name, **values)
    roles.enrol(made, people)
    return made


def acme(**fields: Any) -> Account:
    """Make Acme with its whole cast."""
    return account(
        "acme", "Acme", [(person(email, name), role) for email, name, role in CAST.values()], **fields
    )


def globex(**fields: Any) -> Account:
    """Make Globex, which belongs to Stella."""
    stella = person("stella@globex.example", "Stella Stern")
    return account("globex", "Globex", [(stella, Role.OWNER)], **fields)


def vera() -> User:
    """Make Vera, of the vendor's staff."""
    return person("vera@vendor.example", "Vera Vance", is_staff=True)


def user(first_name: str) -> User:
    """Return one of Acme's cast."""
    return User.objects.get(email=CAST[first_name][0])


def member(first_name: str, of: Account) -> Membership:
    """Return the membership of one of the cast."""
    return Membership.objects.get(user=user(first_name), account=of)
