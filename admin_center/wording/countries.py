"""The names of countries, in the language of the moment."""

from functools import lru_cache

from django.utils.translation import get_language
from django_countries import countries

from accounts.rules.folding import folded
from billing import addresses


def country(code: str) -> str:
    """Return a country's name; a code that isn't known as it is."""
    return (str(countries.name(code)) or code).replace("'", "’")


def choices() -> tuple[tuple[str, str], ...]:
    """Return the countries whose addresses are known, as choices, by their names."""
    return _choices(get_language() or "en")


@lru_cache(maxsize=8)
def _choices(language: str) -> tuple[tuple[str, str], ...]:
    """Return them sorted as that language reads them, which is named for the cache."""
    known = addresses.countries()
    found = [(code, country(code)) for code, _name in countries if code in known]
    return tuple(sorted(found, key=lambda one: folded(one[1])))
