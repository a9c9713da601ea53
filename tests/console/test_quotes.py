"""Review, confirm, receipt: what is confirmed is what was shown, once, or nothing at all."""

from datetime import UTC, datetime

import pytest
from django.test import Client

from accounts.models import Account, Activity
from billing.models import Invoice, PaymentMethod, Quote, SandboxPayment, SandboxSetup
from tests import people, shop
from tests.console.changing import MANAGE, PREVIEW, review, wish
from tests.console.reading import signed_in, text

pytestmark = pytest.mark.django_db(transaction=True)


def test_review_confirm_and_the_receipt_at_the_same_address(olivia: Client) -> None:
    address = review(olivia, wish(seats_support=11))
    seen = text(olivia.get(address))
    assert "10 seats × $1.00 × 12 months × 105 of 365 days = $34.52 −$34.52" in seen
    assert "11 seats × $1.00 × 12 months × 105 of 365 days = $37.97 $37.97" in seen
    assert "Due today $3.45" in seen
    assert "Charged to Visa ending in 4242 when you confirm." in seen
    terms = "By confirming you accept Northwind Desk’s terms of service (in a new window), version 2026-09"
    assert terms in seen
    receipt = text(olivia.post(address, follow=True))
    assert (
        "$3.45 was paid, and the change is made. Paid by Visa 4242 on 14 July 2023. Invoice INV-000001"
        in receipt
    )
    for again in (olivia.post(address, follow=True), olivia.get(address)):
        assert "$3.45 was paid" in text(again)
    assert [payment.amount for payment in SandboxPayment.objects.all()] == [345]
    invoice = text(olivia.get("/a/acme/billing/invoices/INV-000001/"))
    assert "Credit for what was paid · Seats added, 14 July 2023 – 26 October 2023" in invoice
    assert "10 seats × $1.00 × 12 months × 105 of 365 days = $34.52 −$34.52" in invoice
    assert Activity.objects.filter(verb="subscription_changed", invoice="INV-000001").count() == 1


def test_back_to_editing_has_everything_as_it_was(olivia: Client) -> None:
    address = review(olivia, wish(seats_support=14, edition_support="professional") | {"extend": "on"})
    back = f"{MANAGE}?quote={address.rstrip('/').rsplit('/', 1)[1]}"
    assert back in olivia.get(address).content.decode()
    page = olivia.get(back).content.decode()
    assert 'name="seats-support" value="14"' in page
    assert '<option value="professional" selected>' in page
    assert 'name="extend"' in page
    assert " checked" in page[page.index('name="extend"') :][:80]
    # Another person's quote fills in nothing.
    other = signed_in(people.user("bilal")).get(back).content.decode()
    assert 'name="seats-support" value="10"' in other


def test_what_changed_meanwhile_stands_side_by_side_with_who_did_it(olivia: Client) -> None:
    olivias = review(olivia, wish(seats_support=14))
    bilal = signed_in(people.user("bilal"))
    bilal.post(review(bilal, wish(seats_support=12)))
    changed = olivia.post(olivias, follow=True)
    seen = text(changed)
    assert "Somebody changed the subscription meanwhile." in seen
    # 41.42 − 34.52 = 6.90
    gist = "Bilal Brahimi changed the subscription: Support 10 → 12 seats (+2) · $6.90 Bilal Brahimi, 14 July"
    assert gist in seen
    # 10 → 14: 48.33 − 34.52 = 13.81; 12 → 14: 48.33 − 41.42 = 6.91
    assert "What is due today is another amount. $13.81 → $6.91" in seen
    assert "What you saw" in seen
    assert "What it is now" in seen
    assert Invoice.objects.count() == 1
    olivia.post(changed.redirect_chain[-1][0].split("?")[0])
    assert [str(invoice.total) for invoice in Invoice.objects.order_by("pk")] == ["$6.90", "$6.91"]


def test_midnight_passed(olivia: Client) -> None:
    address = review(olivia, wish(seats_support=11))
    # One in the morning in New York.
    Account.objects.update(clock=datetime(2023, 7, 15, 5, tzinfo=UTC))
    seen = text(olivia.post(address, follow=True))
    # 104 days are left: 11 × 12 × 104/365 − 10 × 12 × 104/365 = 37.61 − 34.19
    assert "it was priced for 14 July 2023, and it is now 15 July 2023" in seen
    assert "$3.45 → $3.42" in seen
    assert not Invoice.objects.exists()


