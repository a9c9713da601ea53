"""Makes what is missing of the demo: price lists, customers, the vendor's staff, and one password."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, make_password
from django.db.models import F

from accounts.models import Account, Letter, Membership, User
from accounts.rules.roles import Role
from billing import addresses
from billing.demo.book import guests, stories
from billing.demo.living import play_stories, renew_until
from billing.imports.catalogue import reading, saving
from billing.imports.tax_rates import reading as rate_reading
from billing.imports.tax_rates import saving as rate_saving

PASSWORD = "open sesame demo"  # noqa: S105 - the demo prints it
CATALOGUES = Path(__file__).parent.parent / "catalogues"
TAX_RATES = Path(__file__).parent.parent / "tax_rates"
# All accounts of the demo have an external id that begins so.
MARK = "demo-"
STAFF = ("vera@vendor.example", "Vera Vance")


def make(now: datetime, *, tell: Callable[[str], object]) -> int:
    """Make the accounts that are missing, and let the others catch up; return how many were made.

    What is there is left as people changed it. Not inside a transaction.
    """
    for file in sorted(CATALOGUES.glob("*.toml")):
        listed = reading.read(file, currencies=settings.CURRENCIES)
        saving.load(listed)
    for file in sorted(TAX_RATES.glob("*.toml")):
        rates = rate_reading.read(file, countries=addresses.countries())
        rate_saving.load(rates, on=now.date())
    if _was_interrupted():
        tell("The demo was interrupted while it was made: for all of it, run `manage.py demo --fresh`.")
    known = dict(Account.objects.filter(external_id__startswith=MARK).values_list("external_id", "pk"))
    play_stories(stories(now, currencies=settings.CURRENCIES, without=known), now, tell=tell)
    made = Account.objects.filter(external_id__startswith=MARK).exclude(pk__in=known.values())
    _make_staff()
    if made:
        _give_passwords(made, now)
    for account in Account.objects.filter(pk__in=known.values()):
        renew_until(account, now)
    return len(made)


def _was_interrupted() -> bool:
    """Tell whether an owner has no password: they are given last, when all have lived until today."""
    owners = User.objects.filter(
        memberships__role=Role.OWNER, memberships__account__external_id__startswith=MARK
    )
    return owners.filter(password__startswith=UNUSABLE_PASSWORD_PREFIX).exists()


def _make_staff() -> None:
    """Make Vera of the vendor's staff, where she is missing."""
    email, name = STAFF
    if not User.objects.filter(email=email).exists():
        vera = User.objects.create_user(email, PASSWORD, name=name, is_staff=True)
        EmailAddress.objects.create(user=vera, email=email, verified=True, primary=True)


def _give_passwords(made: Collection[Account], now: datetime) -> None:
    """Give the people of new accounts the demo's password, and a last sign-in some days ago."""
    people = User.objects.filter(memberships__account__in=made)
    # One hash for all: to reckon two thousand would take minutes.
    people.update(password=make_password(PASSWORD))
    # On an account's own clock nobody has signed in later than its now; every tenth never has.
    people = people.exclude(memberships__account__clock__isnull=False)
    for days in range(9):
        seen = now - timedelta(days=2 * days + 1, hours=days)
        User.objects.filter(pk__in=people.annotate(last=F("pk") % 10).filter(last=days).values("pk")).update(
            last_login=seen
        )
    # Their letters of the past were read long ago.
    Letter.objects.filter(account__in=made, sent_at=None).update(sent_at=F("created_at"))


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody to sign in as: address, name, role in each account, and what they will see."""

    email: str
    name: str
    roles: str
    sees: str


def visitors() -> Iterable[Visitor]:
    """Return whom the demo presents, with the roles they have now."""
    roles: dict[str, list[str]] = {}
    for member in Membership.objects.filter(
        user__email__in=[guest.email for guest in guests()]
    ).select_related("user", "account"):
        roles.setdefault(member.user.email, []).append(f"{member.get_role_display()}, {member.account.name}")
    people = User.objects.in_bulk([guest.email for guest in guests()], field_name="email")
    for guest in guests():
        if guest.email in people:
            person = people[guest.email]
            own = roles.get(guest.email, ["Vendor's staff"])
            told = own[0] if len(own) == 1 else f"{len(own)} accounts"
            yield Visitor(guest.email, person.name, told, guest.sees)
