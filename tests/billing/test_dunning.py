"""Unpaid invoices day by day: what is tried, told and stopped on which day, and what opens it again.

Acme renews on 1 March 2026 for 10 x 12.00 = 120.00 a month (domain.md 9).
"""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from djmoney.money import Money

from accounts import mail
from accounts.models import Account, Activity, Letter
from billing import bank_payments, payments
from billing.models import Charge, DunningEntry, Invoice, InvoicePayment, SandboxPayment, Subscription
from billing.rules.dunning import DunningStep
from tests import acting, people
from tests.billing.dunned import RENEWS, debtor, noon, pays_by, run, run_days, state

pytestmark = pytest.mark.django_db(transaction=True)
ALL_DAYS = range(26)


def lived(account: Account, days: range) -> list[tuple[int, str]]:
    """Run every day, twice; return what Olivia was told on which, without the renewal and its receipt."""
    found = []
    for after in days:
        before = set(Letter.objects.values_list("pk", flat=True))
        run_days(account, after)
        new = Letter.objects.filter(to="olivia@acme.example").exclude(pk__in=before).order_by("pk")
        found += [(after, one.kind) for one in new if one.kind != "subscription_renewed"]
    return found


FAILS = [
    (0, "payment_failed"), (2, "payment_failed_again"), (4, "payment_failed_again"),
    (21, "suspension_warning"), (22, "account_suspended"),
]  # fmt: skip
TIMELINES: dict[str, tuple[list[tuple[int, str]], int, str]] = {
    # How it is paid: what Olivia is told on which day, how many charges, how it ends.
    "test_declines_funds": (FAILS, 4, "suspended"),
    "": (FAILS, 0, "suspended"),
    # Each try waits a day for her, and is given up then; the next comes no sooner than two days after.
    "test_asks_3ds": (
        [(0, "payment_action"), (2, "payment_failed"), (4, "payment_action"), (6, "payment_failed_again"),
         (8, "payment_action"), (10, "payment_failed_again"), (21, "payment_action"),
         (23, "suspension_warning"), (24, "account_suspended")], 4, "suspended"),
    # The bank answers the next time that it is asked.
    "test_debit_fails_later": (
        [(1, "payment_failed"), (4, "payment_failed_again"), (7, "payment_failed_again"),
         (22, "suspension_warning"), (23, "account_suspended")], 4, "suspended"),
    "test_approves": ([(0, "payment_received")], 1, "active"),
    # Made, and the answer never came: found by asking, and paid once.
    "test_times_out_paid": ([(1, "payment_received")], 1, "active"),
    "test_lost_once": ([(1, "payment_received")], 1, "active"),
}  # fmt: skip


@pytest.mark.parametrize("method", TIMELINES)
def test_a_timeline_day_by_day(method: str) -> None:
    letters, charges, ends = TIMELINES[method]
    acme = debtor(method)
    assert lived(acme, ALL_DAYS) == letters
    assert Charge.objects.count() == SandboxPayment.objects.count() == charges
    assert state(acme) == ends
    assert Invoice.objects.get().due.amount == Decimal(120)


def test_by_transfer_day_by_day() -> None:
    """Reminders at 15, 30, 45, 60, suspended at 65; past due with the first after 30 days to pay."""
    acme = debtor(collection_method="send_invoice", type="self_service")
    Subscription.objects.update(cycle="annual")
    states = []
    told = []
    for after in range(67):
        told += lived(acme, range(after, after + 1))
        states.append(state(acme))
    assert told == [
        (15, "payment_reminder"), (30, "payment_reminder"), (45, "payment_reminder"),
        (60, "suspension_warning"), (65, "account_suspended"),
    ]  # fmt: skip
    assert states == ["active"] * 45 + ["past_due"] * 20 + ["suspended"] * 2
    assert not Charge.objects.exists()