def test_a_renewal_between_review_and_confirmation(olivia: Client) -> None:
    Account.objects.update(clock=datetime(2023, 10, 26, 14, tzinfo=UTC))
    # One day is left: 11 × 12/365 − 10 × 12/365 = 0.36 − 0.33, too small to be collected at once.
    address = review(olivia, wish(seats_support=11))
    assert "Too small to collect now: with the next invoice $0.03" in text(olivia.get(address))
    Account.objects.update(clock=datetime(2023, 10, 27, 13, tzinfo=UTC))
    seen = text(olivia.post(address, follow=True))
    assert "Subscription renewed" in seen
    # The whole new year: 11 × 12.00 − 10 × 12.00
    assert "$0.00 → $12.00" in seen
    assert [invoice.reason for invoice in Invoice.objects.all()] == ["renewal"]


def test_a_quote_is_one_persons_of_one_account(olivia: Client, ledger: Account) -> None:
    address = review(olivia, wish(seats_support=11))
    bilal, adam = signed_in(people.user("bilal")), signed_in(people.user("adam"))
    assert (bilal.get(address).status_code, bilal.post(address).status_code) == (404, 404)
    assert adam.post(address).status_code == 403
    people.globex()
    stella = Client()
    stella.force_login(people.person("stella@globex.example", "Stella Stern"))
    assert stella.get(address).status_code == 404
    assert stella.get(address.replace("acme", "globex")).status_code == 404
    # Once it is confirmed, colleagues may read its receipt.
    olivia.post(address)
    assert "Confirmed by Olivia Owens" in text(bilal.get(address))


def test_a_quote_is_good_for_a_day(olivia: Client) -> None:
    address = review(olivia, wish(seats_support=11))
    Account.objects.update(clock=datetime(2023, 7, 15, 14, 1, tzinfo=UTC))
    assert "This one is older." in text(olivia.get(address))
    assert "This one is older." in text(olivia.post(address, follow=True))
    again = olivia.post(f"{address}again/", follow=True)
    assert "Confirm and pay $3.42" in text(again)


def test_the_second_draft_takes_the_place_of_the_first(olivia: Client) -> None:
    first, second = review(olivia, wish(seats_support=11)), review(olivia, wish(seats_support=12))
    assert "Another quote was drawn up in its place" in text(olivia.post(first, follow=True))
    olivia.post(second)
    # 12 × 1.00 × 12 × 105/365 = 41.42, less 34.52
    assert [str(invoice.total) for invoice in Invoice.objects.all()] == ["$6.90"]


def test_a_declined_card_says_why_and_can_be_tried_again(olivia: Client) -> None:
    PaymentMethod.objects.update(reference="test_declines_funds")
    address = review(olivia, wish(seats_support=11))
    assert "The bank says that the funds are not sufficient." in text(olivia.post(address, follow=True))
    PaymentMethod.objects.update(reference="test_approves")
    again = olivia.post(f"{address}again/", follow=True).redirect_chain[-1][0]
    assert "$3.45 was paid" in text(olivia.post(again, follow=True))


@pytest.mark.parametrize(("answer", "ends"), [("approve", "was paid"), ("refuse", "did not go through")])
def test_three_d_secure_leads_to_the_bank_and_back(olivia: Client, answer: str, ends: str) -> None:
    PaymentMethod.objects.update(reference="test_asks_3ds")
    held = olivia.post(review(olivia, wish(seats_support=11)), follow=True)
    assert "Waiting for the payment" in text(held)
    bank = f"/sandbox-provider/pay/{SandboxPayment.objects.get().token}/"
    assert bank in held.content.decode()
    assert "Confirm the payment" in text(Client().get(bank))
    back = olivia.post(bank, {"answer": answer}).headers["Location"]
    assert "See how it went" in text(olivia.get(back))
    assert ends in text(olivia.post(back, follow=True))


def test_a_held_change_can_be_withdrawn(olivia: Client) -> None:
    PaymentMethod.objects.update(reference="test_asks_3ds")
    address = review(olivia, wish(seats_support=11))
    olivia.post(address)
    assert "withdrawn" in text(olivia.post(f"{address}withdraw/", follow=True))
    assert Quote.objects.get().state == "withdrawn"


