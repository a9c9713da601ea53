"""Reads a vendor's price list from a TOML file: no database, all faults at once (docs/catalogue.md)."""

from collections.abc import Collection, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

from billing.imports.catalogue.checks import (
    MARKS,
    NOT_OFFERED,
    availability,
    check_parts,
    check_series,
    no_key_twice,
    only_for,
    wrong_amount,
    wrong_url,
)
from billing.imports.catalogue.listing import ListedEdition, ListedPrice, ListedProduct, PriceList
from billing.imports.toml_tables import (
    KEY_RULE,
    BadTomlFile,
    Document,
    FractionalNumber,
    TomlTable,
    is_key,
    read_document,
)
from billing.rules.facts import Allowances, ProductKind
from billing.rules.money import exponent, to_minor
from billing.rules.names import CountedIn
from billing.rules.periods import Cycle
from billing.rules.taxation import STANDARD

LANGUAGES = ("en", "fr")
DEFAULT_MAXIMUM = 10_000


def read(path: Path, *, currencies: Collection[str]) -> PriceList:
    """Return the price list in a file; BadTomlFile with all that is wrong with it.

    `currencies` are the codes that may be used.
    """
    file = str(path)
    document = read_document(path, needs="a [catalogue] and [[product]]s are needed")
    found = _Reader(document, currencies).price_list(file)
    if document.faults:
        raise BadTomlFile(file, document.faults)
    return found


