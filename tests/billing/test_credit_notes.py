"""The vendor's staff credit lines of an invoice: to the balance, given back, or set off."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from djmoney.money import Money

from accounts.models import Account, Activity, Letter
from billing import account_statements, bank_payments, credit_notes, documents, quotes, refunds, renewal
from billing.models import (
    BalanceEntry,
    BankPayment,
    Charge,
    Invoice,
    InvoicePayment,
    PaidSegment,
    PaymentMethod,
    Refund,
)
from billing.rules.changes import AddSeats
from billing.rules.credit_notes import CreditRefusal
from billing.rules.documents import PaymentMeans
from billing.rules.statements import MovementKind
from billing.storage import dunning
from tests import acting, people, shop
from tests.billing.test_refunds import kept, victor

pytestmark = pytest.mark.django_db(transaction=True)
RENEWS = date(2023, 10, 27)
NOON = datetime(2023, 10, 27, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _acts_at_noon() -> Any:
    with acting.at(NOON):
        yield


def renewed(method: str = "test_approves", **fields: Any) -> Invoice:
    """Renew Acme: 10 × 12 × 1.00 = 120.00, with 20 % of tax 144.00."""
    account = people.acme(timezone="UTC", **fields)
    lines = {"support": ("team", 10, "1.00")}
    shop.subscribe(account, lines, start=date(2022, 10, 27), tax_percent=Decimal(20))
    if method:
        PaymentMethod.objects.create(
            subscription_id=account.pk, kind="card", brand="Visa", last_four="4242", reference=method
        )
    renewal.renew(account.pk, occasion=acting.occasion(on=RENEWS))
    return Invoice.objects.get()


def credit(
    invoice: Invoice, parts: dict[int, int], *, refunded: bool = False, reason: str = "Our fault"
) -> Invoice:
    occasion = acting.occasion(people.vera(), RENEWS)
    return credit_notes.issue(invoice.pk, parts, reason=reason, refunded=refunded, occasion=occasion)


def refused(invoice: Invoice, parts: dict[int, int], **how: bool) -> CreditRefusal:
    with pytest.raises(credit_notes.NotCredited) as no:
        credit(invoice, parts, **how)
    return no.value.why


def balance() -> Decimal:
    return sum((one.amount.amount for one in BalanceEntry.objects.all()), Decimal(0))


def closing() -> int:
    return account_statements.read(Account.objects.get(), date(2023, 1, 1), date(2023, 12, 31)).closing


@pytest.mark.parametrize(
    ("parts", "total", "left"),
    [
        # 50.00 and 20 % are 60.00; 120.00 − 50.00 = 70.00 may still be credited.
        ([5000], ["-60.00"], 7000),
        ([5000, 7000], ["-60.00", "-84.00"], 0),
        ([12000], ["-144.00"], 0),
        # 0.01 and 20 % of it, rounded to 0.00.
        ([1], ["-0.01"], 11999),
    ],
)
def test_parts_of_a_line_go_to_the_balance(parts: list[int], total: list[str], left: int) -> None:
    invoice = renewed()
    notes = [credit(invoice, {1: part}) for part in parts]
    assert [f"{note.total.amount:.2f}" for note in notes] == total
    assert [one.left for one in credit_notes.creditable(invoice)] == [left]
    assert refused(invoice, {1: left + 1}) is CreditRefusal.TOO_MUCH
    assert balance() == -sum(note.total.amount for note in notes)
    # Paid, and so the vendor owes what was credited.
    assert closing() == -int(balance() * 100)
    for note in notes:
        assert (note.kind, note.reason) == ("credit_note", "correction")
        assert note.corrects == [{"number": "INV-000001", "issued_on": "2023-10-27"}]
        (line,) = note.lines.all()
        assert line.credits == invoice.lines.get()
        assert line.taxes == invoice.lines.get().taxes
    assert list(documents.changed()) == []


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({}, CreditRefusal.NOTHING),
        ({2: 100}, CreditRefusal.NOTHING),
        ({1: 0}, CreditRefusal.TOO_MUCH),
        ({1: -100}, CreditRefusal.TOO_MUCH),
        ({1: 12001}, CreditRefusal.TOO_MUCH),
    ],
)
def test_what_can_not_be_credited_changes_nothing(parts: dict[int, int], why: CreditRefusal) -> None:
    invoice = renewed()
    assert refused(invoice, parts) is why
    assert Invoice.objects.count() == 1
    assert not BalanceEntry.objects.exists()


def test_a_note_is_told_with_its_reason_and_names_no_staff() -> None:
    note = credit(renewed(), {1: 5000}, reason="Two weeks of outages")
    assert note.caused_by == ""
    letters = Letter.objects.filter(kind="invoice_issued", facts__invoice=note.number).order_by("pk")
    assert letters.count() == 2
    assert letters[0].facts["reason"] == "Two weeks of outages"
    entry = Activity.objects.get(verb="credit_note_issued")
    assert (entry.actor_name, entry.reason, entry.invoice) == (
        "Vera Vance",
        "Two weeks of outages",
        "CN-000001",
    )
    assert entry.after == {"amount": {"minor": 6000, "currency": "USD"}}


def test_a_note_is_given_back() -> None:
    """50.00 and tax are 60.00: of 144.00 the provider keeps 84.00, and nothing stays on the balance."""
    note = credit(renewed(), {1: 5000}, refunded=True)
    refund = Refund.objects.get()
    assert (refund.state, refund.credit_note, kept()) == ("succeeded", note, 8400)
    assert (balance(), closing()) == (0, 0)
    terms = documents.read(note).payment
    assert (terms.means, terms.brand, terms.last_four) == (PaymentMeans.REFUND, "Visa", "4242")


def test_a_note_above_the_limit_stays_on_the_balance_until_a_second_person_approves(settings: Any) -> None:
    settings.REFUND_LIMITS = {"USD": 5000}
    note = credit(renewed(), {1: 5000}, refunded=True)
    assert documents.read(note).payment.means is PaymentMeans.NONE
    refund = Refund.objects.get()
    assert (refund.state, balance(), kept()) == ("requested", 60, 14400)
    refunds.approve(refund.pk, reason="Seen", occasion=acting.occasion(victor(), RENEWS))
    assert (balance(), kept(), closing()) == (0, 8400, 0)


def test_what_no_charge_paid_is_not_given_back() -> None:
    invoice = renewed(method="", collection_method="send_invoice")
    assert refused(invoice, {1: 5000}, refunded=True) is CreditRefusal.NOT_CHARGED
    assert Invoice.objects.count() == 1


def test_what_was_given_back_before_is_not_given_back_again() -> None:
    """144.00 went back without a note: of a note's 60.00 nothing is left to give, and none is written."""
    invoice = renewed()
    charge = Charge.objects.get()
    occasion = acting.occasion(people.vera(), RENEWS)
    refunds.request(charge.pk, 14400, reason="Our fault", occasion=occasion, may_be_owed=True)
    assert refused(invoice, {1: 5000}, refunded=True) is CreditRefusal.NOT_CHARGED
    assert Invoice.objects.count() == 1


