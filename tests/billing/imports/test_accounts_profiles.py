"""Whom invoices are made out to comes in with the account, judged as by the forms; and the taxes it bore."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account, Activity
from accounts.occasion import Occasion
from billing import profile
from billing.models import BillingProfile, InvoiceRecipient, PaidSegment, PostalAddress
from billing.rules.changes import AddSeats
from billing.rules.parties import Address, TaxId, TaxIdKind
from billing.rules.quoting import quote
from billing.rules.tax import at_rate
from billing.storage import loading
from tests import shop, taxed
from tests.billing.imports.customers import ACME, Record, as_csv, as_json_lines, load, rows, small

pytestmark = pytest.mark.django_db

PROFILE: list[Record] = [
    (
        "profile",
        {
            "legal_name": "Ateliers Acme SAS",
            "tax_number": "FR 40 303 265 045",
            "tax_number_kind": "vat",
            "purchase_order": "PO-77",
        },
    ),
    (
        "address",
        {
            "use": "sold_to",
            "country": "fr",
            "line_1": "1 rue du Four",
            "postal_code": "31000",
            "city": "Toulouse",
        },
    ),
    (
        "address",
        {
            "use": "bill_to",
            "country": "FR",
            "line_1": "BP 12",
            "line_2": "Service comptable",
            "postal_code": "31009",
            "city": "Toulouse CEDEX 6",
        },
    ),
    ("recipient", {"email": "Compta@Acme.example", "name": "Comptabilité", "language": "fr"}),
    ("recipient", {"email": "books@keepers.example"}),
]
# Acme's records before them stand on the lines 2 to 15.
LINE = {"profile": 16, "sold_to": 17, "bill_to": 18, "compta": 19, "books": 20}
SOLD_TO = Address("FR", ("1 rue du Four",), "Toulouse", postal_code="31000")


@pytest.fixture(autouse=True)
def _price_list() -> None:
    shop.catalogue()


def bring_in(tmp_path: Path, records: list[Record]) -> Account:
    file = tmp_path / "customers.csv"
    file.write_text(as_csv(("A-1", records)))
    assert load(file) == (0, "1 account: 1 new, 0 unchanged, 0 refused.", [])
    return Account.objects.get(external_id="A-1")


def test_a_profile_comes_in_as_the_form_would_keep_it(tmp_path: Path) -> None:
    account = bring_in(tmp_path, [*ACME, *PROFILE])
    found = BillingProfile.objects.of(account.pk)
    assert found is not None
    assert profile.profile_values(found) == profile.ProfileValues(
        legal_name="Ateliers Acme SAS",
        sold_to=SOLD_TO,
        bill_to=Address("FR", ("BP 12", "Service comptable"), "Toulouse CEDEX 6", postal_code="31009"),
        tax_id=TaxId(TaxIdKind.VAT, "FR", "40303265045"),
        purchase_order="PO-77",
    )
    told = InvoiceRecipient.objects.values_list("email", "name", "language")
    # Without a language in the account's, which is English.
    assert list(told) == [
        ("books@keepers.example", "", "en"),
        ("compta@acme.example", "Comptabilité", "fr"),
    ]


def test_the_trail_of_the_profile_begins_with_it_and_goes_on(tmp_path: Path) -> None:
    account = bring_in(tmp_path, [*ACME, *PROFILE])
    entry = Activity.objects.get(account=account, verb="billing_profile_changed")
    assert (entry.subject, entry.by_staff) == ("billing_profile", True)
    assert (entry.before["tax_number"], entry.after["tax_number"]) == ("", "FR40303265045")
    added = Activity.objects.filter(account=account, verb="invoice_recipient_added")
    assert [one.after["email"] for one in added.order_by("pk")] == [
        "compta@acme.example",
        "books@keepers.example",
    ]
    # The same once more changes nothing, and another company's name is one change.
    held = BillingProfile.objects.of(account.pk)
    assert held is not None
    values = profile.profile_values(held)
    occasion = Occasion(by=None, on=date(2023, 7, 14), at=entry.at)
    assert not profile.keep(account, values, occasion=occasion)


def test_a_second_address_that_is_the_same_is_one(tmp_path: Path) -> None:
    bill_to = PROFILE[1][1] | {"use": "bill_to", "postal_code": " 31000 "}
    bring_in(tmp_path, [*ACME, PROFILE[1], ("address", bill_to)])
    assert PostalAddress.objects.count() == 1
    assert BillingProfile.objects.get().bill_to is None


def test_recipients_alone_make_a_profile_that_says_nothing(tmp_path: Path) -> None:
    account = bring_in(tmp_path, [*ACME, *PROFILE[3:]])
    assert BillingProfile.objects.get(pk=account.pk).legal_name == ""
    assert not Activity.objects.filter(verb="billing_profile_changed").exists()


FAULTS: dict[str, tuple[str, dict[str, str], str, str]] = {
    "a wrong check digit": (
        "profile",
        {"tax_number": "FR 41 303 265 045"},
        "tax_number",
        "check digits don't fit",
    ),
    "too short": ("profile", {"tax_number": "FR 40 303"}, "tax_number", "such as FR40303265045"),
    "of another country": (
        "profile",
        {"tax_number": "DE136695976"},
        "tax_number",
        "is a number of DE; name that in",
    ),
    "a kind that isn't there": (
        "profile",
        {"tax_number_country": "US", "tax_number": "12-3456789"},
        "tax_number",
        "it has company",
    ),
    "a number of no kind": ("profile", {"tax_number_kind": ""}, "tax_number_kind", "of vat or company"),
    "a kind of no number": ("profile", {"tax_number": ""}, "tax_number_kind", "there is no tax_number"),
    "a number of no country": ("profile", {"tax_number_country": "XX"}, "tax_number_country", "two letters"),
    "a card as a tax number": (
        "profile",
        {"tax_number": "4111 1111 1111 1111"},
        "tax_number",
        "a card number",
    ),
    "a card as a number of a country whose numbers nobody checks": (
        "profile",
        {
            "tax_number_kind": "company",
            "tax_number_country": "PA",
            "tax_number": "4111 1111 1111 1111",
        },
        "tax_number",
        "a card number",
    ),
    "a header": ("profile", {"purchase_order": "7\nBcc: x@y.example"}, "purchase_order", "line break"),
    "300 characters": ("profile", {"legal_name": "A" * 300}, "legal_name", "at most 200"),
    "a country of three letters": ("sold_to", {"country": "FRA"}, "country", "letters of ISO 3166"),
    "a country that isn't one": ("sold_to", {"country": "XX"}, "country", "is no country"),
    "a code of elsewhere": ("sold_to", {"postal_code": "31"}, "postal_code", "no code of FR, such as 33380"),
    "no street": ("sold_to", {"line_1": ""}, "line_1", "an address in FR has it"),
    "no such state": (
        "sold_to",
        {"country": "AU", "region": "Bavaria", "postal_code": "2000"},
        "region",
        "is not known in AU; use one of ACT",
    ),
    "a code of another state": (
        "sold_to",
        {"country": "US", "region": "NY", "postal_code": "90210"},
        "postal_code",
        "compare it with the region",
    ),
    "an unknown use": ("bill_to", {"use": "office"}, "use", "sold_to, bill_to"),
    "a use twice": ("bill_to", {"use": "sold_to"}, "use", "a second time"),
    "no address of its own": ("sold_to", {"use": "bill_to"}, "use", "sold_to, is missing"),
    "an address that no letter reaches": ("compta", {"email": "compta"}, "email", "no e-mail address"),
    "an unknown language": ("compta", {"language": "de"}, "language", "en, fr"),
    "somebody twice": ("books", {"email": "COMPTA@acme.example"}, "email", "gets the invoices already: "),
    "a part that France hasn't": (
        "sold_to",
        {"region": "Occitanie"},
        "region",
        "no part of an address in FR",
    ),
}


@pytest.mark.parametrize("which", FAULTS, ids=lambda which: which.replace(" ", "-"))
@pytest.mark.parametrize("writer", [as_csv, as_json_lines])
def test_what_the_form_would_refuse_is_named_by_line_and_column(
    which: str, writer: Any, tmp_path: Path
) -> None:
    place, cells, column, words = FAULTS[which]
    records = [(record, dict(own)) for record, own in PROFILE]
    records[list(LINE).index(place)][1].update(cells)
    file = tmp_path / ("a.csv" if writer is as_csv else "a.jsonl")
    file.write_text(writer(("A-1", [*ACME, *records])))
    before = rows()
    code, _told, wrong = load(file)
    assert code == 1
    assert rows() == before
    where = f"{LINE[place]}: {column}: " if writer is as_csv else "1: "
    assert [one for one in wrong if one.startswith(where) and column in one and words in one], wrong
    assert "4111" not in "".join(wrong)
    # And a rehearsal says the same.
    assert load(file, "--dry-run")[2] == wrong


def test_twenty_get_the_invoices_and_no_more(tmp_path: Path) -> None:
    many: list[Record] = [("recipient", {"email": f"r{n}@acme.example"}) for n in range(21)]
    file = tmp_path / "a.csv"
    file.write_text(as_csv(("A-1", [*ACME, *many])))
    assert load(file)[2] == ["36: email: is one too many: at most 20 get the invoices"]


def test_a_hundred_profiles_take_as_many_statements_as_two(tmp_path: Path) -> None:
    taxed.rates()
    counts = []
    for prefix, number in (("F", 2), ("M", 100)):
        file = tmp_path / f"{prefix}.csv"
        made = (small(f"{prefix}-{n}") for n in range(number))
        file.write_text(as_csv(*((external_id, [*records, *PROFILE]) for external_id, records in made)))
        with CaptureQueriesContext(connection) as captured:
            assert load(file)[0] == 0
        counts.append(len(captured))
    # The first also reads the catalogue, which the process then keeps.
    assert counts[1] <= counts[0] <= 45
    assert BillingProfile.objects.count() == 102


# --- The taxes of what is loaded as paid ------------------------------------------------------------

PLAIN = [record for record in ACME if record[0] not in ("discount", "balance", "temporary")]


def of_subscription(cells: dict[str, str]) -> list[Record]:
    """Return Acme's lines without discount, with cells of its subscription changed."""
    return [(kind, own | cells if kind == "subscription" else own) for kind, own in PLAIN]


