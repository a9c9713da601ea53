"""What is counted in something else than seats says so everywhere, and editions say what they are for."""

from datetime import date

import pytest
from django.test import Client
from django.utils import translation

from accounts.models import Account, Letter
from admin_center.templatetags.letters import changed
from admin_center.wording import phrases
from billing import documents
from billing.models import Edition, Invoice, InvoiceLine, Product
from billing.rules.names import Names, counted_from_plain
from tests import people, shop
from tests.console.changing import LIVE, MANAGE, PREVIEW, pay_by_card, review
from tests.console.reading import acme_at, open_as, signed_in, text

pytestmark = pytest.mark.django_db(transaction=True)
RESOLUTIONS = {"en": ["resolution", "resolutions"], "fr": ["résolution", "résolutions"]}
PACKS = {"en": ["pack", "packs"], "fr": ["lot", "lots"]}
TYPED = {
    "seats-support": 10,
    "edition-support": "team",
    "seats-copilot": 40,
    "seats-credits": 2,
    "cycle": "annual",
}


@pytest.fixture
def acme() -> Account:
    """Ten seats of Support, 40 resolutions (Copilot) and 2 packs (Credits), annual; today is 14 July 2023."""
    account = acme_at()
    shop.catalogue()
    Product.objects.filter(key="copilot").update(counted_in=RESOLUTIONS)
    Product.objects.filter(key="credits").update(counted_in=PACKS)
    lines = {
        "support": ("team", 10, "12.00"),
        "copilot": ("standard", 40, "10.00"),
        "credits": ("standard", 2, "200.00"),
    }
    shop.subscribe(account, lines, start=date(2022, 10, 27))
    pay_by_card(account)
    return account


@pytest.fixture
def olivia(acme: Account) -> Client:
    return signed_in(people.user("olivia"))


def bought(olivia: Client, **typed: int) -> Invoice:
    """Buy through the pages, and return the invoice."""
    other = {name.replace("_", "-"): value for name, value in typed.items()}
    olivia.post(f"{review(olivia, TYPED | other)}")
    return Invoice.objects.get()


def test_a_quantity_is_worded_in_each_language() -> None:
    names = Names({}, {"copilot": counted_from_plain(RESOLUTIONS), "credits": ()})
    for language, expected in {
        "en": ("0 resolutions", "1 resolution", "1,200 resolutions", "3", "1 seat"),
        "fr": ("0 résolution", "1 résolution", "1\xa0200 résolutions", "3", "1 licence"),
    }.items():
        with translation.override(language):
            many = [phrases.quantity(names, "copilot", count) for count in (0, 1, 1200)]
            rest = phrases.quantity(names, "credits", 3), phrases.quantity(names, "support", 1)
            assert (*many, *rest) == expected


def test_the_summary_and_the_form_name_the_unit(acme: Account) -> None:
    summary = text(open_as("olivia", "/a/acme/billing/subscription/"))
    assert "40 resolutions" in summary
    assert "2 packs per period" in summary
    assert "for 40 agents" not in summary
    form = text(open_as("olivia", MANAGE))
    assert "Resolutions – Copilot" in form
    assert "Packs – Credits" in form
    assert "Seats – Support" in form
    assert "Résolutions – Copilot" in text(open_as("olivia", MANAGE, "fr"))


def test_a_price_is_for_one_of_it(acme: Account, olivia: Client) -> None:
    acme.subscription.lines.exclude(product__key="support").delete()
    form = text(open_as("olivia", MANAGE))
    assert "$10.00 per resolution and month" in form
    assert "$200.00 per pack and period" in form
    assert "$6.00 per seat and month" in form


def test_a_quote_counts_in_it(olivia: Client) -> None:
    seen = text(olivia.post(PREVIEW, TYPED | {"seats-copilot": 50, "seats-credits": 1}, headers=LIVE))
    assert "Copilot: 40 → 50 resolutions (+10)" in seen
    assert "Credits: 2 → 1 pack (−1)" in seen
    # 50 resolutions at 10.00 for 12 months, 105 of 365 days.
    assert "50 resolutions × $10.00 × 12 months × 105 of 365 days" in seen


def test_receipt_invoice_letter_and_activity_count_in_it(acme: Account, olivia: Client) -> None:
    invoice = bought(olivia, seats_copilot=50)
    for page in (f"invoices/{invoice.number}/", f"quotes/{invoice.quote_id}/"):
        seen = text(open_as("olivia", f"/a/acme/billing/{page}"))
        assert "Copilot: 40 → 50 resolutions (+10)" in seen
        assert "50 seats" not in seen
    letter = Letter.objects.get(kind="change_confirmed", user=people.user("olivia"))
    assert changed(letter.facts) == ["Copilot: 40 → 50 resolutions (+10)"]
    # A letter from before units were kept is read as it was.
    old = {name: value for name, value in letter.facts.items() if name != "counted_in"}
    assert changed(old) == ["Copilot: 40 → 50 seats (+10)"]
    olivia.post(f"{review(olivia, TYPED | {'seats-copilot': 45})}")
    assert "Copilot: 45 resolutions" in text(open_as("olivia", "/a/acme/activity/"))


def test_the_invoice_stays_as_it_was_issued(acme: Account, olivia: Client) -> None:
    invoice = bought(olivia, seats_copilot=50)
    Product.objects.filter(key="copilot").update(counted_in={"en": ["answer", "answers"], "fr": ["x", "y"]})
    seen = text(open_as("olivia", f"/a/acme/billing/invoices/{invoice.number}/"))
    assert "50 resolutions × $10.00" in seen
    assert not list(documents.changed())
    # A line from before units were kept: 50 of what has no unit of its own are seats.
    assert InvoiceLine(quantity=50, counted_in={}, flat=False).unit_words is None
    assert InvoiceLine(quantity=50, counted_in={}, flat=True).unit_words == ()


def test_an_edition_says_what_it_is_for(acme: Account, olivia: Client) -> None:
    said = {"team": "For small teams.", "professional": "For shifts and rules."}
    for key, sentence in said.items():
        purpose = {"en": sentence, "fr": f"FR {sentence}"}
        Edition.objects.filter(product__key="support", key=key).update(purpose=purpose)
    page = open_as("olivia", MANAGE)
    assert '<p class="field__help" id="purpose-support">For small teams.</p>' in page.content.decode()
    assert "What it is for For small teams. For shifts and rules." in text(page)
    assert "FR For small teams." in text(open_as("olivia", MANAGE, "fr"))
    live = olivia.post(PREVIEW, TYPED | {"edition-support": "professional"}, headers=LIVE).content.decode()
    assert 'id="purpose-support" hx-swap-oob="true">For shifts and rules.</p>' in live
