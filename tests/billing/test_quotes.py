"""What is shown is what is charged: drawing up, confirming, holding, undoing, on real transactions.

Acme is the ledger of domain.md 6: ten seats at a grandfathered 1.00 USD a month, paid for the year
2022-10-27 → 2023-10-27; today is 2023-07-14, 105 days before its end.
"""

from datetime import date, timedelta
from typing import Any

import pytest
from djmoney.money import Money

from accounts.models import Account, Activity, Letter
from accounts.rules.decision import NotAllowed
from billing import payment_methods, payments, quote_json, quotes, reconciliation, renewal
from billing.models import (
    Charge,
    Invoice,
    InvoicePayment,
    Line,
    PaidSegment,
    PaymentMethod,
    Quote,
    SandboxPayment,
    SandboxSetup,
    ScheduledChange,
    Subscription,
)
from billing.rules.changes import AddProduct, AddSeats, ChangeEdition, ReduceSeats
from billing.rules.refusals import HeldChange, NoSuchLine, PastDue
from tests import acting, people, shop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("acting")]
TODAY = date(2023, 7, 14)


@pytest.fixture
def ledger() -> Account:
    account = people.acme(timezone="UTC")
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    pay_by(account, "test_approves")
    return account


def pay_by(account: Account, reference: str, kind: str = "card") -> None:
    PaymentMethod.objects.update_or_create(
        subscription_id=account.pk,
        defaults={"kind": kind, "brand": "Visa", "last_four": "4242", "reference": reference},
    )


def draw(account: Account, *changes: Any, by: str = "olivia") -> Quote:
    return quotes.draw_up(account, changes, occasion=acting.occasion(by=people.user(by), on=TODAY))


def confirm(quote: Quote, by: str = "olivia", on: date = TODAY) -> Quote:
    return quotes.confirm(quote.pk, occasion=acting.occasion(by=people.user(by), on=on))


def amounts(invoice: Invoice) -> list[str]:
    return [str(line.amount.amount) for line in invoice.lines.all()]


def test_a_credit_of_less_than_its_arithmetic_says_so_on_the_invoice(ledger: Account) -> None:
    PaidSegment.objects.update(credited=Money("100", "USD"))
    confirm(draw(ledger, AddSeats("support", 11)))
    # 120.00 were charged and 100.00 given back: 20.00 are left to give back, not 34.52.
    lines = [(str(line.gross.amount), line.capped) for line in Invoice.objects.get().lines.all()]
    assert lines == [("-20.000", True), ("37.970", False)]


def test_one_more_seat_costs_what_the_real_invoice_said(ledger: Account) -> None:
    quote = draw(ledger, AddSeats("support", 11))
    # −10 × 1.00 × 12 × 105/365 = −34.52; 11 × 1.00 × 12 × 105/365 = 37.97
    assert [line.amount for line in quote_json.load(quote.document).lines] == [-3452, 3797]
    confirmed = confirm(quote)
    assert confirmed.state == Quote.State.CONFIRMED
    invoice = Invoice.objects.get()
    assert amounts(invoice) == ["-34.520", "37.970"]
    assert (str(invoice.total), invoice.number, invoice.caused_by) == ("$3.45", "INV-000001", "Olivia Owens")
    assert shop.line(ledger, "support").quantity == 11
    assert [payment.amount for payment in SandboxPayment.objects.all()] == [345]
    assert Subscription.objects.get().version == 2
    entry = Activity.objects.get(verb="subscription_changed")
    assert (entry.before["lines"], entry.after["lines"]) == (
        {"support": {"edition": "team", "quantity": 10}},
        {"support": {"edition": "team", "quantity": 11}},
    )
    assert entry.invoice == "INV-000001"
    assert set(Letter.objects.values_list("to", flat=True)) == {"olivia@acme.example", "bilal@acme.example"}


