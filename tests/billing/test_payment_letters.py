"""Letters about money: what was paid and how, what failed and what mends it, what the bank asks."""

import io
import re
from datetime import UTC, date, datetime

import pypdf
import pytest
from django.core import mail as outbox
from django.core.mail import EmailMultiAlternatives

from accounts import mail
from accounts.models import Account, Letter
from billing import payments, quotes, renewal
from billing.models import (
    BillingProfile,
    Charge,
    Invoice,
    InvoiceRecipient,
    PaymentMethod,
    PostalAddress,
    Subscription,
)
from billing.rules.changes import AddSeats
from tests import acting, people, shop

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = date(2023, 7, 14)
NOON = datetime(2023, 7, 14, 12, tzinfo=UTC)
RENEWAL = datetime(2023, 10, 27, 12, tzinfo=UTC)


@pytest.fixture
def acme() -> Account:
    """Acme pays 10 seats of Support at 1.00 USD a month, annually until 27 October 2023."""
    account = people.acme(timezone="UTC")
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    return account


def pays_by(
    account: Account, reference: str, kind: str = "card", brand: str = "Visa", last: str = "4242"
) -> None:
    PaymentMethod.objects.update_or_create(
        subscription_id=account.pk,
        defaults={"kind": kind, "brand": brand, "last_four": last, "reference": reference},
    )


def buy(account: Account, seats: int) -> None:
    olivia = people.user("olivia")
    with acting.at(NOON):
        quote = quotes.draw_up(account, [AddSeats("support", seats)], occasion=acting.occasion(olivia, TODAY))
        quotes.confirm(quote.pk, occasion=acting.occasion(olivia, TODAY))


def renew(account: Account) -> None:
    with acting.at(RENEWAL):
        renewal.renew(account.pk, occasion=acting.occasion(on=RENEWAL.date()))


def letters(kind: str) -> list[EmailMultiAlternatives]:
    found = Letter.objects.filter(kind=kind).select_related("account", "user").order_by("to")
    return [mail.message(letter) for letter in found]


def attached(message: EmailMultiAlternatives) -> str:
    """Return the text of the one document that hangs on a letter."""
    ((_name, content, kind),) = message.attachments
    assert kind == "application/pdf"
    pages = pypdf.PdfReader(io.BytesIO(content)).pages  # type: ignore[arg-type]
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))


def test_the_letter_of_a_paid_change_says_paid_and_has_the_document(acme: Account) -> None:
    """3.45, as the page, the charge and the document say."""
    pays_by(acme, "test_approves")
    buy(acme, 11)
    for message in letters("change_confirmed"):
        assert "Paid by Visa 4242: $3.45" in message.body
        assert "Paid by Visa 4242: <bdi>$3.45</bdi>" in str(message.alternatives[0][0])
        assert "Due" not in message.body
        assert "Total $3.45" in attached(message)
        ((name, _content, _kind),) = message.attachments
        assert name == "INV-000001.pdf"


def test_what_is_collected_later_says_so_and_then_that_it_was_paid(acme: Account) -> None:
    """120.00 by direct debit on 27 October."""
    pays_by(acme, "test_debit_approves", "direct_debit", "SEPA", "3000")
    renew(acme)
    (renewed, *_others) = letters("subscription_renewed")
    assert "Collected by direct debit (account ending in 3000): $120.00" in renewed.body
    received = letters("payment_received")
    assert [message.to for message in received] == [["bilal@acme.example"], ["olivia@acme.example"]]
    assert "Paid on 27 October 2023: $120.00 by SEPA 3000, for invoice INV-000001." in received[0].body
    assert "INV-000001" in attached(received[0])


def test_a_receipt_has_the_lines_that_lead_to_what_was_paid(acme: Account) -> None:
    """10 seats × 12.00 = 120.00 and 20 % of it 24.00, together 144.00."""
    Subscription.objects.update(tax_percent=20)
    pays_by(acme, "test_debit_approves", "direct_debit", "SEPA", "3000")
    renew(acme)
    receipt = letters("payment_received")[0].body
    assert "Paid on 27 October 2023: $144.00 by SEPA 3000, for invoice INV-000001." in receipt
    assert "Support Team × 10 · Whole period, 27 October 2023 – 26 October 2024: $120.00" in receipt
    assert "Subtotal: $120.00\nTax (20\N{NO-BREAK SPACE}%): $24.00\nAmount of the invoice: $144.00" in receipt


def test_by_invoice_the_letter_says_until_when(acme: Account) -> None:
    """30 days after 14 July."""
    Account.objects.update(collection_method="send_invoice")
    acme.refresh_from_db()
    buy(acme, 11)
    assert "To be paid by transfer by 13 August 2023: $3.45" in letters("change_confirmed")[0].body


