"""Manage where not everything is open: other account types, roles, and states of the account."""

from datetime import UTC, date, datetime

import pytest
from django.test import Client
from djmoney.money import Money

from accounts.models import Account
from billing.models import (
    Edition,
    Invoice,
    Line,
    PaymentMethod,
    Quote,
    ScheduledChange,
    Subscription,
)
from tests import people, shop
from tests.console.changing import LIVE, MANAGE, PREVIEW, pay_by_card, review, wish
from tests.console.reading import acme_at, signed_in, text

pytestmark = pytest.mark.django_db(transaction=True)


# --- Where not all is open --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["assisted", "managed"])
def test_no_amount_and_no_forged_reduction_where_costs_are_hidden(ledger: Account, kind: str) -> None:
    Account.objects.update(type=kind)
    olivia = signed_in(people.user("olivia"))
    page, preview = olivia.get(MANAGE), olivia.post(PREVIEW, wish(seats_support=11))
    assert "$" not in text(page) + text(preview)
    olivia.post(MANAGE, wish(seats_support=5))
    assert not ScheduledChange.objects.exists()
    assert not Quote.objects.exists()


def test_what_is_closed_to_an_assisted_account_is_explained_and_may_be_asked_for(ledger: Account) -> None:
    Account.objects.update(type="assisted")
    olivia = signed_in(people.user("olivia"))
    page = olivia.get(MANAGE)
    seen = text(page)
    assert "On online-assisted accounts, only Northwind Desk’s staff can reduce seats" in seen
    assert (
        "The same applies to: cancel a product · change the billing cycle · extend the subscription" in seen
    )
    for name in ("extend", "cycle", "temporary_seats", "promo", "on", "remove-support"):
        assert f'name="{name}"' not in page.content.decode()
    asked = olivia.post(MANAGE, wish(seats_support=5) | {"as": "request"}, follow=True)
    assert "Your request is submitted." in asked.content.decode()
    assert not ScheduledChange.objects.exists()


def test_a_self_service_owner_has_no_need_to_ask(olivia: Client) -> None:
    assert "Submit request" not in text(olivia.get(f"{MANAGE}?as=request"))
    assert "/billing/quotes/" in review(olivia, wish(seats_support=11) | {"as": "request"})


def test_bilal_reads_that_removing_is_the_owners(ledger: Account) -> None:
    bilal = signed_in(people.user("bilal"))
    page = bilal.get(MANAGE)
    assert 'name="remove-support"' not in page.content.decode()
    assert "Only the account owner can cancel a product." in text(page)
    forged = bilal.post(MANAGE, wish() | {"remove-support": "on"})
    assert forged.status_code == 403
    assert "Only the account owner can cancel a product." in text(forged)
    assert not Quote.objects.exists()


@pytest.mark.parametrize(
    "forged", [{"seats_support": 5}, {"extend": "on"}, {"cycle": "monthly"}, {"remove_support": "on"}]
)
def test_what_is_forged_is_refused_with_the_reason(ledger: Account, forged: dict[str, object]) -> None:
    """On managed accounts all of it is a request to the vendor's staff."""
    Account.objects.update(type="assisted")
    answer = signed_in(people.user("olivia")).post(MANAGE, wish(**forged))
    assert answer.status_code == 403
    assert "only Northwind Desk’s staff can" in text(answer)
    assert "Sales of Acme" in text(answer)
    assert not Quote.objects.exists()
    assert not ScheduledChange.objects.exists()


def test_adam_asks_on_the_same_page_and_bilal_goes_on_from_it(ledger: Account) -> None:
    adam, bilal = signed_in(people.user("adam")), signed_in(people.user("bilal"))
    page = adam.get(MANAGE)
    assert "Only the account owner and billing admins can change the subscription." in text(page)
    assert "Submit request" in text(page)
    adam.post(MANAGE, wish(seats_support=12) | {"note": "For July"})
    asked = ledger.subscription.requests.get()
    assert (asked.requester_name, asked.note) == ("Adam Adler", "For July")
    edited = bilal.get(f"{MANAGE}?request={asked.pk}")
    # 12 × 1.00 × 12 × 105/365 = 41.42, less 34.52: priced as soon as the page opens.
    assert "Due today $6.90" in text(edited)
    assert 'name="seats-support" value="12"' in edited.content.decode()
    bilal.post(review(bilal, wish(seats_support=13) | {"request": asked.pk}))
    asked.refresh_from_db()
    assert (asked.state, shop.line(ledger, "support").quantity) == ("approved", 13)


