"""Twelve months ahead: what is charged in which month, what happens when, also with a change edited."""

import csv
import io
import re
from datetime import date
from typing import Any

import pytest
from djmoney.money import Money

from accounts.models import Account
from billing.models import BalanceEntry, Discount, Invoice, Quote, ScheduledChange
from tests import people, shop
from tests.console.reading import acme_at, open_as, signed_in, text
from tests.console.test_subscription import ledger, schedule

PAGE = "/a/acme/billing/subscription/forecast/"
FILE = "/a/acme/billing/subscription/forecast.csv"


def monthly() -> Account:
    """Ten seats at 12.00 a month, from 1 to 31 July 2023; it is 14 July."""
    account = acme_at()
    shop.subscribe(account, {"support": ("team", 10, "12")}, start=date(2023, 7, 1), cycle="monthly")
    return account


def rows(response: Any) -> list[list[str]]:
    """Return the rows of a file, without the heading."""
    body = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(body)))[1:]


def test_a_month_is_charged_twelve_times_and_its_code_ends(db: None) -> None:
    account = monthly()
    Discount.objects.create(
        subscription_id=account.pk, source="promo", kind="fixed", code="WELCOME", amount=Money(20, "USD"),
        periods_left=2,
    )  # fmt: skip
    seen = text(open_as("olivia", PAGE))
    # 120.00 less 20.00, twice; then ten times 120.00
    assert "July 2023 $0.00 Aug. 2023 $100.00 Sept. 2023 $100.00 Oct. 2023 $120.00" in seen
    assert "Together $1,400.00" in seen
    assert "1 August 2023 Renewal for 1 August 2023 to 31 August 2023 $100.00 $100.00" in seen
    assert "1 October 2023 The discount WELCOME no longer applies" in seen


def test_a_balance_pays_first_and_scheduled_changes_have_their_day(db: None) -> None:
    account = ledger()
    schedule(account, "quantity", "support", quantity=8)
    BalanceEntry.objects.create(
        subscription_id=account.pk, amount=Money(20, "USD"), reason=BalanceEntry.Reason.BROUGHT_IN
    )
    seen = text(open_as("olivia", PAGE))
    # 8 × 1.00 × 12 = 96.00, of which the balance pays 20.00
    assert "$96.00 −$20.00 $76.00" in seen
    assert "27 October 2023 Support: from 10 to 8 seats" in seen
    assert "Together $76.00" in seen


def test_with_the_change_as_it_is_edited_it_is_told_beside_what_comes_without_it(db: None) -> None:
    monthly()
    browser = signed_in(people.user("olivia"))
    typed = {"seats-support": "12"}
    response = browser.post(PAGE, typed)
    seen = text(response)
    assert "Nothing is changed yet: this shows what would come of it" in seen
    # −10 × 12.00 × 18/31 = −69.68, + 12 × 12.00 × 18/31 = 83.61: 13.93 today, then 12 × 12.00
    assert "14 July 2023 The change as it is edited $13.93 $13.93" in seen
    assert "July 2023 $13.93 $0.00 Aug. 2023 $144.00 $120.00" in seen
    # 13.93 + 12 × 144.00 beside 12 × 120.00
    assert "Together $1,741.93 $1,440.00" in seen
    assert not Quote.objects.exists()
    assert not Invoice.objects.exists()
    assert '<input type="hidden" name="seats-support" value="12">' in response.content.decode()
    assert rows(browser.post(FILE, typed))[0] == [
        *("2023-07-14", "The change as it is edited", "13.93", "0.00", "13.93", "0.00", "13.93", "USD")
    ]
    back = text(browser.post("/a/acme/billing/subscription/manage/preview", typed))
    assert "Due today $13.93" in back


