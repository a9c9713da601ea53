"""A document is sent once more: to those who get them, as it stands by now, with a reason."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.core import mail as outbox
from django.core.exceptions import PermissionDenied
from django.test import Client

from accounts import mail
from accounts.models import Account, Activity, Letter
from billing import document_letters
from billing.document_letters import ResendRefusal
from billing.models import BillingProfile, Invoice, InvoiceRecipient
from tests import acting, people
from tests.billing.test_credit_notes import credit, renewed
from tests.console.reading import signed_in, text

pytestmark = pytest.mark.django_db(transaction=True)
RENEWS = date(2023, 10, 27)
NOON = datetime(2023, 10, 27, 12, tzinfo=UTC)
OLIVIA, BOOKS = "olivia@acme.example", "livres@acme.example"


@pytest.fixture(autouse=True)
def _acts_at_noon() -> Any:
    with acting.at(NOON):
        yield


@pytest.fixture
def invoice() -> Invoice:
    """Acme paid 144.00; its books get the invoices, in French."""
    issued = renewed()
    profile, _made = BillingProfile.objects.get_or_create(account=Account.objects.get())
    InvoiceRecipient.objects.create(profile=profile, email=BOOKS, name="Livres", language="fr")
    return issued


def send(invoice: Invoice, *emails: str, reason: str = "It was lost") -> int:
    return document_letters.send_again(
        invoice.pk, emails, reason=reason, occasion=acting.occasion(people.vera(), RENEWS)
    )


def refused(invoice: Invoice, *emails: str) -> ResendRefusal:
    with pytest.raises(document_letters.NotSentOnce) as no:
        send(invoice, *emails)
    return no.value.why


def test_it_goes_to_whom_was_chosen_each_time_anew(invoice: Invoice) -> None:
    names = [one.email for one in document_letters.addressees(Account.objects.get())]
    assert names == [OLIVIA, "bilal@acme.example", BOOKS]
    before = set(Letter.objects.values_list("pk", flat=True))
    assert (send(invoice, OLIVIA, BOOKS), send(invoice, BOOKS)) == (2, 1)
    sent = Letter.objects.exclude(pk__in=before).order_by("pk")
    assert [(one.to, one.language) for one in sent] == [(OLIVIA, "en"), (BOOKS, "fr"), (BOOKS, "fr")]
    first, second = (mail.message(one) for one in sent[:2])
    assert first.subject == "Invoice INV-000001 for Acme"
    assert "Nothing is left to pay." in first.body
    assert "To be paid" not in first.body
    assert "because of your role in Acme" in first.body
    assert "Acme" in second.body
    assert [name for name, _content, _kind in first.attachments] == ["INV-000001.pdf"]
    entries = Activity.objects.filter(verb="document_sent_again")
    assert [(one.actor_name, one.reason, one.invoice) for one in entries] == [
        ("Vera Vance", "It was lost", "INV-000001")
    ] * 2


def test_a_credit_note_is_sent_too(invoice: Invoice) -> None:
    note = credit(invoice, {1: 5000})
    outbox.outbox.clear()
    send(note, OLIVIA)
    letter = Letter.objects.latest("pk")
    assert (
        "Credit note CN-000001 for $60.00 is attached. It corrects INV-000001." in mail.message(letter).body
    )


def test_nobody_else_gets_it(invoice: Invoice) -> None:
    assert refused(invoice) is ResendRefusal.NOBODY
    assert refused(invoice, "stranger@globex.example") is ResendRefusal.NOBODY
    assert refused(invoice, OLIVIA, "agnes@acme.example") is ResendRefusal.NOBODY
    Account.objects.update(type="managed")
    assert refused(invoice, OLIVIA) is ResendRefusal.BY_VENDOR
    assert not Activity.objects.filter(verb="document_sent_again").exists()


def test_only_staff_with_a_reason(invoice: Invoice) -> None:
    with pytest.raises(PermissionDenied):
        document_letters.send_again(
            invoice.pk, [OLIVIA], reason="x", occasion=acting.occasion(people.user("olivia"), RENEWS)
        )
    with pytest.raises(ValueError, match="say why"):
        send(invoice, OLIVIA, reason=" ")


def test_the_page_offers_those_who_get_them(invoice: Invoice) -> None:
    vera: Client = signed_in(people.vera())
    page = f"/vendor/billing/invoice/{invoice.pk}/send/"
    assert BOOKS in vera.get(page).content.decode()
    told = text(vera.post(page, {"email": [BOOKS], "reason": "It was lost"}, follow=True))
    assert f"INV-000001 is on its way to {BOOKS}." in told
    for posted, why in (
        ({"reason": "x"}, "This field is required."),
        ({"email": ["x@globex.example"], "reason": "x"}, "not one of the available choices"),
        ({"email": [BOOKS], "reason": ""}, "This field is required."),
    ):
        answer = vera.post(page, posted)
        assert answer.status_code == 422
        assert why in text(answer)
    olivia = signed_in(people.user("olivia"))
    assert olivia.get(page).status_code == 404
    assert "Invoice or credit note sent again" in text(olivia.get("/a/acme/activity/"))