def test_confirming_again_shows_the_same_receipt(ledger: Account) -> None:
    quote = draw(ledger, AddSeats("support", 11))
    assert confirm(quote).pk == confirm(quote).pk
    assert (Invoice.objects.count(), SandboxPayment.objects.count(), Letter.objects.count()) == (1, 1, 2)


def test_someone_else_bought_meanwhile_so_the_new_quote_is_shown(ledger: Account) -> None:
    olivias = draw(ledger, AddSeats("support", 14))
    confirm(draw(ledger, AddSeats("support", 12), by="bilal"), by="bilal")
    with pytest.raises(quotes.QuoteChanged) as changed:
        confirm(olivias)
    assert (changed.value.old.version, changed.value.new.version) == (1, 2)
    # 10 → 14: 48.33 − 34.52 = 13.81; 12 → 14: 48.33 − 41.42 = 6.91
    assert changed.value.old.due == 1381
    assert quote_json.load(changed.value.new.document).due == 691
    assert Invoice.objects.count() == 1


def test_midnight_passed_and_every_line_is_another(ledger: Account) -> None:
    quote = draw(ledger, AddSeats("support", 11))
    with pytest.raises(quotes.QuoteChanged) as changed:
        confirm(quote, on=TODAY + timedelta(days=9))
    # 9 days later: 96 of 365 days are left: 11 × 12 × 96/365 − 10 × 12 × 96/365 = 34.72 − 31.56
    assert quote_json.load(changed.value.new.document).settlement.due == 316
    assert Invoice.objects.count() == 0


def test_a_reduction_waits_and_can_be_undone(ledger: Account) -> None:
    confirm(draw(ledger, ReduceSeats("support", 5)))
    change = ScheduledChange.objects.get()
    assert (change.quantity, change.takes_effect_on) == (5, date(2023, 10, 27))
    assert Invoice.objects.count() == SandboxPayment.objects.count() == 0
    quotes.undo(change.pk, occasion=acting.occasion(by=people.user("bilal"), on=TODAY))
    assert not ScheduledChange.objects.exists()
    assert Activity.objects.get(verb="change_undone").after["scheduled"] == []
    assert Subscription.objects.get().version == 3


def test_a_declined_card_changes_nothing_and_says_why(ledger: Account) -> None:
    pay_by(ledger, "test_declines_funds")
    failed = confirm(draw(ledger, AddSeats("support", 11)))
    assert (failed.state, failed.failure) == (Quote.State.FAILED, "insufficient_funds")
    assert shop.line(ledger, "support").quantity == 10
    assert Invoice.objects.count() == 0


def test_three_d_secure_holds_the_change_and_refuses_others(ledger: Account) -> None:
    pay_by(ledger, "test_asks_3ds")
    held = confirm(draw(ledger, AddSeats("support", 11)))
    assert held.state == Quote.State.HELD
    assert held.charge.action_url
    with pytest.raises(HeldChange):
        draw(ledger, AddSeats("support", 12), by="bilal")
    SandboxPayment.objects.update(status="succeeded")
    payments.reconcile_charge(held.charge.pk, occasion=acting.occasion())
    held.refresh_from_db()
    assert held.state == Quote.State.CONFIRMED
    assert shop.line(ledger, "support").quantity == 11
    assert InvoicePayment.objects.get().charge == held.charge


@pytest.mark.parametrize(
    ("method", "state", "seats", "paid"),
    [
        ("test_times_out_paid", Quote.State.CONFIRMED, 11, 345),
        ("test_answers_rubbish", Quote.State.CONFIRMED, 11, 345),
        ("test_lost_once", Quote.State.CONFIRMED, 11, 345),
        ("test_times_out_unpaid", Quote.State.FAILED, 10, 0),
    ],
)
def test_silence_is_settled_by_asking(
    ledger: Account, method: str, state: str, seats: int, paid: int
) -> None:
    pay_by(ledger, method)
    held = confirm(draw(ledger, AddSeats("support", 11)))
    assert held.state == Quote.State.HELD
    reconciliation.reconcile(acting.now() + timedelta(minutes=1))
    held.refresh_from_db()
    assert held.state == state
    assert shop.line(ledger, "support").quantity == seats
    assert sum(p.amount for p in SandboxPayment.objects.filter(status="succeeded")) == paid
    assert reconciliation.reconcile(acting.now() + timedelta(minutes=1)) == 0


