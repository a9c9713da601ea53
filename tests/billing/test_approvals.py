"""The owner's limits: requests approved in Olivia's name, requests that two people approve, and races.

Support × 10 at 12.00 a month, annual from 27 October 2022; on 14 July 2023 105 of 365 days are left. One seat
more costs 11 × 144.00 × 105/365 − 10 × 144.00 × 105/365 = 455.67 − 414.25 = 41.42 now, and 144.00 a year.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from accounts import roles
from accounts.models import Account, Activity, Letter
from accounts.rules.decision import NotAllowed
from accounts.rules.roles import Role
from billing import approvals, change_requests, payments, quotes, reconciliation
from billing.models import ApprovalLimits, ChangeRequest, Charge, FirstApproval, Invoice, PaymentMethod, Quote
from billing.rules.approval_limits import Limits
from billing.rules.changes import AddSeats, BuyTemporarySeats, Change, ReduceSeats, RemoveProduct
from tests import acting, people, shop
from tests.billing.confirming import NOON, TODAY
from tests.billing.test_races import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("acting")]
SEAT = 4142


@pytest.fixture
def ledger() -> Account:
    account = people.acme(timezone="UTC")
    lines = {"support": ("professional", 10, "12.00"), "guide": ("team", 3, "6.00")}
    shop.subscribe(account, lines, start=date(2022, 10, 27))
    PaymentMethod.objects.create(
        subscription_id=account.pk, kind="card", brand="Visa", last_four="4242", reference="test_approves"
    )
    return account


def by(name: str, at: datetime = NOON) -> Any:
    return acting.occasion(by=people.user(name), on=at.date(), at=at)


def limit(account: Account, **limits: int) -> None:
    approvals.set_limits(account, Limits(**limits), occasion=by("olivia"))


def ask(account: Account, *changes: Change, who: str = "adam", at: datetime = NOON) -> ChangeRequest:
    return change_requests.submit(account, changes, note="", occasion=by(who, at))


def letters(kind: str) -> list[str]:
    return sorted(one.split("@")[0] for one in Letter.objects.filter(kind=kind).values_list("to", flat=True))


def charge_by(reference: str) -> None:
    PaymentMethod.objects.update(reference=reference)


# --- Approved automatically -----------------------------------------------------------------------


def test_a_seat_within_the_limit_is_there_at_once_in_olivias_name(ledger: Account) -> None:
    limit(ledger, amount=15000, seats=1)
    one = ask(ledger, AddSeats("support", 11))
    assert (one.state, one.decided_by_name, one.automatic_seats) == ("approved", "Olivia Owens", 1)
    assert one.automatic_amount == SEAT
    assert str(Invoice.objects.get().total) == "$41.42"
    assert shop.line(ledger, "support").quantity == 11
    # She and Bilal are told at once what was done; nobody is asked; Adam reads the answer.
    assert letters("change_confirmed") == ["bilal", "olivia"]
    assert letters("request_submitted") == []
    assert letters("request_decided") == ["adam"]
    told = Activity.objects.get(verb="request_approved_by_limit")
    assert (told.actor, told.subject) == (None, f"request:{one.pk}")


def test_the_month_is_counted_together_and_begins_anew(ledger: Account) -> None:
    """41.42 + (497.10 − 455.67 = 41.43) = 82.85 ≤ 150.00; another month begins at nothing again."""
    limit(ledger, amount=15000)
    assert ask(ledger, AddSeats("support", 11)).state == "approved"
    assert ask(ledger, AddSeats("support", 12)).state == "approved"
    assert approvals.spent(ledger, TODAY).amount == 8285
    # 82.85 + 2 × 41.42 = 165.70 > 150.00
    over = ask(ledger, AddSeats("support", 14))
    assert (over.state, over.not_automatic) == ("open", "amount")
    assert letters("request_submitted") == ["bilal", "olivia"]
    # On 1 August 87 days are left: 12 × … → 13 × … = 144.00 × 87/365 = 34.32
    august = datetime(2023, 8, 1, 12, tzinfo=NOON.tzinfo)
    with acting.at(august):
        again = ask(ledger, AddSeats("support", 13), at=august)
    assert again.state == "approved"
    assert approvals.spent(ledger, august.date()).amount == again.automatic_amount
    assert 3431 <= (again.automatic_amount or 0) <= 3433


@pytest.mark.parametrize(
    ("change", "limits", "why"),
    [
        (AddSeats("support", 11), {}, "off"),
        (AddSeats("support", 11), {"amount": 4141}, "amount"),
        # 144.00 more a year is more than 100.00
        (AddSeats("support", 11), {"amount": 10000}, "growth"),
        (AddSeats("support", 12), {"seats": 1}, "seats"),
        (BuyTemporarySeats("support", 1, TODAY, 10), {"seats": 5}, "not_seats"),
        (RemoveProduct("guide"), {"amount": 100000}, "product_removed"),
        (AddSeats("support", 11), {"seats": 5, "two_above": 4000}, "two_needed"),
    ],
)
def test_what_is_over_is_for_people_and_says_why(
    ledger: Account, change: Change, limits: dict[str, int], why: str
) -> None:
    limit(ledger, **limits)
    one = ask(ledger, change)
    assert (one.state, one.not_automatic, one.automatic_on) == ("open", why, None)
    assert letters("request_submitted") == ["bilal", "olivia"]
    assert not Invoice.objects.exists()


def test_a_reduction_costs_nothing_and_waits_for_its_day(ledger: Account) -> None:
    limit(ledger, amount=0)
    assert ask(ledger, ReduceSeats("support", 8)).state == "approved"
    assert ledger.subscription.scheduled.get().quantity == 8


def test_nobody_approves_their_own_also_not_olivia_by_her_limit(ledger: Account) -> None:
    limit(ledger, amount=100000)
    one = ask(ledger, AddSeats("support", 11), who="olivia")
    assert (one.state, one.not_automatic) == ("open", "own")


def test_without_a_payment_method_somebody_is_needed(ledger: Account) -> None:
    limit(ledger, amount=100000)
    PaymentMethod.objects.all().delete()
    assert ask(ledger, AddSeats("support", 11)).not_automatic == "no_method"


@pytest.mark.parametrize("method", ["test_declines", "test_asks_3ds"])
def test_a_payment_that_needs_somebody_or_fails_gives_it_to_people(ledger: Account, method: str) -> None:
    charge_by(method)
    limit(ledger, amount=100000)
    one = ask(ledger, AddSeats("support", 11))
    assert (one.state, one.not_automatic, one.automatic_on) == ("open", "not_paid", None)
    assert letters("request_submitted") == ["bilal", "olivia"]
    assert letters("payment_action") == []
    assert approvals.spent(ledger, TODAY).amount == 0
    assert shop.line(ledger, "support").quantity == 10
    # It is decided like any other.
    charge_by("test_approves")
    quotes.confirm(change_requests.draw_up(one.pk, occasion=by("bilal")).pk, occasion=by("bilal"))
    one.refresh_from_db()
    assert (one.state, one.decided_by_name) == ("approved", "Bilal Brahimi")


def test_an_unknown_payment_holds_its_share_until_it_is_known(ledger: Account) -> None:
    charge_by("test_times_out_paid")
    limit(ledger, amount=15000)
    one = ask(ledger, AddSeats("support", 11))
    assert (one.state, approvals.spent(ledger, TODAY).amount) == ("open", SEAT)
    # Somebody else may ask meanwhile: people decide that.
    other = ask(ledger, AddSeats("guide", 4))
    assert (other.state, other.not_automatic) == ("open", "being_paid")
    reconciliation.reconcile(NOON + timedelta(minutes=5))
    one.refresh_from_db()
    assert (one.state, one.decided_by_name) == ("approved", "Olivia Owens")
    assert approvals.spent(ledger, TODAY).amount == SEAT


def test_a_held_change_that_is_withdrawn_gives_its_request_to_people(ledger: Account) -> None:
    charge_by("test_times_out_unpaid")
    limit(ledger, amount=15000)
    one = ask(ledger, AddSeats("support", 11))
    held = Quote.objects.filter(request=one, state="held").first()
    if held is None:
        pytest.fail("the provider of the tests answered")
    Charge.objects.update(state="failed", settled_at=NOON)
    quotes.withdraw(held.pk, occasion=by("bilal"))
    one.refresh_from_db()
    assert (one.state, one.automatic_on, one.not_automatic) == ("open", None, "not_paid")


@pytest.mark.parametrize("kind", ["assisted", "managed"])
def test_where_the_vendors_staff_decide_limits_say_nothing(ledger: Account, kind: str) -> None:
    limit(ledger, amount=100000)
    Account.objects.update(type=kind)
    ledger.refresh_from_db()
    one = ask(ledger, AddSeats("support", 11), who="olivia")
    assert (one.state, one.not_automatic) == ("open", "off")
    with pytest.raises(NotAllowed):
        limit(ledger, amount=5)


@pytest.mark.parametrize("name", ["bilal", "adam", "agnes"])
def test_only_the_owner_sets_limits(ledger: Account, name: str) -> None:
    with pytest.raises(NotAllowed):
        approvals.set_limits(ledger, Limits(5), occasion=by(name))
    with pytest.raises(approvals.LimitsDisagree):
        limit(ledger, amount=5, two_above=4)
    assert not ApprovalLimits.objects.exists()


# --- Two people -----------------------------------------------------------------------------------


def approve(one: ChangeRequest, name: str, at: datetime = NOON, **edited: Any) -> Quote:
    with acting.at(at):
        quote = change_requests.draw_up(one.pk, occasion=by(name, at), **edited)
        return quotes.confirm(quote.pk, occasion=by(name, at))


def state(one: ChangeRequest) -> tuple[str, str]:
    one.refresh_from_db()
    first = FirstApproval.objects.filter(request=one).first()
    return one.state, first.person_name if first else ""


def test_above_the_amount_two_different_people_approve(ledger: Account) -> None:
    limit(ledger, two_above=4141)
    one = ask(ledger, AddSeats("support", 11))
    assert approve(one, "bilal").state == "closed"
    assert state(one) == ("open", "Bilal Brahimi")
    assert (Invoice.objects.count(), Charge.objects.count()) == (0, 0)
    assert letters("request_approved_first") == ["olivia"]
    # He doesn't become the second by approving again.
    assert approve(one, "bilal").state == "closed"
    assert approve(one, "olivia").state == "confirmed"
    assert state(one) == ("approved", "Bilal Brahimi")
    assert one.decided_by_name == "Olivia Owens"
    assert str(Invoice.objects.get().total) == "$41.42"


@pytest.mark.parametrize(("two_above", "people_needed"), [(14400, 1), (14399, 2), (0, 2)])
def test_what_the_renewal_grows_by_counts_too(ledger: Account, two_above: int, people_needed: int) -> None:
    """41.42 now, 144.00 more a year: the larger of the two is compared."""
    limit(ledger, two_above=two_above)
    one = ask(ledger, AddSeats("support", 11))
    assert (approve(one, "bilal").state == "confirmed") is (people_needed == 1)


def test_with_a_day_less_is_due_and_the_first_approval_still_counts(ledger: Account) -> None:
    limit(ledger, two_above=100)
    one = ask(ledger, AddSeats("support", 11))
    approve(one, "bilal")
    assert approve(one, "olivia", NOON + timedelta(days=1)).state == "confirmed"
    # 11 × 144.00 × 104/365 − 10 × 144.00 × 104/365 = 451.33 − 410.30
    assert str(Invoice.objects.get().total) == "$41.03"


def edited(one: ChangeRequest, ledger: Account) -> None:
    assert approve(one, "olivia", changes=[AddSeats("support", 12)]).state == "closed"


def sold_meanwhile(one: ChangeRequest, ledger: Account) -> None:
    bought = quotes.draw_up(ledger, [AddSeats("guide", 4)], occasion=by("olivia"))
    quotes.confirm(bought.pk, occasion=by("olivia"))
    assert approve(one, "olivia").state == "closed"


def left_meanwhile(one: ChangeRequest, ledger: Account) -> None:
    roles.give(people.member("bilal", ledger).pk, Role.ADMIN, occasion=by("olivia"))
    assert approve(one, "olivia").state == "closed"


@pytest.mark.parametrize("meanwhile", [edited, sold_meanwhile, left_meanwhile])
def test_a_first_approval_falls_when_the_quote_changes_or_its_giver_may_no_longer(
    ledger: Account, meanwhile: Callable[[ChangeRequest, Account], None]
) -> None:
    limit(ledger, two_above=100)
    one = ask(ledger, AddSeats("support", 11))
    approve(one, "bilal")
    meanwhile(one, ledger)
    # Olivia is the first now, and can't be the second too.
    assert state(one) == ("open", "Olivia Owens")


def test_who_asked_is_neither_of_the_two(ledger: Account) -> None:
    limit(ledger, two_above=100)
    one = ask(ledger, AddSeats("support", 11), who="bilal")
    approve(one, "olivia")
    with pytest.raises(change_requests.OwnRequest):
        approve(one, "bilal")
    assert [m.user.email for m in approvals.seconds_of(ledger, one, people.user("olivia").pk)] == []


def test_what_is_changed_directly_is_not_asked_of_two(ledger: Account) -> None:
    limit(ledger, two_above=0)
    bought = quotes.draw_up(ledger, [AddSeats("support", 11)], occasion=by("bilal"))
    assert quotes.confirm(bought.pk, occasion=by("bilal")).state == "confirmed"


# --- Races ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("_time", range(2))
def test_twenty_requests_at_once_against_one_monthly_limit(ledger: Account, _time: int) -> None:
    """Each asks for temporary seats of its own: 2 × 30.00 × 12 × 10/365 = 19.73; 7 × 19.73 = 138.11 ≤ 150.00.

    Seen to fail without the account's lock in `_submit`: nineteen were priced on a version that was gone.
    """
    Account.objects.update(collection_method="send_invoice")
    ledger.refresh_from_db()
    limit(ledger, amount=15000)
    start = TODAY + timedelta(days=1)

    def temporary(number: int) -> ChangeRequest:
        day = start + timedelta(days=number)
        return ask(ledger, BuyTemporarySeats("support", 2, day, 10))

    made = at_once(*[partial(temporary, number) for number in range(20)])
    approved = [one for one in made if one.state == "approved"]
    assert len(approved) == 7
    assert {one.not_automatic for one in made if one.state == "open"} == {"amount"}
    total = sum(one.automatic_amount for one in approved)
    assert total == sum(int(one.total.amount * 100) for one in Invoice.objects.all())
    assert total == approvals.spent(ledger, TODAY).amount == 7 * 1973


def test_twenty_by_card_at_once_charge_no_more_than_the_limit(ledger: Account) -> None:
    limit(ledger, amount=15000)
    start = TODAY + timedelta(days=1)

    def temporary(number: int) -> ChangeRequest:
        day = start + timedelta(days=number)
        return ask(ledger, BuyTemporarySeats("support", 2, day, 10))

    made = at_once(*[partial(temporary, number) for number in range(20)])
    paid = Charge.objects.filter(state="succeeded")
    assert 1 <= len(paid) <= 7
    assert len([one for one in made if one.state == "approved"]) == len(paid)
    assert {one.not_automatic for one in made if one.state == "open"} <= {"amount", "being_paid"}


def test_both_approve_at_once_and_it_is_carried_out_once(ledger: Account) -> None:
    limit(ledger, two_above=100)
    one = ask(ledger, AddSeats("support", 11))
    drawn = {name: change_requests.draw_up(one.pk, occasion=by(name)).pk for name in ("bilal", "olivia")}
    done = at_once(*[partial(quotes.confirm, drawn[name], occasion=by(name)) for name in drawn])
    assert sorted(one.state for one in done) == ["closed", "confirmed"]
    assert state(one)[0] == "approved"
    assert Invoice.objects.count() == 1
    assert payments.is_charged(ledger)