class _Reader:
    """Goes through the document from the top; faults gather in it."""

    def __init__(self, document: Document, currencies: Collection[str]) -> None:
        self.document = document
        self.currencies = currencies
        self.top = TomlTable(document, (), document.values)
        self.labels: dict[str, dict[str, str]] = {}

    def price_list(self, file: str) -> PriceList:
        """Return all of it."""
        self.top.only("catalogue", "labels", "product")
        head = self.top.table("catalogue")
        head.only("key", "vendor", "name")
        self._read_labels(self.top.table("labels", needed=False))
        tables = list(self.top.tables("product"))
        if not tables:
            self.top.fault("product", "is missing; a price list has at least one [[product]]")
        products = tuple(self._product(table) for table in tables)
        no_key_twice(tables, "product")
        check_parts(tables, products)
        return PriceList(
            head.key("key"), head.text("vendor"), head.text("name"), self.labels, products, file=file
        )

    def _read_labels(self, labels: TomlTable) -> None:
        for key in labels.values:
            words = labels.table(key)
            words.only(*LANGUAGES)
            self.labels[key] = {language: words.text(language) for language in LANGUAGES}
            if not is_key(key):
                labels.fault(key, f"is no key; {KEY_RULE}")

    def _product(self, table: TomlTable) -> ListedProduct:
        table.only(
            *("key", "name", "kind", "open_to_assisted", "minimum", "maximum"),
            *("includes", "requires", "tax_category", "counted_in", "url", "edition"),
        )
        kind = table.choice("kind", tuple(ProductKind), ProductKind.PRODUCT)
        minimum = table.whole("minimum", 1, least=1)
        maximum = table.whole("maximum", max(minimum, DEFAULT_MAXIMUM), least=1)
        if maximum < minimum:
            table.fault("maximum", f"{maximum} is less than the minimum {minimum}")
        only_for(table, "includes", kind, ProductKind.SUITE)
        only_for(table, "requires", kind, ProductKind.ADDON)
        editions = list(table.tables("edition"))
        if not editions:
            table.fault("edition", "is missing; a product has at least one [[product.edition]]")
        no_key_twice(editions, "edition")
        counted_in = self._counted_in(table, kind)
        in_seats = kind is not ProductKind.FLAT and not counted_in
        return ListedProduct(
            key=table.key("key"),
            name=table.text("name"),
            kind=kind,
            open_to_assisted=table.flag("open_to_assisted"),
            minimum=minimum,
            maximum=maximum,
            includes=table.keys("includes"),
            requires=table.keys("requires"),
            tax_category=table.key("tax_category") if "tax_category" in table else STANDARD,
            counted_in=counted_in,
            url=self._url(table, kind),
            editions=tuple(
                self._edition(one, kind, in_seats=in_seats, named=len(editions) > 1) for one in editions
            ),
            line=table.line,
        )

    def _counted_in(self, table: TomlTable, kind: ProductKind) -> CountedIn:
        """Return what one and several are called in each language; nothing for what is counted in seats."""
        if "counted_in" not in table:
            return ()
        if kind not in (ProductKind.ADDON, ProductKind.FLAT):
            table.fault("counted_in", f"is not for a {kind.value}: people hold seats of it")
        words = table.table("counted_in")
        words.only(*LANGUAGES)
        return tuple((language, *words.two_texts(language)) for language in LANGUAGES)

    def _url(self, table: TomlTable, kind: ProductKind) -> str:
        """Return where a product or Suite is worked in; "" where the file doesn't say."""
        if "url" not in table:
            return ""
        if kind not in (ProductKind.PRODUCT, ProductKind.SUITE):
            table.fault("url", f"is not for a {kind.value}: people work in products and Suites")
        url = table.text("url")
        if url and (wrong := wrong_url(url)):
            table.fault("url", wrong)
        return url

    def _purpose(self, table: TomlTable) -> dict[str, str]:
        """Return what an edition is for, in each language; nothing where the file doesn't say."""
        if "purpose" not in table:
            return {}
        words = table.table("purpose")
        words.only(*LANGUAGES)
        return {language: words.text(language) for language in LANGUAGES}

    def _edition(self, table: TomlTable, kind: ProductKind, *, in_seats: bool, named: bool) -> ListedEdition:
        marks = tuple(mark.value for mark in MARKS)
        table.only("key", "name", *marks, "supports_temporary", "allowances", "purpose", "price")
        temporary = table.flag("supports_temporary")
        if temporary and not in_seats:
            table.fault("supports_temporary", "is for what is counted in seats")
        prices = tuple(price for one in table.tables("price") for price in self._prices(one))
        check_series(table, prices)
        if prices and not self.document.faults and all(price.unit is None for price in prices):
            table.fault("price", "offers nothing; name an amount, or mark the edition sales_only = true")
        return ListedEdition(
            key=table.key("key"),
            # An edition among several is told apart by its name.
            name=table.text("name", needed=named),
            availability=availability(table, kind),
            supports_temporary=temporary,
            allowances=self._allowances(table.table("allowances", needed=False)),
            purpose=self._purpose(table),
            prices=prices,
            line=table.line,
        )

    def _allowances(self, table: TomlTable) -> Allowances:
        found: dict[str, int | str] = {}
        for key, value in table.values.items():
            if key not in self.labels:
                table.fault(key, f"has no words; add [labels.{key}] with {' and '.join(LANGUAGES)}")
            if isinstance(value, str) and not isinstance(value, FractionalNumber):
                found[key] = table.text(key)
            else:
                found[key] = table.whole(key, 0, least=0)
        return found

    def _prices(self, table: TomlTable) -> Iterator[ListedPrice]:
        cycles = [cycle.value for cycle in Cycle]
        table.only("from", *cycles)
        day = table.day("from")
        if not any(cycle in table for cycle in cycles):
            table.fault(cycles[0], f"is missing; a price has {' or '.join(cycles)}, or both")
        for cycle in Cycle:
            if cycle.value not in table:
                continue
            amounts = table.table(cycle.value)
            if amounts.is_table and not amounts.values:
                table.fault(cycle.value, 'is empty; name an amount such as { USD = "19.00" }')
            for currency in amounts.values:
                unit = self._unit(amounts, currency)
                line = self.document.line((*amounts.path, currency))
                yield ListedPrice(cycle, currency, unit, day or date.min, line)

    def _unit(self, amounts: TomlTable, currency: str) -> int | None:
        """Return an amount in minor units; None where it is not offered, or wrong."""
        if currency not in self.currencies:
            allowed = ", ".join(sorted(self.currencies))
            amounts.fault(currency, f"is not a known currency; known: {allowed}")
            return None
        value = amounts.values[currency]
        if value == NOT_OFFERED:
            return None
        wrong = wrong_amount(value, exponent(currency))
        if wrong:
            amounts.fault(currency, wrong)
            return None
        return to_minor(Decimal(value), currency)
