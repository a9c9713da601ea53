"""Loading a price list: shown as it is written, written once, and nothing taken from anyone."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
import yaml
from django.core.management import call_command
from django.db import ProgrammingError, connection, transaction

from billing.imports.catalogue import saving
from billing.imports.catalogue.listing import ListedEdition, ListedPrice, ListedProduct, PriceList
from billing.imports.catalogue.reading import read
from billing.imports.toml_tables import BadTomlFile
from billing.models import Catalogue, Edition, Price, Product
from billing.rules.facts import Availability, ProductKind
from billing.rules.money import to_minor
from billing.rules.names import counted_from_plain
from billing.rules.periods import Cycle
from tests.billing.imports.price_list import CURRENCIES, GOOD, SHIPPED, price_list, write

pytestmark = pytest.mark.django_db

FACTS = yaml.safe_load(Path("tests/data/zendesk-published-prices.yml").read_text())


def load(folder: Path, *changes: tuple[str, str], dry_run: bool = False) -> tuple[str, ...]:
    """Load GOOD with these replacements."""
    text = GOOD
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return saving.load(price_list(folder, text), dry_run=dry_run)


def run(file: Path, *options: str) -> tuple[int, str, str]:
    """Run the command; return exit code, output and errors."""
    out, err = StringIO(), StringIO()
    try:
        call_command("load_catalogue", str(file), *options, stdout=out, stderr=err)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def rows() -> int:
    return sum(model.objects.count() for model in (Catalogue, Product, Edition, Price))


def stored(slug: str) -> PriceList:
    """Return what the database holds, in the shape of a file."""
    row = Catalogue.objects.get(slug=slug)
    products = row.products.filter(withdrawn=False).prefetch_related("editions__prices")
    return PriceList(
        row.slug, row.vendor, row.name, row.labels, tuple(stored_product(product) for product in products)
    )


def stored_product(product: Product) -> ListedProduct:
    return ListedProduct(
        key=product.key,
        name=product.name,
        kind=ProductKind(product.kind),
        open_to_assisted=product.open_to_assisted,
        minimum=product.minimum,
        maximum=product.maximum,
        includes=tuple(sorted(one.key for one in product.includes.all())),
        requires=tuple(sorted(one.key for one in product.requires.all())),
        editions=tuple(stored_edition(edition) for edition in product.editions.all()),
        counted_in=counted_from_plain(product.counted_in),
        url=product.url,
    )


def stored_edition(edition: Edition) -> ListedEdition:
    return ListedEdition(
        key=edition.key,
        name=edition.name,
        availability=Availability(edition.availability),
        supports_temporary=edition.supports_temporary,
        allowances=edition.allowances,
        purpose=edition.purpose,
        prices=in_order(
            ListedPrice(
                Cycle(price.cycle),
                price.currency,
                None if price.amount is None else to_minor(price.amount.amount, price.currency),
                price.in_force_from,
            )
            for price in edition.prices.all()
        ),
    )


def in_order(prices: Iterable[ListedPrice]) -> tuple[ListedPrice, ...]:
    return tuple(sorted(prices, key=lambda one: (one.in_force_from, one.cycle, one.currency)))


def as_stored(listed: PriceList) -> PriceList:
    """Return a file's list with what has no order in an order."""
    products = [
        replace(
            product,
            includes=tuple(sorted(product.includes)),
            requires=tuple(sorted(product.requires)),
            editions=tuple(replace(one, prices=in_order(one.prices)) for one in product.editions),
        )
        for product in listed.products
    ]
    return replace(listed, products=tuple(products))


# --- The files that we ship ---------------------------------------------------------------------
@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_a_shipped_list_is_stored_as_it_is_written_and_loads_once(file: Path) -> None:
    code, shown, _errors = run(file)
    assert code == 0
    assert shown.splitlines()[-1] == f"{len(shown.splitlines()) - 1} differences, applied."
    listed = read(file, currencies=CURRENCIES)
    assert stored(file.stem) == as_stored(listed)
    before = rows()
    assert run(file) == (0, "No differences.\n", "")
    assert rows() == before


