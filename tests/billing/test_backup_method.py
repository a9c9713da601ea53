"""The backup: tried once, where the default was declined for good and nobody was there to choose.

Acme has ten seats at 1.00 a month for the year until 27 October 2023: the renewal costs 10 × 12 × 1.00.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest

from accounts import mail
from accounts.models import Account, Activity, Letter
from accounts.rules.roles import Role
from billing import cancellation, dunning, payments, reconciliation, renewal
from billing.models import (
    BankBooking,
    BankPayment,
    Charge,
    Invoice,
    InvoicePayment,
    PaymentMethod,
    SandboxPayment,
)
from billing.provider import provider
from billing.provider.base import PaymentOutcome, PaymentStatus
from billing.rules.dunning import DunningDay, DunningStep, steps_to_come
from billing.storage import dunning as timelines
from tests import acting, people, shop
from tests.billing.provider_benches import MODES, Bench

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("acting")]
RENEWS, DUE = date(2023, 10, 27), 12000
# Of each kind of answer one, for the providers that are asked over a line.
FIRSTS = (
    "approves",
    "declines",
    "asks, and the bank refuses",
    "silent, later declined",
    "debit, later declined",
)
SECONDS = ("approves", "declines", "asks, and the bank agrees", "silent, later paid", "debit, later declined")
_numbers = count(1)


def account_with(default: str, backup: str, *, kinds: tuple[str, str] = ("card", "card")) -> Account:
    """Make an account that pays by two methods, by the provider's names for them."""
    owner = people.person("olivia@acme.example", "Olivia Owens")
    made = people.account(f"acme-{next(_numbers)}", "Acme", [(owner, Role.OWNER)], timezone="UTC")
    shop.subscribe(made, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    methods = (
        (default, "default", kinds[0], "Visa", "4242"),
        (backup, "backup", kinds[1], "Mastercard", "1881"),
    )
    for reference, use, kind, brand, last_four in methods:
        PaymentMethod.objects.create(
            subscription_id=made.pk, use=use, kind=kind, brand=brand, last_four=last_four, reference=reference
        )
    return made


def renew(account: Account) -> None:
    renewal.renew(account.pk, occasion=acting.occasion(on=RENEWS))


def charges(account: Account) -> list[tuple[str, str]]:
    """Return each charge by its method's last digits and its state, the first before the second."""
    own = PaymentMethod.objects.filter(
        subscription_id=account.pk
    )  # the sandbox's names stand in every account
    digits = dict(own.values_list("reference", "last_four"))
    found = Charge.objects.filter(subscription_id=account.pk).order_by("created_at")
    return [
        (digits[one.method], one.state) for one in sorted(found, key=lambda one: one.backup_of_id is not None)
    ]


def words(kind: str) -> str:
    """Return the text of the one letter of a kind, on one line."""
    return " ".join(mail.message(Letter.objects.get(kind=kind)).body.split())


def pairs(bench: Bench) -> Iterator[tuple[str, str]]:
    """Return every outcome of the default with every one of the backup, where they are two methods."""
    whole = bench.path.endswith("Sandbox")
    # Why a card is declined makes no difference to what follows.
    modes = [mode for mode in MODES if mode not in ("declines for funds", "declines as expired")]
    for first in modes if whole else FIRSTS:
        for second in modes if whole else SECONDS:
            if bench.method(first) != bench.method(second):
                yield first, second


def test_every_outcome_of_the_first_with_every_outcome_of_the_second(bench: Bench) -> None:
    """Whatever comes of the two, an invoice is paid at most once, and the backup follows a decline alone."""
    for first, second in pairs(bench):
        before, told = bench.kept(), f"{first} / {second}"
        account = account_with(
            bench.method(first), bench.method(second), kinds=(MODES[first].kind, MODES[second].kind)
        )
        renew(account)
        minutes = 0
        while Charge.objects.filter(subscription_id=account.pk, state__in=Charge.OPEN).exists():
            minutes += 1
            assert minutes < 6, told
            bench.banks_answer(agree=not any("refuses" in mode for mode in (first, second)))
            reconciliation.reconcile(acting.now() + timedelta(minutes=minutes))
        # A bank that can't wait for somebody who isn't there declines at once.
        absent = {mode for mode in (first, second) if "asks" in mode and not bench.waits_for_absent}
        by_first = MODES[first].paid and first not in absent
        by_second = not by_first and MODES[second].paid and second not in absent
        states = [("4242", "succeeded" if by_first else "failed")]
        if not by_first:
            states.append(("1881", "succeeded" if by_second else "failed"))
        assert charges(account) == states, told
        paid = by_first or by_second
        assert bench.kept() - before == (DUE if paid else 0), told
        assert InvoicePayment.objects.filter(invoice__subscription_id=account.pk).count() == int(paid), told
        account.refresh_from_db()
        assert account.state == ("active" if paid else "past_due"), told


def test_the_second_try_is_told_in_the_receipt_and_in_the_activity() -> None:
    account = account_with("test_declines_expired", "test_approves")
    renew(account)
    assert charges(account) == [("4242", "failed"), ("1881", "succeeded")]
    assert not Letter.objects.filter(kind="payment_failed").exists()
    receipt = words("payment_received")
    assert ": $120.00 by Mastercard 1881, for invoice INV-000001." in receipt
    assert "Visa 4242, which is charged first, was declined. The card has expired." in receipt
    tried = Activity.objects.get(verb="backup_method_tried")
    assert (tried.reason, tried.invoice, tried.actor_name) == ("expired_card", "INV-000001", "")


def test_where_both_are_declined_one_letter_tells_of_both() -> None:
    account = account_with("test_declines_expired", "test_declines_funds")
    renew(account)
    letter = words("payment_failed")
    assert "$120.00 for invoice INV-000001 could not be collected by Mastercard 1881." in letter
    assert "The bank says that the funds are not sufficient." in letter
    assert "Visa 4242, which is charged first, was declined. The card has expired." in letter
    account.refresh_from_db()
    assert account.state == "past_due"


def test_a_card_that_the_bank_asks_about_waits_and_is_not_past_due() -> None:
    account = account_with("test_declines", "test_asks_3ds")
    renew(account)
    assert charges(account) == [("4242", "failed"), ("1881", "action")]
    account.refresh_from_db()
    assert account.state == "active"
    assert Letter.objects.filter(kind="payment_action").count() == 1


def test_who_is_there_chooses_themselves() -> None:
    """Olivia pays on the page, her card is declined: nothing else is charged behind her back."""
    account = account_with("test_declines", "test_approves")
    backup = PaymentMethod.objects.get(use="backup")
    PaymentMethod.objects.filter(pk=backup.pk).update(use="spare")
    renew(account)
    PaymentMethod.objects.filter(pk=backup.pk).update(use="backup")
    olivia = acting.occasion(by=people.user("olivia"), on=RENEWS)
    page = "https://console.example/back/"
    assert payments.pay("INV-000001", account, occasion=olivia, return_url=page).state == "failed"
    assert Charge.objects.filter(backup_of__isnull=False).count() == 0
    chosen = payments.pay("INV-000001", account, occasion=olivia, return_url=page, method_id=backup.pk)
    assert (chosen.state, chosen.method) == ("succeeded", "test_approves")


def test_a_debit_that_fails_days_after_somebody_paid_with_it_is_followed() -> None:
    account = account_with("test_declines", "test_approves", kinds=("direct_debit", "card"))
    default, backup = PaymentMethod.objects.get(use="default"), PaymentMethod.objects.get(use="backup")
    PaymentMethod.objects.filter(pk=backup.pk).update(use="spare")
    renew(account)
    PaymentMethod.objects.filter(pk=backup.pk).update(use="backup")
    PaymentMethod.objects.filter(pk=default.pk).update(reference="test_debit_fails_later")
    olivia = acting.occasion(by=people.user("olivia"), on=RENEWS)
    paying = payments.pay("INV-000001", account, occasion=olivia, return_url="https://console.example/")
    assert paying.state == "processing"
    reconciliation.reconcile(acting.now() + timedelta(days=3))
    paying.refresh_from_db()
    assert paying.state == "failed"
    assert Charge.objects.get(backup_of=paying).state == "succeeded"


def test_a_try_of_the_timeline_has_both_and_ends_with_the_second() -> None:
    """Declined on 27 October, the backup's debit on the 30th: the next try comes two days later, by both."""
    account = account_with("test_declines", "test_debit_fails_later", kinds=("card", "direct_debit"))
    with acting.at(datetime(2023, 10, 27, 12, tzinfo=UTC)):
        renew(account)
    account.refresh_from_db()
    assert (account.state, charges(account)) == ("active", [("4242", "failed"), ("1881", "processing")])
    with acting.at(datetime(2023, 10, 30, 12, tzinfo=UTC)):
        reconciliation.reconcile(acting.now())
    account.refresh_from_db()
    assert account.state == "past_due"
    invoice = Invoice.objects.get()
    reading = timelines.read_one(invoice)
    assert reading is not None
    coming = steps_to_come(reading.unpaid, date(2023, 10, 30))
    assert coming[0] == DunningDay(DunningStep.SECOND_TRY, date(2023, 11, 1))
    with acting.at(datetime(2023, 11, 1, 12, tzinfo=UTC)):
        dunning.take_step(invoice.pk, occasion=acting.occasion())
    assert charges(account) == [("4242", "failed")] * 2 + [("1881", "failed"), ("1881", "processing")]


def _cancel(account: Account) -> None:
    sheet = cancellation.consequences(account, RENEWS)
    cancellation.cancel_now(
        account,
        mark=sheet.mark,
        reason="too_expensive",
        text="",
        occasion=acting.occasion(by=people.user("olivia"), on=RENEWS),
    )


def _pay_a_part_by_transfer(account: Account) -> None:
    invoice = Invoice.objects.get()
    part = BankPayment.objects.create(
        bank_id="B-1", received_on=RENEWS, amount=invoice.due / 2, loaded_at=acting.now()
    )
    BankBooking.objects.create(
        payment=part, invoice=invoice, amount=invoice.due / 2, booked_at=acting.now(), booked_by_name=""
    )


def _pay_by_invoice(account: Account) -> None:
    Account.objects.filter(pk=account.pk).update(collection_method="send_invoice")


def _no_longer_a_backup(account: Account) -> None:
    PaymentMethod.objects.filter(use="backup").update(use="spare")


@pytest.mark.parametrize(
    "meanwhile", [_cancel, _pay_a_part_by_transfer, _pay_by_invoice, _no_longer_a_backup]
)
def test_what_happened_while_the_first_was_under_way_counts(meanwhile: object) -> None:
    """A debit of the 27th fails two days later: by then another charge would be wrong."""
    account = account_with("test_debit_fails_later", "test_approves", kinds=("direct_debit", "card"))
    renew(account)
    assert charges(account) == [("4242", "processing")]
    meanwhile(account)  # type: ignore[operator]
    reconciliation.reconcile(acting.now() + timedelta(days=2))
    assert charges(account) == [("4242", "failed")]


@pytest.mark.parametrize("failure", ["provider_refused", "not_received"])
def test_what_never_reached_a_bank_is_no_decline(failure: str) -> None:
    account = account_with("test_debit_later", "test_approves", kinds=("direct_debit", "card"))
    renew(account)
    declined = PaymentOutcome(PaymentStatus.FAILED, failure=failure)
    payments.settle(Charge.objects.get().pk, declined, occasion=acting.occasion())
    assert charges(account) == [("4242", "failed")]


def test_a_success_of_the_first_that_comes_after_all_is_given_back() -> None:
    """The bank says no, the backup pays 120.00, then the bank pays too: 120.00 are kept, once."""
    account = account_with("test_declines", "test_approves")
    renew(account)
    first = Charge.objects.get(backup_of=None)
    SandboxPayment.objects.filter(key=first.pk).update(status="succeeded", failure="")
    paid = PaymentOutcome(PaymentStatus.SUCCEEDED, first.reference)
    payments.settle(first.pk, paid, occasion=acting.occasion())
    first.refresh_from_db()
    assert first.refunded_at is not None
    assert InvoicePayment.objects.get().charge == Charge.objects.get(backup_of=first)
    kept = SandboxPayment.objects.filter(status="succeeded")
    assert sum(one.amount - one.refunded for one in kept) == DUE


def test_a_process_that_ends_between_the_two_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The backup is written with the decline, and sent by the next sweep, once."""
    account = account_with("test_declines", "test_approves")

    def ends(name: str) -> None:
        if name == "settle_committed":
            raise SystemExit

    monkeypatch.setattr(payments, "step", ends)
    with pytest.raises(SystemExit):
        renew(account)
    monkeypatch.undo()
    assert charges(account) == [("4242", "failed"), ("1881", "created")]
    for _time in range(2):
        reconciliation.reconcile(acting.now() + timedelta(minutes=1))
    assert charges(account) == [("4242", "failed"), ("1881", "succeeded")]
    assert provider().look_up(payments._reference(Charge.objects.get(backup_of=None))) is not None