def test_each_step_leaves_its_entry_and_only_suspension_closes() -> None:
    acme = debtor("test_declines_funds")
    run_days(acme, *ALL_DAYS)
    entries = Activity.objects.filter(account=acme, invoice="INV-000001").order_by("pk")
    assert [(one.verb, one.reason, (one.at - noon(0)).days, one.actor) for one in entries] == [
        ("subscription_renewed", "", 0, None),
        ("account_state_changed", "charge_failed", 0, None),
        ("invoice_tried_again", "", 2, None),
        ("invoice_tried_again", "", 4, None),
        ("invoice_tried_again", "", 21, None),
        ("account_state_changed", "invoice_unpaid", 22, None),
    ]
    assert [entry.step for entry in DunningEntry.objects.order_by("pk")] == [
        "second_try", "third_try", "last_try", "suspension",
    ]  # fmt: skip


def test_the_letters_name_amount_reason_days_and_the_one_link() -> None:
    acme = debtor("test_declines_funds")
    run_days(acme, 0, 2, 4, 21, 22)
    told = {one.kind: mail.message(one) for one in Letter.objects.filter(to="olivia@acme.example")}
    failed = told["payment_failed"]
    assert "$120.00 for invoice INV-000001 could not be collected by Visa 9995." in failed.body
    assert "The bank says that the funds are not sufficient." in failed.body
    assert "We try again on 3 March 2026" in failed.body
    assert "still unpaid on 23 March 2026, the account is suspended" in failed.body
    warning = told["suspension_warning"]
    assert warning.subject == "Acme will be suspended on 23 March 2026 unless its invoice is paid"
    assert "We try again" not in warning.body
    assert "suspended on 23 March 2026 unless invoice INV-000001 is paid before: $120.00." in warning.body
    assert "The last try by Visa 9995 failed" in warning.body
    assert "because invoice INV-000001 stayed unpaid: $120.00." in told["account_suspended"].body
    for kind in ("payment_failed", "payment_failed_again", "suspension_warning", "account_suspended"):
        assert told[kind].body.count("http") == 1, kind
        assert "/a/acme/billing/invoices/INV-000001/" in told[kind].body, kind


def test_a_reminder_and_the_warning_say_each_its_own_and_where_the_transfer_goes() -> None:
    """Each has the seller's account, the reference and whom to ask: it can be paid from the letter."""
    acme = debtor(collection_method="send_invoice")
    run_days(acme, 0, 15, 30, 45, 60, 65)
    letters = Letter.objects.filter(to="olivia@acme.example", facts__invoice="INV-000001").order_by("pk")
    told = {one.kind: mail.message(one).body for one in letters}
    reminder, warning = told["payment_reminder"], told["suspension_warning"]
    assert "If your transfer is on its way, there is nothing left to do." in reminder
    assert "If it is still unpaid on" in reminder
    assert "unless invoice INV-000001 is paid before: $120.00" in warning
    assert "This is the last reminder." in warning
    assert not set(reminder.split("\n\n")[1:4]) & set(warning.split("\n\n")[1:2])
    for body in (reminder, warning, told["account_suspended"]):
        assert "IBAN: FR14 2004 1010 0505 0001 3M02 606\n" in body
        assert "Reference: INV-000001" in body
        assert "Questions about it: Sales of Acme (sales-acme@vendor.example)." in body


def test_without_a_method_the_letter_leads_to_where_one_is_entered() -> None:
    acme = debtor()
    run_days(acme, 0)
    assert state(acme) == "past_due"
    letter = mail.message(Letter.objects.get(kind="payment_failed", to="olivia@acme.example"))
    assert (
        "$120.00 for invoice INV-000001 could not be collected: no payment method is on file." in letter.body
    )
    assert "/a/acme/billing/payment/" in letter.body
    pays_by(acme, "test_approves")
    run_days(acme, 1)
    assert state(acme) == "past_due", "not before its day"
    run_days(acme, 2)
    assert state(acme) == "active"


@pytest.mark.parametrize("kind", ["assisted", "managed"])
def test_where_costs_are_not_shown_the_letters_name_neither_amount_nor_invoice(kind: str) -> None:
    acme = debtor(type=kind)
    run_days(acme, 0, 15, 30, 45, 60, 65)
    assert state(acme) == "suspended"
    of_march = f":{Invoice.objects.earliest('pk').pk}:"
    letters = Letter.objects.filter(to="olivia@acme.example", key__contains=of_march).order_by("pk")
    assert [one.kind for one in letters] == [
        *["payment_reminder"] * 3, "suspension_warning", "account_suspended"
    ]  # fmt: skip
    for letter in letters:
        message = mail.message(letter)
        text = message.subject + message.body + str(message.alternatives[0][0])
        assert "120" not in text
        assert "INV-" not in text
        assert "sales-acme@vendor.example" in text


