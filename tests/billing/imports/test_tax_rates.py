"""Loading tax rates: shown as it is written, written once, and no rate in force is edited."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from io import StringIO
from pathlib import Path

import eu_vat_rates_data
import pytest
from django.core.management import call_command
from django.db import ProgrammingError, transaction

from billing import addresses
from billing.imports.tax_rates import reading, saving
from billing.imports.tax_rates.listing import TaxRateList
from billing.imports.toml_tables import BadTomlFile
from billing.models import TaxRate
from billing.rules.countries import EU
from billing.rules.taxation import Taxation, TaxBuyer, TaxSeller, taxes_on

SHIPPED = sorted(Path("billing/tax_rates").glob("*.toml"))
TODAY = date(2026, 11, 27)
WORLD = {"GB", "CH", "NO", "CA", "IN", "JP", "US"}
GOOD = """\
[[rate]]
country = "CA"
name = "GST"
percent = "5"
from = 2008-01-01

[[rate]]
country = "CA"
region = "QC"
name = "GST"
percent = 5
from = 2008-01-01

[[rate]]
country = "CA"
region = "QC"
name = "QST"
percent = "9.975"
from = 2013-01-01

[[rate]]
country = "CA"
category = "courses"
name = "GST"
exempt = "Excise Tax Act, Sch. V, Part III"
code = "VATEX-EU-132-1I"
from = 2008-01-01

