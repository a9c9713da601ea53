"""Suspended by the vendor's staff: what closes, what no payment opens, and what the account comes back to.

Acme renews on 1 March 2026 for 10 x 12.00 = 120.00 a month.
"""

from datetime import date, datetime
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts import mail
from accounts.models import Account, Activity, Letter
from accounts.occasion import Occasion
from billing import cancellation, debts, payments, suspensions
from billing.models import Invoice, Subscription
from tests import acting, people
from tests.billing.dunned import debtor, noon, pays_by, run_days, state
from tests.billing.test_dunning import suspended
from tests.console.reading import signed_in, text

pytestmark = pytest.mark.django_db(transaction=True)
WHY = "The card was reported as stolen."


def vera_at(at: datetime) -> Occasion:
    return acting.occasion(people.vera(), at.date(), at)


def suspend(account: Account, after: int, reason: str = WHY) -> None:
    suspensions.suspend(account.pk, reason=reason, occasion=vera_at(noon(after)))


def end(account: Account, after: int) -> None:
    suspensions.end(account.pk, reason="It was a mistake of the bank.", occasion=vera_at(noon(after)))


def pay(account: Account, after: int) -> None:
    at = noon(after)
    olivia = acting.occasion(people.user("olivia"), at.date(), at)
    assert payments.pay("INV-000001", account, occasion=olivia).state == "succeeded"


def test_nothing_renews_and_the_period_that_ended_meanwhile_starts_when_it_ends() -> None:
    """Suspended on 27 February, ended on 10 March: 120.00 x 22/31 = 85.16 for the days from the 10th on."""
    acme = debtor("test_approves")
    suspend(acme, -2)
    run_days(acme, 0, 1, 8)
    assert not Invoice.objects.exists()
    end(acme, 9)
    assert state(acme) == "active"
    assert Subscription.objects.get().resumes_on == date(2026, 3, 10)
    run_days(acme, 9, 10)
    assert Invoice.objects.get().due.amount == Decimal("85.16")


def test_both_reasons_are_told_and_stand_in_the_activity() -> None:
    acme = debtor("test_approves")
    suspend(acme, -2)
    end(acme, -1)
    first, last = (Letter.objects.filter(kind=kind) for kind in ("suspended_by_vendor", "suspension_ended"))
    assert (
        {one.to for one in first} == {one.to for one in last} == {"olivia@acme.example", "bilal@acme.example"}
    )
    assert f"Reason: {WHY}" in mail.message(first[0]).body
    assert "Everything is open again" in mail.message(last[0]).body
    told = [(one.verb, one.reason, one.by_staff) for one in Activity.objects.order_by("pk")]
    assert told[-2:] == [
        ("account_suspended", WHY, True),
        ("suspension_ended", "It was a mistake of the bank.", True),
    ]


def test_a_payment_pays_and_opens_nothing() -> None:
    """Suspended for the unpaid 120.00, then by Vera: paid on 10 April, active beneath, and opened by her."""
    acme = suspended()
    suspend(acme, 30)
    pays_by(acme, "test_approves")
    pay(acme, 40)
    acme.refresh_from_db()
    assert (acme.state, acme.state_beneath) == ("suspended", "active")
    assert not Letter.objects.filter(kind="account_restored").exists()
    end(acme, 41)
    assert state(acme) == "active"
    assert Subscription.objects.get().resumes_on == noon(41).date()


def test_an_unpaid_invoice_rests_and_still_suspends_when_it_ends() -> None:
    acme = suspended()
    suspend(acme, 30)
    end(acme, 31)
    assert state(acme) == "suspended"
    body = mail.message(Letter.objects.filter(kind="suspension_ended").order_by("pk")[0]).body
    assert "everything opens again as soon as it is paid" in body
    pays_by(acme, "test_approves")
    pay(acme, 40)
    assert state(acme) == "active"


def test_a_charge_that_fails_meanwhile_is_collected_afterwards() -> None:
    """The debit of 1 March fails on the 2nd, while suspended: past due beneath, tried again afterwards."""
    acme = debtor("test_debit_fails_later")
    run_days(acme, 0)
    suspend(acme, 0)
    run_days(acme, 1, 2, 3)
    acme.refresh_from_db()
    assert (acme.state, acme.state_beneath) == ("suspended", "past_due")
    tries = Invoice.objects.get().charges.count()
    run_days(acme, 4, 5)
    assert Invoice.objects.get().charges.count() == tries, "nothing is tried meanwhile"
    end(acme, 6)
    assert state(acme) == "past_due"
    run_days(acme, 6, 7)
    assert Invoice.objects.get().charges.count() == tries + 1


