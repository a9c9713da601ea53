"""Documents to take away: the PDF, the e-invoice, the list as CSV, a year as ZIP; none ever changes."""

import csv
import io
import re
import zipfile
from datetime import date, timedelta
from typing import Any

import pypdf
import pytest
from django.db import connection

from accounts.models import Account
from billing import change_requests, documents, quotes
from billing.models import (
    BillingProfile,
    Invoice,
    InvoiceRecipient,
    PaidSegment,
    PaymentMethod,
    PostalAddress,
    TaxRate,
)
from billing.rules.changes import AddProduct, AddSeats
from tests import acting, people, shop
from tests.console.reading import JULY_14, acme_at, open_as, signed_in, text

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/a/acme/billing/invoices/"


def buy(account: Account, seats: int) -> Invoice:
    """Let Olivia have so many seats, and return the invoice for it."""
    olivia = people.user("olivia")
    with acting.at(JULY_14):
        quote = quotes.draw_up(
            account, [AddSeats("support", seats)], occasion=acting.occasion(by=olivia, on=JULY_14.date())
        )
        quotes.confirm(quote.pk, occasion=acting.occasion(by=olivia, on=JULY_14.date()))
    return Invoice.objects.latest("pk")


@pytest.fixture
def bought() -> Invoice:
    """Let Olivia of a company in Bordeaux buy one seat more with her card, and return the invoice.

    −10 × 1.00 × 12 × 105/365 + 11 × 1.00 × 12 × 105/365 = −34.52 + 37.97 = 3.45, with 20 % of VAT 4.14.
    """
    account = acme_at(timezone="UTC", currency="EUR", language="fr")
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    TaxRate.objects.create(country="FR", name="TVA", percent=20, in_force_from=date(2014, 1, 1))
    PaidSegment.objects.update(taxes=[{"name": "TVA", "rate": "20.000", "category": "S"}])
    PaymentMethod.objects.create(
        subscription_id=account.pk, kind="card", brand="Visa", last_four="4242", reference="test_approves"
    )
    address = PostalAddress.objects.create(
        account=account, country="FR", lines=["3 quai des Modèles"], city="Bordeaux", postal_code="33000"
    )
    profile = BillingProfile.objects.create(
        account=account,
        legal_name="Acme SARL",
        sold_to=address,
        tax_id_kind="vat",
        tax_id_country="FR",
        tax_id_number="40303265045",
        purchase_order="PO-77",
    )
    InvoiceRecipient.objects.create(profile=profile, email="compta@acme.example", language="fr")
    return buy(account, 11)


def pdf_text(content: bytes) -> str:
    pages = pypdf.PdfReader(io.BytesIO(content)).pages
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def test_page_pdf_csv_and_e_invoice_hold_the_same_sums(bought: Invoice) -> None:
    total = "4.14"
    page = text(open_as("olivia", f"{PAGE}{bought.number}/"))
    assert f"€{total}" in page
    assert "Paid by Visa 4242 on 14 July 2023." in page
    assert "Acme SARL 3 quai des Modèles 33000 Bordeaux France" in page
    answer = open_as("olivia", f"{PAGE}{bought.number}.pdf")
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == f'attachment; filename="{bought.number}.pdf"'
    assert answer["Cache-Control"] == "no-store"
    written = pdf_text(answer.content)
    # With the sentence of the page, in the account's language, not the reader's.
    assert "Support: 10 → 11 seats (+1)." in page
    assert f"Facture {bought.number} Northwind Desk Support : 10 → 11 licences (+1). Émetteur" in written
    assert f"Total {total.replace('.', ',')}" in written
    assert "Payé par Visa 4242" in written
    assert "PO-77" in written
    (row,) = list(
        csv.DictReader(io.StringIO(body(open_as("olivia", f"{PAGE[:-1]}.csv")).decode("utf-8-sig")))
    )
    assert (row["Number"], row["Total"], row["Currency"], row["Status"]) == (
        bought.number,
        total,
        "EUR",
        "Paid",
    )