def published(name: str) -> Edition:
    """Return the edition that a line of the published list names, such as Suite Team."""
    for edition in Edition.objects.filter(product__catalogue__slug="zendesk-2026-10"):
        if str(edition) == name:
            return edition
    raise LookupError(name)


def amounts(edition: Edition) -> dict[str, Decimal]:
    return {price.cycle: price.amount.amount for price in edition.prices.all()}


def test_every_figure_of_the_published_list_is_loaded() -> None:
    run(SHIPPED[1])
    cycles = {"yearly": "annual", "monthly": "monthly"}
    expected: dict[str, dict[str, Decimal]] = {}
    for line in [*FACTS["plans"], *FACTS["add_ons"]]:
        if "paid" in line:
            expected.setdefault(line["name"], {})[cycles[line["paid"]]] = Decimal(line["price"])
    found = {name: amounts(published(name)) for name in expected}
    assert found == expected
    assert found["Suite Professional"] == {"annual": 115, "monthly": 149}
    # An add-on has no monthly price: it isn't offered monthly.
    assert found["Copilot"] == {"annual": 50}
    currency = Price.objects.values_list("amount_currency", flat=True).distinct()
    assert list(currency) == [FACTS["currency"]]


def test_what_has_no_published_price_is_marked() -> None:
    run(SHIPPED[1])
    by_sales = [line["name"] for line in FACTS["plans"] if line["price"] == "talk to sales"]
    assert by_sales == ["Suite Enterprise + Copilot"]
    assert published(by_sales[0]).availability == "sales_only"
    suite = Product.objects.get(key="suite", catalogue__slug="zendesk-2026-10")
    assert [one.name for one in suite.includes.all()] == FACTS["suite_includes"]
    singly = {one.name: one.editions.get().availability for one in suite.includes.all()}
    assert singly.pop("Support") == "priced"
    assert set(singly.values()) == {"included_only"}


def test_allowances_and_flat_items_of_the_published_list_are_loaded() -> None:
    run(SHIPPED[1])
    for name, count in FACTS["light_agents"].items():
        assert published(name).allowances["light_agents"] == count
    included = FACTS["included"]
    for name, count in included["automated resolutions per agent and month"].items():
        assert published(name).allowances["automated_resolutions"] == count
    beyond = included["automated resolutions beyond that"]
    assert amounts(published("Automated resolutions Committed")) == {
        "annual": Decimal(str(beyond["committed"]))
    }
    assert amounts(published("Automated resolutions Pay as you go")) == {
        "monthly": Decimal(str(beyond["pay as you go"]))
    }
    for levels, words in FACTS["storage_per_agent"].items():
        for level in levels.split(" and "):
            held = published(f"Suite {level}").allowances
            assert [held["data_storage_mb"], held["file_storage_gb"]] == [
                int(word) for word in words.split() if word.isdigit()
            ]
    (flat,) = FACTS["flat"]
    credit = published(flat["name"])
    assert credit.product.kind == "flat"
    assert set(amounts(credit).values()) == {Decimal(flat["price"])}
    assert flat["unit"] == f"{credit.allowances['actions']} actions per subscription term"


def test_the_demo_ledger_finds_its_list_price_of_2023() -> None:
    """Ten seats at a grandfathered 1.00 stand beside a list price of 12.00 that day, later 14.50."""
    run(SHIPPED[0])
    for day, amount in ((date(2021, 12, 31), None), (date(2023, 7, 14), 12), (date(2026, 11, 23), 14.5)):
        found = Price.objects.in_force(day, "USD").filter(
            edition__product__key="inbox", edition__key="essential", cycle="annual"
        )
        assert [price.amount.amount for price in found] == ([] if amount is None else [Decimal(str(amount))])


