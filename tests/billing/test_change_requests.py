"""Adam asks, Bilal or Olivia decides; nobody decides their own (domain.md 7)."""

from datetime import date, timedelta
from typing import Any

import pytest

from accounts.models import Account, Letter
from accounts.rules.decision import Action, NotAllowed
from billing import change_requests, quotes
from billing.models import ChangeRequest, Invoice, PaymentMethod, Quote
from billing.rules.changes import AddProduct, AddSeats, ReduceSeats
from billing.rules.refusals import HeldChange
from tests import acting, people, shop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("acting")]
TODAY = date(2023, 7, 14)


@pytest.fixture
def ledger() -> Account:
    account = people.acme(timezone="UTC")
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    PaymentMethod.objects.create(
        subscription_id=account.pk, kind="card", brand="Visa", last_four="4242", reference="test_approves"
    )
    return account


def ask(account: Account, *changes: Any, by: str = "adam", note: str = "For July") -> ChangeRequest:
    return change_requests.submit(
        account, changes, note=note, occasion=acting.occasion(by=people.user(by), on=TODAY)
    )


def letters(kind: str) -> set[str]:
    return set(Letter.objects.filter(kind=kind).values_list("to", flat=True))


def test_adam_asks_bilal_approves_and_adam_is_told(ledger: Account) -> None:
    request = ask(ledger, AddSeats("support", 11))
    assert letters("request_submitted") == {"olivia@acme.example", "bilal@acme.example"}
    quote = change_requests.draw_up(request.pk, occasion=acting.occasion(by=people.user("bilal"), on=TODAY))
    assert (
        quotes.confirm(quote.pk, occasion=acting.occasion(by=people.user("bilal"), on=TODAY)).state
        == Quote.State.CONFIRMED
    )
    request.refresh_from_db()
    assert (request.state, request.decided_by_name) == ("approved", "Bilal Brahimi")
    # 11 × 12 × 105/365 − 10 × 12 × 105/365 = 37.97 − 34.52
    assert str(Invoice.objects.get().total) == "$3.45"
    assert letters("request_decided") == {"adam@acme.example"}


def test_bilal_edits_and_approves(ledger: Account) -> None:
    request = ask(ledger, AddSeats("support", 15))
    quote = change_requests.draw_up(
        request.pk,
        occasion=acting.occasion(by=people.user("bilal"), on=TODAY),
        changes=[AddSeats("support", 12)],
    )
    quotes.confirm(quote.pk, occasion=acting.occasion(by=people.user("bilal"), on=TODAY))
    assert shop.line(ledger, "support").quantity == 12
    assert ChangeRequest.objects.get().state == "approved"


def test_olivia_rejects_with_a_reason(ledger: Account) -> None:
    request = ask(ledger, AddSeats("support", 15))
    with pytest.raises(change_requests.NoteTooLong):
        change_requests.reject(
            request.pk, reason="  ", occasion=acting.occasion(by=people.user("olivia"), on=TODAY)
        )
    change_requests.reject(
        request.pk, reason="Not this quarter", occasion=acting.occasion(by=people.user("olivia"), on=TODAY)
    )
    request.refresh_from_db()
    assert (request.state, request.reason) == ("rejected", "Not this quarter")
    with pytest.raises(change_requests.RequestOver):
        change_requests.draw_up(request.pk, occasion=acting.occasion(by=people.user("bilal"), on=TODAY))


def test_nobody_decides_their_own_and_adam_decides_none(ledger: Account) -> None:
    bilals = ask(ledger, AddSeats("support", 15), by="bilal")
    with pytest.raises(change_requests.OwnRequest):
        change_requests.draw_up(bilals.pk, occasion=acting.occasion(by=people.user("bilal"), on=TODAY))
    with pytest.raises(change_requests.OwnRequest):
        change_requests.reject(
            bilals.pk, reason="no", occasion=acting.occasion(by=people.user("bilal"), on=TODAY)
        )
    with pytest.raises(NotAllowed) as told:
        change_requests.draw_up(bilals.pk, occasion=acting.occasion(by=people.user("adam"), on=TODAY))
    # Of deciding, not of the change behind it.
    assert told.value.decision.action is Action.DECIDE_REQUESTS
    with pytest.raises(NotAllowed):
        ask(ledger, AddSeats("support", 15), by="agnes")


