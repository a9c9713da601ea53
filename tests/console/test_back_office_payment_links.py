"""The vendor's staff send links to pay, and take them back; what must hold of every payment by a link."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from accounts import clock, mail, resending
from accounts.models import Account, Activity, Letter
from billing import invariants
from billing.models import (
    Charge,
    Invoice,
    InvoicePayment,
    PaymentLink,
)
from tests import acting, people
from tests.console.paying_by_link import (
    add_a_seat,
    at,
    cancel,
    enter,
    letter,
    pay,
    paying,
    press,
    sent_by_vera,
)
from tests.console.reading import JULY_14, signed_in, text

pytestmark = pytest.mark.django_db


# --- The back office ---------------------------------------------------------------------------------


@paying
def test_vera_sends_a_link_with_a_reason_and_takes_it_back(debtor: Account) -> None:
    link = sent_by_vera(debtor)
    sent = letter()
    assert (sent.to, sent.user) == ("books@keepers.example", None)
    body = str(mail.message(sent).body)
    assert "because an invoice of Acme is to be paid" in body
    assert "your role" not in body
    invoice, found = Invoice.objects.get(), PaymentLink.objects.get()
    vera = signed_in(people.vera())
    page = vera.get(f"/vendor/billing/invoice/{invoice.pk}/change/")
    assert "Revoke the link" in text(page)
    assert link.split("/")[2] not in page.content.decode()
    stranger = Client()
    back = enter(stranger, link)
    revoke = f"/vendor/billing/invoice/links/{found.pk}/revoke/"
    assert vera.post(revoke, {"reason": " "}).status_code == 422
    assert stranger.get(link).status_code == 200
    done = vera.post(revoke, {"reason": "Sent to the wrong firm"}, follow=True)
    assert "The link is revoked" in text(done)
    for answer in (stranger.get(link), stranger.post(link), stranger.get(back), press(stranger, back)):
        assert answer.status_code == 410
        assert "It was taken back" in text(answer)
        assert "sales-acme@vendor.example" in text(answer)
    assert not Charge.objects.exists()
    acts = Activity.objects.filter(verb__startswith="payment_link").order_by("pk")
    assert list(acts.values_list("verb", "reason", "by_staff")) == [
        ("payment_link_sent", "They pay for Acme", True),
        ("payment_link_revoked", "Sent to the wrong firm", True),
    ]  # fmt: skip
    assert "This link is revoked already." in text(vera.post(revoke, {"reason": "Again"}))
    olivia = text(signed_in(people.user("olivia")).get("/a/acme/activity/"))
    assert "Link to pay an invoice sent" in olivia
    assert "Sent to the wrong firm" in olivia


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"email": "o@א1.example", "reason": "x"}, "Mail can’t be sent to this address"),
        ({"email": "nobody", "reason": "x"}, "valid email"),
        ({"email": "books@keepers.example", "reason": " "}, "This field is required"),
    ],
)
def test_what_vera_can_not_send_is_told_at_its_field(
    debtor: Account, fields: dict[str, str], says: str
) -> None:
    vera, invoice = signed_in(people.vera()), Invoice.objects.get()
    answer = vera.post(f"/vendor/billing/invoice/{invoice.pk}/link/", fields)
    assert answer.status_code == 422
    assert says in text(answer)
    assert not PaymentLink.objects.exists()


@pytest.mark.parametrize("what", ["paid", "managed"])
def test_no_link_is_sent_for_what_is_not_paid_by_one(debtor: Account, what: str) -> None:
    invoice = Invoice.objects.get()
    if what == "paid":
        InvoicePayment.objects.create(invoice=invoice, paid_at=JULY_14)
    else:
        Account.objects.update(type="managed")
    vera = signed_in(people.vera())
    fields = {"email": "books@keepers.example", "reason": "x"}
    answer = vera.post(f"/vendor/billing/invoice/{invoice.pk}/link/", fields)
    assert answer.status_code == 422
    assert ("Nothing is left to pay" if what == "paid" else "No costs are shown") in text(answer)
    assert not PaymentLink.objects.exists()


def test_the_links_of_others_are_for_staff_alone(debtor: Account, link: str) -> None:
    olivia, pk = signed_in(people.user("olivia")), PaymentLink.objects.get().pk
    for where in (f"/vendor/billing/invoice/{Invoice.objects.get().pk}/link/",
                  f"/vendor/billing/invoice/links/{pk}/revoke/"):  # fmt: skip
        assert olivia.post(where, {"reason": "x", "email": "x@y.example"}).status_code == 404
    vera = signed_in(people.vera())
    assert vera.get("/vendor/billing/invoice/99999/link/").status_code == 404
    assert vera.get("/vendor/billing/invoice/links/99999/revoke/").status_code == 404
    assert Client().get(link).status_code == 200


@pytest.mark.parametrize("what", ["good", "paid", "sent"])
def test_a_letter_that_was_given_up_is_sent_again_where_its_link_still_pays(
    debtor: Account, link: str, what: str
) -> None:
    Letter.objects.filter(kind="invoice_payable").update(failed_at=JULY_14)
    if what == "paid":
        InvoicePayment.objects.create(invoice=Invoice.objects.get(), paid_at=JULY_14)
    if what == "sent":  # and bounced
        Letter.objects.filter(kind="invoice_payable").update(facts=mail.without_secrets(letter().facts))
    with acting.at(JULY_14):
        assert (
            resending.useless(letter(), acting.now())
            == {"good": "", "paid": "over", "sent": "forgotten"}[what]
        )
    page = text(signed_in(people.vera()).get("/vendor/accounts/letter/again/"))
    assert ("a new link is sent from its page" in page) is (what != "good"), page


@paying
def test_the_invoice_tells_vera_what_came_of_its_links(debtor: Account) -> None:
    """A step that leads nowhere is not offered: a link of a paid invoice has nothing to revoke."""
    page = f"/vendor/billing/invoice/{Invoice.objects.get().pk}/change/"
    vera, link = signed_in(people.vera()), sent_by_vera(debtor)
    assert "Revoke the link" in text(vera.get(page))
    assert "Send a link to pay it" in text(vera.get(page))
    assert "is paid" in pay(Client(), link)
    shown = vera.get(page)
    assert "Revoke the link" not in text(shown)
    assert "Send a link to pay it" not in text(shown)
    assert "Nothing is left to pay on this invoice." in text(shown)
    assert "icon-yes" in shown.content.decode()  # the try came by a link


@paying
def test_a_link_that_waits_to_be_sent_outlives_the_cancellation(debtor: Account) -> None:
    """All other letters that waited are thrown away."""
    link = sent_by_vera(debtor)
    cancel(debtor)
    assert Letter.objects.filter(kind="invoice_payable").count() == 2
    assert "is paid" in pay(Client(), link)


# --- What must hold ----------------------------------------------------------------------------------


@paying
@pytest.mark.breaks_invariants
def test_a_charge_after_the_end_is_broken_but_for_the_link_of_an_open_invoice(
    debtor: Account, link: str
) -> None:
    """And a link of an invoice that was paid already, or issued later, is no exception."""
    name = "no charge is created after its account was cancelled, but by the link of an invoice open then"
    at(JULY_14 + timedelta(minutes=5))
    assert "is paid" in pay(Client(), link)
    assert invariants.broken() == []
    Charge.objects.update(link=None)
    assert [one.name for one in invariants.broken()] == [name]
    Charge.objects.update(link=PaymentLink.objects.get())
    InvoicePayment.objects.update(paid_at=JULY_14 - timedelta(days=1))
    assert [one.name for one in invariants.broken()] == [name]


@paying
@pytest.mark.breaks_invariants
def test_a_charge_by_a_link_pays_exactly_its_invoice(debtor: Account, link: str) -> None:
    from django.db import IntegrityError, transaction

    assert "is paid" in pay(Client(), link)
    other = add_a_seat_past_the_door(debtor)
    with pytest.raises(IntegrityError), transaction.atomic():
        Charge.objects.update(invoice=other)
    Charge.objects.update(amount=Decimal("4.15"))
    assert "a charge by a link pays its invoice, and all that is due on it" in [
        one.name for one in invariants.broken()
    ]


def add_a_seat_past_the_door(debtor: Account) -> Invoice:
    Account.objects.update(state="active", cancelled_at=None)
    debtor.refresh_from_db()
    return add_a_seat(debtor, 12)


def test_reverse_of_the_page_is_what_letters_say(debtor: Account, link: str) -> None:
    assert link == reverse("pay_link", args=[link.split("/")[2]])
    assert clock.now(debtor) == JULY_14