# --- Runs that were missed, clocks, zones ------------------------------------------------------------


@pytest.mark.parametrize(
    ("runs", "letters"),
    [
        # Missed from +1 to +4: made up at +5, the next two days later.
        ((0, 5, 6, 7, 8, 21, 22),
         [(0, "payment_failed"), (5, "payment_failed_again"), (7, "payment_failed_again"),
          (21, "suspension_warning"), (22, "account_suspended")]),
        # Missed from +20 to +23: announced at +24, and suspended the day after.
        ((0, 2, 4, 24, 25),
         [(0, "payment_failed"), (2, "payment_failed_again"), (4, "payment_failed_again"),
          (24, "suspension_warning"), (25, "account_suspended")]),
        # The renewal itself was missed for three days: its timeline begins with its first try.
        ((3, 5, 7, 24, 25),
         [(3, "payment_failed"), (5, "payment_failed_again"), (7, "payment_failed_again"),
          (24, "suspension_warning"), (25, "account_suspended")]),
        # The clock jumps on, and back.
        ((0, 12, 3, 12, 13, 14),
         [(0, "payment_failed"), (12, "payment_failed_again"), (14, "payment_failed_again")]),
    ],
)  # fmt: skip
def test_what_was_missed_is_made_up_one_at_a_time(
    runs: tuple[int, ...], letters: list[tuple[int, str]]
) -> None:
    acme = debtor("test_declines_funds")
    found = [one for after in runs for one in lived(acme, range(after, after + 1))]
    assert found == letters


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Niue", "America/New_York", "Europe/Paris"])
def test_days_are_the_accounts_own(zone: str) -> None:
    """Also where a day of March has 23 hours: nothing a minute before midnight, the step a minute after."""
    acme = debtor("test_declines_funds", timezone=zone)
    run(acme, noon(0, zone))
    assert Charge.objects.count() == 1
    for number, after in enumerate((2, 4, 21), 1):
        midnight = datetime.combine(RENEWS + timedelta(days=after), time(), ZoneInfo(zone)).astimezone(UTC)
        for minute, charges in ((-1, number), (1, number + 1)):
            run(acme, midnight + timedelta(minutes=minute))
            assert Charge.objects.count() == charges, (after, minute)


def test_an_account_that_moves_west_is_tried_once() -> None:
    acme = debtor("test_declines_funds", timezone="Pacific/Kiritimati")
    run(acme, noon(0, "Pacific/Kiritimati"))
    run(acme, noon(2, "Pacific/Kiritimati"))
    Account.objects.update(timezone="Pacific/Niue")
    for hours in (0, 12, 24):
        run(acme, noon(2, "Pacific/Kiritimati") + timedelta(hours=hours))
    assert Charge.objects.count() == 2


# --- Paid at any time --------------------------------------------------------------------------------


def suspended(method: str = "test_declines_funds", **fields: Any) -> Account:
    acme = debtor(method, **fields)
    run_days(acme, 0, 2, 4, 21, 22)
    assert state(acme) == "suspended"
    return Account.objects.get(pk=acme.pk)


def test_paying_by_the_method_restores_at_once_and_is_told() -> None:
    acme = suspended()
    pays_by(acme, "test_approves")
    olivia = people.user("olivia")
    at = noon(40)
    charge = payments.pay("INV-000001", acme, occasion=acting.occasion(olivia, at.date(), at))
    assert charge.state == "succeeded"
    assert state(acme) == "active"
    restored = Letter.objects.filter(kind="account_restored")
    assert {one.to for one in restored} == {"olivia@acme.example", "bilal@acme.example"}
    assert "days of suspension are not charged" in mail.message(restored[0]).body
    # 1 April is over: the period that contains 10 April starts on that day.
    assert Subscription.objects.get().resumes_on == date(2026, 4, 10)
    run_days(acme, 40, 41, 42)
    assert Letter.objects.filter(kind="account_restored").count() == 2, "once"
    # 120.00 x 21/30 = 84.00 for the days from 10 April on.
    assert Invoice.objects.latest("pk").due.amount == Decimal(84)