def test_what_has_a_tax_is_an_e_invoice_too(bought: Invoice) -> None:
    ubl = open_as("olivia", f"{PAGE}{bought.number}.xml")
    assert ubl["Content-Type"] == "application/xml"
    assert b"compta@acme.example" in ubl.content or b"FR40303265045" in ubl.content
    factur_x = open_as("olivia", f"{PAGE}{bought.number}/factur-x.pdf")
    assert list(pypdf.PdfReader(io.BytesIO(factur_x.content)).attachments) == ["factur-x.xml"]


def test_without_the_buyers_address_the_page_says_why_it_is_none(bought: Invoice) -> None:
    BillingProfile.objects.update(sold_to=None)
    account = bought.subscription.account
    later = buy(account, 12)
    assert "your company’s address was missing" in text(open_as("olivia", f"{PAGE}{later.number}/"))
    for address in (f"{later.number}.xml", f"{later.number}/factur-x.pdf"):
        assert open_as("olivia", PAGE + address).status_code == 404
    assert open_as("olivia", f"{PAGE}{bought.number}.xml").status_code == 200, (
        "older ones stay what they were"
    )


def test_only_who_may_see_invoices_takes_them_away(bought: Invoice) -> None:
    people.globex()
    stella = signed_in(people.person("stella@globex.example", ""))
    for address in (f"{PAGE}{bought.number}.pdf", f"{PAGE[:-1]}.csv", f"{PAGE[:-1]}.zip"):
        assert open_as("adam", address).status_code == 403
        assert stella.get(address).status_code == 404
        assert signed_in(people.user("olivia")).post(address).status_code == 405
    assert open_as("olivia", f"{PAGE}INV-999999.pdf").status_code == 404


def test_a_year_is_one_file(bought: Invoice) -> None:
    account = bought.subscription.account
    buy(account, 12)
    answer = open_as("olivia", f"{PAGE[:-1]}.zip?year=2023")
    assert answer.streaming
    archive = zipfile.ZipFile(io.BytesIO(body(answer)))
    assert archive.testzip() is None
    assert sorted(archive.namelist()) == ["INV-000001.pdf", "INV-000002.pdf"]
    assert "INV-000002" in pdf_text(archive.read("INV-000002.pdf"))
    assert open_as("olivia", f"{PAGE[:-1]}.zip?year=1999").status_code == 302
    assert open_as("olivia", f"{PAGE[:-1]}.zip?year=x").status_code == 302


def test_the_list_is_filtered_by_text_year_and_state(bought: Invoice) -> None:
    account = bought.subscription.account
    buy(account, 12)

    def found(query: str) -> list[str]:
        return [one.number for one in open_as("olivia", f"{PAGE}?{query}").context["listed"].rows]

    assert found("q=000001") == ["INV-000001"]
    assert found("q=po-77") == ["INV-000002", "INV-000001"]
    assert found("q=SUPPORT") == ["INV-000002", "INV-000001"]
    assert found("q=nothing") == []
    assert found("state=paid&year=2023") == ["INV-000002", "INV-000001"]
    assert found("state=open") == []
    assert "No invoice fits these filters." in text(open_as("olivia", f"{PAGE}?state=credited"))
    broken = open_as("olivia", f"{PAGE}?year=1999&state=nothing")
    assert broken.status_code == 200
    assert b"errorlist" in broken.content


def test_each_year_says_what_it_came_to(bought: Invoice) -> None:
    """One seat, and again one: 4.14 each."""
    buy(bought.subscription.account, 12)
    seen = text(open_as("olivia", PAGE))
    assert "2023 €8.28 €0.00 €8.28 €0.00 All of 2023 as ZIP" in seen


def test_each_line_says_what_it_rests_on(bought: Invoice) -> None:
    page = text(open_as("olivia", f"{PAGE}{bought.number}/"))
    assert "Days paid for 14 July 2023 – 26 October 2023 (105 days)" in page
    assert "Term 27 October 2022 – 26 October 2023 (365 days)" in page
    assert "Cause Seats added By Olivia Owens Quote" in page


