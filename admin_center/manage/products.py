"""Which products of a wide catalogue stand on the Manage page: the chosen ones, and what was opened.

Nothing that was typed ever leaves the page. The rest is found by searching or section by section.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from admin_center.manage.options import ManageOptions
from billing.rules.facts import ProductFacts, ProductKind

# A catalogue that offers no more than this stands on the page whole.
ROOM = 40
# How many products of a section, or of a search, are shown at once.
SHOWN = 20
LONGEST_SEARCH = 80
SEARCH = "search"
GREATEST_PAGE = 10_000


@dataclass(frozen=True, slots=True)
class Section:
    """The products of one kind: how many there are, and whether they are open."""

    place: str
    name: str
    count: int
    open: bool


@dataclass(frozen=True, slots=True)
class ProductSelection:
    """What can be bought (`offered`), what stands on the page (`shown`), and the ways to the rest."""

    offered: tuple[ProductFacts, ...]
    shown: tuple[ProductFacts, ...]
    wide: bool = False
    search: str = ""
    place: str = ""
    sections: tuple[Section, ...] = ()
    found: int = 0
    first: int = 0
    last: int = 0
    before: str = ""
    after: str = ""


def of(desk: ManageOptions, data: Mapping[str, Any] | None) -> ProductSelection:
    """Return what stands on the page; `data` is what was posted, or what the address names."""
    offered = desk.offered()
    if len(offered) <= ROOM:
        return ProductSelection(offered, offered)
    asked = data or {}
    kind, number, search = _opened(asked)
    matches = _matches(desk, offered, kind, search)
    number = min(number, max(1, -(-len(matches) // SHOWN)))
    begin = (number - 1) * SHOWN
    page = matches[begin : begin + SHOWN]
    keys = {product.key for product in page}
    chosen = tuple(one for one in offered if one.key not in keys and _chosen(desk, data, one.key))
    return ProductSelection(
        offered,
        (*chosen, *page),
        wide=True,
        search=search,
        place=f"{kind}:{number}" if kind else "",
        sections=tuple(_sections(offered, kind)),
        found=len(matches),
        first=begin + 1 if page else 0,
        last=begin + len(page),
        before=f"{kind}:{number - 1}" if number > 1 else "",
        after=f"{kind}:{number + 1}" if begin + SHOWN < len(matches) else "",
    )


def is_search(data: Mapping[str, Any]) -> bool:
    """Tell whether a post looks for products: a section's button, or a search that was not answered yet."""
    return bool(data.get("section")) or _search(data) != str(data.get("searched", ""))[:LONGEST_SEARCH]


def _opened(asked: Mapping[str, Any]) -> tuple[str, int, str]:
    """Return the kind that is open, or that a search is, its page, and what is searched."""
    search = _search(asked)
    place = str(asked.get("section") or asked.get("place") or "")
    if not asked.get("section") and search != str(asked.get("searched", "")):
        place = f"{SEARCH}:1" if search else ""
    kind, _colon, number = place.partition(":")
    if kind not in (SEARCH, *ProductKind):
        return "", 1, search
    known = number.isascii() and number.isdigit() and 0 < len(number) < 6
    page = min(max(int(number), 1), GREATEST_PAGE) if known else 1
    return ("", 1, "") if kind == SEARCH and not search else (kind, page, search)


def _search(asked: Mapping[str, Any]) -> str:
    return " ".join(str(asked.get("search", "")).split())[:LONGEST_SEARCH]


def _matches(
    desk: ManageOptions, offered: tuple[ProductFacts, ...], kind: str, search: str
) -> list[ProductFacts]:
    if kind == SEARCH:
        words = _folded(search).split()
        return [
            one
            for one in offered
            if all(word in f"{_folded(desk.name(one.key))} {one.key}" for word in words)
        ]
    return [one for one in offered if one.kind == kind]


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(one for one in plain if not unicodedata.combining(one))


def _chosen(desk: ManageOptions, data: Mapping[str, Any] | None, key: str) -> bool:
    """Tell whether something is typed for a product; before anything is typed, whether a trial tried it."""
    if data and (f"seats-{key}" in data or f"combine-{key}" in data):
        combined = data.get(f"combine-{key}") not in (None, "", False)
        suite = f"combine-{key}" in data or desk.combines(desk.facts.product(key)) is not None
        return combined or (not suite and str(data.get(f"seats-{key}", "")).strip() not in ("", "0"))
    return desk.first and desk.facts.line(key) is not None


def _sections(offered: tuple[ProductFacts, ...], kind: str) -> list[Section]:
    names = {
        ProductKind.SUITE: _("Suites"),
        ProductKind.PRODUCT: _("Products"),
        ProductKind.ADDON: _("Add-ons"),
        ProductKind.FLAT: _("Flat items"),
    }
    counts = {one: sum(product.kind is one for product in offered) for one in names}
    return [
        Section(f"{one.value}:1", names[one], count, kind == one.value)
        for one, count in counts.items()
        if count
    ]
