"""Taxes as plain values: on paid segments and issued documents, and in letters."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from billing.rules.tax import AppliedTax, TaxCategory, TaxLine, TaxReason, at_rate


def to_plain(tax: AppliedTax) -> dict[str, str]:
    """Return what a line says of a tax; what is empty is left out."""
    plain = {
        "name": tax.name,
        "rate": str(tax.rate),
        "category": tax.category.value,
        "reason": tax.reason.value if tax.reason else "",
        "law": tax.law,
        "code": tax.code,
    }
    return {key: value for key, value in plain.items() if value}


def from_plain(plain: Mapping[str, Any]) -> AppliedTax:
    """Return the tax that was written; of before taxes had names only the rate is known."""
    (bare,) = at_rate(Decimal(plain["rate"]))
    return AppliedTax(
        name=plain.get("name", ""),
        rate=bare.rate,
        category=TaxCategory(plain.get("category", bare.category)),
        reason=TaxReason(plain["reason"]) if plain.get("reason") else None,
        law=plain.get("law", ""),
        code=plain.get("code", ""),
    )


def row_to_plain(row: TaxLine) -> dict[str, str | int]:
    """Return a row of the table of taxes: the tax, its base and its amount in minor units."""
    return {**to_plain(row.tax), "base": row.base, "amount": row.amount}


def row_from_plain(plain: Mapping[str, Any]) -> TaxLine:
    """Return the row that was written; letters of before keep no base."""
    return TaxLine(from_plain(plain), int(plain.get("base", 0)), int(plain["amount"]))
