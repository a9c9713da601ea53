"""The words around an address and a tax number: what a country calls their parts, and what is wrong."""

from typing import assert_never

from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _

from admin_center.wording.countries import country
from billing import addresses
from billing.addresses import AddressFault, AddressFormat, Region
from billing.rules.parties import Address, TaxIdKind
from billing.tax_numbers import BadTaxNumber, TaxIdType, TaxNumberFault

# By the kinds that the address library names.
_REGIONS = {
    "area": pgettext_lazy("of an address", "Area"),
    "county": pgettext_lazy("of an address", "County"),
    "department": pgettext_lazy("of an address", "Department"),
    "district": pgettext_lazy("of an address", "District"),
    "do_si": pgettext_lazy("of an address", "Do or si"),
    "emirate": pgettext_lazy("of an address", "Emirate"),
    "island": pgettext_lazy("of an address", "Island"),
    "oblast": pgettext_lazy("of an address", "Oblast"),
    "parish": pgettext_lazy("of an address", "Parish"),
    "prefecture": pgettext_lazy("of an address", "Prefecture"),
    "province": pgettext_lazy("of an address", "Province"),
    "state": pgettext_lazy("of an address", "State"),
}
_CITIES = {
    "city": pgettext_lazy("of an address", "City"),
    "district": pgettext_lazy("of an address", "District"),
    "post_town": pgettext_lazy("of an address", "Post town"),
    "suburb": pgettext_lazy("of an address", "Suburb"),
}
_DISTRICTS = {
    "district": pgettext_lazy("of an address", "District"),
    "neighborhood": pgettext_lazy("of an address", "Neighborhood"),
    "suburb": pgettext_lazy("of an address", "Suburb"),
    "townland": pgettext_lazy("of an address", "Townland"),
    "village_township": pgettext_lazy("of an address", "Village or township"),
}
_POSTAL_CODES = {
    "eircode": gettext_lazy("Eircode"),
    "pin": gettext_lazy("PIN code"),
    "postal": gettext_lazy("Postal code"),
    "zip": gettext_lazy("ZIP code"),
}


def label(form: AddressFormat, part: str) -> str:
    """Return what a country calls a part of its addresses."""
    words = {
        "lines": _("Address"),
        "city": _CITIES[form.city_kind],
        "district": _DISTRICTS[form.district_kind],
        "region": _REGIONS[form.region_kind],
        "postal_code": _POSTAL_CODES[form.postal_code_kind],
        "sorting_code": _("Sorting code"),
    }
    return str(words[part])


def region(found: Region) -> str:
    """Return a region's name in the language of the moment, with the country's own writing beside it."""
    name = dict(found.names).get(get_language() or "en", found.name)
    latin = found.own_name.isascii() or not found.name.isascii()
    return name if latin or found.own_name == name else f"{name} ({found.own_name})"


def fault(form: AddressFormat | None, part: str, found: AddressFault) -> str:
    """Return what is wrong with a part, and how it is written where that is known."""
    match found:
        case AddressFault.REQUIRED:
            return _("Addresses in this country need it.")
        case AddressFault.UNKNOWN:
            return _("Choose one of the list.")
        case AddressFault.POSTAL_CODE:
            assert form is not None
            told = _("That code doesn’t exist in %(country)s.") % {"country": country(form.country)}
            example = form.postal_code_example
            return told + (" " + _("It looks like %(example)s.") % {"example": example} if example else "")
        case AddressFault.POSTAL_CODE_OF_REGION:
            assert form is not None
            words = {"region": label(form, "region").lower()}
            return _("This code belongs elsewhere: compare it with what you chose for “%(region)s”.") % words
        case AddressFault.TOO_LONG:
            return _("A line has at most %(most)s characters.") % {"most": addresses.LONGEST}
        case AddressFault.TOO_MANY_LINES:
            return _("At most %(most)s lines.") % {"most": addresses.MOST_LINES}
        case _:
            assert_never(found)


def lines(address: Address) -> list[str]:
    """Return an address as it is written, the country's name last."""
    return [*addresses.written(address), country(address.country)]


def one_line(address: Address) -> str:
    """Return an address in one line."""
    return ", ".join(lines(address))


def tax_id_name(found: TaxIdType) -> str:
    """Return what a number is: its name in general, and the country's own."""
    match found.kind:
        case TaxIdKind.VAT:
            general = _("VAT number") if found.country not in _GOODS_AND_SERVICES else _("GST number")
        case TaxIdKind.COMPANY:
            general = _("Company or tax number")
        case _:
            assert_never(found.kind)
    return f"{general} ({found.name})" if found.name and found.name not in general else general


_GOODS_AND_SERVICES = ("AU", "CA", "IN", "NZ")


def tax_number_fault(found: TaxIdType, bad: BadTaxNumber) -> str:
    """Return what is wrong with a tax number, and how it is written where that is known."""
    match bad.fault:
        case TaxNumberFault.CHECK_DIGITS:
            return _("A digit of it is wrong: its check digits don’t fit. Compare it with your papers.")
        case TaxNumberFault.LENGTH:
            return _("It is too long or too short.") + _example(found)
        case TaxNumberFault.FORMAT:
            return _("It doesn’t have the format of such a number.") + _example(found)
        case TaxNumberFault.OTHER_COUNTRY:
            words = {"country": country(bad.country)}
            return _("That is a number of %(country)s: choose its kind in the list above.") % words
        case TaxNumberFault.UNKNOWN_KIND:
            return _("Choose one of the list.")
        case _:
            assert_never(bad.fault)


def _example(found: TaxIdType) -> str:
    return " " + _("It looks like %(example)s.") % {"example": found.example} if found.example else ""
