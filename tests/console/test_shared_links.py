"""Bilal lets Acme's bookkeepers pay an invoice by a link: sent, seen as PDF, paid, taken back.

Seen to fail, each with its guard out: the gate behind the lock, the days, the limit of a day, the check of
the account in revoking, the check of expiry in the PDF, the invoice that is paid.
"""

import io
from datetime import datetime, timedelta

import pytest
from django.test import Client
from pypdf import PdfReader

from accounts import mail
from accounts.models import Account, Activity, Letter
from accounts.rules.decision import NotAllowed
from billing import payment_links, shared_links
from billing.models import Charge, Invoice, InvoicePayment, PaymentLink
from tests import acting, people
from tests.console.paying_by_link import TODAY, address, at, letter, pay, paying
from tests.console.reading import JULY_14, signed_in, text

pytestmark = pytest.mark.django_db
PAGE = "/a/acme/billing/invoices/INV-000001/links/"


def sent(by: str = "bilal", email: str = "Books@Keepers.example", days: int = 7) -> str:
    """Send a link on its page; return the address in the letter."""
    done = signed_in(people.user(by)).post(PAGE, {"email": email, "days": days}, follow=True)
    assert "The link is on its way to" in text(done)
    return address(Letter.objects.filter(kind="invoice_payable").latest("pk"))


def in_days(days: int, **more: int) -> datetime:
    return JULY_14 + timedelta(days=days, **more)


def bilal() -> object:
    return acting.occasion(people.user("bilal"), TODAY, JULY_14)


def test_the_letter_goes_to_one_address_and_the_page_knows_which(debtor: Account) -> None:
    """One seat from 14 July to 26 October: 1.00 × 12 × 105/365 = 3.45, with 20 % tax 4.14."""
    sent()
    one = letter()
    assert (one.to, one.user) == ("books@keepers.example", None)
    assert "Invoice INV-000001 of Acme is still open: $4.14." in str(mail.message(one).body)
    page = text(signed_in(people.user("olivia")).get(PAGE))
    assert "books@keepers.example" in page
    # Seven days after 14 July, in the account's zone.
    assert "It works until 21 July 2023, 10:00" in page
    entry = Activity.objects.get(verb="payment_link_sent")
    assert (entry.actor, entry.invoice) == (people.user("bilal"), "INV-000001")
    token = address(one).split("/")[2]
    assert token not in page
    assert token not in str(PaymentLink.objects.values().get())


def test_who_has_no_login_reads_the_pdf_and_how_to_transfer(debtor: Account) -> None:
    link, stranger = sent(), Client()
    page = stranger.get(link)
    assert "Or by transfer" in text(page)
    assert "Reference INV-000001" in text(page)
    assert "To be paid $4.14" in text(page)
    pdf = stranger.get(f"{link}?as=pdf")
    assert (pdf.status_code, pdf["Content-Type"]) == (200, "application/pdf")
    assert (pdf["Referrer-Policy"], "no-store" in pdf["Cache-Control"]) == ("no-referrer", True)
    read = " ".join(one.extract_text() for one in PdfReader(io.BytesIO(pdf.content)).pages)
    assert ("INV-000001" in read, "Olivia" in read) == (True, False)
    for other in (f"{link[:-2]}/", "/pay/x/"):
        assert stranger.get(f"{other}?as=pdf").status_code == 404


@paying
def test_paid_on_the_providers_page_the_link_shows_nothing_more(debtor: Account) -> None:
    link, stranger = sent(), Client()
    assert "is paid" in pay(stranger, link)
    assert str(Charge.objects.get(state="succeeded").amount) == "$4.14"
    for gone in (stranger.get(link), stranger.get(f"{link}?as=pdf")):
        assert gone.status_code == 410
        assert "This invoice is paid" in text(gone)
    page = text(signed_in(people.user("bilal")).get(PAGE))
    assert "Nothing is left to pay on this invoice." in page


@pytest.mark.parametrize("days", [7, 30, 90])
def test_it_ends_with_its_last_day(debtor: Account, days: int) -> None:
    link, stranger = sent(days=days), Client()
    at(in_days(days, seconds=-1))
    assert stranger.get(link).status_code == 200
    at(in_days(days))
    for gone in (stranger.get(link), stranger.post(link), stranger.get(f"{link}?as=pdf")):
        assert gone.status_code == 410
        assert "Its days are over" in text(gone)


