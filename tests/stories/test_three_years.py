"""Three years of one account, on the own clock of a sandbox: people act, time passes, each step has its sum.

From the trial in January 2024 to the end in October 2026. Renewals, letters, tries, the suspension and the
end come with the clock, which Vera moves.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Account, Activity, Letter
from billing import cancellation, invariants, own_clocks, payments, promo_codes
from billing.models import Charge, Invoice, PaymentMethod, Subscription
from billing.rules.changes import (
    AddSeats,
    BuyTemporarySeats,
    ChangeCycle,
    ChangeEdition,
    Extend,
    FirstPurchase,
    Item,
    UsePromoCode,
)
from billing.rules.periods import Cycle
from tests import acting, people, shop
from tests.stories.telling import change, noon, stored

pytestmark = pytest.mark.django_db(transaction=True)
# When Vera tells it.
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
BEGIN, TRIAL_ENDS = date(2024, 1, 17), date(2024, 2, 5)


@pytest.fixture
def acme(db: None) -> Account:
    """Acme in a trial, on a clock of its own, with a card that works."""
    account = people.acme(
        timezone="UTC",
        state="trial",
        trial_ends_on=TRIAL_ENDS,
        is_sandbox=True,
        clock=noon(BEGIN),
    )
    Subscription.objects.create(account=account, catalogue=shop.catalogue(), currency="USD", cycle="annual")
    pay_by("test_approves")
    terms = promo_codes.Terms("SPRING", Decimal(10), periods=3)
    promo_codes.create(
        shop.catalogue(), terms, occasion=acting.occasion(by=people.vera(), on=BEGIN), reason="Campaign"
    )
    return account


def pay_by(reference: str) -> None:
    """Let all be charged to one card."""
    PaymentMethod.objects.all().delete()
    PaymentMethod.objects.create(
        subscription_id=Account.objects.get().pk,
        kind="card",
        brand="Visa",
        last_four="4242",
        reference=reference,
    )


class Life:
    """What happens to the account from one step of the story to the next."""

    def __init__(self, account: Account) -> None:
        """Begin with nothing that happened."""
        self.account = account
        self.invoices = self.letters = 0

    def until(self, on: date) -> list[str]:
        """Let Vera move the clock to a day; return the totals of what was invoiced on the way."""
        occasion = acting.occasion(by=people.vera(), on=on, at=self.account.clock)
        made = own_clocks.move(self.account.pk, on, reason="The story goes on", occasion=occasion, now=NOW)
        assert not any(stop["failed"] for stop in made.stops)
        self.account.refresh_from_db()
        assert self.account.clock == noon(on)
        return self.invoiced()

    def does(self, on: date, *changes: Any) -> str:
        """Let Olivia change something on a day; return what it is invoiced at, none where nothing is due."""
        assert self.account.clock == noon(on)
        change(self.account, on, *changes)
        self.account.refresh_from_db()
        return " ".join(self.invoiced()) or "none"

    def invoiced(self) -> list[str]:
        """Return the totals of the invoices since the last time."""
        new = Invoice.objects.filter(pk__gt=self.invoices).order_by("pk")
        found = [f"{one.total.amount:.2f}" for one in new]
        self.invoices = max((one.pk for one in new), default=self.invoices)
        return found

    def told(self) -> list[str]:
        """Return the kinds of the letters to Olivia since the last time, in their order."""
        new = Letter.objects.filter(pk__gt=self.letters, user=people.user("olivia")).order_by("pk")
        self.letters = max((one.pk for one in new), default=self.letters)
        return [one.kind for one in new]


def test_three_years(acme: Account) -> None:
    life = Life(acme)
    # The trial: a week before its end is told of on 29 January.
    assert life.until(date(2024, 1, 31)) == []
    assert life.told() == ["trial_ending"]

    # 31 January 2024, purchase: 10 × 12.00 for a month, which makes the 31st the anchor.
    first = FirstPurchase(Cycle.MONTHLY, (Item("support", "team", 10),))
    assert life.does(date(2024, 1, 31), first) == "120.00"
    assert acme.state == "active"

    # 10 February, two seats more: (12 − 10) × 12.00 × 19/29 = 94.34 − 78.62
    assert life.until(date(2024, 2, 10)) == []
    assert life.does(date(2024, 2, 10), AddSeats("support", 12)) == "15.72"

    # 29 February, the last of a leap year's month: 12 × 12.00
    assert life.until(date(2024, 3, 10)) == ["144.00"]

    # 10 March, upgrade: 12 × 30.00 × 21/31 = 243.87, less 12 × 12.00 × 21/31 = 97.55
    assert life.does(date(2024, 3, 10), ChangeEdition("support", "professional")) == "146.32"

    # 20 March, downgrade: nothing now, at the renewal.
    assert life.until(date(2024, 3, 20)) == []
    assert life.does(date(2024, 3, 20), ChangeEdition("support", "team")) == "none"

    # 25 March, a code for three periods; the month that differs was told of on 24 March.
    life.told()
    assert life.until(date(2024, 3, 25)) == []
    assert life.told() == ["renewal_coming"]
    assert life.does(date(2024, 3, 25), UsePromoCode("SPRING")) == "none"

    # 31 March and 30 April: 144.00 − 10 % = 129.60
    assert life.until(date(2024, 5, 10)) == ["129.60", "129.60"]

    # 10 May, three temporary seats from 20 to 29 May: 3 × 12.00 × 10/31
    assert life.does(date(2024, 5, 10), BuyTemporarySeats("support", 3, date(2024, 5, 20), 10)) == "11.61"
    life.told()
    assert life.until(date(2024, 5, 30)) == []
    told = life.told()
    assert [kind for kind in told if kind.startswith("temporary")] == [
        *("temporary_starting", "temporary_ending", "temporary_ending", "temporary_ended")
    ]

    # 31 May with the code for the last time, 30 June without.
    assert life.until(date(2024, 7, 20)) == ["129.60", "144.00"]

    # 31 July: the card has no money any more. Tried on +0, +2, +4 and +21, suspended on +22.
    pay_by("test_declines_funds")
    life.told()
    assert life.until(date(2024, 8, 25)) == ["144.00"]
    assert acme.state == "suspended"
    assert [
        str(one.created_at.date()) for one in Charge.objects.filter(state="failed").order_by("created_at")
    ] == [*("2024-07-31", "2024-08-02", "2024-08-04", "2024-08-21")]
    assert life.told()[-4:] == [
        *("payment_failed_again", "payment_failed_again", "suspension_warning", "account_suspended")
    ]

    # 10 September: Olivia pays with another card; the days of suspension are not charged.
    assert life.until(date(2024, 9, 10)) == []
    pay_by("test_approves")
    unpaid = Invoice.objects.get(payment=None)
    olivia = people.user("olivia")
    with acting.at(noon(date(2024, 9, 10))):
        payments.pay(unpaid.number, acme, occasion=acting.occasion(by=olivia, on=date(2024, 9, 10)))
    acme.refresh_from_db()
    assert acme.state == "active"
    # The rest of the month that ends on 30 September: 144.00 × 20/30; then 30 September.
    assert life.until(date(2024, 10, 15)) == ["96.00", "144.00"]

    # 15 October, from monthly to annual at the renewal of 31 October: 12 × 12.00 × 12
    assert life.does(date(2024, 10, 15), ChangeCycle(Cycle.ANNUAL)) == "none"
    assert life.until(date(2025, 6, 15)) == ["1728.00"]

    # 15 June 2025, extension: the year from 31 October 2025 on, early.
    assert life.does(date(2025, 6, 15), Extend()) == "1728.00"
    assert stored(acme, date(2025, 6, 15)).paid_until == date(2026, 10, 31)

    # 1 July, one seat more in both terms: 625.71 − 577.58 for 122/365, and 144.00 for the year ahead
    assert life.until(date(2025, 7, 1)) == []
    assert life.does(date(2025, 7, 1), AddSeats("support", 13)) == "192.13"

    # 1 August 2026: it is to end with its period, of which 60, 30 and 7 days before are told.
    assert life.until(date(2026, 6, 30)) == []
    assert life.until(date(2026, 8, 1)) == []
    sheet = cancellation.consequences(acme, date(2026, 8, 1), at_end=True)
    with acting.at(noon(date(2026, 8, 1))):
        cancellation.cancel_at_period_end(
            acme,
            mark=sheet.mark,
            reason="not_needed",
            text="",
            occasion=acting.occasion(by=olivia, on=date(2026, 8, 1)),
        )
    life.told()
    assert life.until(date(2026, 11, 1)) == []
    assert acme.state == "cancelled"
    assert acme.cancelled_at == datetime(2026, 10, 31, tzinfo=UTC)
    assert life.told() == ["renewal_coming", "renewal_coming", "renewal_coming", "account_cancelled"]

    # What was charged is what was invoiced, to the cent; nothing is open.
    total = sum(one.total.amount for one in Invoice.objects.all())
    assert total == Decimal("5002.58")
    paid = Charge.objects.filter(state="succeeded")
    assert sum(one.amount.amount for one in paid) == total
    assert not Invoice.objects.filter(payment=None).exists()
    assert invariants.broken() == []

    # Until three years are over nothing more happens, and nobody is written to.
    assert life.until(date(2027, 1, 17)) == []
    assert life.told() == []
    assert Invoice.objects.count() == 15
    assert Activity.objects.filter(verb="subscription_renewed").count() == 9
