"""Columns that Django's lists don't have by themselves: amounts, links, dates of the trail."""

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlencode

from babel.numbers import format_currency
from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from billing.models import Invoice
from billing.rules.money import to_decimal


def amount(field: str, label: Any) -> Callable[[Any], str]:
    """Return a column of an amount, as it is written in the reader's language."""

    @admin.display(description=label)
    def column(row: Any) -> str:
        value = getattr(row, field)
        if value is None:
            return "–"
        return format_currency(value.amount, value.currency.code, locale=get_language() or "en")

    column.__name__ = f"{field}_shown"
    return column


def money(minor: int, currency: str) -> str:
    """Return minor units as the reader's language writes them."""
    return format_currency(to_decimal(minor, currency), currency, locale=get_language() or "en")


def related(path: str, label: Any) -> Callable[[Any], str]:
    """Return a column of what lies at the end of a path such as `line.product`."""

    @admin.display(description=label)
    def column(row: Any) -> str:
        value = row
        for name in path.split("."):
            value = getattr(value, name) if value is not None else None
        return "–" if value is None else str(value)

    column.__name__ = path.replace(".", "_")
    return column


def with_invoice(text: str, number: str) -> SafeString | str:
    """Return a text in which the number of an invoice, where there is one, is the way to it."""
    found = Invoice.objects.filter(number=number).only("pk", "number").first() if number in text else None
    if found is None:
        return text
    before, _number, after = text.partition(number)
    return format_html("{}{}{}", before, link(found, "billing_invoice", found.pk), after)


def invoices(numbers: Iterable[str]) -> SafeString | str:
    """Return the numbers of invoices, each as the way to it."""
    return format_html_join(", ", "{}", ((with_invoice(one, one),) for one in numbers)) or "–"


def linked(path: str, page: str, label: Any) -> Callable[[Any], str]:
    """Return a column that leads to the page of what lies at the end of a path."""

    @admin.display(description=label)
    def column(row: Any) -> str:
        value = row
        for name in path.split("."):
            value = getattr(value, name) if value is not None else None
        return "–" if value is None else link(value, page, value.pk)

    column.__name__ = f"{path.replace('.', '_')}_link"
    return column


def links(*pages: tuple[Any, str, str]) -> SafeString:
    """Return links to lists of the back office: each a label, the name of the list and what to search."""
    return format_html_join(
        " · ",
        '<a href="{}">{}</a>',
        (
            (f"{reverse(f'vendor:{name}_changelist')}?{urlencode({'q': term})}", label)
            for label, name, term in pages
        ),
    )


def link(label: object, name: str, pk: object) -> SafeString:
    """Return a link to one row's page."""
    return format_html('<a href="{}">{}</a>', reverse(f"vendor:{name}_change", args=[pk]), label)