# --- What is shown is what is written -----------------------------------------------------------
def test_a_dry_run_shows_the_same_and_writes_nothing(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD)
    _code, shown, _errors = run(file, "--dry-run")
    assert rows() == 0
    assert shown.splitlines()[-1].endswith("Dry run: nothing was written.")
    _code, applied, _errors = run(file)
    assert applied.splitlines()[:-1] == shown.splitlines()[:-1]
    assert rows() > 0


def test_a_refused_list_writes_nothing_and_ends_with_one(tmp_path: Path) -> None:
    run(write(tmp_path, GOOD))
    before = rows()
    text = GOOD.replace('name = "Desk"', 'name = "Bureau"').replace('"25.00"', '"26.00"')
    file = write(tmp_path, text)
    code, shown, errors = run(file)
    assert (code, shown) == (1, "")
    # monthly = { USD = "26.00", … } stands on line 25.
    assert errors.startswith(f"{file}:25: product.edition.price.monthly.USD: 26.00 USD differs")
    assert "new date" in errors
    assert rows() == before
    assert Product.objects.get(key="desk").name == "Desk"


def test_every_kind_of_difference_is_told_and_written(tmp_path: Path) -> None:
    load(tmp_path)
    told = load(
        tmp_path,
        ('name = "Small list"', 'name = "Small list 2027"'),
        ('en = "light agents"', 'en = "helpers"'),
        ('name = "Desk"', 'name = "Bureau"'),
        ("maximum = 500", "maximum = 900"),
        ("open_to_assisted = true", "open_to_assisted = false"),
        ('name = "Team"', 'name = "Crew"'),
        ("supports_temporary = true\nallowances = { light_agents = 50 }", ""),
        ('"not_offered" }', '"not_offered", JPY = 3_500 }'),
        ('includes = ["desk", "phone"]', 'includes = ["phone"]'),
    )
    assert told == (
        "price list small: renamed from “Small list” to “Small list 2027”",
        "price list small: labels light_agents en light agents, fr agents light → "
        "light_agents en helpers, fr agents light",
        "Desk: renamed from “Desk” to “Bureau”",
        "Desk: open to assisted yes → no",
        "Desk: maximum 500 → 900",
        "Bureau Team: renamed from “Team” to “Crew”",
        "Bureau Team: supports temporary yes → no",
        "Bureau Team: allowances light_agents 50 → none",
        "Bureau Crew: new price 3500 JPY monthly from 2027-01-01",
        "All in one: no longer includes Bureau",
    )
    desk = Product.objects.get(key="desk")
    assert (desk.name, desk.maximum, desk.open_to_assisted) == ("Bureau", 900, False)
    assert desk.included_in.count() == 0


def test_a_mark_may_take_the_place_of_prices(tmp_path: Path) -> None:
    load(tmp_path)
    price = '[[product.edition.price]]\nfrom = 2026-01-01\nannual = { USD = "10" }'
    assert load(tmp_path, (price, "sales_only = true")) == ("Robot: has a price → sales only",)
    assert not Price.objects.in_force(date(2026, 6, 1), "USD").filter(edition__product__key="robot").exists()
    assert load(tmp_path) == ("Robot: sales only → has a price",)


# --- Nothing is deleted, no price is edited -----------------------------------------------------
def test_a_price_is_never_edited_in_the_database_either(tmp_path: Path) -> None:
    load(tmp_path)
    with pytest.raises(ProgrammingError), transaction.atomic():
        Price.objects.update(amount=1)
    with pytest.raises(ProgrammingError), transaction.atomic():
        Price.objects.all().delete()


def test_what_left_the_list_is_withdrawn_and_may_come_back(tmp_path: Path) -> None:
    load(tmp_path)
    before = rows()
    top = '[[product.edition]]\nkey = "top"\nname = "Top"\nsales_only = true\n'
    credit = GOOD[GOOD.index('[[product]]\nkey = "credits"') :]
    assert load(tmp_path, (top, ""), (credit, "")) == (
        "Desk Top: sales only → no longer sold",
        "Credits: no longer sold",
    )
    assert rows() == before
    assert Product.objects.get(key="credits").withdrawn
    assert Edition.objects.get(key="top").availability == "withdrawn"
    assert (
        not Price.objects.in_force(date(2026, 6, 1), "USD").filter(edition__product__key="credits").exists()
    )
    assert load(tmp_path, (top, ""), (credit, "")) == ()
    assert load(tmp_path) == ("Desk Top: no longer sold → sales only", "Credits: sold again")
    assert load(tmp_path) == ()