def test_while_a_charge_is_on_its_way_nothing_is_credited() -> None:
    invoice = renewed("test_asks_3ds")
    assert Charge.objects.get().state == Charge.State.ACTION
    assert refused(invoice, {1: 5000}) is CreditRefusal.UNDER_WAY
    assert Invoice.objects.count() == 1


def test_more_than_was_charged_is_not_given_back() -> None:
    """44.00 of the 144.00 went back before: of a credit of all of it 100.00 can, 44.00 stay."""
    invoice = renewed()
    occasion = acting.occasion(people.vera(), RENEWS)
    refunds.request(Charge.objects.get().pk, 4400, reason="x", may_be_owed=True, occasion=occasion)
    credit(invoice, {1: 12000}, refunded=True)
    assert (kept(), balance(), closing()) == (0, 0, 0)


# --- An open invoice ---------------------------------------------------------------------------------


def test_a_credit_settles_an_open_invoice_and_opens_the_account() -> None:
    """Declined: 144.00 are open. A card is charged whole: 60.00 stay on the balance, with 84.00 all is."""
    invoice = renewed("test_declines")
    assert Account.objects.get().state == "past_due"
    first = credit(invoice, {1: 5000})
    assert documents.read(first).payment.means is PaymentMeans.NONE
    assert (balance(), bank_payments.left_of(invoice), closing()) == (60, 14400, 8400)
    second = credit(invoice, {1: 7000})
    assert documents.read(second).payment.means is PaymentMeans.SET_OFF
    assert (balance(), bank_payments.left_of(invoice), closing()) == (0, 0, 0)
    assert InvoicePayment.objects.get(invoice=invoice).from_balance
    assert Account.objects.get().state == "active"