def test_approving_what_was_just_withdrawn(ledger: Account) -> None:
    request = ask(ledger, AddSeats("support", 11))
    quote = change_requests.draw_up(request.pk, occasion=acting.occasion(by=people.user("bilal"), on=TODAY))
    with pytest.raises(ChangeRequest.DoesNotExist):
        change_requests.withdraw(request.pk, occasion=acting.occasion(by=people.user("bilal"), on=TODAY))
    change_requests.withdraw(request.pk, occasion=acting.occasion(by=people.user("adam"), on=TODAY))
    with pytest.raises(quotes.QuoteOver):
        quotes.confirm(quote.pk, occasion=acting.occasion(by=people.user("bilal"), on=TODAY))
    assert shop.line(ledger, "support").quantity == 10


def test_a_no_wants_its_reason_and_so_does_what_staff_carry_out(ledger: Account) -> None:
    request = ask(ledger, AddSeats("support", 11))
    with pytest.raises(change_requests.NoteTooLong):
        change_requests.reject(
            request.pk, reason="  ", occasion=acting.occasion(by=people.user("bilal"), on=TODAY)
        )
    Account.objects.update(type="managed")
    with pytest.raises(change_requests.NoteTooLong):
        change_requests.accept_as_staff(
            request.pk, prices={}, reason=" ", occasion=acting.occasion(by=people.vera(), on=TODAY)
        )
    request.refresh_from_db()
    assert request.state == "open"


def test_what_is_being_paid_is_not_taken_back(ledger: Account) -> None:
    PaymentMethod.objects.update(reference="test_times_out_paid")
    request = ask(ledger, AddSeats("support", 11))
    bilal = acting.occasion(by=people.user("bilal"), on=TODAY)
    held = quotes.confirm(change_requests.draw_up(request.pk, occasion=bilal).pk, occasion=bilal)
    assert held.state == "held"
    with pytest.raises(HeldChange):
        change_requests.withdraw(request.pk, occasion=acting.occasion(by=people.user("adam"), on=TODAY))


def test_a_request_expires_after_thirty_days(ledger: Account) -> None:
    ask(ledger, AddSeats("support", 11))
    assert change_requests.expire(acting.now() + timedelta(days=29)) == 0
    assert change_requests.expire(acting.now() + timedelta(days=30)) == 1
    assert letters("request_expired") == {"adam@acme.example"}


def test_what_has_become_so_or_impossible_closes_with_its_reason(ledger: Account) -> None:
    same, other = ask(ledger, AddSeats("support", 11)), ask(ledger, AddProduct("guide", "team", 3))
    bought = quotes.draw_up(
        ledger, [AddSeats("support", 11)], occasion=acting.occasion(by=people.user("olivia"), on=TODAY)
    )
    quotes.confirm(bought.pk, occasion=acting.occasion(by=people.user("olivia"), on=TODAY))
    same.refresh_from_db()
    other.refresh_from_db()
    assert (same.state, same.reason, other.state) == ("closed", "no_change", "open")


def test_a_managed_accounts_request_goes_to_the_vendor_who_gives_the_price(ledger: Account) -> None:
    Account.objects.update(type="managed")
    ledger.refresh_from_db()
    request = ask(ledger, AddProduct("guide", "team", 3), by="olivia")
    assert "sales-acme@vendor.example" in letters("request_submitted")
    with pytest.raises(NotAllowed):
        change_requests.draw_up(request.pk, occasion=acting.occasion(by=people.user("bilal"), on=TODAY))
    change_requests.accept_as_staff(
        request.pk,
        prices={"guide": 500},
        reason="contract",
        occasion=acting.occasion(by=people.vera(), on=TODAY),
    )
    # 3 × 5.00 × 12 × 105/365 = 51.78, an open invoice under the contract
    invoice = Invoice.objects.get()
    assert (str(invoice.total), invoice.charges.count(), hasattr(invoice, "payment")) == ("$51.78", 0, False)
    assert str(shop.line(ledger, "guide").unit_price) == "$5.00"


def test_a_long_note_is_refused_and_a_type_that_changed_too(ledger: Account) -> None:
    with pytest.raises(change_requests.NoteTooLong):
        ask(ledger, AddSeats("support", 11), note="x" * 10_000)
    request = ask(ledger, ReduceSeats("support", 5))
    Account.objects.update(type="managed")
    with pytest.raises(NotAllowed):
        change_requests.draw_up(request.pk, occasion=acting.occasion(by=people.user("bilal"), on=TODAY))
