"""An account whose renewal of 1 March 2026 can't be collected, and the runs of the days that follow."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from accounts.models import Account, Letter
from accounts.occasion import Occasion
from billing import payments, tasks
from billing.models import Charge, PaymentMethod
from billing.provider.sandbox import METHODS
from billing.reconciliation import IN_FLIGHT
from tests import people, shop

# 10 seats at 12.00, monthly: 120.00 on each first of the month.
RENEWS = date(2026, 3, 1)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def debtor(method: str = "", *, timezone: str = "UTC", **fields: object) -> Account:
    """Return Acme, a sandbox account on its own clock, which pays 10 seats of Support by a method."""
    made = people.acme(timezone=timezone, is_sandbox=True, clock=NOON - timedelta(days=1), **fields)
    shop.subscribe(made, {"support": ("team", 10, "12.00")}, start=date(2026, 2, 1), cycle="monthly")
    if method:
        pays_by(made, method)
    return made


def pays_by(account: Account, reference: str) -> None:
    """Put a method of the sandbox provider on file, in the place of the one before."""
    known = METHODS[reference]
    PaymentMethod.objects.filter(subscription_id=account.pk).delete()
    PaymentMethod.objects.create(
        subscription_id=account.pk,
        kind=known.kind,
        brand=known.brand,
        last_four=known.last_four,
        reference=reference,
    )


def noon(after: int, zone: str = "UTC") -> datetime:
    """Return noon of the day that comes so many days after the renewal, in a zone."""
    day = RENEWS + timedelta(days=after)
    return datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def run(account: Account, at: datetime) -> None:
    """Do what is due of money at a moment, as the tick does."""
    Account.objects.filter(pk=account.pk).update(clock=at)
    for pk in Charge.objects.filter(state__in=Charge.OPEN, created_at__lt=at - IN_FLIGHT).values_list("pk"):
        payments.reconcile_charge(*pk, occasion=Occasion.of(account, at))
    for step in ("renewals", "dunning"):
        assert not any("failed" in name and count for name, count in tasks.STEPS[step].act(at).items())


def run_days(account: Account, *days: int) -> None:
    """Run on each of these days after the renewal, twice: the second run finds nothing to do."""
    for after in days:
        run(account, noon(after))
        before = (Charge.objects.count(), Letter.objects.count())
        run(account, noon(after))
        assert (Charge.objects.count(), Letter.objects.count()) == before, after


def state(account: Account) -> str:
    """Return the account's state as it is stored."""
    return str(Account.objects.values_list("state", flat=True).get(pk=account.pk))
