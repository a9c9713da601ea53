"""What the vendor does to a price in time, said the same by every face: quote, pages, letters, invoice.

Acme has ten seats of Support Team, annual until 27 October 2023, at its own 1.00; the list price is 12.00.
It is 14 July.
"""

from datetime import UTC, date, datetime

import pytest

from accounts import mail
from accounts.models import Account, Letter
from accounts.occasion import Occasion
from billing import agreed_prices, price_endings, quote_json, quotes, reminders, renewal
from billing.models import Invoice, Line
from billing.price_endings import EndedPrice
from billing.rules.changes import AddSeats
from billing.rules.differences import differences
from billing.rules.money import to_minor
from billing.rules.periods import Cycle
from tests import acting, people, shop
from tests.console.reading import acme_at, open_as, text

pytestmark = pytest.mark.django_db
TODAY, RENEWS = date(2023, 7, 14), date(2023, 10, 27)
SUMMARY = "/a/acme/billing/subscription/"


def account(price: str = "1.00") -> Account:
    made = acme_at(timezone="UTC", collection_method="send_invoice")
    shop.subscribe(made, {"support": ("team", 10, price)}, start=date(2022, 10, 27))
    return made


def ended(acme: Account) -> str:
    """The vendor ends 1.00 on 1 October: 12.00 from the renewal on."""
    line = shop.line(acme, "support")
    price_endings.schedule(
        EndedPrice(line.edition, Cycle.ANNUAL, line.unit_price, date(2023, 10, 1)),
        reason="Costs rose.",
        occasion=acting.occasion(by=people.vera(), on=TODAY),
    )
    return "12.00"


def agreed(acme: Account) -> str:
    """The vendor's staff agree 0.80 with Acme."""
    give(acme, 80, None)
    return "0.80"


def agreed_for_a_year(acme: Account) -> str:
    give(acme, 80, date(2024, 10, 27))
    return "0.80"


def agreed_to_stay(acme: Account) -> str:
    """The price ends for everybody, and Acme keeps it until 2025."""
    ended(acme)
    give(acme, 100, date(2025, 1, 1))
    return "1.00"


def stopped(acme: Account) -> str:
    """The price ended, and that was stopped."""
    ended(acme)
    line = Line.objects.get()
    price_endings.stop(
        line.edition.price_endings.get().pk,
        reason="Decided otherwise.",
        occasion=acting.occasion(by=people.vera(), on=TODAY),
    )
    return "1.00"


def give(acme: Account, unit: int, ends_on: date | None) -> None:
    new = agreed_prices.NewPrice(shop.line(acme, "support").edition_id, unit, ends_on)
    agreed_prices.give(
        acme.pk, new, reason="They stay.", occasion=acting.occasion(by=people.vera(), on=TODAY)
    )


@pytest.mark.parametrize("decided", [ended, agreed, agreed_for_a_year, agreed_to_stay, stopped])
def test_every_face_says_the_same_of_a_price(decided, db: None) -> None:  # type: ignore[no-untyped-def]
    acme = account()
    unit = decided(acme)
    total = f"${float(unit) * 10 * 12:,.2f}"  # ten seats × unit × 12 months
    changes = unit != "1.00"
    # The summary names the price and what the renewal costs.
    summary = text(open_as("olivia", SUMMARY))
    assert f"Renewal amount {total}" in summary
    assert (f"${unit}" in summary) is True
    assert ("ends this price on 1 October 2023" in summary) is (decided is ended)
    assert ("as agreed with" in summary) is (decided in (agreed, agreed_for_a_year, agreed_to_stay))
    assert ("until 27 October 2024" in summary) is (decided is agreed_for_a_year)
    # The renewal page: from today to then.
    page = text(open_as("olivia", f"{SUMMARY}renewal/"))
    assert f"The renewal’s total before tax {total}" in page
    assert (f"$1.00 → ${unit}" in page) is changes
    assert ("Nothing: the same products renew at the same prices." in page) is not changes
    # Twelve months ahead.
    assert total in text(open_as("olivia", f"{SUMMARY}forecast/"))
    # A quote for one seat more: the days left at 1.00, the renewal at the other price.
    olivia = acting.occasion(by=people.user("olivia"), on=TODAY)
    quote = quotes.draw_up(acme, [AddSeats("support", 11)], occasion=olivia)
    review = text(open_as("olivia", f"/a/acme/billing/quotes/{quote.pk}/"))
    assert "$3.45" in review
    assert f"${float(unit) * 11 * 12:,.2f}" in review
    # The letter before the renewal, on its day.
    day = datetime(2023, 9, 27, 12, tzinfo=UTC)
    Account.objects.update(clock=day)
    assert reminders.remind(acme.pk, occasion=Occasion.of(acme, day).by_itself())
    body = mail.message(Letter.objects.filter(kind="renewal_coming").order_by("pk")[0]).body
    assert total in body
    assert (f"from $1.00 to ${unit}" in body) is changes
    # The invoice of the renewal, its line with the price it has.
    renewal.renew(acme.pk, occasion=acting.occasion(on=RENEWS))
    invoice = Invoice.objects.get()
    assert to_minor(invoice.subtotal.amount, "USD") == round(float(unit) * 100) * 120
    Account.objects.update(clock=datetime(2023, 10, 27, 14, tzinfo=UTC))
    shown = text(open_as("olivia", f"/a/acme/billing/invoices/{invoice.number}/"))
    assert total in shown
    assert f"10 seats × ${unit} × 12 months = {total}" in shown
    assert ("Price List price in force from 1 January 2020" in shown) is (decided is ended)


def test_a_quote_from_before_is_shown_anew_with_the_reason(db: None) -> None:
    acme = account()
    olivia = acting.occasion(by=people.user("olivia"), on=TODAY)
    quote = quotes.draw_up(acme, [AddSeats("support", 11)], occasion=olivia)
    agreed(acme)
    with pytest.raises(quotes.QuoteChanged) as changed:
        quotes.confirm(quote.pk, occasion=olivia)
    # 11 × 1.00 × 12 was shown for the renewal, 11 × 0.80 × 12 it is.
    found = differences(changed.value.old, quote_json.load(changed.value.new.document))
    assert [(one.code, one.data["old"], one.data["new"]) for one in found if one.code == "new_price"] == [
        ("new_price", 100, 80)
    ]


def test_where_costs_are_not_shown_no_face_names_the_price(db: None) -> None:
    acme = account()
    agreed_for_a_year(acme)
    Account.objects.update(type="managed")
    for page in (SUMMARY, f"{SUMMARY}renewal/", "/a/acme/activity/"):
        seen = text(open_as("olivia", page))
        assert "$" not in seen
        assert "0.80" not in seen