def test_a_credit_takes_the_tax_that_the_table_charged_before_moving_in(tmp_path: Path) -> None:
    """Ten seats at 1.00 in France, paid on 27 October 2022 at 20 %; one more on 14 July 2023.

    −120.00 × 105/365 = −34.52 and +132.00 × 105/365 = +37.97: together 3.45, its tax 0.69.
    """
    taxed.rates()
    account = bring_in(tmp_path, [*PLAIN, *PROFILE])
    held = loading.read(account, date(2023, 7, 14))
    assert held is not None
    priced = quote(held.facts, [AddSeats("support", 11)], date(2023, 7, 14))
    assert [(line.amount, [(tax.name, tax.rate) for tax in line.taxes]) for line in priced.lines] == [
        (-3452, [("TVA", Decimal(20))]),
        (3797, [("TVA", Decimal(20))]),
    ]
    assert [(row.base, row.amount) for row in priced.settlement.taxes] == [(345, 69)]


@pytest.mark.parametrize(
    ("cells", "records", "charged"),
    [
        # Nobody knows where the customer is: no tax is shown.
        ({}, [], ()),
        # The file knows better than the table what was charged.
        ({"charged_tax_percent": "19.6"}, PROFILE, at_rate(Decimal("19.6"))),
        # A rate of the account's own was charged, and goes on.
        ({"tax_percent": "5.5"}, PROFILE, at_rate(Decimal("5.5"))),
        ({"tax_percent": "5.5", "charged_tax_percent": "7"}, PROFILE, at_rate(Decimal(7))),
    ],
)
def test_what_was_charged_bears_what_the_file_says(
    cells: dict[str, str], records: list[Record], charged: Any, tmp_path: Path
) -> None:
    taxed.rates()
    account = bring_in(tmp_path, [*of_subscription(cells), *records])
    held = loading.read(account, date(2023, 7, 14))
    assert held is not None
    assert {segment.taxes for line in held.facts.lines for segment in line.segments} == {charged}
    # What comes next is by the account's own rate or the table, not by what was charged.
    own = cells.get("tax_percent")
    assert held.facts.taxation.own_rate == (Decimal(own) if own else None)
    assert PaidSegment.objects.count() == 2