def test_bilal_takes_it_back_also_one_that_the_vendor_sent(debtor: Account) -> None:
    link, stranger = sent(), Client()
    found = PaymentLink.objects.get()
    revoke = f"/a/acme/billing/payment-links/{found.pk}/revoke/"
    bilal = signed_in(people.user("bilal"))
    assert "The link is revoked" in text(bilal.post(revoke, follow=True))
    for gone in (stranger.get(link), stranger.get(f"{link}?as=pdf")):
        assert (gone.status_code, "It was taken back" in text(gone)) == (410, True)
    assert "This link is revoked already." in text(bilal.post(revoke, follow=True))
    assert Activity.objects.filter(verb="payment_link_revoked").count() == 1
    vera = acting.occasion(people.vera(), TODAY, JULY_14)
    with acting.at(JULY_14, by_staff=True):
        other = payment_links.send(Invoice.objects.get().pk, "x@x.example", reason="They pay", occasion=vera)
    bilal.post(f"/a/acme/billing/payment-links/{other.pk}/revoke/")
    other.refresh_from_db()
    assert other.revoked_at is not None


def test_another_companys_link_is_not_there(debtor: Account) -> None:
    sent()
    people.globex()
    stella = signed_in(people.person("stella@globex.example", ""))
    revoke = f"/billing/payment-links/{PaymentLink.objects.get().pk}/revoke/"
    assert stella.post(f"/a/globex{revoke}").status_code == 404
    assert stella.post(f"/a/acme{revoke}").status_code == 404
    assert PaymentLink.objects.filter(revoked_at=None).count() == 1


@pytest.mark.parametrize("person", ["adam", "agnes"])
def test_who_may_not_pay_sends_and_revokes_nothing(debtor: Account, person: str) -> None:
    sent()
    client, by = signed_in(people.user(person)), acting.occasion(people.user(person), TODAY)
    assert client.get(PAGE).status_code == 403
    assert client.post(PAGE, {"email": "a@x.example", "days": 7}).status_code == 403
    with pytest.raises(NotAllowed):
        shared_links.send("INV-000001", debtor, "a@x.example", days=7, occasion=by)
    with pytest.raises(NotAllowed):
        shared_links.take_back(PaymentLink.objects.get().pk, occasion=by)
    assert PaymentLink.objects.filter(revoked_at=None).count() == 1


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"email": "", "days": 7}, "This field is required"),
        ({"email": "nobody", "days": 7}, "valid email"),
        ({"email": "o@א1.example", "days": 7}, "Mail can’t be sent to this address"),
        ({"email": "a@x.example", "days": 365}, "Select a valid choice"),
        ({"email": "a@x.example", "days": "x"}, "Select a valid choice"),
    ],
)
def test_bad_input_is_told_at_its_field(debtor: Account, fields: dict[str, object], says: str) -> None:
    answer = signed_in(people.user("bilal")).post(PAGE, fields)
    assert (answer.status_code, says in text(answer)) == (422, True)
    assert not PaymentLink.objects.exists()


def test_a_paid_invoice_gets_no_link(debtor: Account) -> None:
    InvoicePayment.objects.create(invoice=Invoice.objects.get(), paid_at=JULY_14)
    answer = signed_in(people.user("bilal")).post(PAGE, {"email": "a@x.example", "days": 7})
    assert (answer.status_code, "Nothing is left to pay" in text(answer)) == (422, True)
    with pytest.raises(payment_links.LinkOver):
        shared_links.send("INV-000001", debtor, "a@x.example", days=7, occasion=bilal())
    assert not Letter.objects.filter(kind="invoice_payable").exists()


def test_twenty_a_day_and_no_more(debtor: Account) -> None:
    for number in range(20):
        shared_links.send("INV-000001", debtor, f"b{number}@x.example", days=7, occasion=bilal())
    answer = text(signed_in(people.user("bilal")).post(PAGE, {"email": "a@x.example", "days": 7}))
    assert "has reached its daily limit of links" in answer
    assert PaymentLink.objects.count() == 20
    at(in_days(1))
    sent(email="a@x.example")