def test_by_transfer_a_credit_takes_off_what_is_left_to_pay() -> None:
    """144.00 − 60.00 = 84.00, which a transfer then pays."""
    invoice = renewed(method="", collection_method="send_invoice")
    credit(invoice, {1: 5000})
    assert (balance(), bank_payments.left_of(invoice), closing()) == (0, 8400, 8400)
    asked = dunning.of_invoice(invoice)
    assert asked is not None
    assert (asked.left, asked.unpaid.by_transfer) == (8400, True)
    payment = BankPayment.objects.create(
        bank_id="B-1", received_on=RENEWS, amount=Money("84", "USD"), loaded_at=NOON
    )
    vera = acting.occasion(people.vera(), RENEWS)
    bank_payments.book(payment.pk, {invoice.number: 8400}, reason="Told us", occasion=vera)
    assert (bank_payments.left_of(invoice), closing()) == (0, 0)
    told = account_statements.read(Account.objects.get(), date(2023, 1, 1), date(2023, 12, 31))
    assert {(row.movement.kind, row.movement.amount) for row in told.rows} == {
        (MovementKind.INVOICED, 14400),
        (MovementKind.CREDITED, -6000),
        (MovementKind.PAID, -8400),
    }


# --- What changes gave back, and give back later -----------------------------------------------------


def test_what_changes_gave_back_is_not_credited_again() -> None:
    """On 14 July 11 seats: −34.52 + 37.97 = 3.45; then 12: −37.97 + 41.42. Of the first all is gone.

    Of the 41.42 then 20.00 are credited: a thirteenth seat gives back 21.42 of them, and not 41.42.
    """
    account = people.acme(timezone="UTC")
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    PaymentMethod.objects.create(
        subscription_id=account.pk, kind="card", last_four="4242", reference="test_approves"
    )
    day = date(2023, 7, 14)
    with acting.at(datetime(2023, 7, 14, 12, tzinfo=UTC)):
        by = acting.occasion(people.user("olivia"), day)

        def buy(seats: int) -> Invoice:
            quote = quotes.draw_up(account, [AddSeats("support", seats)], occasion=by)
            quotes.confirm(quote.pk, occasion=by)
            return Invoice.objects.latest("pk")

        first, second = buy(11), buy(12)
        assert [(one.line.position, one.left) for one in credit_notes.creditable(first)] == [(2, 0)]
        assert [one.left for one in credit_notes.creditable(second)] == [4142]
        vera = acting.occasion(people.vera(), day)
        credit_notes.issue(second.pk, {2: 2000}, reason="Our fault", occasion=vera)
        segment = PaidSegment.objects.get(covers_from=day)
        assert (segment.charged.amount, segment.credited.amount) == (Decimal("41.42"), Decimal("20"))
        third = buy(13)
    back, on = third.lines.order_by("position")
    assert (back.amount.amount, on.amount.amount) == (Decimal("-21.42"), Decimal("44.88"))


def test_only_staff_with_a_reason() -> None:
    invoice = renewed()
    olivia = acting.occasion(people.user("olivia"), RENEWS)
    with pytest.raises(PermissionDenied):
        credit_notes.issue(invoice.pk, {1: 100}, reason="x", occasion=olivia)
    with pytest.raises(ValueError, match="say why"):
        credit(invoice, {1: 100}, reason=" ")
    note = credit(invoice, {1: 100})
    # A credit note is not credited.
    assert refused(note, {1: 100}) is CreditRefusal.NOTHING