def test_what_it_was_beneath_outlives_a_cancellation() -> None:
    """Cancelled while suspended, and given back: suspended as before, until Vera ends that."""
    acme = debtor("test_approves")
    suspend(acme, -5)
    olivia = acting.occasion(people.user("olivia"), noon(-4).date(), noon(-4))
    acme.refresh_from_db()
    sheet = cancellation.consequences(acme, noon(-4).date())
    cancellation.cancel_now(acme, mark=sheet.mark, reason="other", text="", occasion=olivia)
    for act in (suspensions.NothingToSuspend, suspensions.NotSuspended):
        with pytest.raises(act):
            (suspend if act is suspensions.NothingToSuspend else end)(acme, -3)
    cancellation.restore(acme.pk, reason="They came back.", occasion=vera_at(noon(-2)))
    acme.refresh_from_db()
    assert (acme.state, acme.state_beneath) == ("suspended", "active")
    end(acme, -1)
    assert state(acme) == "active"


def test_an_old_debt_is_settled_once_the_suspension_has_ended() -> None:
    acme = debtor("test_approves", state="past_due")
    suspend(acme, -2)
    with pytest.raises(debts.SuspendedByVendor):
        debts.settle_old(acme.pk, reason="By cheque.", occasion=vera_at(noon(-1)))
    vera = signed_in(people.vera())
    act = reverse("vendor:accounts_account_settle", args=[acme.pk])
    assert "The staff have suspended the account: end that first." in text(
        vera.post(act, {"reason": "x"}, follow=True)
    )
    end(acme, -1)
    debts.settle_old(acme.pk, reason="By cheque.", occasion=vera_at(noon(-1)))
    assert state(acme) == "active"


def test_it_is_done_by_staff_with_a_reason_and_once() -> None:
    acme = debtor("test_approves")
    with pytest.raises(PermissionDenied):
        suspensions.suspend(
            acme.pk, reason=WHY, occasion=acting.occasion(people.user("olivia"), noon(0).date(), noon(0))
        )
    with pytest.raises(ValueError, match="say why"):
        suspend(acme, -2, "  ")
    with pytest.raises(suspensions.NotSuspended):
        end(acme, -2)
    suspend(acme, -2)
    with pytest.raises(suspensions.AlreadySuspended):
        suspend(acme, -2)
    for wrong in ({"state": "active"}, {"suspension_reason": ""}, {"state_beneath": "cancelled"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Account.objects.filter(pk=acme.pk).update(**wrong)


# --- As people see it -----------------------------------------------------------------------------


@pytest.fixture
def acme() -> Account:
    account = debtor("test_approves")
    suspend(account, -2)
    return account


@pytest.mark.parametrize(("name", "reads"), [("olivia", True), ("bilal", True), ("adam", False)])
def test_home_says_why_to_who_changes_the_subscription_and_whom_to_ask_to_the_others(
    acme: Account, name: str, reads: bool
) -> None:
    with acting.at(noon(-1)):
        home = text(signed_in(people.user(name)).get("/a/acme/"))
        refused = signed_in(people.user(name)).get(reverse("people", args=["acme"]))
    assert "has suspended the account" in home
    assert (f"Reason: {WHY}" in home) is reads
    assert acme.vendor_contact_name in home
    assert refused.status_code == 403
    assert "Your contact tells you why, and what opens it again." in text(refused)
    assert acme.vendor_contact_name in text(refused)


def test_vera_suspends_and_ends_it_on_the_accounts_page() -> None:
    acme = debtor("test_approves")
    vera: Client = signed_in(people.vera())
    page, act = (
        reverse(f"vendor:accounts_account_{name}", args=[acme.pk]) for name in ("change", "suspension")
    )
    told = text(vera.get(page))
    assert "Not suspended by the staff." in told
    assert "Suspend the account" in told
    assert "no payment opens the account again" in text(vera.get(act))
    assert vera.post(act, {"reason": " "}).status_code == 422
    assert "The account is suspended. Its owner" in text(vera.post(act, {"reason": WHY}, follow=True))
    told = text(vera.get(page))
    assert f"Since 28 February 2026: {WHY}" in told
    assert "End the suspension" in told
    again = vera.post(act, {"reason": WHY}, follow=True)
    assert "The account is suspended already." in text(again), "as the page before had offered"
    assert f"Reason: {WHY}" in text(vera.get(act))
    assert "Nothing is charged now." in text(vera.get(act))
    Account.objects.update(clock=noon(9))
    assert "it starts anew today" in text(vera.get(act))
    done = vera.post(act, {"reason": "It was a mistake.", "ends": "1"}, follow=True)
    assert "The suspension has ended." in text(done)
    assert state(acme) == "active"
    assert vera.get(reverse("vendor:accounts_account_suspension", args=[4711])).status_code == 404