def test_a_success_after_withdrawing_is_refunded(ledger: Account) -> None:
    pay_by(ledger, "test_asks_3ds")
    held = confirm(draw(ledger, AddSeats("support", 11)))
    Quote.objects.filter(pk=held.pk).update(state=Quote.State.WITHDRAWN)
    SandboxPayment.objects.update(status="succeeded")
    payments.reconcile_charge(held.charge.pk, occasion=acting.occasion())
    charge = Charge.objects.get()
    assert charge.refund_due
    assert charge.refunded_at is not None
    assert SandboxPayment.objects.get().refunded == 345
    assert shop.line(ledger, "support").quantity == 10


def test_withdrawing_frees_the_way_for_other_changes(ledger: Account) -> None:
    pay_by(ledger, "test_asks_3ds")
    held = confirm(draw(ledger, AddSeats("support", 11)))
    quotes.withdraw(held.pk, occasion=acting.occasion(by=people.user("bilal"), on=TODAY))
    assert SandboxPayment.objects.get().status == "failed"
    pay_by(ledger, "test_approves")
    assert confirm(draw(ledger, AddSeats("support", 12))).state == Quote.State.CONFIRMED


def test_direct_debit_and_transfer_apply_at_once_with_an_open_invoice(ledger: Account) -> None:
    Account.objects.filter(pk=ledger.pk).update(collection_method="send_invoice")
    confirm(draw(ledger, AddSeats("support", 11)))
    assert not InvoicePayment.objects.exists()
    Account.objects.filter(pk=ledger.pk).update(collection_method="charge_automatically")
    pay_by(ledger, "test_debit_approves", kind="direct_debit")
    confirm(draw(ledger, AddSeats("support", 12)))
    assert shop.line(ledger, "support").quantity == 12
    assert InvoicePayment.objects.get().invoice.number == "INV-000002"


def test_no_method_no_charge(ledger: Account) -> None:
    PaymentMethod.objects.all().delete()
    with pytest.raises(payments.NoPaymentMethod):
        confirm(draw(ledger, AddSeats("support", 11)))


@pytest.mark.parametrize("kind", ["assisted", "managed"])
def test_the_verb_refuses_what_the_page_leaves_out(ledger: Account, kind: str) -> None:
    Account.objects.update(type=kind)
    ledger.refresh_from_db()
    with pytest.raises(NotAllowed):
        draw(ledger, ReduceSeats("support", 5))
    if kind == "assisted":
        # Costs are not shown: an open invoice under the contract, and no method is charged.
        assert confirm(draw(ledger, AddSeats("support", 11))).state == Quote.State.CONFIRMED
        assert SandboxPayment.objects.count() == 0


def test_adam_may_ask_what_it_costs_but_not_buy(ledger: Account) -> None:
    adam = people.user("adam")
    asked = quotes.price(
        ledger, [AddSeats("support", 11)], occasion=acting.occasion(by=adam, on=TODAY), asking=True
    )
    assert asked.due == 345
    with pytest.raises(NotAllowed):
        quotes.draw_up(ledger, [AddSeats("support", 11)], occasion=acting.occasion(by=adam, on=TODAY))


def test_another_persons_quote_does_not_exist(ledger: Account) -> None:
    with pytest.raises(Quote.DoesNotExist):
        confirm(draw(ledger, AddSeats("support", 11)), by="bilal")


