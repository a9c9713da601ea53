"""Letters of the coming renewal: who gets them, on which days of their own, once, with the exact amount.

Acme's year of ten seats at 12.00 ends on 27 October 2023: it renews for 10 × 12.00 × 12 = 1,440.00.
"""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from djmoney.money import Money

from accounts import mail
from accounts.models import Account, Letter
from billing import reminders, renewal, tasks
from billing.models import Discount, Line, RenewalReminder, Subscription
from tests import acting, people, shop
from tests.billing.test_letter_texts import written
from tests.console.test_subscription import schedule

RENEWS_ON = date(2023, 10, 27)


def noon(on: date) -> datetime:
    """Return noon of a day, in UTC."""
    return datetime.combine(on, time(12), UTC)


def acme(cycle: str = "annual", **fields: Any) -> Account:
    """Make Acme, whose period ends on 27 October 2023."""
    account = people.acme(**{"timezone": "UTC"} | fields)
    start = date(2022, 10, 27) if cycle == "annual" else date(2023, 9, 27)
    shop.subscribe(account, {"support": ("team", 10, "12")}, start=start, cycle=cycle)
    return account


def run(at: datetime, account: Account) -> int:
    """Do the reminders' step at a moment; return how many letters there are since."""
    before = Letter.objects.filter(kind="renewal_coming").count()
    for account_id in list(reminders.due(at)):
        assert account_id == account.pk
        with acting.at(at):
            zoned = acting.Occasion.of(account, at)
        reminders.remind(account_id, occasion=zoned)
    return Letter.objects.filter(kind="renewal_coming").count() - before


def days_told(account: Account, first: date, days: int) -> list[int]:
    """Let each day pass, with its run; return how many days before the renewal letters went."""
    left = (RENEWS_ON - first).days
    return [left - day for day in range(days) if run(noon(first + timedelta(days=day)), account)]


def test_a_year_is_told_60_30_and_7_days_before_to_owner_and_billing_admins_and_not_after(db: None) -> None:
    account = acme()
    assert days_told(account, date(2023, 8, 20), 75) == [60, 30, 7]
    letters = Letter.objects.filter(kind="renewal_coming")
    assert {one.to for one in letters} == {"olivia@acme.example", "bilal@acme.example"}
    assert {one.facts["due"] for one in letters} == {144000}
    assert run(noon(RENEWS_ON), account) == 0


def test_the_same_run_twice_tells_once(db: None) -> None:
    account = acme()
    on = RENEWS_ON - timedelta(days=30)
    assert [run(noon(on), account) for _time in (1, 2)] == [2, 0]
    # Another process found it due before the first had written.
    assert not reminders.remind(account.pk, occasion=acting.occasion(on=on))


def test_runs_that_were_missed_are_made_up_by_the_nearest(db: None) -> None:
    account = acme()
    assert run(noon(RENEWS_ON - timedelta(days=5)), account) == 2
    assert run(noon(RENEWS_ON - timedelta(days=4)), account) == 0


def test_a_month_is_told_7_days_before_and_only_where_it_differs(db: None) -> None:
    account = acme("monthly")
    assert days_told(account, date(2023, 9, 28), 29) == []
    assert RenewalReminder.objects.get().told_on is None
    RenewalReminder.objects.all().delete()
    schedule(account, "quantity", "support", quantity=8)
    assert days_told(account, date(2023, 9, 28), 29) == [7]


def test_an_amount_that_changes_in_the_last_days_is_told_once_a_day(db: None) -> None:
    account = acme()
    assert days_told(account, RENEWS_ON - timedelta(days=7), 2) == [7]
    Discount.objects.create(
        subscription_id=account.pk, source="coupon", kind="percent", code="LOYAL", percent=Decimal(10)
    )
    assert days_told(account, RENEWS_ON - timedelta(days=5), 5) == [5]
    letter = Letter.objects.select_related("account", "user").latest("pk")
    # 1,440.00 less 10 %
    for text in written(letter):
        assert "for another amount than we wrote on 20 October 2023: $1,296.00 instead of $1,440.00." in text


def test_by_the_day_of_the_account_not_of_utc(db: None) -> None:
    """In Kiritimati (UTC+14) 27 September begins when it is ten in the morning of the 26th in UTC."""
    account = acme(timezone="Pacific/Kiritimati")
    RenewalReminder.objects.create(
        subscription_id=account.pk, renews_on=RENEWS_ON, days_before=60, amount=Money(1440, "USD"),
        looked_on=date(2023, 9, 1),
    )  # fmt: skip
    assert run(datetime(2023, 9, 26, 9, 59, tzinfo=UTC), account) == 0
    assert run(datetime(2023, 9, 26, 10, 0, tzinfo=UTC), account) == 2


def test_by_the_clock_of_a_sandbox(db: None) -> None:
    account = acme(is_sandbox=True, clock=noon(RENEWS_ON - timedelta(days=30)))
    assert list(reminders.due(datetime(2030, 1, 1, tzinfo=UTC))) == [account.pk]
    assert tasks.work()["reminders"] == 1
    assert tasks.work()["reminders"] == 0
    assert Letter.objects.filter(kind="renewal_coming").count() == 2


@pytest.mark.parametrize("state", ["suspended", "cancelled", "trial"])
def test_what_does_not_renew_is_not_told_of(db: None, state: str) -> None:
    account = acme()
    Account.objects.filter(pk=account.pk).update(
        state=state,
        cancelled_at=noon(date(2023, 9, 1)) if state == "cancelled" else None,
        trial_ends_on=date(2023, 12, 1) if state == "trial" else None,
    )
    assert list(reminders.due(noon(RENEWS_ON - timedelta(days=7)))) == []
    on = RENEWS_ON - timedelta(days=7)
    assert not reminders.remind(account.pk, occasion=acting.occasion(on=on))


