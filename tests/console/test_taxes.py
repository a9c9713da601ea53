"""Taxes as people see them: by name and rate from the live quote to the letter, or why there is none."""

import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.test import Client

from accounts.models import Account, Letter
from billing.models import Invoice, PaidSegment, Subscription
from tests import people, taxed
from tests.billing.test_letter_texts import written
from tests.console.changing import LIVE, PREVIEW, review, wish
from tests.console.reading import open_as, signed_in, text

pytestmark = pytest.mark.django_db(transaction=True)

SUMMARY, INVOICE = "/a/acme/billing/subscription/", "/a/acme/billing/invoices/INV-000001/"
REVERSE = "VAT due by you (reverse charge, Art. 196 of Directive 2006/112/EC)"
AUTOLIQUIDATION = "TVA due par vous (autoliquidation, art. 196 de la directive 2006/112/CE)"


def letter(kind: str = "change_confirmed", language: str = "en") -> str:
    """Return the text of a letter with its spaces plain and single."""
    found = Letter.objects.filter(kind=kind).order_by("pk").select_related("account", "user")[0]
    plain: str = re.sub(r"[\s\u00a0\u202f]+", " ", written(found)[0])
    return plain


def everywhere(olivia: Client, address: str) -> dict[str, str]:
    """Return what the review says, and after it receipt, invoice and letter."""
    seen = {"review": text(olivia.get(address))}
    seen["receipt"] = text(olivia.post(address, follow=True))
    seen["invoice"] = text(olivia.get(INVOICE))
    seen["letter"] = letter()
    return seen


def test_quebec_shows_two_taxes_and_the_sum(ledger: Account, olivia: Client, settings: Any) -> None:
    """+37.97 − 34.52 = 3.45; GST 5 % = 0.1725 → 0.17, QST 9.975 % = 0.344 → 0.34; together 3.96."""
    taxed.sells(settings, taxed.QUEBECOIS)
    taxed.rates()
    taxed.place(ledger, "CA", "QC")
    # What was paid so far bore both: the credit bears them, too.
    borne = [{"name": "GST", "rate": "5", "category": "S"}, {"name": "QST", "rate": "9.975", "category": "S"}]
    PaidSegment.objects.update(taxes=borne)
    live = text(olivia.post(PREVIEW, wish(seats_support=11), headers=LIVE))
    assert "Subtotal $3.45 GST (5 %) $0.17 QST (9.975 %) $0.34 Due today $3.96" in live
    seen = everywhere(olivia, review(olivia, wish(seats_support=11)))
    assert "GST, 5 % of $3.45 $0.17 QST, 9.975 % of $3.45 $0.34 Due today $3.96" in seen["review"]
    assert "GST, 5 % of $3.45 $0.17 QST, 9.975 % of $3.45 $0.34" in seen["receipt"]
    assert "$3.96 was paid" in seen["receipt"]
    assert "GST (5 %) $0.17 QST (9.975 %) $0.34" in seen["invoice"]
    assert "Subtotal: $3.45 GST (5 %): $0.17 QST (9.975 %): $0.34" in seen["letter"]
    invoice = Invoice.objects.get()
    assert [(row["name"], row["rate"], row["base"], row["amount"]) for row in invoice.taxes] == [
        ("GST", "5", 345, 17),
        ("QST", "9.975", 345, 34),
    ]
    assert [line.taxes for line in invoice.lines.all()] == [borne, borne]
    # The next year: 11 × 12.00 = 132.00 and 6.60 and 13.167 → 13.17.
    summary = text(olivia.get(SUMMARY))
    assert "Renewal amount $151.77 $6.60 GST (5 %) included $13.17 QST (9.975 %) included" in summary
    assert "Before tax $132.00 GST (5 %) $6.60 QST (9.975 %) $13.17" in summary


def test_a_german_number_makes_the_customer_owe_the_tax(ledger: Account, olivia: Client) -> None:
    taxed.rates()
    taxed.place(ledger, "DE", number="136695976")
    live = text(olivia.post(PREVIEW, wish(seats_support=11), headers=LIVE))
    assert f"Subtotal $3.45 {REVERSE} $0.00 Due today $3.45" in live
    seen = everywhere(olivia, review(olivia, wish(seats_support=11)))
    for place in seen:
        assert REVERSE in seen[place], place
    assert f"{REVERSE} $0.00 Due today $3.45" in seen["review"]
    assert f"{REVERSE}: $0.00" in seen["letter"]
    assert "Renewal amount $132.00 VAT due by you" in text(olivia.get(SUMMARY))
    french = text(signed_in(people.user("olivia"), "fr").get(INVOICE))
    assert AUTOLIQUIDATION in french
    (row,) = Invoice.objects.get().taxes
    assert row == {
        "rate": "0",
        "category": "AE",
        "reason": "reverse_charge",
        "code": "VATEX-EU-AE",
        # The credit is of what bore no tax.
        "base": 3797,
        "amount": 0,
    }
    assert [line.taxes[0]["category"] for line in Invoice.objects.get().lines.all()[1:]] == ["AE"]