# --- Where the account stands -----------------------------------------------------------------------


def test_past_due_says_pay_this_invoice_first_with_its_link(ledger: Account, olivia: Client) -> None:
    address = review(olivia, wish(seats_support=11))
    Account.objects.update(collection_method="send_invoice")
    olivia.post(address)
    Account.objects.update(state="past_due")
    assert "Pay invoice INV-000001 first" in text(olivia.get(MANAGE))
    seen = olivia.post(PREVIEW, wish(seats_support=12))
    assert "Pay invoice INV-000001 first: it is past due." in text(seen)
    assert "/a/acme/billing/invoices/INV-000001/" in seen.content.decode()
    # What costs nothing now works as usual.
    olivia.post(review(olivia, wish(seats_support=6)))
    assert ScheduledChange.objects.get().quantity == 6


def test_a_held_change_is_named_on_the_page_with_the_way_to_it(olivia: Client) -> None:
    PaymentMethod.objects.update(reference="test_asks_3ds")
    address = review(olivia, wish(seats_support=11))
    olivia.post(address)
    assert f'href="{address}"' in olivia.get(MANAGE).content.decode()
    seen = olivia.post(PREVIEW, wish(seats_support=12), headers=LIVE)
    assert "Another change is waiting for its payment" in text(seen)
    assert f'href="{address}"' in seen.content.decode()


def test_a_renewal_that_is_due_is_carried_out_first(ledger: Account, olivia: Client) -> None:
    Account.objects.update(clock=datetime(2023, 10, 27, 14, tzinfo=UTC))
    page = olivia.get(MANAGE)
    assert "The subscription is renewing It was due on 27 October 2023" in text(page)
    olivia.post(MANAGE, {"renew": "1"})
    # 10 × 1.00 × 12
    assert str(Invoice.objects.get().total) == "$120.00"
    assert "The subscription is renewing" not in text(olivia.get(MANAGE))


def test_a_trial_buys_its_first_period_with_what_it_tried(db: None) -> None:
    account = acme_at(state="trial", trial_ends_on=date(2023, 8, 1))
    Subscription.objects.create(account=account, catalogue=shop.catalogue(), currency="USD", cycle="annual")
    pay_by_card(account)
    olivia = signed_in(people.user("olivia"))
    page = text(olivia.get(MANAGE))
    assert "Choose what to buy" in page
    assert "charged for a month from today" in page
    assert "$12.00 per seat and month, paid monthly" in page
    typed = {"seats-support": 3, "edition-support": "team", "cycle": "monthly"}
    address = review(olivia, typed)
    # 3 × 12.00 for the month from 14 July
    assert "Confirm and pay $36.00" in text(olivia.get(address))
    olivia.post(address)
    account.refresh_from_db()
    assert account.state == "active"


def test_what_a_trial_tried_is_proposed(db: None) -> None:
    account = acme_at(state="trial", trial_ends_on=date(2023, 8, 1))
    Subscription.objects.create(account=account, catalogue=shop.catalogue(), currency="USD", cycle="monthly")
    edition = Edition.objects.get(product__key="support", key="professional")
    Line.objects.create(
        subscription_id=account.pk,
        product=edition.product,
        edition=edition,
        quantity=4,
        unit_price=Money(0, "USD"),
        began_on=date(2023, 7, 1),
    )
    page = signed_in(people.user("olivia")).get(MANAGE).content.decode()
    assert 'name="seats-support" value="4"' in page
    assert '<option value="professional" selected>' in page
