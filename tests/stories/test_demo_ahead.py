"""The demo's accounts, a year on: what page, summary, letter and forecast said is what renewals charge."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from accounts.models import Account, Letter
from accounts.occasion import Occasion
from admin_center.presenters import renewal as renewal_presenter
from admin_center.presenters import subscription as subscription_presenter
from billing import reminders, renewal
from billing.demo import making
from billing.models import Invoice, RenewalReminder
from billing.rules.forecast import Forecast, forecast
from billing.rules.money import to_minor
from billing.rules.reminders import LAST
from billing.rules.renewal_comparison import compare
from billing.storage import loading
from billing.storage.loading import LoadedFacts

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
# Two thousand members take their time.
CROWD = "demo-polaris"


@dataclass
class Year:
    """What an account was told before its year, and what the year then charged; minor units."""

    told: Forecast
    summary: int
    page: int
    reminded: int | None = None
    letter: int | None = None
    # The first renewal's, which after an extension comes later than the year.
    invoices: list[tuple[date, Invoice]] = field(default_factory=list)


def read(account: Account, on: date) -> LoadedFacts:
    """Return what is stored of an account that has a subscription."""
    found = loading.read(account, on)
    assert found is not None
    return found


def renewing() -> Iterator[tuple[Account, date]]:
    """Yield the accounts that renew, each with the day that it is there."""
    for account in Account.objects.filter(state__in=["active", "past_due"]).order_by("slug"):
        at = account.clock or NOW
        yield account, at.astimezone(ZoneInfo(account.timezone)).date()


def noon(account: Account, on: date) -> Occasion:
    """Return noon of a day where the account is."""
    return Occasion(None, on, datetime.combine(on, time(12), ZoneInfo(account.timezone)))


def live(account: Account, on: date) -> Year:
    """Read what is told of an account on a day, and let a year pass by the verbs."""
    reading = read(account, on)
    compared = compare(reading.facts, on)
    assert compared is not None
    summed = subscription_presenter.of(reading, on)
    assert summed is not None
    assert summed.renewal is not None
    view = renewal_presenter.of(compared, reading, costs_shown=True)
    assert sum(row.new or 0 for row in view.rows) == view.new
    taxes = summed.renewal.settlement.tax
    year = Year(forecast(reading.facts, on), summary=summed.renewal.amount, page=view.new + taxes)
    if reading.facts.due_on == reading.facts.renews_on:
        remind(account, max(on, reading.facts.renews_on - timedelta(days=LAST)), year)
    while (facts := read(account, on).facts).has_bought:
        if year.invoices and facts.due_on >= year.told.until:
            break
        for one in renewal.renew(account.pk, occasion=noon(account, facts.due_on)):
            year.invoices.append((facts.due_on, one))
        account.refresh_from_db()
        if account.state == "cancelled":
            break
    return year


def remind(account: Account, on: date, year: Year) -> None:
    """Let the last reminder be written before the renewal, and keep what it said."""
    reminders.remind(account.pk, occasion=noon(account, on))
    kept = RenewalReminder.objects.get(subscription_id=account.pk)
    year.reminded = to_minor(kept.amount.amount, account.currency)
    letter = Letter.objects.filter(account=account, kind="renewal_coming").first()
    if letter is not None:
        assert letter.facts["total"] == year.reminded
        year.letter = letter.facts["due"]


@pytest.mark.django_db(transaction=True)
def test_a_year_of_the_demo_charges_what_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = making.stories
    monkeypatch.setattr(
        making,
        "stories",
        lambda now, **k: (one for one in whole(now, **k) if not one.account.external_id.startswith(CROWD)),
    )
    making.make(NOW, tell=lambda text: None)
    lived, letters, cycles = 0, 0, set()
    for account, on in renewing():
        cycles.add(account.subscription.cycle)
        year = live(account, on)
        renewed = [
            (day, to_minor(one.total.amount, one.currency), to_minor(one.due.amount, one.currency))
            for day, one in year.invoices
        ]
        charged = [(total, due) for day, total, due in renewed if day < year.told.until]
        told = [(one.settlement.total, one.settlement.due) for one in year.told.charges if one.settlement]
        assert [one for one in told if one != (0, 0)] == charged, account.slug
        assert year.told.due == sum(due for _total, due in charged) == sum(m.due for m in year.told.months)
        assert year.page == year.summary, account.slug
        _day, total, due = renewed[0] if renewed else (on, 0, 0)
        assert total == year.summary, account.slug
        if year.reminded is not None:
            assert year.reminded == year.summary, account.slug
        if year.letter is not None:
            letters += 1
            assert year.letter == due, account.slug
        lived += bool(charged)
    assert cycles == {"monthly", "annual"}
    # So many renew within the year, and of so many the last letter was written.
    assert lived >= 10
    assert letters >= 8