def test_page_and_annex_name_price_person_request_and_quote(bought: Invoice) -> None:
    """Adam asks for two of Guide at list price; Support, at 1.00, is at a price of Acme's own."""
    account = bought.subscription.account
    adam, olivia = people.user("adam"), people.user("olivia")
    with acting.at(JULY_14):
        changes = [AddProduct("guide", "team", 2), AddSeats("support", 12)]
        asked = change_requests.submit(
            account, changes, note="", occasion=acting.occasion(by=adam, on=JULY_14.date())
        )
        by = acting.occasion(by=olivia, on=JULY_14.date())
        quotes.confirm(change_requests.draw_up(asked.pk, occasion=by).pk, occasion=by)
    found = Invoice.objects.latest("pk")
    page = text(open_as("olivia", f"{PAGE}{found.number}/"))
    annex = pdf_text(open_as("olivia", f"{PAGE}{found.number}.pdf").content)
    assert (found.request_number, found.requested_by) == (asked.pk, "Adam Adler")
    assert (
        f"/a/acme/billing/requests/{asked.pk}/"
        in open_as("olivia", f"{PAGE}{found.number}/").content.decode()
    )
    for told in (
        *("Price List price in force from 1 January 2020", "Price Agreed with the seller"),
        *(f"Change request No. {asked.pk} by Adam Adler", "By Olivia Owens", f"Quote {found.quote_id}"),
    ):
        assert told in page
    for told in (
        *("Prix catalogue en vigueur depuis le 1er janvier 2020", "Convenu avec le vendeur"),
        *(f"nº {asked.pk}, par Adam Adler", "Olivia Owens", str(found.quote_id), "105 jours"),
    ):
        assert told in annex, told
    assert list(documents.changed()) == []


def test_a_profile_that_changes_changes_no_document(bought: Invoice) -> None:
    before = open_as("olivia", f"{PAGE}{bought.number}.pdf").content
    BillingProfile.objects.update(legal_name="Another SAS", tax_id_number="34999888779")
    PaymentMethod.objects.update(brand="Mastercard", last_four="1881")
    Account.objects.filter(slug="acme").update(name="Another")
    Account.objects.filter(slug="acme").update(name="Acme")
    assert open_as("olivia", f"{PAGE}{bought.number}.pdf").content == before


@pytest.mark.breaks_invariants
def test_a_document_that_was_tampered_with_is_found(bought: Invoice) -> None:
    assert list(documents.changed()) == []
    for table, change in (
        ("billing_invoiceline", "quantity = quantity + 1"),
        ("billing_invoice", "issued_on = issued_on - 1, due_on = NULL"),
    ):
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(f"UPDATE {table} SET {change}")
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        assert list(documents.changed()) == [bought.number], table


def test_a_direct_debit_says_how_it_was_paid(bought: Invoice) -> None:
    account = bought.subscription.account
    PaymentMethod.objects.update(kind="direct_debit", brand="SEPA", last_four="3000")
    later = buy(account, 13)
    assert "Paid by SEPA 3000 on 14 July 2023." in text(open_as("olivia", f"{PAGE}{later.number}/"))


def test_by_invoice_it_names_bank_reference_and_day(bought: Invoice) -> None:
    """30 days after 14 July 2023."""
    account = bought.subscription.account
    Account.objects.filter(pk=account.pk).update(collection_method="send_invoice")
    account.refresh_from_db()
    later = buy(account, 13)
    assert later.due_on == later.issued_on + timedelta(days=30)
    for seen in (
        text(open_as("olivia", f"{PAGE}{later.number}/")),
        pdf_text(open_as("olivia", f"{PAGE}{later.number}.pdf").content),
    ):
        assert "FR14 2004 1010 0505 0001 3M02 606" in seen
        assert f"{later.number}" in seen
    assert "by 13 August 2023 and name the reference" in text(open_as("olivia", f"{PAGE}{later.number}/"))