def test_a_small_amount_is_carried_over(ledger: Account) -> None:
    Subscription.objects.update(period_end="2023-07-24", paid_until="2023-07-24", anchor="2022-07-24")
    segment = ledger.subscription.segments.get()
    segment.covers_until = segment.term_end = date(2023, 7, 24)
    segment.covers_from = segment.term_start = date(2022, 7, 24)
    segment.save(update_fields=["covers_from", "covers_until", "term_start", "term_end"])
    Subscription.objects.update(period_start="2022-07-24")
    # 10 of 365 days: −10 × 12 × 10/365 = −3.29; 11 × 12 × 10/365 = 3.62; net 0.33 < 0.50
    confirm(draw(ledger, AddSeats("support", 11)))
    invoice = Invoice.objects.get()
    assert [str(one) for one in (invoice.total, invoice.carried_over, invoice.due)] == [
        "$0.33",
        "$0.33",
        "$0.00",
    ]
    assert SandboxPayment.objects.count() == 0
    assert str(ledger.subscription.balance_entries.get().amount) == "-$0.33"


def test_upgrading_and_reducing_at_once_splits_into_now_and_renewal(ledger: Account) -> None:
    confirm(draw(ledger, ChangeEdition("support", "professional"), ReduceSeats("support", 8)))
    line = shop.line(ledger, "support")
    assert (line.edition.key, line.quantity) == ("professional", 10)
    assert ScheduledChange.objects.get().quantity == 8
    # 10 × 30.00 × 12 × 105/365 = 1035.62
    assert amounts(Invoice.objects.get()) == ["-34.520", "1035.620"]


def test_renewal_carries_out_what_waits_and_charges_what_was_shown(ledger: Account) -> None:
    confirm(draw(ledger, ReduceSeats("support", 5)))
    with acting.at(acting.now() + timedelta(days=105)):
        issued = renewal.renew(ledger.pk, occasion=acting.occasion(on=date(2023, 10, 27)))
        assert renewal.renew(ledger.pk, occasion=acting.occasion(on=date(2023, 10, 27))) == []
    # 5 × 1.00 × 12 = 60.00
    assert [str(invoice.total) for invoice in issued] == ["$60.00"]
    subscription = Subscription.objects.get()
    assert (subscription.period_start, subscription.paid_until) == (date(2023, 10, 27), date(2024, 10, 27))
    assert shop.line(ledger, "support").quantity == 5
    assert InvoicePayment.objects.count() == 1


def test_a_failed_renewal_leaves_the_invoice_open_and_the_account_past_due(ledger: Account) -> None:
    pay_by(ledger, "test_declines_expired")
    with acting.at(acting.now() + timedelta(days=105)):
        renewal.renew(ledger.pk, occasion=acting.occasion(on=date(2023, 10, 27)))
        ledger.refresh_from_db()
        assert ledger.state == "past_due"
        with pytest.raises(PastDue) as refusal:
            quotes.draw_up(
                ledger,
                [AddSeats("support", 11)],
                occasion=acting.occasion(by=people.user("olivia"), on=date(2023, 10, 28)),
            )
        assert refusal.value.data["invoice"] == "INV-000001"
        quotes.draw_up(
            ledger,
            [ReduceSeats("support", 5)],
            occasion=acting.occasion(by=people.user("olivia"), on=date(2023, 10, 28)),
        )


def test_paying_the_open_invoice_restores_the_account_at_once(ledger: Account) -> None:
    pay_by(ledger, "test_declines_expired")
    renewal.renew(ledger.pk, occasion=acting.occasion(on=date(2023, 10, 27)))
    pay_by(ledger, "test_approves")
    ledger.refresh_from_db()
    charge = payments.pay(
        "INV-000001", ledger, occasion=acting.occasion(by=people.user("bilal"), on=date(2023, 10, 28))
    )
    assert (charge.state, str(charge.amount)) == ("succeeded", "$120.00")
    ledger.refresh_from_db()
    assert ledger.state == "active"
    with pytest.raises(payments.AlreadyPaid):
        payments.pay(
            "INV-000001", ledger, occasion=acting.occasion(by=people.user("bilal"), on=date(2023, 10, 28))
        )
    with pytest.raises(NotAllowed):
        payments.pay(
            "INV-000001", ledger, occasion=acting.occasion(by=people.user("adam"), on=date(2023, 10, 28))
        )


