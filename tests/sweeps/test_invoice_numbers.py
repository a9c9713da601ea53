"""Wherever the number of an invoice stands it is the way to it, for who may see invoices."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from xml.etree.ElementTree import Element

import pytest
from django.test import Client
from django.urls import reverse
from djmoney.money import Money

from accounts import mail
from accounts.models import Letter
from accounts.rules.letters import LetterKind
from admin_center.back_office import site
from billing import bank_payments
from billing.models import BalanceEntry, BankPayment, Invoice
from tests import acting
from tests.sweeps import reading, world
from tests.sweeps.reading import Page
from tests.sweeps.world import World

NUMBER = re.compile(r"\b(?:INV|CN)-\d{6}\b")
ACCOUNTS = [("S", "A"), ("S", "P")]
WHO = ("owner", "billing_admin")
# To who has no login: these letters have the document with them, or a link that pays it.
FOR_OUTSIDERS = (LetterKind.INVOICE_ISSUED, LetterKind.INVOICE_PAYABLE)


def alone(tree: Element, *, linked: bool = False) -> Iterator[str]:
    """Yield the numbers that stand in no link; what names a page, a button or a choice needs none."""
    if tree.tag in ("head", "h1", "button", "option", "textarea") or tree.get("aria-current"):
        return
    linked = linked or tree.tag == "a"
    texts = [tree.text or "", *(child.tail or "" for child in tree)]
    if not linked:
        yield from (number for text in texts for number in NUMBER.findall(text))
    for child in tree:
        if isinstance(child.tag, str):
            yield from alone(child, linked=linked)


def wrong(pages: Iterator[Page]) -> list[str]:
    """Return which pages name an invoice without the way to it; its own page is that."""
    found = [page for page in pages if page.status == 200 and page.kind.startswith("text/html")]
    numbers = sum(len(NUMBER.findall(page.body)) for page in found)
    assert numbers > 20
    return sorted(
        {
            f"{page} names {number}"
            for page in found
            for number in alone(reading.parsed(page))
            if number not in page.where
        }
    )


@pytest.fixture
def place(db: None) -> World:
    """The world; Firm SA has a part of its invoice paid by transfer, and a credit note that corrects it."""
    made = world.make()
    account = made.accounts["S", "A"]
    invoice = Invoice.objects.get(subscription_id=account.pk)
    at = datetime(2026, 11, 20, 12, tzinfo=UTC)
    transfer = BankPayment.objects.create(
        bank_id="B-1", received_on=at.date(), amount=Money("10", "USD"), loaded_at=at
    )
    by = acting.occasion(by=made.users["staff"], on=date(2026, 11, 20), at=at)
    bank_payments.book(transfer.pk, {invoice.number: 1000}, reason="It named nothing", occasion=by)
    credit = Invoice.objects.get(pk=invoice.pk)
    credit.pk, credit.number, credit.kind, credit.quote = None, "CN-000001", "credit_note", None
    credit.corrects = [{"number": invoice.number, "issued_on": "2026-11-20"}]
    credit.subtotal = credit.total = Money("-5", "USD")
    credit.tax = credit.due = Money("0", "USD")
    credit.due_on = None
    credit.save(force_insert=True)
    BalanceEntry.objects.create(
        subscription_id=account.pk,
        amount=Money("5", "USD"),
        reason="credit_note",
        invoice=credit,
        created_at=at,
    )
    return made


# One world for all that customers read: it takes longer to make than to look at.
@pytest.mark.breaks_invariants
def test_a_number_on_a_page_or_in_a_letter_leads_to_its_invoice(place: World) -> None:
    corrected = reverse("invoice", args=["firm-sa", "CN-000001"])
    pages = [
        *reading.pages(place, ACCOUNTS, [*WHO]),
        reading.read(place.clients["owner"], corrected, "invoice", "owner"),
    ]
    assert wrong(iter(pages)) == []
    for page in reading.pages(place, ACCOUNTS[:1], ["admin"]):
        # Who may not see invoices gets no way to one.
        if page.status == 200 and page.kind.startswith("text/html"):
            assert not re.search(r'href="[^"]*/billing/invoices/[^"]', page.body), page
    letters = Letter.objects.exclude(kind__in=FOR_OUTSIDERS).exclude(facts__invoice=None)
    assert letters.count() > 3
    for letter in letters:
        html = str(mail.message(letter).alternatives[0][0])
        page = Page("", letter.kind, "", 200, "text/html", html)
        assert list(alone(reading.parsed(page))) == [], letter.kind


@pytest.mark.breaks_invariants
def test_a_number_on_a_page_of_the_staff_leads_to_its_invoice(place: World) -> None:
    assert wrong(_staff_pages(place.clients["staff"])) == []


def _staff_pages(vera: Client) -> Iterator[Page]:
    """Yield each list of the back office, and the page of each row of Firm SA's and of the first others."""
    # A letter stands there as it was written.
    for model in set(site._registry) - {Letter}:
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        yield reading.read(vera, reverse(f"vendor:{name}_changelist"), name, "staff")
        for row in model._default_manager.order_by("-pk")[:3]:
            where = reverse(f"vendor:{name}_change", args=[row.pk])
            page = reading.read(vera, where, name, "staff")
            # Its own page is named by it.
            yield Page(f"{where} {row}", name, "staff", page.status, page.kind, page.body)