[[rate]]
country = "US"
none = true
from = 2000-01-01
"""
QST = GOOD[GOOD.index('[[rate]]\ncountry = "CA"\nregion = "QC"\nname = "QST"') :].split("\n\n")[0] + "\n\n"
COMING = """
[[rate]]
country = "CA"
region = "QC"
name = "QST"
percent = "10.5"
from = 2099-01-01
"""


@pytest.fixture
def load(tmp_path: Path, db: None) -> Callable[..., tuple[str, ...]]:
    def loaded(text: str = GOOD, *, dry_run: bool = False) -> tuple[str, ...]:
        return saving.load(read(tmp_path, text), on=TODAY, dry_run=dry_run)

    return loaded


def read(folder: Path, text: str) -> TaxRateList:
    file = folder / "rates.toml"
    file.write_text(text)
    return reading.read(file, countries=addresses.countries())


def faults(folder: Path, text: str) -> list[str]:
    with pytest.raises(BadTomlFile) as refused:
        read(folder, text)
    return [line.split(":", 1)[1] for line in str(refused.value).splitlines()]


Load = Callable[..., tuple[str, ...]]


# --- What is shown is what is written -----------------------------------------------------------
def test_a_table_is_loaded_once(load: Load) -> None:
    notes = (
        "CA GST: 5 % from 2008-01-01",
        "CA-QC GST: 5 % from 2008-01-01",
        "CA-QC QST: 9.975 % from 2013-01-01",
        "CA GST on courses: exempt (Excise Tax Act, Sch. V, Part III) from 2008-01-01",
        "US: not taxed from 2000-01-01",
    )
    assert load(dry_run=True) == notes
    assert TaxRate.objects.count() == 0
    assert load() == notes
    assert load() == ()
    assert TaxRate.objects.count() == 5
    stored = tuple(saving.facts_of(row) for row in TaxRate.objects.all())
    both = taxes_on(Taxation(TaxSeller("CA", "QC"), TaxBuyer("CA", "QC"), stored), "standard", TODAY)
    assert [(tax.name, tax.rate) for tax in both] == [("GST", 5), ("QST", Decimal("9.975"))]


def test_a_coming_rate_may_be_changed_and_taken_back(load: Load) -> None:
    load()
    assert load(GOOD + COMING) == ("CA-QC QST: 10.5 % from 2099-01-01",)
    assert load(GOOD + COMING.replace("10.5", "10.25")) == ("CA-QC QST: 10.5 % → 10.25 % from 2099-01-01",)
    assert load(GOOD + COMING.replace("10.5", "10.25")) == ()
    assert load() == ("CA-QC QST: 10.25 % from 2099-01-01 is taken back",)


def test_a_country_that_the_file_does_not_name_stays(load: Load) -> None:
    load()
    japan = '[[rate]]\ncountry = "JP"\nname = "JCT"\npercent = "10"\nfrom = 2019-10-01\n'
    assert load(japan) == ("JP JCT: 10 % from 2019-10-01",)
    assert TaxRate.objects.count() == 6


def test_a_rate_of_a_past_day_says_what_it_does_not_touch(load: Load) -> None:
    load()
    late = COMING.replace("2099-01-01", "2026-11-01")
    assert load(GOOD + late) == (
        "CA-QC QST: 10.5 % from 2026-11-01; in force already: "
        "invoices issued since then keep what they charged",
    )
    # The older version may be left out now: it is stored, and no longer in force.
    assert load(GOOD.replace(QST, "") + late) == ()


# --- No rate in force is edited -----------------------------------------------------------------
def test_a_rate_in_force_is_never_edited(load: Load) -> None:
    load()
    with pytest.raises(BadTomlFile) as refused:
        load(GOOD.replace("9.975", "9.5"))
    assert str(refused.value).split("rates.toml:")[1] == (
        "14: rate: CA-QC QST: 9.5 % differs from 9.975 %, loaded from 2013-01-01; a rate in force is never "
        "edited: leave it, and add another with its own day"
    )
    assert load() == ()


def test_silence_about_a_rate_in_force_is_refused(load: Load) -> None:
    load()
    with pytest.raises(BadTomlFile, match=r"no longer names CA-QC QST, 9\.975 % from 2013-01-01; repeat it"):
        load(GOOD.replace(QST, ""))
    ended = COMING.replace('percent = "10.5"', "none = true").replace("2099-01-01", "2027-01-01")
    assert load(GOOD + ended) == ("CA-QC QST: not taxed from 2027-01-01",)


def test_the_database_edits_no_rate_either(load: Load) -> None:
    load(GOOD + COMING)
    with pytest.raises(ProgrammingError), transaction.atomic():
        TaxRate.objects.update(percent=1)
    with pytest.raises(ProgrammingError), transaction.atomic():
        TaxRate.objects.filter(name="QST").delete()
    TaxRate.objects.get(in_force_from=date(2099, 1, 1)).delete()


# --- What is wrong is named, all at once --------------------------------------------------------
@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('country = "US"', 'country = "UK"', "30: rate.country: “UK” is no country"),
        ('country = "US"', 'country = "us"', "30: rate.country: “us” is no country"),
        ('"9.975"', '"9.9755"', "18: rate.percent: “9.9755” is no percentage"),
        ('"9.975"', "9.975", "18: rate.percent: 9.975 is a number with a point, which is not exact"),
        ('"9.975"', '"100.001"', "18: rate.percent: “100.001” is no percentage"),
        ('"9.975"', '"-1"', "18: rate.percent: “-1” is no percentage"),
        ('"9.975"', "true", "18: rate.percent: is true"),
        ('percent = "9.975"', "", "14: rate.percent: is missing; a rate has one of"),
        (
            "none = true",
            'none = true\npercent = "5"',
            "32: rate.percent: stands beside another",
        ),
        ("none = true", "none = false", "29: rate.percent: is missing"),
        ('"QST"', '"A name that is much too long"', "17: rate.name: has 28 characters; at most 20"),
        ("from = 2013-01-01", 'from = "2013-01-01"', "19: rate.from: is the text “2013-01-01”; a date"),
        ('name = "QST"', "", "14: rate.name: is missing"),
        (
            'name = "QST"',
            'name = "QST"\nscope = "here"',
            "18: rate.scope: is the text “here”; one of",
        ),
        ('name = "QST"', 'name = "QST"\nrates = 1', "18: rate.rates: is not a known key"),
        ('category = "courses"', 'category = "Our courses"', "23: rate.category: “Our courses” is no key"),
        ('"VATEX-EU-132-1I"', '"132"', "26: rate.code: “132” is no code of an exemption"),
        ("none = true", 'none = true\ncode = "VATEX-EU-O"', "32: rate.code: is only for what is exempt"),
        ('name = "QST"', 'name = "GST"', "19: rate.from: is a second rate of CA-QC GST from 2008"),
    ],
)
def test_each_fault_has_its_line(tmp_path: Path, old: str, new: str, fault: str) -> None:
    text = GOOD.replace("from = 2013-01-01", "from = 2008-01-01") if "second" in fault else GOOD
    assert old in text
    assert [found for found in faults(tmp_path, text.replace(old, new, 1)) if found.startswith(fault)]


def test_an_empty_file_says_what_is_needed(tmp_path: Path) -> None:
    assert faults(tmp_path, "") == ["1: file: is empty: [[rate]]s are needed"]
    assert faults(tmp_path, "rate = []\n") == [
        "1: rate: is missing; a table of rates has at least one [[rate]]"
    ]


def test_the_command_names_file_and_line(tmp_path: Path, db: None) -> None:
    file = tmp_path / "rates.toml"
    file.write_text(GOOD.replace('"5"', '"x"'))
    out, err = StringIO(), StringIO()
    with pytest.raises(SystemExit, match="1"):
        call_command("load_tax_rates", str(file), stdout=out, stderr=err)
    assert f"{file}:4: rate.percent: “x” is no percentage" in err.getvalue()
    file.write_text(GOOD)
    call_command("load_tax_rates", str(file), "--dry-run", stdout=out)
    assert out.getvalue().endswith("5 differences. Dry run: nothing was written.\n")
    call_command("load_tax_rates", str(file), stdout=out)
    call_command("load_tax_rates", str(file), stdout=out)
    assert out.getvalue().endswith("5 differences, applied.\nNo differences.\n")


# --- The tables that come with the project ------------------------------------------------------
def test_the_shipped_tables_can_be_loaded(load: Load) -> None:
    for file in SHIPPED:
        assert load(file.read_text())
        assert load(file.read_text()) == ()
    assert set(TaxRate.objects.values_list("country", flat=True)) >= {
        *EU,
        "GB",
        "CH",
        "NO",
        "CA",
        "IN",
        "JP",
        "US",
    }


def test_the_rates_of_the_eu_are_those_that_somebody_else_keeps(tmp_path: Path) -> None:
    stored = tuple(one.rate for file in SHIPPED for one in read(tmp_path, file.read_text()).rates)
    found = {}
    for country in EU:
        (tax,) = taxes_on(Taxation(TaxSeller(country), TaxBuyer(country), stored), "standard", TODAY)
        found[country] = tax.rate
    theirs = {country: Decimal(str(eu_vat_rates_data.get_standard_rate(country))) for country in EU}
    assert found == theirs
    assert {code for code, rate in eu_vat_rates_data.get_all_rates().items() if rate["eu_member"]} == EU


@pytest.mark.parametrize(
    ("country", "region", "rates"),
    [
        ("GB", "", {"VAT": 20}),
        ("CH", "", {"MWST": Decimal("8.1")}),
        ("NO", "", {"MVA": 25}),
        ("JP", "東京都", {"JCT": 10}),
        ("CA", "QC", {"GST": 5, "QST": Decimal("9.975")}),
        ("CA", "ON", {"HST": 13}),
        ("CA", "AB", {"GST": 5}),
        ("CA", "NS", {"HST": 14}),
        ("IN", "Kerala", {"CGST": 9, "SGST": 9}),
        ("US", "CA", {"": 0}),
    ],
)
def test_the_rates_beyond_the_eu(
    tmp_path: Path, country: str, region: str, rates: dict[str, Decimal]
) -> None:
    stored = tuple(one.rate for file in SHIPPED for one in read(tmp_path, file.read_text()).rates)
    here = Taxation(TaxSeller(country, region), TaxBuyer(country, region), stored)
    assert {tax.name: tax.rate for tax in taxes_on(here, "standard", TODAY)} == rates
