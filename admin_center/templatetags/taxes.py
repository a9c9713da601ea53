"""Rows of the table of taxes in templates: of a quote, or as a document or letter keeps them."""

from collections.abc import Mapping
from typing import Any

from django import template

from admin_center.wording import phrases, taxes
from billing.rules.tax import TaxLine
from billing.rules.tax_json import row_from_plain

register = template.Library()

Row = TaxLine | Mapping[str, Any]


@register.filter
def tax_label(row: Row) -> str:
    """Return what a row says before its amount: "TVA (20 %)", or why there is no tax."""
    return taxes.label(_row(row).tax)


@register.filter
def tax_name(row: Row) -> str:
    """Return what the tax is called inside a sentence."""
    return taxes.name(_row(row).tax)


@register.filter
def tax_rate(row: Row) -> str:
    """Return the rate in the language's way: "9.975 %"."""
    return phrases.percent(_row(row).rate)


@register.filter
def is_charged(row: Row) -> bool:
    """Tell whether the row is of a tax, not a reason why there is none."""
    return _row(row).tax.reason is None


def _row(row: Row) -> TaxLine:
    return row if isinstance(row, TaxLine) else row_from_plain(row)