@pytest.mark.parametrize(
    ("country", "vendor", "english", "french"),
    [
        (
            "US",
            taxed.FRENCH,
            "No VAT: your company is outside the EU (Art. 44 of Directive 2006/112/EC)",
            "Pas de TVA: votre société est établie hors de l’UE (art. 44 de la directive 2006/112/CE)",
        ),
        (
            "US",
            taxed.QUEBECOIS,
            "No tax: your company is in another country than the seller",
            "Pas de taxe: votre société est établie dans un autre pays que le vendeur",
        ),
    ],
)
def test_abroad_the_page_says_why_there_is_no_tax(
    ledger: Account, settings: Any, country: str, vendor: Any, english: str, french: str
) -> None:
    taxed.sells(settings, vendor)
    taxed.rates()
    taxed.place(ledger, country)
    assert english in text(open_as("olivia", SUMMARY))
    assert french in text(open_as("olivia", SUMMARY, "fr"))


def test_in_french_it_is_tva(ledger: Account) -> None:
    """120.00 at 20 % = 24.00."""
    taxed.rates()
    taxed.place(ledger, "FR", number="34999888779")
    page = text(open_as("olivia", SUMMARY, "fr"))
    assert "TVA (20 %) 24,00" in page
    assert "dont 24,00 $US de TVA (20 %)" in page or "dont 24,00 $ de TVA (20 %)" in page


def test_a_rate_that_rose_before_midnight_passed_is_told(ledger: Account, olivia: Client) -> None:
    """On 14 July at 20 %, on 15 July at 20.6 %: 37.61 × 20.6 % = 7.75; the credit bears nothing."""
    taxed.rates()
    taxed.rise("20.6", date(2023, 7, 15))
    taxed.place(ledger, "FR")
    address = review(olivia, wish(seats_support=11))
    assert "TVA, 20 % of $37.97 $7.59" in text(olivia.get(address))
    Account.objects.update(clock=datetime(2023, 7, 15, 5, tzinfo=UTC))
    seen = text(olivia.post(address, follow=True))
    assert "The tax changed: it was TVA (20 %), and is now TVA (20.6 %)." in seen
    assert "TVA, 20.6 % of $37.61 $7.75" in seen
    assert not Invoice.objects.exists()


def test_a_number_that_was_entered_meanwhile_is_told(ledger: Account, olivia: Client) -> None:
    taxed.rates()
    taxed.place(ledger, "DE")
    address = review(olivia, wish(seats_support=11))
    assert "credited without tax and charged again with TVA (20 %)" in text(olivia.get(address))
    assert "TVA, 20 % of $37.97" in text(olivia.get(address))
    taxed.place(ledger, "DE", number="136695976")
    seen = text(olivia.post(address, follow=True))
    assert f"The tax changed: it was TVA (20 %), and is now {REVERSE}." in seen


def test_a_credit_bears_what_was_charged(ledger: Account, olivia: Client) -> None:
    """Ten seats charged at 20 %, an eleventh at 20.6 %: −34.52 and −6.90, +37.97 and +7.82."""
    taxed.rates()
    taxed.place(ledger, "FR")
    PaidSegment.objects.update(taxes=[{"name": "TVA", "rate": "20", "category": "S"}])
    taxed.rise("20.6", date(2023, 7, 1))
    seen = everywhere(olivia, review(olivia, wish(seats_support=11)))
    told = "the days that were paid already are credited with TVA (20 %) and charged again with TVA (20.6 %)."
    assert f"Support: {told}" in seen["review"]
    assert "TVA, 20.6 % of $37.97 $7.82 TVA, 20 % of −$34.52 −$6.90 Due today $4.37" in seen["review"]
    assert "TVA (20.6 %) $7.82 TVA (20 %) −$6.90" in seen["invoice"]
    assert "TVA (20.6 %): $7.82 TVA (20 %): −$6.90" in seen["letter"]


def test_a_rate_of_its_own_wins_and_is_called_tax(ledger: Account) -> None:
    taxed.rates()
    taxed.place(ledger, "DE", number="136695976")
    Subscription.objects.update(tax_percent=10)
    page = text(open_as("olivia", SUMMARY))
    assert "Renewal amount $132.00 $12.00 tax (10 %) included" in page
    assert "VAT due by you" not in page


def test_an_account_whose_country_is_unknown_reads_that_it_is_before_tax(ledger: Account) -> None:
    taxed.rates()
    assert "Renewal amount $120.00 before tax" in text(open_as("olivia", SUMMARY))