def test_a_parked_one_is_not_told_of(db: None) -> None:
    account = acme()
    Subscription.objects.filter(pk=account.pk).update(parked_at=noon(date(2023, 9, 1)), parked_because="x")
    on = RENEWS_ON - timedelta(days=7)
    assert list(reminders.due(noon(on))) == []
    assert not reminders.remind(account.pk, occasion=acting.occasion(on=on))


def test_what_has_no_price_at_the_renewal_is_looked_at_again_the_next_day(db: None) -> None:
    account = people.acme(timezone="UTC")
    lines = {"support": ("team", 2, "12"), "copilot": ("standard", 2, "10")}
    shop.subscribe(account, lines, start=date(2022, 10, 27))
    waiting = schedule(account, "cycle", cycle="monthly")
    on = RENEWS_ON - timedelta(days=30)
    assert run(noon(on), account) == 0
    assert list(reminders.due(noon(on))) == []
    waiting.delete()
    assert run(noon(on + timedelta(days=1)), account) == 2


def test_one_that_raises_stops_no_other(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    first = acme(is_sandbox=True, clock=noon(RENEWS_ON - timedelta(days=7)))
    second = people.globex(is_sandbox=True, clock=noon(RENEWS_ON - timedelta(days=7)))
    shop.subscribe(second, {"support": ("team", 1, "12")}, start=date(2022, 10, 27))
    real = reminders.compare

    def breaks(facts: Any, on: date) -> Any:
        if facts.lines[0].quantity == 10:
            raise ZeroDivisionError
        return real(facts, on)

    monkeypatch.setattr(reminders, "compare", breaks)
    done = tasks.work()
    assert (done["reminders"], done["reminders_rows_failed"]) == (1, 1)
    assert {one.account_id for one in Letter.objects.filter(kind="renewal_coming")} == {second.pk}
    assert first.pk in list(reminders.due(noon(RENEWS_ON)))


def test_the_letter_names_what_changes_and_its_amount_is_what_the_renewal_charges(db: None) -> None:
    account = acme()
    Line.objects.filter(subscription_id=account.pk).update(unit_price=Decimal(1), price_ends_on=RENEWS_ON)
    schedule(account, "quantity", "support", quantity=8)
    assert run(noon(RENEWS_ON - timedelta(days=7)), account) == 2
    letter = Letter.objects.select_related("account", "user").filter(to="olivia@acme.example").get()
    text, html = written(letter)
    for one in (text, html):
        # 8 × 12.00 × 12 = 1,152.00 in place of 10 × 1.00 × 12 = 120.00.
        gist = "renews on 27 October 2023 for $1,152.00, $1,032.00 more than a period costs today."
        assert f"The subscription of Acme {gist}" in " ".join(one.split())
        assert "Support: Team, 10 seats → Team, 8 seats" in one
        assert "Support: your own price ends, from $1.00 to $12.00" in one
        assert "To be charged (no payment method is on file): $1,152.00" in one
    assert "/a/acme/billing/subscription/renewal/" in str(mail.message(letter).body)
    (invoice,) = renewal.renew(account.pk, occasion=acting.occasion(on=RENEWS_ON))
    assert invoice.due.amount == Decimal(letter.facts["due"]) / 100


# Ten seats become eight, at 12.00 × 12 each; a month is not compared with a year.
GISTS: tuple[tuple[dict[str, Any], str], ...] = (
    ({"kind": "quantity", "product": "support", "quantity": 8},
     "$1,152.00, $288.00 less than a period costs today."),
    ({}, "$1,440.00."),
    ({"kind": "cycle", "cycle": "monthly"}, "$120.00."),
)  # fmt: skip


@pytest.mark.parametrize(("scheduled", "gist"), GISTS)
def test_the_letter_begins_with_what_the_renewal_costs(
    db: None, scheduled: dict[str, Any], gist: str
) -> None:
    account = acme()
    if scheduled:
        schedule(account, **scheduled)
    assert run(noon(RENEWS_ON - timedelta(days=7)), account) == 2
    letter = Letter.objects.select_related("account", "user").filter(to="olivia@acme.example").get()
    for text in written(letter):
        assert f"The subscription of Acme renews on 27 October 2023 for {gist}" in " ".join(text.split())


@pytest.mark.parametrize("language", ["en", "fr"])
def test_where_costs_are_not_shown_it_names_no_amount(db: None, language: str) -> None:
    account = acme(type="managed", language=language)
    people.user("olivia")
    Letter.objects.all().delete()
    Line.objects.filter(subscription_id=account.pk).update(unit_price=Decimal(1), price_ends_on=RENEWS_ON)
    schedule(account, "quantity", "support", quantity=8)
    assert run(noon(RENEWS_ON - timedelta(days=7)), account) == 2
    for letter in Letter.objects.select_related("account", "user"):
        for text in written(letter):
            assert "$" not in text
            assert "152" not in text
            assert "8" in text


def test_an_end_is_told_as_an_end(db: None) -> None:
    account = acme()
    schedule(account, "cancellation")
    assert run(noon(RENEWS_ON - timedelta(days=30)), account) == 2
    letter = Letter.objects.select_related("account", "user").latest("pk")
    for text in written(letter):
        assert "Acme ends on 27 October 2023, as it was scheduled." in text
        assert "To be charged" not in text
