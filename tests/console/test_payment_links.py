"""An open invoice is paid by the link in its letter, by who has no account and doesn't sign in.

Seen to fail, each with its guard out: the check of expiry, of revocation and of the payment, the state
that the session knows, the lock, the limit of declined tries, the exception of the invariant.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest
from django.test import Client

from accounts import mail
from accounts.models import Account, Activity, Letter
from billing import cancellation, erasure, payment_links
from billing.models import (
    Charge,
    Invoice,
    InvoicePayment,
    PaymentLink,
    PaymentMethod,
    PaymentSetup,
)
from billing.provider.base import ProviderUnreachable
from billing.provider.sandbox import Sandbox
from tests import acting, people
from tests.console.paying_by_link import (
    BACK,
    TODAY,
    add_a_seat,
    address,
    at,
    cancel,
    enter,
    paid,
    pay,
    paying,
    press,
    sent_by_vera,
)
from tests.console.reading import JULY_14, signed_in, text

pytestmark = pytest.mark.django_db


# --- The story ---------------------------------------------------------------------------------------


@paying
def test_who_was_left_behind_pays_by_the_link_in_the_letter(debtor: Account, link: str) -> None:
    """One seat from 14 July to 26 October: 1.00 × 12 × 105/365 = 3.45, with 20 % tax 4.14."""
    stranger = Client()
    page = text(stranger.get(link))
    assert "Pay invoice INV-000001" in page
    assert "Support Team × 11" in page
    assert "Tax (20 %) $0.69" in page
    assert "To be paid $4.14" in page
    back = enter(stranger, link)
    shown = text(stranger.get(back))
    assert "Pay with this? Visa •••• ending in 4242" in shown
    assert "Pay $4.14" in shown
    assert not Charge.objects.exists()
    done = text(press(stranger, back, follow=True))
    assert "Invoice INV-000001 is paid" in done
    assert paid() == 1
    charge = Charge.objects.get()
    assert (charge.link, charge.state, str(charge.amount)) == (
        PaymentLink.objects.get(),
        "succeeded",
        "$4.14",
    )
    debtor.refresh_from_db()
    assert debtor.state == "cancelled"
    # The card was for this payment alone.
    assert not PaymentMethod.objects.exists()
    entry = Activity.objects.get(verb="payment_by_link_started")
    assert (entry.actor, entry.invoice, entry.address) == (None, "INV-000001", "127.0.0.1")
    gone = stranger.get(link)
    assert gone.status_code == 410
    assert "This invoice is paid" in text(gone)
    assert "sales-acme@vendor.example" in text(gone)
    assert "$4.14" not in text(gone)


@paying
def test_the_owner_alone_gets_a_letter_for_each_open_invoice(debtor: Account) -> None:
    add_a_seat(debtor, 12)
    add_a_seat(debtor, 13)
    InvoicePayment.objects.create(invoice=Invoice.objects.get(number="INV-000002"), paid_at=JULY_14)
    cancel(debtor)
    letters = Letter.objects.filter(kind="invoice_payable").order_by("pk")
    assert [(one.to, one.facts["invoice"]) for one in letters] == [
        ("olivia@acme.example", "INV-000001"),
        ("olivia@acme.example", "INV-000003"),
    ]
    body = str(mail.message(letters[0]).body)
    assert "Invoice INV-000001 of Acme is still open: $4.14." in body
    assert "12 October 2023" in body or "October 12, 2023" in body  # 90 days after 14 July
    told = Letter.objects.get(kind="account_cancelled", to="olivia@acme.example")
    assert "The owner gets an e-mail for each" in str(mail.message(told).body)
    assert Activity.objects.filter(verb="payment_link_sent").count() == 2
    assert address(letters[0]) != address(letters[1])


def test_where_nothing_is_open_nobody_is_told_of_links(debtor: Account) -> None:
    InvoicePayment.objects.create(invoice=Invoice.objects.get(), paid_at=JULY_14)
    cancel(debtor)
    assert not PaymentLink.objects.exists()
    told = Letter.objects.filter(kind="account_cancelled").order_by("pk")[0]
    assert "e-mail for each" not in str(mail.message(told).body)
    assert "open can be paid" not in text(signed_in(people.user("olivia")).get("/a/acme/"))


@paying
def test_the_end_of_the_period_sends_the_links_too(debtor: Account) -> None:
    """In the renewal's own transaction, with nobody who acts."""
    from billing import renewal

    with acting.at(JULY_14):
        mark = cancellation.consequences(debtor, TODAY, at_end=True).mark
        by = people.user("olivia")
        cancellation.cancel_at_period_end(
            debtor, mark=mark, reason="other", text="", occasion=acting.occasion(by=by, on=TODAY)
        )
    assert not PaymentLink.objects.exists()
    ends = datetime(2023, 10, 27, 16, tzinfo=UTC)
    at(ends)
    with acting.at(ends):
        assert renewal.renew(debtor.pk, occasion=acting.occasion(on=ends.date(), at=ends)) == []
    assert "is paid" in pay(Client(), address())