def test_a_renewal_that_fails_says_why_and_where_it_is_mended(acme: Account) -> None:
    pays_by(acme, "test_declines_expired", brand="Mastercard", last="0069")
    renew(acme)
    messages = letters("payment_failed")
    assert [message.to for message in messages] == [["bilal@acme.example"], ["olivia@acme.example"]]
    assert messages[0].subject == "The payment of invoice INV-000001 failed"
    assert "$120.00 for invoice INV-000001 could not be collected by Mastercard 0069." in messages[0].body
    assert "The card has expired." in messages[0].body
    assert "/a/acme/billing/invoices/INV-000001/" in messages[0].body
    assert letters("payment_received") == []


def test_the_banks_question_at_a_renewal_is_told_once(acme: Account) -> None:
    pays_by(acme, "test_asks_3ds")
    renew(acme)
    charge = Charge.objects.get()
    assert charge.state == Charge.State.ACTION
    with acting.at(RENEWAL):
        payments.reconcile_charge(charge.pk, occasion=acting.occasion(on=RENEWAL.date()))
    messages = letters("payment_action")
    assert len(messages) == 2, "Olivia and Bilal, once each"
    assert "The bank asks you to confirm $120.00 by Visa 4242 for invoice INV-000001." in messages[0].body
    assert "/a/acme/billing/invoices/INV-000001/" in messages[0].body


def test_who_has_just_read_it_gets_no_letter_of_it(acme: Account) -> None:
    pays_by(acme, "test_declines")
    olivia = people.user("olivia")
    with acting.at(NOON):
        quote = quotes.draw_up(acme, [AddSeats("support", 11)], occasion=acting.occasion(olivia, TODAY))
        quotes.confirm(
            quote.pk, occasion=acting.occasion(olivia, TODAY), return_url="https://console.example/back/"
        )
    assert not Letter.objects.filter(kind="payment_failed").exists()


def test_who_gets_the_invoices_gets_each_in_their_language_with_its_e_invoice(acme: Account) -> None:
    address = PostalAddress.objects.create(
        account=acme, country="FR", lines=["3 quai des Modèles"], city="Bordeaux", postal_code="33000"
    )
    profile = BillingProfile.objects.create(
        account=acme, legal_name="Acme SARL", sold_to=address, purchase_order="PO-7"
    )
    for email, name, language in (
        ("compta@acme.example", "Chloé Comptable", "fr"),
        ("books@acme.example", "", "en"),
        ("olivia@acme.example", "Olivia Owens", "en"),
    ):
        InvoiceRecipient.objects.create(profile=profile, email=email, name=name, language=language)
    pays_by(acme, "test_approves")
    buy(acme, 11)
    books, compta = letters("invoice_issued")
    assert (books.to, compta.to) == (["books@acme.example"], ["compta@acme.example"])
    assert books.subject == "Invoice INV-000001 for Acme"
    assert "Bonjour Chloé Comptable," in compta.body
    assert "Bon de commande\u00a0: PO-7" in compta.body
    assert "Payé par Visa 4242" in compta.body
    assert "Acme SARL" in attached(compta)


def test_where_costs_are_hidden_nobody_is_told_of_money(acme: Account) -> None:
    Account.objects.update(type="assisted", collection_method="charge_automatically")
    profile = BillingProfile.objects.create(account=acme)
    InvoiceRecipient.objects.create(profile=profile, email="books@acme.example", language="en")
    pays_by(acme, "test_declines")
    renew(acme)
    assert Invoice.objects.exists()
    kinds = set(Letter.objects.values_list("kind", flat=True))
    assert (
        kinds & {"payment_failed", "payment_received", "invoice_issued", "payment_action", "refund_made"}
        == set()
    )
    for message in letters("subscription_renewed"):
        assert message.attachments == []
        assert "120" not in message.body


@pytest.mark.breaks_invariants
def test_money_that_came_too_late_is_given_back_and_told(acme: Account) -> None:
    """The charge is answered after its change was withdrawn."""
    pays_by(acme, "test_times_out_paid", brand="Mastercard", last="7726")
    buy(acme, 11)
    charge = Charge.objects.get()
    Charge.objects.filter(pk=charge.pk).update(state="failed", failure="withdrawn")
    with acting.at(NOON):
        from billing.provider.base import PaymentOutcome, PaymentStatus

        payments.settle(
            charge.pk, PaymentOutcome(PaymentStatus.SUCCEEDED), occasion=acting.occasion(on=TODAY)
        )
    messages = letters("refund_made")
    assert len(messages) == 2
    assert "$3.45 was given back to Mastercard 7726" in messages[0].body
    outbox.outbox.clear()
