"""An account brought in past due or suspended, without an invoice here: staff settle the old debt."""

from datetime import UTC, date, datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from accounts.gate import Gate
from accounts.models import Account, Activity, Letter
from accounts.rules.decision import Action, Contact, DenialReason, NextStep
from billing import debts, renewal
from billing.models import Invoice, Subscription
from tests import acting, people, shop
from tests.console.reading import acme_at, signed_in, text

pytestmark = pytest.mark.django_db(transaction=True)
NOON = datetime(2023, 11, 26, 17, tzinfo=UTC)
TODAY = date(2023, 11, 26)


def owing(state: str, start: date = date(2023, 3, 1), **fields: object) -> Account:
    """Return Acme, which owes something of which no invoice stands here; today is 26 November 2023."""
    account = acme_at(NOON, state=state, **fields)
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=start)
    return account


def settle(account: Account, reason: str = "Paid by cheque on the 20th") -> None:
    with acting.at(NOON):
        debts.settle_old(account.pk, reason=reason, occasion=acting.occasion(by=people.vera(), on=TODAY))


@pytest.fixture
def vera() -> Client:
    return signed_in(people.vera())


@pytest.mark.parametrize("state", ["past_due", "suspended"])
def test_vera_settles_it_and_everything_opens(state: str, vera: Client) -> None:
    account = owing(state)
    page = vera.get(reverse("vendor:accounts_account_change", args=[account.pk]))
    told = text(page)
    assert "An old debt that has no invoice here." in told
    assert "Old debt settled" in told
    act = reverse("vendor:accounts_account_settle", args=[account.pk])
    assert act in page.content.decode()
    assert "Nothing is charged now." in text(vera.get(act))
    assert vera.post(act, {"reason": " "}).status_code == 422
    done = vera.post(act, {"reason": "Paid by cheque on the 20th"}, follow=True)
    assert "The account is open again. Its owner and billing admins are notified." in text(done)
    account.refresh_from_db()
    assert account.state == "active"
    entry = Activity.objects.get(verb="old_debt_settled")
    assert (entry.actor_name, entry.by_staff, entry.reason) == (
        *("Vera Vance", True),
        "Paid by cheque on the 20th",
    )
    told = Letter.objects.filter(kind="old_debt_settled")
    assert set(told.values_list("to", flat=True)) == {"olivia@acme.example", "bilal@acme.example"}
    trail = text(signed_in(people.user("olivia")).get("/a/acme/activity/"))
    assert "Old debt settled" in trail
    assert "Paid by cheque on the 20th" in trail
    assert not Invoice.objects.exists()
    again = vera.post(act, {"reason": "Once more"}, follow=True)
    assert "This account owes no old debt, or no longer." in text(again)
    assert Activity.objects.filter(verb="old_debt_settled").count() == 1


def test_a_period_that_ended_while_suspended_starts_anew_on_that_day(vera: Client) -> None:
    """Paid until 27 October 2023; settled on 26 November: 30 of 366 days are not charged.

    10 × 1.00 × 12 × 336/366 = 110.16
    """
    account = owing("suspended", start=date(2022, 10, 27))
    act = reverse("vendor:accounts_account_settle", args=[account.pk])
    assert "A suspended account starts its period anew today" in text(vera.get(act))
    settle(account)
    assert Subscription.objects.get().resumes_on == TODAY
    with acting.at(NOON):
        renewal.renew(account.pk, occasion=acting.occasion(on=TODAY, at=NOON))
    assert str(Invoice.objects.get().total) == "$110.16"


def test_an_invoice_that_is_open_is_paid_not_settled(vera: Client) -> None:
    account = owing("past_due", start=date(2022, 10, 27))
    with acting.at(NOON):
        (invoice,) = renewal.renew(account.pk, occasion=acting.occasion(on=TODAY, at=NOON))
    with pytest.raises(debts.InvoiceOpen, match=invoice.number):
        settle(account)
    act = reverse("vendor:accounts_account_settle", args=[account.pk])
    for answer in (vera.get(act, follow=True), vera.post(act, {"reason": "x"}, follow=True)):
        assert f"Invoice {invoice.number} is open: it is paid, not settled here." in text(answer)
    account.refresh_from_db()
    assert account.state == "past_due"


@pytest.mark.parametrize("state", ["active", "trial", "cancelled"])
def test_nothing_is_settled_where_nothing_is_owed(state: str) -> None:
    account = owing(state)
    with pytest.raises(debts.NothingOwed):
        settle(account)
    assert not Activity.objects.filter(verb="old_debt_settled").exists()


def test_only_staff_settle_and_only_with_a_reason(vera: Client) -> None:
    account = owing("suspended")
    for name in ("olivia", "bilal"):
        with pytest.raises(PermissionDenied):
            debts.settle_old(
                account.pk, reason="Mine", occasion=acting.occasion(by=people.user(name), on=TODAY)
            )
        act = reverse("vendor:accounts_account_settle", args=[account.pk])
        assert signed_in(people.user(name)).post(act, {"reason": "Mine"}).status_code == 404
    with pytest.raises(ValueError, match="say why"):
        settle(account, reason="  ")
    assert vera.get(reverse("vendor:accounts_account_settle", args=[4711])).status_code == 404
    account.refresh_from_db()
    assert account.state == "suspended"


@pytest.mark.parametrize(("kind", "reason"), [("self_service", "Paid 400.00"), ("managed", "")])
def test_the_letter_gives_the_reason_where_costs_are_shown(kind: str, reason: str) -> None:
    settle(owing("suspended", type=kind), reason="Paid 400.00")
    assert Letter.objects.filter(kind="old_debt_settled").first().facts["reason"] == reason  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["olivia", "adam", "agnes"])
def test_until_then_the_gate_names_the_vendors_contact(name: str) -> None:
    account = owing("suspended")
    gate = Gate(people.user(name), account, on=TODAY, way_out=debts.way_out)
    refused = gate.may(Action.VIEW_PEOPLE)
    assert (refused.reason, refused.who_can, refused.next_step) == (
        DenialReason.OLD_DEBT,
        (Contact.VENDOR_CONTACT,),
        NextStep.CONTACT_VENDOR,
    )