def test_the_closed_page_tells_the_owner_and_nobody_else(debtor: Account, link: str) -> None:
    says = "Invoices that are still open can be paid without signing in"
    for name in people.CAST:
        closed = signed_in(people.user(name)).get("/a/acme/billing/invoices/")
        assert closed.status_code == 410
        assert (says in text(closed)) is (name == "olivia"), name


@pytest.mark.parametrize("kind", ["assisted", "managed"])
def test_where_costs_are_not_shown_no_link_shows_any(debtor: Account, link: str, kind: str) -> None:
    Account.objects.update(type=kind)
    answer = Client().get(link)
    assert answer.status_code == 410
    assert "no longer paid here" in text(answer)
    assert "4.14" not in answer.content.decode()
    with acting.at(JULY_14):
        assert payment_links.tell_owner(Account.objects.get(), key="again", occasion=acting.occasion()) == 0


# --- What the page may say ---------------------------------------------------------------------------


@paying
def test_the_page_says_nothing_else_of_the_account(debtor: Account) -> None:
    add_a_seat(debtor, 12)
    cancel(debtor)
    body = (
        Client().get(address(Letter.objects.filter(kind="invoice_payable").earliest("pk"))).content.decode()
    )
    assert "INV-000001" in body
    for foreign in ("INV-000002", "/a/acme/", *(one for who in people.CAST.values() for one in who[:2])):
        assert foreign not in body, foreign


@pytest.mark.parametrize("language", ["en", "fr"])
def test_it_speaks_the_readers_language(debtor: Account, link: str, language: str) -> None:
    page = text(Client(headers={"accept-language": language}).get(link))
    assert ("Choose how to pay" in page) is (language == "en")
    assert ("Choisir comment payer" in page) is (language == "fr")


def test_the_token_leaks_nowhere(debtor: Account, link: str, caplog: pytest.LogCaptureFixture) -> None:
    token = link.split("/")[2]
    stranger = Client(enforce_csrf_checks=True)
    shown = stranger.get(link)
    for answer in (shown, stranger.post(link), stranger.get("/pay/unknown/"), stranger.head(link)):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert token not in str(answer.headers)
    # Nothing of the page leads to the token: a form without an address posts to where it is.
    assert token not in shown.content.decode()
    back = enter(Client(), link)
    assert token not in back
    assert token not in caplog.text
    assert PaymentLink.objects.get().token_hash == hashlib.sha256(token.encode()).hexdigest()
    mail.send_waiting(JULY_14)
    assert token not in str(list(Letter.objects.values_list("facts", flat=True)))
    tables = (Charge, PaymentSetup, PaymentLink, Activity)
    assert not any(token in str(list(table.objects.values())) for table in tables)


@paying
def test_a_browser_that_names_no_origin_can_pay(debtor: Account, link: str) -> None:
    """A page without referrers posts `Origin: null`; what proves the form is ours is the token."""
    stranger = Client(enforce_csrf_checks=True)
    assert stranger.post(link, headers={"origin": "null"}).status_code == 302
    # The page on the way back has no secret in its address that is worth anything alone.
    state = stranger.session["payment_link_pages"][0]
    forged = stranger.post(BACK, {"state": state, "act": "pay"}, headers={"origin": "null"})
    assert forged.status_code == 403


# --- Links that are none -----------------------------------------------------------------------------


@pytest.mark.parametrize("token", ["x", "é", "%00", "a" * 500, "INV-000001", "back"])
def test_a_wrong_token_is_told_whom_to_ask(debtor: Account, link: str, token: str) -> None:
    answer = Client().get(f"/pay/{token}/")
    assert answer.status_code == 404
    if token != "%00":
        assert "billing@vendor.example" in text(answer)
    assert "Acme" not in text(answer)


def test_an_expired_link_says_so_and_whom_to_ask(debtor: Account, link: str) -> None:
    at(JULY_14 + timedelta(days=90, seconds=-1))
    assert Client().get(link).status_code == 200
    at(JULY_14 + timedelta(days=90))
    for answer in (Client().get(link), Client().post(link)):
        assert answer.status_code == 410
        assert "Its days are over" in text(answer)
        assert "sales-acme@vendor.example" in text(answer)
    assert not PaymentSetup.objects.exists()


