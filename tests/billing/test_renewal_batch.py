"""Many renew together as each does alone: the same rows by the same statements; none spoils the others."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from djmoney.money import Money

from accounts.models import Account, Activity, Letter
from billing import documents, renewal_batch
from billing.models import (
    AgentSeat,
    BalanceEntry,
    BillingProfile,
    ChangeRequest,
    Discount,
    Edition,
    Invoice,
    InvoiceRecipient,
    Line,
    PaidSegment,
    PaymentMethod,
    ScheduledChange,
    Subscription,
    TemporarySeats,
)
from tests import shop, taxed
from tests.billing.renewing import AT, RENEWS, START, TOTAL, customer, occasion_of, run, statements
from tests.sweeps.asking import tables

# --- Of every kind --------------------------------------------------------------------------------


def schedules(account: Account, kind: str, product: str | None = None, **values: Any) -> None:
    line = shop.line(account, product) if product else None
    if edition := values.pop("edition", None):
        values["edition"] = Edition.objects.get(product=line.product, key=edition)
    ScheduledChange.objects.create(
        subscription_id=account.pk, line=line, kind=kind, takes_effect_on=RENEWS, created_at=AT, **values
    )


def plain(number: int) -> Account:
    return customer(number)


def french_by_invoice(number: int) -> Account:
    account = customer(number, collection_method="send_invoice", currency="EUR", language="fr")
    profile = taxed.place(account, "FR")
    BillingProfile.objects.filter(pk=profile.pk).update(legal_name='"C"\\SARL', purchase_order="PO\\7")
    for email in ("books@c.example", f"owner{number}@c{number}.example"):
        InvoiceRecipient.objects.create(profile=profile, email=email, name="Livres", language="fr")
    return account


def with_discounts(number: int) -> Account:
    account = customer(number, tax_percent=Decimal("8.875"))
    own = {"subscription_id": account.pk, "created_at": AT}
    Discount.objects.create(code="ONCE", kind="percent", source="promo", percent=10, periods_left=1, **own)
    Discount.objects.create(
        code="THRICE", kind="fixed", source="coupon", amount=Money(25, "USD"), periods_left=3, **own
    )
    Discount.objects.create(
        code="GUIDE", kind="percent", source="coupon", percent=5, products=["guide"], **own
    )
    return account


def with_reduction_and_upgrade(number: int) -> Account:
    account = customer(number)
    schedules(account, "quantity", "support", quantity=4)
    schedules(account, "edition", "support", edition="professional")
    schedules(account, "removal", "guide")
    TemporarySeats.objects.create(
        subscription_id=account.pk, line=shop.line(account, "guide"), quantity=2, created_at=AT,
        starts_on=date(2023, 10, 1), ends_on=date(2023, 12, 1), charged=Money(10, "USD"),
    )  # fmt: skip
    return account


def with_a_suite_that_falls_apart(number: int) -> Account:
    account = customer(number, {"suite": ("team", 5, "35.00")})
    line = shop.line(account, "suite")
    for member in account.memberships.all():
        AgentSeat.objects.create(subscription_id=account.pk, line=line, membership=member)
    schedules(account, "removal", "suite", leaving=["talk"])
    return account


def with_yen_and_a_new_cycle(number: int) -> Account:
    account = customer(number, {"support": ("team", 10, "1000")}, currency="JPY", cycle="monthly")
    Subscription.objects.filter(pk=account.pk).update(
        anchor=date(2023, 9, 27), period_start=date(2023, 9, 27), period_end=RENEWS, paid_until=RENEWS
    )
    PaidSegment.objects.filter(subscription_id=account.pk).update(
        covers_from=date(2023, 9, 27), covers_until=RENEWS, term_start=date(2023, 9, 27), term_end=RENEWS
    )
    Line.objects.filter(subscription_id=account.pk).update(began_on=date(2023, 9, 27))
    schedules(account, "cycle", cycle="annual")
    return account


def with_a_balance(number: int) -> Account:
    account = customer(number)
    BalanceEntry.objects.create(
        subscription_id=account.pk, amount=Money(1000, "USD"), reason="brought_in", created_at=AT
    )
    return account


def of_cents(number: int) -> Account:
    return customer(number, {"guide": ("team", 1, "0.03")})


def whose_price_ends(number: int) -> Account:
    account = customer(number)
    Line.objects.filter(subscription_id=account.pk).update(price_ends_on=RENEWS)
    return account


def managed(number: int) -> Account:
    return customer(number, type="managed")


def after_a_suspension(number: int) -> Account:
    account = customer(number)
    Subscription.objects.filter(pk=account.pk).update(resumes_on=date(2023, 10, 29))
    return account


def without_a_method(number: int) -> Account:
    account = customer(number)
    PaymentMethod.objects.filter(subscription_id=account.pk).delete()
    return account


def that_ends(number: int) -> Account:
    account = customer(number)
    schedules(account, "cancellation")
    return account


def broken(number: int) -> Account:
    account = customer(number)
    Subscription.objects.filter(pk=account.pk).update(anchor=START.replace(day=12))
    return account


def asked_for_something(number: int) -> Account:
    account = customer(number)
    ChangeRequest.objects.create(
        subscription_id=account.pk, requester=account.memberships.order_by("pk")[1].user, created_at=AT,
        changes=[{"change": "add_seats", "product": "guide", "quantity": 3}],
        expires_at=AT.replace(year=2024),
    )  # fmt: skip
    return account


TOGETHER: list[Callable[[int], Account]] = [
    plain, french_by_invoice, with_discounts, with_reduction_and_upgrade, with_a_suite_that_falls_apart,
    with_yen_and_a_new_cycle, with_a_balance, of_cents, whose_price_ends, managed, after_a_suspension,
]  # fmt: skip
ALONE: list[Callable[[int], Account]] = [without_a_method, that_ends, broken, asked_for_something]


# --- The same rows --------------------------------------------------------------------------------


def rows() -> dict[str, list[str]]:
    """Return every row of every table but for ids and times; what refers to a new row names it instead."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT oid::regclass::text FROM unnest(ARRAY[{tables()}]::oid[]) AS oid")
        names = [name for (name,) in cursor.fetchall()]
        cursor.execute("SELECT id, number FROM billing_invoice")
        invoices = dict(cursor.fetchall())
        cursor.execute("SELECT id, concat_ws(' ', subscription_id, product_id, began_on) FROM billing_line")
        lines = dict(cursor.fetchall())
        found = {}
        for name in names:
            cursor.execute(f"SELECT to_jsonb(t) FROM {name} t")
            stored = [json.loads(row) for (row,) in cursor.fetchall()]
            found[name] = sorted(
                json.dumps(
                    {
                        key: value
                        for key, value in one.items()
                        if key not in ("id", "created_at", "assigned_at")
                    }
                    | ({"invoice_id": invoices[one["invoice_id"]]} if one.get("invoice_id") else {})
                    | ({"line_id": lines[one["line_id"]]} if one.get("line_id") else {}),
                    sort_keys=True,
                )
                for one in stored
            )
    return found