def test_an_edit_that_can_not_be_made_says_why_and_tells_what_comes_without_it(db: None) -> None:
    account = ledger()
    ScheduledChange.objects.all().delete()
    seen = text(signed_in(people.user("olivia")).post(PAGE, {"seats-support": "many"}))
    assert "This can’t be done as it is What was typed can’t be priced" in seen
    assert "Together $120.00" in seen
    schedule(account, "quantity", "support", quantity=8)
    asked = text(signed_in(people.user("olivia")).post(PAGE, {"seats-support": "12"}))
    assert "Please choose first" in asked


def test_the_file_has_each_day_and_is_defused(db: None) -> None:
    account = monthly()
    account.subscription.catalogue.products.filter(key="support").update(name="=1+1")
    schedule(account, "quantity", "support", quantity=8)
    ScheduledChange.objects.update(takes_effect_on=date(2023, 8, 1))
    found = rows(open_as("olivia", FILE))
    assert found[0][:2] == ["2023-08-01", "Renewal for 1 August 2023 to 31 August 2023"]
    # 8 × 12.00
    assert found[0][2:] == ["96.00", "0.00", "96.00", "0.00", "96.00", "USD"]
    assert found[1] == ["2023-08-01", "'=1+1: from 10 to 8 seats", "", "", "", "", "", "USD"]
    assert len(found) == 13


def test_each_bar_is_as_long_as_its_amount(db: None) -> None:
    account = monthly()
    schedule(account, "quantity", "support", quantity=5)
    ScheduledChange.objects.update(takes_effect_on=date(2023, 8, 1))
    body = signed_in(people.user("olivia")).post(PAGE, {"seats-support": "10"}).content.decode()
    widths = re.findall(
        r'chart__bar" x="25%" y="\d+" width="([\d.]+)%"', open_as("olivia", PAGE).content.decode()
    )
    # Nothing in July, then 60.00 each month: all as long as the longest
    assert widths == ["0.00"] + ["41.00"] * 12
    assert "chart" in body


def test_in_french_its_numbers_and_months_are_french_and_svg_has_its_points(db: None) -> None:
    monthly()
    response = open_as("olivia", PAGE, "fr")
    seen = text(response)
    assert "août 2023" in seen
    assert "120,00 $US" in seen
    assert 'width="41.00%"' in response.content.decode()


@pytest.mark.parametrize("kind", ["assisted", "managed"])
def test_where_costs_are_not_shown_it_is_refused_with_the_reason(db: None, kind: str) -> None:
    ledger(type=kind)
    response = open_as("olivia", PAGE)
    assert response.status_code == 403
    assert "forecast" not in open_as("olivia", "/a/acme/billing/subscription/").content.decode()


def test_a_trial_has_nothing_planned_but_sees_what_a_first_purchase_brings(db: None) -> None:
    account = acme_at(state="trial")
    made = shop.subscribe(account, {}, start=date(2023, 7, 1))
    type(made).objects.update(anchor=None, period_start=None, period_end=None, paid_until=None)
    assert "You are trying it out" in text(open_as("olivia", PAGE))
    assert open_as("olivia", FILE).status_code == 302
    typed = {"seats-support": "2", "edition-support": "team", "cycle": "monthly"}
    seen = text(signed_in(people.user("olivia")).post(PAGE, typed))
    # 2 × 12.00, twelve times: today, and on the 14th of August to June
    assert "Together $288.00" in seen


def test_while_suspended_nothing_renews(db: None) -> None:
    ledger(state="suspended")
    assert "Nothing renews while the account is suspended" in text(open_as("olivia", PAGE))


def test_what_can_not_be_priced_is_explained(db: None) -> None:
    account = acme_at()
    lines = {"support": ("team", 2, "12"), "copilot": ("standard", 2, "10")}
    shop.subscribe(account, lines, start=date(2022, 10, 27))
    schedule(account, "cycle", cycle="monthly")
    assert "has no price in the new billing cycle" in text(open_as("olivia", PAGE))
    assert open_as("olivia", FILE).status_code == 302