def test_a_transfer_restores_at_once_also_where_a_later_invoice_is_not_due_yet() -> None:
    """The invoice of March is 65 days old; that of April is overdue, and that of May due in 26 days."""
    acme = debtor(collection_method="send_invoice")
    run_days(acme, 0, 15, 30, 31, 45, 60, 61, 65)
    assert state(acme) == "suspended"
    numbers = [one.number for one in Invoice.objects.order_by("pk")]
    assert len(numbers) == 3
    at = noon(66)
    for count, number in enumerate(numbers[:2], 1):
        transfer = bank_payments.ListedTransfer(f"B-{count}", at.date(), 12000, "USD", number)
        bank_payments.receive([transfer], at=at, occasion_of=lambda _a: acting.occasion(on=at.date(), at=at))
        assert state(acme) == ("suspended" if count == 1 else "active")
    assert Letter.objects.filter(kind="account_restored").count() == 2


def test_a_retry_that_succeeds_restores_and_ends_the_timeline() -> None:
    acme = debtor("test_declines_funds")
    run_days(acme, 0, 2)
    pays_by(acme, "test_approves")
    run_days(acme, 3, 4)
    assert state(acme) == "active"
    assert InvoicePayment.objects.count() == 1
    run_days(acme, *range(5, 25))
    assert Charge.objects.count() == 3
    assert not Letter.objects.filter(kind="account_restored").exists(), "it was never closed"


def test_what_was_brought_in_has_its_whole_timeline_from_the_day_that_the_account_came() -> None:
    """An old invoice of 50.00, issued 90 days before: nothing was tried here before 3 March."""
    acme = debtor("test_declines_funds", state="past_due")
    Account.objects.update(created_at=noon(2))
    Invoice.objects.create(
        number="OLD-7", subscription_id=acme.pk, kind="invoice", reason="brought_in",
        issued_on=noon(-90).date(), issued_at=noon(-90), due_on=noon(-90).date(), currency="USD",
        language="en", account_name="Acme", vendor_name="Vendor", payment_terms={"means": "open"},
        subtotal=Money(50, "USD"), tax=Money(0, "USD"), total=Money(50, "USD"), prepaid=Money(0, "USD"),
        carried_over=Money(0, "USD"), due=Money(50, "USD"),
    )  # fmt: skip
    run_days(acme, 2, 4, 6, 7, 23)
    tried = Charge.objects.filter(invoice__number="OLD-7").order_by("created_at")
    assert [(one.created_at - noon(0)).days for one in tried] == [2, 4, 6, 23]


# --- States in which nothing goes on -----------------------------------------------------------------


def test_of_a_parked_account_nothing_is_collected_until_it_is_taken_up() -> None:
    acme = debtor("test_declines_funds")
    run_days(acme, 0)
    Subscription.objects.update(parked_at=noon(1))
    run_days(acme, 2, 4, 21, 22)
    assert (Charge.objects.count(), state(acme)) == (1, "past_due")
    Subscription.objects.update(parked_at=None)
    run_days(acme, 23, 24)
    assert (Charge.objects.count(), state(acme)) == (2, "past_due"), "one step at a time"


def test_of_a_cancelled_account_nothing_goes_on() -> None:
    acme = debtor("test_declines_funds")
    run_days(acme, 0)
    Account.objects.update(state="cancelled", cancelled_at=noon(1))
    before = Letter.objects.count()
    run_days(acme, 2, 4, 21, 22)
    assert (Charge.objects.count(), Letter.objects.count()) == (1, before)


def test_the_steps_have_the_names_that_are_stored() -> None:
    longest = DunningEntry._meta.get_field("step").max_length
    assert longest is not None
    assert all(len(step) <= longest for step in DunningStep)
