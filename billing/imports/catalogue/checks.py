"""What must hold inside a price list beyond the kind of each value."""

import re
from collections.abc import Collection, Mapping
from datetime import date
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

from billing.imports.catalogue.listing import ListedPrice, ListedProduct
from billing.imports.toml_tables import (
    LARGEST_NUMBER,
    FractionalNumber,
    TomlFault,
    TomlTable,
    named,
)
from billing.rules.facts import Availability, ProductKind

# In the place of an amount: from that day on the cycle is no longer sold in this currency.
NOT_OFFERED = "not_offered"
MARKS = (Availability.SALES_ONLY, Availability.INCLUDED_ONLY)

_AMOUNT = re.compile(r"([0-9]+)(?:\.([0-9]+))?")


def wrong_amount(value: object, decimals: int) -> str | None:
    """Return what is wrong with an amount, or None."""
    most = f"at most {decimals} decimals" if decimals else "no decimals"
    allowed = f'write "19.00" in quotes ({most} in this currency), a whole number, or "{NOT_OFFERED}"'
    if isinstance(value, FractionalNumber):
        return f"{value} is a number with a point, which is not exact; {allowed}"
    if isinstance(value, bool) or not isinstance(value, int | str):
        return f"is {named(value)}; {allowed}"
    text = str(value) if isinstance(value, str) else f"{value:d}" if abs(value) < 10**20 else "9" * 20
    if text.startswith("-"):
        return f"{text} is negative; {allowed}"
    parts = _AMOUNT.fullmatch(text)
    if parts is None:
        return f"“{text[:40]}” is not an amount; {allowed}"
    if len(parts[2] or "") > decimals:
        return f"{text[:40]} has more decimals than the currency; {allowed}"
    if len(parts[1]) > len(str(LARGEST_NUMBER)) or int(parts[1]) > LARGEST_NUMBER:
        return f"{text[:40]} is too large; at most {LARGEST_NUMBER} is allowed"
    return None


def wrong_url(url: str) -> str | None:
    """Return what is wrong with a product's address, which becomes a link on every page, or None."""
    allowed = 'write an address such as "https://support.example.com/"'
    try:
        URLValidator(schemes=["https"])(url)
    except ValidationError:
        return f"“{url[:60]}” is not an https address; {allowed}"
    if "@" in urlsplit(url).netloc:
        return f"names a user before the @; {allowed}"
    return None


def only_for(table: TomlTable, key: str, kind: ProductKind, owner: ProductKind) -> None:
    """Note `includes` or `requires` on a kind of product that has none, or a Suite of nothing."""
    if key in table and kind is not owner:
        table.fault(key, f'is only for kind = "{owner.value}", and this is a {kind.value}')
    if owner is ProductKind.SUITE and kind is owner and not table.values.get(key):
        table.fault(key, "is missing; a Suite names the products it includes")


def availability(table: TomlTable, kind: ProductKind) -> Availability:
    """Return how an edition can be had: by its price or by exactly one mark."""
    marks = [mark for mark in MARKS if table.flag(mark.value)]
    needs = "an edition has a [[product.edition.price]], or sales_only = true, or included_only = true"
    given = ", ".join([*(mark.value for mark in marks), *(["price"] if table.values.get("price") else [])])
    if not given:
        table.fault("price", f"is missing; {needs}")
        return Availability.PRICED
    if "," in given:
        table.fault(marks[0].value, f"stands beside others ({given}); {needs}: exactly one of them")
    if Availability.INCLUDED_ONLY in marks and kind is not ProductKind.PRODUCT:
        table.fault("included_only", f'is only for kind = "product", and this is a {kind.value}')
    return marks[0] if marks else Availability.PRICED


def check_series(table: TomlTable, prices: Collection[ListedPrice]) -> None:
    """Note two prices of one cycle, currency and day."""
    seen: dict[tuple[str, str, date], int] = {}
    for price in prices:
        key = (price.cycle.value, price.currency, price.in_force_from)
        if key in seen:
            name = f"product.edition.price.{price.cycle.value}.{price.currency}"
            text = f"has two prices from {price.in_force_from}; the other is on line {seen[key]}"
            table.document.faults.append(TomlFault(price.line, name, text))
        seen.setdefault(key, price.line)


def no_key_twice(tables: Collection[TomlTable], what: str) -> None:
    """Note every key that stands twice."""
    seen: dict[object, int] = {}
    for table in tables:
        key = table.values.get("key")
        if not isinstance(key, str):
            continue
        if key in seen:
            table.fault(
                "key", f"“{key}” is a {what} that stands on line {seen[key]} already; once is allowed"
            )
        seen.setdefault(key, table.document.line((*table.path, "key")))


def check_parts(tables: Collection[TomlTable], products: Collection[ListedProduct]) -> None:
    """Note what a Suite includes or an add-on requires that is not in the file, or of a wrong kind."""
    kinds = {product.key: product.kind for product in products}
    included = {key for product in products for key in product.includes}
    for table, product in zip(tables, products, strict=True):
        _check_known(table, "includes", product.includes, kinds, (ProductKind.PRODUCT,))
        _check_known(table, "requires", product.requires, kinds, (ProductKind.PRODUCT, ProductKind.SUITE))
        for edition, listed in zip(table.tables("edition"), product.editions, strict=True):
            if listed.availability is Availability.INCLUDED_ONLY and product.key not in included:
                edition.fault("included_only", f"but no Suite includes “{product.key}”")


def _check_known(
    table: TomlTable,
    key: str,
    named: Collection[str],
    kinds: Mapping[str, ProductKind],
    allowed: Collection[ProductKind],
) -> None:
    for one in named:
        if one not in kinds:
            table.fault(key, f"“{one}” is not a product of this file; known: {', '.join(sorted(kinds))}")
        elif kinds[one] not in allowed:
            table.fault(
                key,
                f"“{one}” is of kind {kinds[one].value}; allowed here: "
                f"{', '.join(kind.value for kind in allowed)}",
            )
