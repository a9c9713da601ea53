"""Reads a table of tax rates from a TOML file: no database, all faults at once (docs/tax-rates.md)."""

import re
from collections.abc import Collection
from datetime import date
from decimal import Decimal
from pathlib import Path

from billing.imports.tax_rates.listing import ListedTaxRate, TaxRateList
from billing.imports.toml_tables import (
    BadTomlFile,
    FractionalNumber,
    TomlTable,
    named,
    read_document,
)
from billing.rules.taxation import STANDARD, TaxRateFacts, TaxScope

LONGEST_NAME = 20
LONGEST_REGION = 60

# What a rate says: a percentage, the article that makes it exempt, or that nothing is taxed.
_HOW = ("percent", "exempt", "none")
_COUNTRY = re.compile("[A-Z]{2}")
_CODE = re.compile("VATEX-[A-Z]{2}-[0-9A-Z-]{1,28}")
_PERCENT = re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,3}))?")


def read(path: Path, *, countries: Collection[str]) -> TaxRateList:
    """Return the rates in a file; BadTomlFile with all that is wrong with it.

    `countries` are the codes that may be used.
    """
    document = read_document(path, needs="[[rate]]s are needed")
    top = TomlTable(document, (), document.values)
    top.only("rate")
    if not top.values.get("rate"):
        top.fault("rate", "is missing; a table of rates has at least one [[rate]]")
    rates = [(table, _rate(table, countries)) for table in top.tables("rate")]
    _none_twice(rates)
    if document.faults:
        raise BadTomlFile(str(path), document.faults)
    return TaxRateList(tuple(ListedTaxRate(rate, table.line) for table, rate in rates), file=str(path))


def _rate(table: TomlTable, countries: Collection[str]) -> TaxRateFacts:
    table.only("country", "region", "category", "name", "scope", *_HOW, "code", "from")
    given = [key for key in _HOW if key in table and (key != "none" or table.flag("none"))]
    if len(given) != 1:
        what = f"stands beside another ({', '.join(given)})" if given else "is missing"
        key = given[0] if given else "percent"
        table.fault(key, f"{what}; a rate has one of percent, exempt and none = true")
    nameless = given == ["none"]
    return TaxRateFacts(
        country=_country(table, countries),
        name=_short(table, "name", LONGEST_NAME, needed=not nameless),
        percent=_percent(table) if "percent" in table else None,
        in_force_from=table.day("from") or date.min,
        region=_short(table, "region", LONGEST_REGION, needed=False),
        category=table.key("category") if "category" in table else STANDARD,
        scope=table.choice("scope", tuple(TaxScope), TaxScope.ANYWHERE),
        law=table.text("exempt") if "exempt" in table else "",
        code=_code(table),
    )


def _country(table: TomlTable, countries: Collection[str]) -> str:
    country = table.text("country")
    if country and not (_COUNTRY.fullmatch(country) and country in countries):
        table.fault("country", f"“{country}” is no country; two capital letters of ISO 3166-1 such as FR")
    return country


def _short(table: TomlTable, key: str, longest: int, *, needed: bool) -> str:
    text = table.text(key, needed=needed)
    if len(text) > longest:
        table.fault(key, f"has {len(text)} characters; at most {longest} are allowed")
    return text


def _percent(table: TomlTable) -> Decimal:
    """Return a percentage from 0 to 100 with up to three decimals, written in quotes or as a whole number."""
    value = table.values["percent"]
    allowed = 'write "9.975" in quotes (0 to 100, at most 3 decimals) or a whole number'
    if isinstance(value, FractionalNumber):
        table.fault("percent", f"{value} is a number with a point, which is not exact; {allowed}")
    elif isinstance(value, bool) or not isinstance(value, int | str):
        table.fault("percent", f"is {named(value)}; {allowed}")
    elif _PERCENT.fullmatch(text := str(value)[:40]) and Decimal(text) <= 100:
        return Decimal(text)
    else:
        table.fault("percent", f"“{text}” is no percentage; {allowed}")
    return Decimal(0)


def _code(table: TomlTable) -> str:
    code = table.text("code", needed=False)
    if code and "exempt" not in table:
        table.fault("code", "is only for what is exempt; it says by which rule in an e-invoice")
    if code and not _CODE.fullmatch(code):
        table.fault("code", f"“{code[:40]}” is no code of an exemption, such as VATEX-EU-132-1I")
    return code


def _none_twice(rates: Collection[tuple[TomlTable, TaxRateFacts]]) -> None:
    """Note two rates of one place, category, name and day."""
    seen: dict[tuple[object, ...], int] = {}
    for table, rate in rates:
        key = identity(rate)
        if key in seen:
            table.fault(
                "from", f"is a second rate of {place(rate)} from {rate.in_force_from}; see line {seen[key]}"
            )
        seen.setdefault(key, table.line)


def identity(rate: TaxRateFacts) -> tuple[str, str, str, str, date]:
    """Return what may stand once: a tax of a place on a category, from a day."""
    return (rate.country, rate.region, rate.category, rate.name, rate.in_force_from)


def place(rate: TaxRateFacts) -> str:
    """Return which tax a rate is of: "CA-QC QST"."""
    where = "-".join(filter(None, (rate.country, rate.region)))
    category = "" if rate.category == STANDARD else f"on {rate.category}"
    return " ".join(filter(None, (where, rate.name, category)))
