"""Whom an account's invoices are made out to, as a file says it: judged as the console's forms judge it."""

from collections.abc import Iterator, Sequence

from billing import addresses, tax_numbers
from billing.addresses import AddressFault, BadAddress
from billing.imports.accounts.card_numbers import NO_CARD_NUMBERS, has_card_number
from billing.imports.accounts.listing import (
    AccountFault,
    AccountRecord,
    ListedAddress,
    ListedProfile,
    fault,
)
from billing.imports.accounts.values import shown
from billing.profile import ProfileValues
from billing.rules.parties import Address, TaxId, TaxIdKind
from billing.tax_numbers import BadTaxNumber, TaxNumberFault

LINES = ("line_1", "line_2", "line_3", "line_4")
_ADDRESS = {
    AddressFault.REQUIRED: "is missing; an address in {country} has it",
    AddressFault.UNKNOWN: "is not known in {country}; use one of {regions}",
    AddressFault.POSTAL_CODE: "is no code of {country}{example}",
    AddressFault.POSTAL_CODE_OF_REGION: "belongs elsewhere in {country}; compare it with the region",
    AddressFault.TOO_LONG: f"is longer than the {addresses.LONGEST} characters of a line",
    AddressFault.TOO_MANY_LINES: f"has more than {addresses.MOST_LINES} lines",
}
_TAX_NUMBER = {
    TaxNumberFault.FORMAT: "is not written like a {kind} number of {country}{example}",
    TaxNumberFault.LENGTH: "is too long or too short for a {kind} number of {country}{example}",
    TaxNumberFault.CHECK_DIGITS: "has a wrong digit: its check digits don't fit; compare it with the papers",
    TaxNumberFault.OTHER_COUNTRY: "is a number of {other}; name that in tax_number_country",
    TaxNumberFault.UNKNOWN_KIND: "is of a kind that {country} doesn't have; it has {kinds}",
}


def profile_of(
    given: ListedProfile | None, listed: Sequence[ListedAddress]
) -> tuple[ProfileValues | None, list[AccountFault]]:
    """Return the profile as it is kept, None where the file says nothing of it; or what is wrong."""
    if given is None and not listed:
        return None, []
    faults = [*_uses(listed)]
    found: dict[str, Address] = {}
    for one in listed:
        faults += _foreign_parts(one)
        try:
            found[one.use] = addresses.checked(_address(one))
        except BadAddress as bad:
            faults += _address_faults(one, bad)
    tax_id = None
    if given is not None:
        try:
            tax_id = _tax_id(given, next((one.country for one in listed if one.use == "sold_to"), ""))
        except _BadNumber as bad:
            faults.append(bad.fault)
    bill_to = found.get("bill_to")
    values = ProfileValues(
        legal_name=given.legal_name if given else "",
        sold_to=found.get("sold_to"),
        bill_to=bill_to if bill_to != found.get("sold_to") else None,
        tax_id=tax_id,
        purchase_order=given.purchase_order if given else "",
    )
    return values, faults


# --- Addresses ------------------------------------------------------------------------------------


def _address(one: ListedAddress) -> Address:
    return Address(
        country=one.country,
        lines=tuple(line for line in (one.line_1, one.line_2, one.line_3, one.line_4) if line),
        city=one.city,
        district=one.district,
        region=one.region,
        postal_code=one.postal_code,
        sorting_code=one.sorting_code,
    )


def _uses(listed: Sequence[ListedAddress]) -> Iterator[AccountFault]:
    first: dict[str, AccountRecord] = {}
    for one in listed:
        if one.use in first:
            yield fault(one.row, "use", f"is {one.use} a second time; an account has one of each")
        first.setdefault(one.use, one.row)
    if "bill_to" in first and "sold_to" not in first:
        text = "stands alone; the company's own address, sold_to, is missing beside it"
        yield fault(first["bill_to"], "use", text)


def _foreign_parts(one: ListedAddress) -> Iterator[AccountFault]:
    """Find what the country's addresses don't have: it would be lost in silence."""
    if one.country in addresses.countries():
        parts = addresses.format_of(one.country).parts
        for part in ("postal_code", "city", "district", "region", "sorting_code"):
            if getattr(one, part) and part not in parts:
                text = f"is no part of an address in {one.country}; write it where it belongs, or empty it"
                yield fault(one.row, part, text)


def _address_faults(one: ListedAddress, bad: BadAddress) -> Iterator[AccountFault]:
    known = one.country in addresses.countries()
    form = addresses.format_of(one.country) if known else None
    for part, wrong in bad.faults.items():
        column = LINES[0] if part == "lines" else part
        if form is None:
            text = f"{shown(one.country)} is no country; use its two letters of ISO 3166, such as FR"
        else:
            example = f", such as {form.postal_code_example}" if form.postal_code_example else ""
            regions = ", ".join(region.key for region in form.regions)
            text = _ADDRESS[wrong].format(country=one.country, example=example, regions=regions)
        yield fault(one.row, column, text)


# --- Tax number -----------------------------------------------------------------------------------


class _BadNumber(Exception):
    """A tax number that can't be kept."""

    def __init__(self, found: AccountFault) -> None:
        super().__init__(found.text)
        self.fault = found


def _tax_id(given: ListedProfile, own_country: str) -> TaxId | None:
    """Return the tax number; of the company's own country where no other is named."""
    if not given.tax_number:
        for column in ("tax_number_kind", "tax_number_country"):
            if getattr(given, column):
                raise _BadNumber(fault(given.row, column, "is given, but there is no tax_number"))
        return None
    kind, country = given.tax_number_kind, given.tax_number_country or own_country
    if kind is None:
        raise _BadNumber(fault(given.row, "tax_number_kind", "is missing; a tax number is of vat or company"))
    if country not in addresses.countries():
        text = f"{shown(country)} is no country" if country else "is missing"
        text += "; name the country that gave the number by its two letters, such as FR"
        raise _BadNumber(fault(given.row, "tax_number_country", text))
    try:
        found = tax_numbers.checked(kind, country, given.tax_number)
    except BadTaxNumber as bad:
        raise _BadNumber(_number_fault(given, kind, country, bad)) from None
    known = tax_numbers.TYPES.get((kind, country))
    if (known is None or not known.modules) and has_card_number(given.tax_number):
        raise _BadNumber(fault(given.row, "tax_number", NO_CARD_NUMBERS))
    return found


def _number_fault(given: ListedProfile, kind: TaxIdKind, country: str, bad: BadTaxNumber) -> AccountFault:
    if has_card_number(given.tax_number):
        return fault(given.row, "tax_number", NO_CARD_NUMBERS)
    types = tax_numbers.types_of(country)
    example = next((one.example for one in types if one.kind is kind), "")
    text = _TAX_NUMBER[bad.fault].format(
        kind=kind,
        country=country,
        other=bad.country,
        example=f", such as {example}" if example else "",
        kinds=" and ".join(one.kind for one in types),
    )
    return fault(given.row, "tax_number", text)
