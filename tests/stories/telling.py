"""What stories are told with: an account that pays by card, and Olivia who changes it."""

from datetime import UTC, date, datetime, time
from typing import Any

from accounts.models import Account
from billing import quotes, renewal
from billing.models import Invoice, PaymentMethod
from billing.rules.facts import Facts
from billing.storage import loading
from tests import acting, people, shop


def open_account(
    lines: dict[str, tuple[str, int, str]], *, start: date, cycle: str = "annual", **fields: Any
) -> Account:
    """Open Acme with lines `{product: (edition, quantity, unit price)}`, paid from `start`."""
    tax = fields.pop("tax_percent", None)
    account = people.acme(timezone="UTC", **fields)
    shop.subscribe(account, lines, start=start, cycle=cycle, tax_percent=tax)
    PaymentMethod.objects.create(
        subscription_id=account.pk, kind="card", brand="Visa", last_four="4242", reference="test_approves"
    )
    return account


def change(account: Account, on: date, *changes: Any) -> Invoice | None:
    """Let Olivia draw up and confirm changes on a day; return the invoice, None where there is none."""
    olivia = people.user("olivia")
    with acting.at(noon(on)):
        quote = quotes.draw_up(account, changes, occasion=acting.occasion(by=olivia, on=on))
        confirmed = quotes.confirm(quote.pk, occasion=acting.occasion(by=olivia, on=on))
    assert confirmed.state == "confirmed", confirmed.failure
    return Invoice.objects.filter(quote=confirmed).first()


def renew(account: Account, on: date) -> list[str]:
    """Renew what is due on a day; return the totals."""
    with acting.at(noon(on)):
        return [
            f"{one.total.amount.normalize():f}"
            for one in renewal.renew(account.pk, occasion=acting.occasion(on=on, at=noon(on)))
        ]


def noon(on: date) -> datetime:
    """Return noon of a day."""
    return datetime.combine(on, time(12), UTC)


def stored(account: Account, on: date) -> Facts:
    """Return what is stored, frozen."""
    account.refresh_from_db()
    reading = loading.read(account, on, holders=True)
    assert reading is not None
    return reading.facts