def test_a_replaced_method_is_what_the_next_charge_uses(ledger: Account) -> None:
    state = payment_methods.begin(
        ledger,
        occasion=acting.occasion(by=people.user("olivia"), on=TODAY),
        return_url="/back/",
        replaces=PaymentMethod.objects.get().pk,
    ).state
    assert (
        payment_methods.finish(ledger, state, occasion=acting.occasion(by=people.user("olivia"), on=TODAY))
        is None
    )
    SandboxSetup.objects.update(method="test_declines")
    entered = payment_methods.finish(
        ledger, state, occasion=acting.occasion(by=people.user("olivia"), on=TODAY)
    )
    assert entered is not None
    assert (entered.brand, entered.last_four) == ("Visa", "0002")
    assert confirm(draw(ledger, AddSeats("support", 11))).failure == "declined"
    assert Activity.objects.get(verb="payment_method_replaced").before["last_four"] == "4242"
    with pytest.raises(NotAllowed):
        payment_methods.begin(
            ledger, occasion=acting.occasion(by=people.user("bilal"), on=TODAY), return_url="/back/"
        )


def test_an_outage_of_two_years_gives_two_invoices(ledger: Account) -> None:
    issued = renewal.renew(ledger.pk, occasion=acting.occasion(on=date(2024, 11, 30)))
    assert [invoice.period_start for invoice in issued] == [date(2023, 10, 27), date(2024, 10, 27)]


def test_a_change_on_a_due_subscription_renews_it_first(ledger: Account) -> None:
    quote = draw(ledger, AddProduct("guide", "team", 3))
    with pytest.raises(quotes.QuoteChanged):
        confirm(quote, on=date(2023, 10, 27))
    assert [invoice.reason for invoice in Invoice.objects.all()] == ["renewal"]
    assert Line.objects.count() == 1


def test_preview_writes_nothing(ledger: Account) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        quotes.price(
            ledger, [AddSeats("support", 11)], occasion=acting.occasion(by=people.user("olivia"), on=TODAY)
        )
    assert all(query["sql"].lstrip().startswith("SELECT") for query in queries)


def test_an_account_whose_facts_break_a_rule_is_parked_and_charged_nothing(ledger: Account) -> None:
    Subscription.objects.update(anchor="2022-10-20")
    assert renewal.renew(ledger.pk, occasion=acting.occasion(on=date(2023, 10, 27))) == []
    subscription = Subscription.objects.get()
    assert (subscription.parked_because, subscription.period_start) == (
        "period_off_anchor",
        date(2022, 10, 27),
    )
    assert Invoice.objects.count() == SandboxPayment.objects.count() == 0
    assert list(renewal.due(date(2024, 1, 1))) == []


def test_while_a_change_waits_for_its_money_nothing_planned_is_undone(ledger: Account) -> None:
    """What was confirmed was priced with it: undone, another amount would have been right."""
    confirm(draw(ledger, ReduceSeats("support", 8)))
    pay_by(ledger, "test_asks_3ds")
    assert confirm(draw(ledger, AddProduct("guide", "team", 3))).state == Quote.State.HELD
    planned = ScheduledChange.objects.get()
    with pytest.raises(HeldChange):
        quotes.undo(planned.pk, occasion=acting.occasion(by=people.user("olivia"), on=TODAY))
    assert ScheduledChange.objects.get() == planned


def test_an_account_that_has_bought_nothing_is_quoted_nothing() -> None:
    account = people.acme(timezone="UTC")
    with pytest.raises(NoSuchLine):
        draw(account, AddSeats("support", 11))
