"""Manage, review, confirm, receipt: what the page shows is what is charged, and every no says why."""

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Account, Activity
from billing.models import (
    AgentSeat,
    ChangeRequest,
    Invoice,
    PaymentMethod,
    PromoCode,
    Quote,
    SandboxPayment,
    SandboxSetup,
    ScheduledChange,
)
from tests import people, shop
from tests.console.reading import acme_at, signed_in, text

pytestmark = pytest.mark.django_db(transaction=True)
MANAGE = "/a/acme/billing/subscription/manage/"
PREVIEW = f"{MANAGE}preview"


@pytest.fixture
def ledger() -> Account:
    """Ten seats at a grandfathered 1.00 a month, annual; today is 14 July 2023."""
    account = acme_at()
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    PaymentMethod.objects.create(
        subscription_id=account.pk, kind="card", brand="Visa", last_four="4242", reference="test_approves"
    )
    return account


@pytest.fixture
def olivia(ledger: Account) -> Client:
    return signed_in(people.user("olivia"))


def wish(**fields: Any) -> dict[str, Any]:
    """Return the whole form as the page posts it, with some fields changed."""
    return {"seats-support": 10, "edition-support": "team", "cycle": "annual"} | {
        name.replace("_", "-", 1): value for name, value in fields.items()
    }


def test_one_more_seat_from_the_form_to_the_receipt(olivia: Client) -> None:
    shown = text(olivia.post(PREVIEW, wish(seats_support=11)))
    assert "10 seats × $1.00 × 12 months × 105 of 365 days = $34.52" in shown
    assert "−$34.52" in shown
    assert "$37.97" in shown
    assert "$3.45" in shown
    assert "$132.00" in shown
    review = olivia.post(MANAGE, wish(seats_support=11), follow=True)
    assert "Confirm and pay $3.45" in text(review)
    address = review.redirect_chain[-1][0]
    receipt = olivia.post(address, follow=True)
    assert "$3.45 was paid, and the change is made." in text(receipt)
    assert [payment.amount for payment in SandboxPayment.objects.all()] == [345]
    again = olivia.post(address, follow=True)
    assert "$3.45 was paid" in text(again)
    assert SandboxPayment.objects.count() == 1
    invoice = olivia.get(f"/a/acme/billing/invoices/{Invoice.objects.get().number}/")
    assert "Seats added" in text(invoice)
    assert "−$34.52" in text(invoice)


@pytest.mark.parametrize(
    ("day", "due", "renewal"), [("2023-07-23", "$3.16", "$132.00"), ("2023-10-27", "$0.00", "$132.00")]
)
def test_what_if_on_another_day(olivia: Client, day: str, due: str, renewal: str) -> None:
    # In 9 days: (11 − 10) × 12 × 96/365 = 34.72 − 31.56; on the renewal day nothing is due.
    shown = text(olivia.post(PREVIEW, wish(seats_support=11) | {"on": day}))
    assert due in shown
    assert renewal in shown


def test_the_preview_writes_nothing_in_a_few_queries(olivia: Client) -> None:
    olivia.post(PREVIEW, wish(seats_support=11), headers={"hx-request": "true"})
    with CaptureQueriesContext(connection) as queries:
        fragment = olivia.post(PREVIEW, wish(seats_support=11), headers={"hx-request": "true"})
    assert "<html" not in fragment.content.decode()
    assert len(queries) <= 8
    assert all(query["sql"].lstrip().startswith("SELECT") for query in queries)


@pytest.mark.parametrize("typed", ["-1", "0", "1000000000", "10.5", "", "many", "1e3", "' OR 1=1", "٣x"])
def test_a_number_that_is_none_gets_a_message_at_its_field(olivia: Client, typed: str) -> None:
    answer = olivia.post(MANAGE, wish(seats_support=typed))
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.content.decode()
    assert Quote.objects.count() == 0


def test_arabic_indic_digits_are_shown_as_understood(olivia: Client) -> None:
    assert "11 seats" in text(olivia.post(PREVIEW, wish(seats_support="١١")))


def test_seats_in_use_are_named_with_who_holds_them(ledger: Account, olivia: Client) -> None:
    line = shop.line(ledger, "support")
    for name in ("agnes", "adam"):
        AgentSeat.objects.create(subscription_id=ledger.pk, line=line, membership=people.member(name, ledger))
    answer = olivia.post(MANAGE, wish(seats_support=1))
    assert answer.status_code == 422
    assert "Seats are held by: Adam Adler, Agnes Albert" in text(answer)


