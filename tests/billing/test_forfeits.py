"""What is forfeited and owed on the sheet of a cancellation, counted as the invoices counted it."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from djmoney.money import Money

from accounts.models import Account
from billing import cancellation, quotes, renewal
from billing.models import BalanceEntry, InvoiceLine, TemporarySeats
from billing.rules.changes import BuyTemporarySeats
from tests import acting, people, shop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("acting")]
NOON = datetime(2023, 1, 11, 12, tzinfo=UTC)


def monthly(tax_percent: Decimal | None = None) -> Account:
    """Return Acme with one seat of Support Professional at 30.00 a month from 1 January 2023, by transfer."""
    account = people.acme(timezone="UTC")
    shop.subscribe(
        account,
        {"support": ("professional", 1, "30.00")},
        start=date(2023, 1, 1),
        cycle="monthly",
        tax_percent=tax_percent,
    )
    Account.objects.filter(pk=account.pk).update(collection_method="send_invoice")
    return account


def lent(account: Account, start: date, days: int) -> None:
    """Buy a temporary seat of Support on 10 January."""
    bilal, on = people.user("bilal"), date(2023, 1, 10)
    with acting.at(datetime(2023, 1, 10, 12, tzinfo=UTC)):
        quote = quotes.draw_up(
            account, [BuyTemporarySeats("support", 1, start, days)], occasion=acting.occasion(by=bilal, on=on)
        )
        quotes.confirm(quote.pk, occasion=acting.occasion(by=bilal, on=on))


@pytest.mark.parametrize(
    ("on", "left"),
    [
        (date(2023, 1, 31), 6000),
        (date(2023, 2, 15), 4500),  # 30.00 × 14/28 + 30.00
        (date(2023, 3, 1), 3000),  # the invoice's own line of March, and not 60.00 × 31/59 = 31.53
        (date(2023, 3, 11), 2032),  # 30.00 × 21/31 = 20.322…
    ],
)
def test_temporary_seats_are_forfeited_as_their_invoice_counted_them(on: date, left: int) -> None:
    """Seen with a linear share of the days: 31.53 on 1 March."""
    account = monthly()
    # A seat for February and March: two lines of 30.00.
    lent(account, date(2023, 2, 1), 59)
    assert [str(one.amount) for one in InvoiceLine.objects.order_by("position")] == ["$30.00", "$30.00"]
    renewal.renew(account.pk, occasion=acting.occasion(on=on, at=NOON))
    found = [one for one in cancellation.consequences(account, on).forfeits if one.temporary]
    assert [(one.amount, one.until) for one in found] == [(left, date(2023, 4, 1))]
    # Without a document (brought in, or nothing was due) the periods say the same.
    with_document = found[0].amount
    TemporarySeats.objects.update(created_at=datetime(2022, 1, 1, tzinfo=UTC))
    (one,) = [one for one in cancellation.consequences(account, on).forfeits if one.temporary]
    assert one.amount == with_document


def test_the_sheet_counts_tax_as_the_invoices_did() -> None:
    account = monthly(Decimal(20))
    lent(account, date(2023, 1, 10), 12)
    on = date(2023, 1, 11)
    sheet = cancellation.consequences(account, on)
    # 30.00 × 21/31 = 20.32 of the line; 30.00 × 11/31 = 10.65 of the seats; 20 % on 30.97 = 6.194
    assert [one.amount for one in sheet.forfeits] == [2032, 1065]
    assert [(line.rate, line.base, line.amount) for line in sheet.taxes] == [(Decimal(20), 3097, 619)]
    assert (sheet.forfeited_net, sheet.forfeited) == (3097, 3716)
    # 30.00 × 12/31 = 11.61 and 20 % = 2.32: the invoice of the seats is open, with its tax.
    assert (sheet.taxed, sheet.owed) == (True, 1393)


def test_a_negative_balance_is_owed() -> None:
    """Thirty cents that were too small to collect stay due: seen as 0.00 owed."""
    account = monthly()
    BalanceEntry.objects.create(
        subscription_id=account.pk, amount=Money("-0.30", "USD"), reason="brought_in", created_at=NOON
    )
    sheet = cancellation.consequences(account, date(2023, 1, 11))
    assert (sheet.owed, sheet.carried_over, sheet.balance) == (30, 30, 0)