@paying
def test_a_link_that_expires_while_somebody_pays_charges_nothing(debtor: Account, link: str) -> None:
    at(JULY_14 + timedelta(days=90, seconds=-60))
    stranger = Client()
    back = enter(stranger, link)
    at(JULY_14 + timedelta(days=90))
    assert press(stranger, back).status_code == 410
    assert stranger.get(back).status_code == 410
    assert press(stranger, back, "again").status_code == 410
    assert not Charge.objects.exists()


@paying
def test_of_an_erased_account_no_link_is_good(debtor: Account, link: str) -> None:
    Account.objects.update(cancelled_at=JULY_14 - timedelta(days=60))
    later = JULY_14 + timedelta(days=45)
    assert erasure.erase(debtor.pk, later)
    at(later)
    answer = Client().get(link)
    assert answer.status_code == 410
    assert "sales-acme@vendor.example" in text(answer)


# --- Ways back ---------------------------------------------------------------------------------------


@paying
def test_the_way_back_is_of_one_browser(debtor: Account, link: str) -> None:
    back = enter(Client(), link)
    for answer in (Client().get(back), press(Client(), back), Client().get(BACK)):
        assert answer.status_code == 404
        assert "not known in this browser" in text(answer)
    assert not Charge.objects.exists()


@paying
def test_a_set_up_by_a_link_is_no_members(debtor: Account) -> None:
    """Nor is a member's one of a link's: neither is taken in for the other."""
    link = sent_by_vera(debtor)
    stranger, olivia = Client(), signed_in(people.user("olivia"))
    state = enter(stranger, link).split("?state=")[1]
    PaymentSetup.objects.create(
        subscription_id=debtor.pk,
        person=people.user("olivia"),
        state_hash=hashlib.sha256(b"theirs").hexdigest(),
        reference=PaymentSetup.objects.get().reference,
        created_at=JULY_14,
        expires_at=JULY_14 + timedelta(hours=1),
    )
    for browser, page in ((olivia, "payment_setups"), (stranger, "payment_link_pages")):
        session = browser.session
        session[page] = {state: ""} if page == "payment_setups" else [state, "theirs"]
        session.save()
    told = olivia.post("/a/acme/billing/payment/return/", {"state": state}, follow=True)
    assert "Nothing was changed" in text(told)
    assert not PaymentMethod.objects.exists()
    assert press(stranger, "?state=theirs").status_code == 404
    assert not Charge.objects.exists()


@paying
def test_what_was_entered_an_hour_ago_is_entered_again(debtor: Account, link: str) -> None:
    stranger = Client()
    back = enter(stranger, link)
    at(JULY_14 + timedelta(hours=1))
    assert "it was too long ago" in text(stranger.get(back))
    assert "enter it again" in text(press(stranger, back, follow=True))
    assert not Charge.objects.exists()


@paying
def test_who_entered_nothing_is_charged_nothing(debtor: Account, link: str) -> None:
    stranger = Client()
    away = stranger.post(link).headers["Location"]
    back = stranger.post(away, {"method": ""}).headers["Location"].removeprefix("http://testserver")
    assert "Nothing was entered" in text(stranger.get(back))
    assert press(stranger, back).status_code == 422
    assert press(stranger, back, "rob").status_code == 422
    assert not Charge.objects.exists()


@paying
def test_a_provider_that_is_away_is_told(debtor: Account, link: str) -> None:
    stranger = Client()
    back = enter(stranger, link)
    with (
        patch.object(Sandbox, "begin_setup", side_effect=ProviderUnreachable),
        patch.object(Sandbox, "finish_setup", side_effect=ProviderUnreachable),
    ):
        answer = stranger.post(link)
        assert answer.status_code == 422
        assert "does not answer" in text(answer)
        assert "does not answer" in text(stranger.get(back))
        assert "does not answer" in text(press(stranger, back, follow=True))
    assert not Charge.objects.exists()


@paying
def test_a_direct_debit_by_a_link_is_said_to_be_on_its_way(client: Client, link: str) -> None:
    """Nothing is left to do, and nothing else is charged; later the page says that it is paid."""
    back = enter(client, link, "test_debit_later")
    seen = text(press(client, back, follow=True))
    assert "The direct debit is on its way: the bank collects it within some days." in seen
    assert "Choose how to pay" not in seen
    assert "is paid" in text(press(client, back, "look", follow=True))
    assert paid() == 1