def test_unknown_names_smuggled_prices_and_foreign_editions_change_nothing(olivia: Client) -> None:
    smuggled = wish() | {"price": "1", "unit_price": "0", "seats-nothing": 5, "state": "active"}
    assert olivia.post(MANAGE, smuggled).status_code == 422
    assert olivia.post(MANAGE, wish(edition_support="standard")).status_code == 422
    assert Quote.objects.count() == 0


def test_a_reduction_waits_and_a_new_purchase_asks_what_shall_hold(olivia: Client) -> None:
    review = olivia.post(MANAGE, wish(seats_support=5), follow=True)
    olivia.post(review.redirect_chain[-1][0])
    assert ScheduledChange.objects.get().quantity == 5
    asked = olivia.post(MANAGE, wish(seats_support=12))
    assert asked.status_code == 422
    assert "Keep it: renew with 5 seats" in text(asked)
    assert "Raise it by what is bought now: renew with 7 seats" in text(asked)
    answered = wish(seats_support=12) | {"answer-quantity-support": "raise"}
    review = olivia.post(MANAGE, answered, follow=True)
    olivia.post(review.redirect_chain[-1][0])
    assert ScheduledChange.objects.get().quantity == 7


def test_undo_from_the_summary(olivia: Client) -> None:
    review = olivia.post(MANAGE, wish(seats_support=5), follow=True)
    olivia.post(review.redirect_chain[-1][0])
    undo = f"/a/acme/billing/subscription/scheduled/{ScheduledChange.objects.get().pk}/undo/"
    assert "Undone." in olivia.post(undo, follow=True).content.decode()
    assert not ScheduledChange.objects.exists()
    assert "no longer waits" in olivia.post(undo, follow=True).content.decode()


def test_what_changed_meanwhile_stands_side_by_side(olivia: Client) -> None:
    first = olivia.post(MANAGE, wish(seats_support=14), follow=True).redirect_chain[-1][0]
    bilal = signed_in(people.user("bilal"))
    bilals = bilal.post(MANAGE, wish(seats_support=12), follow=True).redirect_chain[-1][0]
    bilal.post(bilals)
    changed = olivia.post(first, follow=True)
    seen = text(changed)
    assert "Somebody changed the subscription meanwhile." in seen
    assert "$13.81" in seen
    assert "$6.91" in seen
    assert Invoice.objects.count() == 1
    olivia.post(changed.redirect_chain[-1][0].split("?")[0])
    assert [str(invoice.total) for invoice in Invoice.objects.order_by("pk")] == ["$6.90", "$6.91"]


def test_another_persons_quote_and_another_accounts_are_404(olivia: Client, ledger: Account) -> None:
    address = olivia.post(MANAGE, wish(seats_support=11), follow=True).redirect_chain[-1][0]
    assert signed_in(people.user("bilal")).get(address).status_code == 404
    assert signed_in(people.user("adam")).get(address).status_code == 403
    people.globex()
    assert olivia.get(address.replace("acme", "globex")).status_code == 404


def test_a_declined_card_says_why_and_can_be_tried_again(olivia: Client) -> None:
    PaymentMethod.objects.update(reference="test_declines_funds")
    address = olivia.post(MANAGE, wish(seats_support=11), follow=True).redirect_chain[-1][0]
    assert "funds are not sufficient" in text(olivia.post(address, follow=True))
    PaymentMethod.objects.update(reference="test_approves")
    again = olivia.post(f"{address}again/", follow=True)
    assert "$3.45 was paid" in text(olivia.post(again.redirect_chain[-1][0], follow=True))


@pytest.mark.parametrize(("answer", "ends"), [("approve", "was paid"), ("refuse", "did not go through")])
def test_three_d_secure_leads_to_the_bank_and_back(olivia: Client, answer: str, ends: str) -> None:
    PaymentMethod.objects.update(reference="test_asks_3ds")
    address = olivia.post(MANAGE, wish(seats_support=11), follow=True).redirect_chain[-1][0]
    held = olivia.post(address, follow=True)
    assert "Waiting for the payment" in text(held)
    bank = f"/sandbox-provider/pay/{SandboxPayment.objects.get().token}/"
    assert bank in held.content.decode()
    assert "Confirm the payment" in text(Client().get(bank))
    assert ends in text(olivia.post(bank, {"answer": answer}, follow=True))


def test_a_held_change_can_be_withdrawn(olivia: Client) -> None:
    PaymentMethod.objects.update(reference="test_asks_3ds")
    address = olivia.post(MANAGE, wish(seats_support=11), follow=True).redirect_chain[-1][0]
    olivia.post(address)
    assert "Another change waits for its payment" in text(olivia.post(PREVIEW, wish(seats_support=12)))
    assert "withdrawn" in text(olivia.post(f"{address}withdraw/", follow=True))
    assert Quote.objects.get().state == "withdrawn"