def test_a_withdrawn_edition_keeps_its_place_among_the_others(tmp_path: Path) -> None:
    """Whoever holds it moves up or down from where it stood: team < middle < top."""
    top = '[[product.edition]]\nkey = "top"\nname = "Top"\nsales_only = true\n'
    middle = '[[product.edition]]\nkey = "middle"\nname = "Middle"\nsales_only = true\n'
    peak = '[[product.edition]]\nkey = "peak"\nname = "Peak"\nsales_only = true\n'
    load(tmp_path, (top, middle + top))
    load(tmp_path, (top, top + peak))
    editions = Edition.objects.filter(product__key="desk").order_by("rank")
    assert [one.key for one in editions] == ["team", "middle", "top", "peak"]
    told = load(tmp_path, (top, peak + top))
    assert told == ("Desk: editions in another order: team, peak, top",)
    assert [one.key for one in editions.all()] == ["team", "middle", "peak", "top"]


def test_a_price_that_is_no_longer_mentioned_must_be_ended(tmp_path: Path) -> None:
    """The file is silent about 3,000 yen a month: neither kept nor ended by guessing."""
    load(tmp_path)
    with pytest.raises(BadTomlFile) as refused:
        load(tmp_path, ("JPY = 3_000, ", ""))
    # [[product.edition]] of Team stands on line 17.
    assert str(refused.value).startswith(
        f"{tmp_path}/list.toml:17: product.edition.price: no longer mentions"
    )
    assert 'monthly = { JPY = "not_offered" }' in str(refused.value)
    ended = ("JPY = 3_000, ", ""), ('"not_offered" }', '"not_offered", JPY = "not_offered" }')
    assert load(tmp_path, *ended) == ("Desk Team: no longer offered in JPY monthly from 2027-01-01",)


def test_what_a_product_is_never_changes(tmp_path: Path) -> None:
    load(tmp_path)
    with pytest.raises(BadTomlFile, match=r":\d+: product.kind: “credits” is loaded as flat item"):
        load(tmp_path, ('kind = "flat"', 'kind = "product"'))


def test_an_offer_ends_on_its_day(tmp_path: Path) -> None:
    load(tmp_path)
    found = {
        day: {
            (price.edition.key, price.cycle): price.amount.amount
            for price in Price.objects.in_force(day, "USD").filter(edition__product__key="desk")
        }
        for day in (date(2025, 12, 31), date(2026, 12, 31), date(2027, 1, 1))
    }
    assert found == {
        date(2025, 12, 31): {},
        date(2026, 12, 31): {("team", "monthly"): 25, ("team", "annual"): 19},
        date(2027, 1, 1): {("team", "annual"): 19},
    }


def test_prices_in_force_are_read_in_one_statement(tmp_path: Path, django_assert_num_queries: object) -> None:
    load(tmp_path)
    with django_assert_num_queries(1):  # type: ignore[operator]
        found = Price.objects.in_force(date(2026, 6, 1), "USD").select_related("edition__product")
        assert {str(price.edition) for price in found} == {"Desk Team", "All in one", "Robot", "Credits"}


@pytest.mark.django_db(transaction=True)
def test_two_loads_at_once_write_once(tmp_path: Path) -> None:
    """One waits for the other's row, and then finds nothing left to do."""
    listed = price_list(tmp_path)

    def one_load(_: int) -> tuple[str, ...]:
        try:
            return saving.load(listed)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as both:
        told = sorted(both.map(one_load, range(2)), key=len)
    assert told[0] == ()
    assert len(told[1]) > 20
    assert stored("small") == as_stored(listed)