@contextmanager
def undone() -> Iterator[None]:
    undo = transaction.savepoint()
    yield
    transaction.savepoint_rollback(undo)


@pytest.mark.breaks_invariants
def test_together_and_alone_give_the_same_rows(db: None) -> None:
    taxed.rates()
    accounts = [make(number) for number, make in enumerate(TOGETHER + ALONE)]
    ids = [account.pk for account in accounts]
    before = rows()
    with undone():
        batch = renewal_batch.renew(ids, occasion_of)
        assert (batch.renewed, sorted(batch.aside)) == (len(TOGETHER), ids[len(TOGETHER) :])
        for pk in batch.aside:
            renewal_batch.renew([pk], occasion_of, alone=True)
        together = rows()
        assert list(documents.changed()) == []
        numbers = Invoice.objects.order_by("number").values_list("number", flat=True)
        # Two of those that are done alone issue one too; what ends and what is broken do not.
        assert list(numbers) == [f"INV-{number:06d}" for number in range(1, len(TOGETHER) + 3)]
    with undone():
        for pk in [*ids[: len(TOGETHER)], *batch.aside]:
            renewal_batch.renew([pk], occasion_of, alone=True)
        alone = rows()
    written = {name.partition("_")[2] for name in together if together[name] != before[name]}
    assert written >= {
        *("account", "activity", "letter", "agentseat", "balanceentry", "charge", "discount", "invoice"),
        *("invoiceline", "invoicepayment", "line", "numbering", "paidsegment", "scheduledchange"),
        *("subscription", "temporaryseats"),
    }
    for name, found in together.items():
        assert found == alone[name], name


def test_what_three_lines_cost_is_written_whole(db: None) -> None:
    account = customer(1)
    assert run() == (1, 0)
    invoice = Invoice.objects.get()
    assert (invoice.total, invoice.number) == (Money(TOTAL, "USD"), "INV-000001")
    assert [str(line.amount.amount.normalize()) for line in invoice.lines.all()] == ["1.2E+2", "216", "2E+2"]
    stored = Subscription.objects.get()
    assert (stored.period_start, stored.paid_until) == (RENEWS, date(2024, 10, 27))
    assert stored.segments.filter(covers_from=RENEWS, covers_until=date(2024, 10, 27)).count() == 3
    charge = invoice.charges.get()
    assert (charge.amount, charge.method, charge.state) == (Money(TOTAL, "USD"), "test_approves", "created")
    entry = Activity.objects.get(account=account, verb="subscription_renewed")
    assert (entry.invoice, entry.after["paid_until"]) == ("INV-000001", "2024-10-27")
    told = dict(Letter.objects.filter(kind="subscription_renewed").values_list("to", "language"))
    assert told == {"owner1@c1.example": "en", "admin1@c1.example": "fr"}
    assert run() == (0, 0)


# --- In a fixed number of statements --------------------------------------------------------------


def test_thirty_take_the_statements_of_three_and_bind_as_many_values(db: None) -> None:
    """However many are due: a statement holds at most 65,535 values, so that they are bound as arrays."""
    taxed.rates()
    kinds = [french_by_invoice, with_discounts, with_reduction_and_upgrade]
    few = [kinds[number](number).pk for number in range(3)]
    many = [kinds[number % 3](number).pk for number in range(3, 33)]
    # The catalogue and its taxes are read once.
    renewal_batch.renew([kinds[number % 3](number).pk for number in range(33, 36)], occasion_of)
    seen = []
    for ids in (few, many):
        with statements() as own:
            assert renewal_batch.renew(ids, occasion_of).renewed == len(ids)
        seen.append(own)
    assert seen[0] == seen[1]
    assert Invoice.objects.count() == 36