def test_a_method_is_entered_on_the_providers_page(olivia: Client) -> None:
    PaymentMethod.objects.all().delete()
    address = olivia.post(MANAGE, wish(seats_support=11), follow=True).redirect_chain[-1][0]
    assert "enter a payment method first" in olivia.post(address, follow=True).content.decode()
    quote = Quote.objects.get()
    olivia.post("/a/acme/billing/payment/replace/", {"next": str(quote.pk)})
    hosted = f"/sandbox-provider/method/{SandboxSetup.objects.get().token}/"
    back = olivia.post(hosted, {"method": "test_approves"}, follow=True)
    assert "Confirm and pay $3.45" in text(back)


def test_past_due_says_pay_this_invoice_first_with_its_link(ledger: Account, olivia: Client) -> None:
    review = olivia.post(MANAGE, wish(seats_support=11), follow=True).redirect_chain[-1][0]
    PaymentMethod.objects.update(kind="bank_transfer", reference="")
    olivia.post(review)
    Account.objects.update(state="past_due")
    seen = olivia.post(PREVIEW, wish(seats_support=12))
    assert "Pay invoice INV-000001 first" in text(seen)
    assert "/a/acme/billing/invoices/INV-000001/" in seen.content.decode()


def test_a_promo_code_is_tried_ten_times_an_hour(olivia: Client, ledger: Account) -> None:
    for number in range(10):
        seen = text(olivia.post(PREVIEW, wish() | {"promo": f"no-{number}"}))
        assert "This promo code does not work here" in seen
    assert "Too many codes were tried" in text(olivia.post(PREVIEW, wish() | {"promo": "no-10"}))


def test_a_promo_code_counts_from_the_renewal(olivia: Client, ledger: Account) -> None:
    PromoCode.objects.create(catalogue=ledger.subscription.catalogue, code="SPRING", percent=10, periods=2)
    review = olivia.post(MANAGE, wish() | {"promo": "spring"}, follow=True)
    # 10 × 1.00 × 12 = 120.00, less 10 %
    assert "$108.00" in text(review)
    olivia.post(review.redirect_chain[-1][0])
    assert PromoCode.objects.get().used == 1


def test_adam_asks_on_the_same_page(ledger: Account) -> None:
    adam = signed_in(people.user("adam"))
    page = adam.get(MANAGE)
    assert "Submit request" in text(page)
    asked = adam.post(MANAGE, wish(seats_support=11) | {"note": "For July"}, follow=True)
    request = ChangeRequest.objects.get()
    assert (request.requester_name, request.note) == ("Adam Adler", "For July")
    assert "Withdraw" in text(asked)
    bilal = signed_in(people.user("bilal"))
    seen = text(bilal.get(f"/a/acme/billing/requests/{request.pk}/"))
    assert "Inbox" not in seen
    assert "$3.45" in seen
    edited = bilal.post(MANAGE, wish(seats_support=12) | {"request": request.pk}, follow=True)
    bilal.post(edited.redirect_chain[-1][0])
    request.refresh_from_db()
    assert (request.state, shop.line(ledger, "support").quantity) == ("approved", 12)


@pytest.mark.parametrize("kind", ["assisted", "managed"])
def test_no_amount_and_no_forged_reduction_where_costs_are_hidden(ledger: Account, kind: str) -> None:
    Account.objects.update(type=kind)
    olivia = signed_in(people.user("olivia"))
    page, preview = olivia.get(MANAGE), olivia.post(PREVIEW, wish(seats_support=11))
    assert "$" not in text(page) + text(preview)
    olivia.post(MANAGE, wish(seats_support=5))
    assert not ScheduledChange.objects.exists()
    assert not Quote.objects.exists()


def test_a_trial_buys_its_first_period_and_ends(db: None) -> None:
    from billing.models import Subscription

    account = acme_at(state="trial", trial_ends_on=date(2023, 8, 1))
    Subscription.objects.create(account=account, catalogue=shop.catalogue(), currency="USD", cycle="annual")
    PaymentMethod.objects.create(
        subscription_id=account.pk, kind="card", brand="Visa", last_four="4242", reference="test_approves"
    )
    olivia = signed_in(people.user("olivia"))
    typed = {"seats-support": 3, "edition-support": "team", "cycle": "monthly"}
    review = olivia.post(MANAGE, typed, follow=True)
    # 3 × 12.00 for the month from 14 July
    assert "Confirm and pay $36.00" in text(review)
    olivia.post(review.redirect_chain[-1][0])
    account.refresh_from_db()
    assert account.state == "active"
    assert Activity.objects.filter(verb="subscription_changed").count() == 1