def test_who_types_nothing_is_refused_nothing_while_a_change_is_held(olivia: Client) -> None:
    PaymentMethod.objects.update(reference="test_asks_3ds")
    olivia.post(review(olivia, wish(seats_support=11)))
    assert Quote.objects.get().state == "held"
    assert "No changes yet" in text(olivia.post(PREVIEW, wish()))


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_the_sandbox_leads_back_to_the_console_and_nowhere_else(olivia: Client, address: str) -> None:
    SandboxSetup.objects.create(token="elsewhere", return_url=address)
    answer = olivia.post("/sandbox-provider/method/elsewhere/", {"method": "test_approves"})
    assert answer.status_code == 404


def test_a_method_is_entered_on_the_providers_page(olivia: Client) -> None:
    PaymentMethod.objects.all().delete()
    address = review(olivia, wish(seats_support=11))
    assert "enter a payment method first" in olivia.post(address, follow=True).content.decode()
    olivia.post("/a/acme/billing/payment/replace/", {"next": str(Quote.objects.get().pk)})
    hosted = f"/sandbox-provider/method/{SandboxSetup.objects.get().token}/"
    assert "Is declined: the card has expired." in text(olivia.get(hosted))
    back = olivia.post(hosted, {"method": "test_approves"}).headers["Location"]
    assert "Pay for Acme with this from now on?" in text(olivia.get(back))
    address, state = back.split("?state=")
    assert "Confirm and pay $3.45" in text(olivia.post(address, {"state": state}, follow=True))


def test_what_was_bought_and_what_was_scheduled_are_told_apart(olivia: Client, ledger: Account) -> None:
    # Professional × 10 now, × 8 at the renewal.
    address = review(olivia, wish(seats_support=8, edition_support="professional"))
    seen = text(olivia.get(address))
    assert "Support: Team → Professional at once" in seen
    assert "Support: 10 → 8 seats (−2) on 27 October 2023" in seen
    # 8 × 30.00 × 12 − 10 × 1.00 × 12
    gist = "Support: Team → Professional, Support: 10 → 8 seats (−2). Due today: "
    assert gist in seen
    assert "From 27 October 2023 it costs $2,760.00 a year more." in seen
    assert seen.index("your own price is given up") < seen.index("Confirm and pay"), "above the button"
    assert "Support: your own price is given up for the list price. $1.00 → $30.00" in seen
    # 8 × 30.00 × 12
    assert "To be charged then $2,880.00" in seen
    olivia.post(address)
    line = shop.line(ledger, "support")
    assert (line.edition.key, line.quantity) == ("professional", 10)


def test_where_costs_are_hidden_the_review_shows_seats_and_days_only(ledger: Account) -> None:
    Account.objects.update(type="assisted")
    olivia = signed_in(people.user("olivia"))
    address = review(olivia, wish(seats_support=11))
    seen = text(olivia.get(address))
    assert "Support: 10 → 11 seats (+1). What changes" in seen, "and nothing of money"
    assert "Support: 10 → 11 seats (+1) at once" in seen
    assert "Northwind Desk sends the invoice under your contract." in seen
    receipt = text(olivia.post(address, follow=True))
    assert "The change is made." in receipt
    assert "$" not in seen + receipt
    assert shop.line(ledger, "support").quantity == 11


def test_the_first_sentence_says_it_whole_and_the_receipt_as_it_was(olivia: Client) -> None:
    """10 → 11 at 1.00: −34.52 + 37.97 = 3.45 today, 12.00 a year more."""
    address = review(olivia, wish(seats_support=11))
    seen = text(olivia.get(address))
    gist = "Support: 10 → 11 seats (+1). {}: $3.45. From 27 October 2023 it costs $12.00 a year more."
    assert gist.format("Due today") in seen
    assert "2 lines with their arithmetic" in seen
    assert gist.format("Charged") in text(olivia.post(address, follow=True))


def test_a_reduction_says_what_it_saves_and_nothing_of_today(olivia: Client) -> None:
    seen = text(olivia.get(review(olivia, wish(seats_support=8))))
    # 2 × 1.00 × 12
    assert "Support: 10 → 8 seats (−2). From 27 October 2023 it costs $24.00 a year less." in seen
