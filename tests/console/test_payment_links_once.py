"""By a link an invoice is paid once, whatever else goes on, and never by many cards in turn."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection
from django.test import Client

from accounts.models import Account, Letter
from billing import payment_links, reconciliation
from billing.models import (
    Charge,
    InvoicePayment,
    PaymentLink,
    PaymentSetup,
    SandboxPayment,
    SandboxSetup,
)
from billing.provider.sandbox import Sandbox
from tests import acting, people
from tests.console.paying_by_link import (
    at,
    charge_automatically,
    decline,
    enter,
    paid,
    pay,
    paying,
    press,
    sent_by_vera,
)
from tests.console.reading import JULY_14, signed_in, text

pytestmark = pytest.mark.django_db


# --- Never twice -------------------------------------------------------------------------------------


@paying
def test_pressed_twice_and_in_two_tabs_it_is_paid_once(debtor: Account, link: str) -> None:
    stranger = Client()
    one, other = enter(stranger, link), enter(stranger, link)
    assert "is paid" in text(press(stranger, one, follow=True))
    assert "is paid" in text(press(stranger, one, follow=True))
    late = press(stranger, other)
    assert late.status_code == 410
    assert "This invoice is paid" in text(late)
    assert "is paid" in text(stranger.get(other))
    assert (paid(), Charge.objects.count()) == (1, 1)


@paying
def test_two_presses_at_the_same_moment_pay_once(debtor: Account, link: str) -> None:
    """The second comes while the first is being sent: behind the lock it finds what was begun."""
    stranger = Client()
    back = enter(stranger, link)
    state = back.split("?state=")[1]
    sent = Sandbox.charge
    again: list[Charge] = []

    def meanwhile(sandbox: Sandbox, **parts: Any) -> Any:
        if not again:
            again.append(Charge.objects.get())
            with acting.at(JULY_14):
                again.append(payment_links.pay(state, return_url="", occasion=acting.occasion()))
        return sent(sandbox, **parts)

    with patch.object(Sandbox, "charge", meanwhile):
        press(stranger, back)
    assert again[1].pk == Charge.objects.get().pk
    assert paid() == 1


@paying
def test_what_is_paid_elsewhere_at_the_same_time_is_not_paid_here(debtor: Account) -> None:
    """Olivia pays by signing in, and waits for her bank: the link says so, and charges nothing."""
    link = sent_by_vera(debtor)
    charge_automatically(debtor, "test_asks_3ds")
    stranger = Client()
    back = enter(stranger, link)
    olivia = signed_in(people.user("olivia"))
    bank = olivia.post("/a/acme/billing/invoices/INV-000001/pay/").headers["Location"]
    refused = press(stranger, back)
    assert refused.status_code == 422
    assert "confirming a payment of this invoice with their bank" in text(refused)
    page = stranger.get(link)
    assert "Somebody is just confirming" in text(page)
    assert bank not in page.content.decode()
    assert stranger.post(link).status_code == 422
    assert Charge.objects.count() == 1
    olivia.post(bank, {"answer": "refuse"})
    press(stranger, back, "look")
    assert "is paid" in text(press(stranger, back, follow=True))
    assert paid() == 1


@paying
def test_a_member_who_signs_in_meets_a_payment_by_the_link(debtor: Account) -> None:
    link = sent_by_vera(debtor)
    charge_automatically(debtor, "test_approves")
    bank = press(Client(), "?state=x")
    assert bank.status_code == 404
    stranger = Client()
    bank = press(stranger, enter(stranger, link, "test_asks_3ds")).headers["Location"]
    olivia = signed_in(people.user("olivia"))
    told = olivia.post("/a/acme/billing/invoices/INV-000001/pay/", follow=True)
    assert "a payment is on its way" in text(told)
    assert Charge.objects.count() == 1
    back = stranger.post(bank, {"answer": "approve"}).headers["Location"].removeprefix("http://testserver")
    assert "data-go-on" in stranger.get(back).content.decode()
    assert "data-go-on" not in stranger.get(back.replace("&from=bank", "")).content.decode()
    assert not InvoicePayment.objects.exists()  # a GET takes nothing in
    assert "is paid" in text(press(stranger, back, "look", follow=True))
    assert paid() == 1


@paying
@pytest.mark.parametrize("reference", ["test_times_out_paid", "test_answers_twice", "test_lost_once"])
def test_a_provider_that_falls_silent_is_asked_and_paid_once(
    debtor: Account, link: str, reference: str
) -> None:
    stranger = Client()
    back = enter(stranger, link, reference)
    press(stranger, back)
    press(stranger, back, "look")
    later = JULY_14 + timedelta(minutes=5)
    at(later)
    with acting.at(later):
        reconciliation.reconcile(later)
    assert "is paid" in text(stranger.get(back))
    assert paid() == 1


@paying
def test_a_link_pays_a_suspended_account_open_again(debtor: Account) -> None:
    link = sent_by_vera(debtor)
    Account.objects.update(state="suspended")
    assert "is paid" in pay(Client(), link)
    debtor.refresh_from_db()
    assert debtor.state == "active"


@paying
def test_a_decline_by_a_link_says_nothing_of_the_account(debtor: Account) -> None:
    link = sent_by_vera(debtor)
    assert "Nothing was charged" in pay(Client(), link, "test_declines")
    debtor.refresh_from_db()
    assert debtor.state == "active"


@contextmanager
def paid_while_it_waits_for_the_lock() -> Iterator[None]:
    """Let the invoice be paid just before the account's row is locked; fail where it never is."""
    locks = 0

    def first(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal locks
        if "FOR NO KEY UPDATE" in sql and 'FROM "accounts_account"' in sql:
            locks += 1
            if locks == 1:
                with connection.cursor() as cursor:
                    cursor.execute(
                        "INSERT INTO billing_invoicepayment (invoice_id, paid_at)"
                        " SELECT id, %s FROM billing_invoice",
                        [JULY_14],
                    )
        return execute(sql, params, many, context)

    with connection.execute_wrapper(first):
        yield
    assert locks


@pytest.mark.parametrize("verb", ["begin", "pay", "send", "revoke"])
@paying
def test_what_was_paid_while_a_verb_waited_is_left_alone(debtor: Account, link: str, verb: str) -> None:
    state = enter(Client(), link).split("?state=")[1]
    found, vera = PaymentLink.objects.select_related("invoice").get(), people.vera()
    acts = {
        "begin": lambda: payment_links.begin(found, return_url="", at=acting.now()),
        "pay": lambda: payment_links.pay(state, return_url="", occasion=acting.occasion()),
        "send": lambda: payment_links.send(
            found.invoice_id, "x@y.example", reason="x", occasion=acting.occasion(by=vera)
        ),
        "revoke": lambda: payment_links.revoke(found.pk, reason="x", occasion=acting.occasion(by=vera)),
    }
    with (
        acting.at(JULY_14),
        paid_while_it_waits_for_the_lock(),
        pytest.raises(payment_links.LinkOver),
    ):
        acts[verb]()
    assert (Charge.objects.count(), PaymentSetup.objects.count(), PaymentLink.objects.count()) == (0, 1, 1)
    assert PaymentLink.objects.filter(revoked_at=None).exists()


@pytest.mark.parametrize("verb", ["pay", "send", "revoke"])
@paying
def test_where_the_trail_can_not_be_written_nothing_is(debtor: Account, link: str, verb: str) -> None:
    state = enter(Client(), link).split("?state=")[1]
    found, vera = PaymentLink.objects.get(), people.vera()
    acts = {
        "pay": lambda: payment_links.pay(state, return_url="", occasion=acting.occasion()),
        "send": lambda: payment_links.send(
            found.invoice_id, "x@y.example", reason="x", occasion=acting.occasion(by=vera)
        ),
        "revoke": lambda: payment_links.revoke(found.pk, reason="x", occasion=acting.occasion(by=vera)),
    }
    with (
        acting.at(JULY_14),
        patch("billing.payment_links.activity.record", side_effect=OSError),
        pytest.raises(OSError),
    ):
        acts[verb]()
    assert not Charge.objects.exists()
    assert PaymentLink.objects.filter(revoked_at=None).count() == 1
    assert Letter.objects.filter(kind="invoice_payable").count() == 1
    assert PaymentSetup.objects.get().used_at is None


# --- Declined ----------------------------------------------------------------------------------------


@paying
def test_ten_declined_tries_in_a_day_are_enough(debtor: Account, link: str) -> None:
    stranger = Client()
    for number in range(10):
        at(JULY_14 + timedelta(minutes=number))
        said = pay(stranger, link, "test_declines_funds")
        assert "The bank says that the funds are not sufficient." in said
    assert "Too many payments by this link were declined today" in said
    # The first was at ten o'clock in New York, so the next is then.
    assert re.search(r"Try again from .*15.*10:00|Try again from .*10 a\.m\.", said), said
    for answer in (
        stranger.post(link),
        press(stranger, f"?state={stranger.session['payment_link_pages'][-1]}", "again"),
    ):
        assert answer.status_code == 422
        assert "Too many payments" in text(answer)
    # Nor was a page of the provider's opened for nothing.
    assert (Charge.objects.count(), SandboxSetup.objects.count()) == (10, 10)
    at(JULY_14 + timedelta(hours=24))
    assert "is paid" in pay(stranger, link)


@paying
def test_what_was_entered_before_the_limit_is_not_tried_after_it(debtor: Account, link: str) -> None:
    stranger = Client()
    back = enter(stranger, link)
    decline(10)
    answer = press(stranger, back)
    assert answer.status_code == 422
    assert "Too many payments" in text(answer)
    assert not SandboxPayment.objects.exists()


@paying
def test_after_a_decline_another_way_is_offered(debtor: Account, link: str) -> None:
    stranger = Client()
    back = enter(stranger, link, "test_declines_expired")
    assert "The card has expired." in text(press(stranger, back, follow=True))
    away = press(stranger, back, "again").headers["Location"]
    other = stranger.post(away, {"method": "test_debit_approves"}).headers["Location"]
    assert "SEPA" in text(stranger.get(other.removeprefix("http://testserver")))
    assert "is paid" in text(press(stranger, other, follow=True))
