"""Invents people for the demo's larger accounts: always the same for the same account."""

import unicodedata
from collections.abc import Iterator, Mapping
from itertools import count, islice
from typing import Any

_FIRST = {
    "en": (
        "Ada Amos Ben Carla Cora Dan Dora Eli Ella Finn Fiona Gil Grace Hal Hope Ian Iris Jay Joan"
        " Kai Kim Lara Liam Mae Milo Nell Noah Opal Otis Pia Quinn Rae Remy Rosa Sam Seth Tara Theo"
        " Uma Vera Vince Wade Willa Xena Yara Zane Zoe"
    ),
    "fr": (
        "Aline Antoine Béatrice Cédric Chloé Damien Élise Fabien Gaëlle Inès Jules Karim Léa Loïc"
        " Manon Nadège Noé Océane Pascal Rémi Sabine Thomas Valérie Yanis Zoé"
    ),
}
_LAST = {
    "en": (
        "Abbott Baker Bishop Boyd Carter Chan Cole Cruz Dale Diaz Ellis Ford Frost Garcia Gill"
        " Hayes Holt Ito Jensen Khan Kaur Lane Lopez Marsh Mills Nash Novak Ortiz Page Perry Quist"
        " Reed Ross Shaw Silva Stone Tate Vega Walsh West Wolf Yates York Young Zimmer"
    ),
    "fr": (
        "Aubert Barbier Blanchard Brun Charpentier Dacosta Faure Fournier Garnier Girard Henry"
        " Jacob Kaya Lacroix Marchand Mercier Moulin Nguyen Perrin Renaud Roussel Schmitt Tessier"
        " Vidal Weber"
    ),
}


def people(
    *,
    size: int,
    domain: str,
    seats: list[str],
    some: Mapping[str, int] | None = None,
    language: str = "en",
    light_agents: int = 0,
) -> Iterator[dict[str, Any]]:
    """Yield agents who hold a seat of each product named, the last of them light agents without.

    Of the products in `some`, only the first so many hold a seat.
    """
    for number, (first, last) in enumerate(islice(_names(language), size)):
        member: dict[str, Any] = {
            "email": f"{_plain(first)}.{_plain(last)}@{domain}",
            "name": f"{first} {last}",
        }
        light = number >= size - light_agents
        held = [*seats, *(product for product, holders in (some or {}).items() if number < holders)]
        member |= {"role": "light_agent"} if light else {"role": "agent", "seats": held}
        if language != "en":
            member["language"] = language
        yield member


def _names(language: str) -> Iterator[tuple[str, str]]:
    """Yield every pair of names once, neighbours with different ones."""
    first, last = _FIRST[language].split(), _LAST[language].split()
    for shift in count():
        if shift == len(last):
            raise ValueError(f"there are only {len(first) * len(last)} names")
        for i, name in enumerate(first):
            yield name, last[(i + shift) % len(last)]


def _plain(name: str) -> str:
    """Return a name as it stands in an e-mail address."""
    return unicodedata.normalize("NFD", name).encode("ascii", "ignore").decode().lower()
