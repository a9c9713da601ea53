"""The vendor as its documents name it, read from the environment; `check --deploy` says what is wrong."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from environ import Env

from billing.rules.parties import Address, BankAccount, Seller, TaxId, TaxIdKind, TermsOfService, VatRegime

# Fictitious: the numbers have right check digits and belong to nobody, the bank account is the example
# that the IBAN's registry publishes for France.
DEMO = Seller(
    name="Northwind Desk SAS",
    address=Address("FR", ("12 rue des Exemples",), "Toulouse", postal_code="31000"),
    register="RCS Toulouse",
    register_number="999888779",
    about="SAS au capital de 10 000 €",
    tax_ids=(TaxId(TaxIdKind.VAT, "FR", "34999888779"), TaxId(TaxIdKind.COMPANY, "FR", "999888779")),
    bank=BankAccount("FR1420041010050500013M02606", "PSSTFRPPTOU"),
    vat_regime=VatRegime.ON_INVOICE,
    payment_days=30,
    email="billing@vendor.example",
    terms=TermsOfService("https://vendor.example/terms", "2026-09"),
    colour="#17494d",
)


def from_environment(env: Env, *, name: str, demo: bool) -> Seller:
    """Return the seller that the settings describe; the demo's own where there is a demo and no other.

    What is missing or can't be read is left empty, so that commands go on working: `check --deploy`
    names it.
    """
    if demo and not env("SELLER_NAME", default=""):
        return DEMO
    country = env("SELLER_COUNTRY", default="").strip().upper()
    iban = _compact(env("SELLER_IBAN", default=""))
    days = env("SELLER_PAYMENT_DAYS", default="30")
    regime = env("SELLER_VAT_REGIME", default=VatRegime.ON_INVOICE.value)
    return Seller(
        name=env("SELLER_NAME", default=name),
        address=Address(
            country,
            tuple(line.strip() for line in env("SELLER_ADDRESS", default="").split("|") if line.strip()),
            env("SELLER_CITY", default=""),
            region=env("SELLER_REGION", default=""),
            postal_code=env("SELLER_POSTAL_CODE", default=""),
        )
        if country
        else None,
        register=env("SELLER_REGISTER", default=""),
        register_number=_compact(env("SELLER_REGISTER_NUMBER", default="")),
        about=env("SELLER_ABOUT", default=""),
        tax_ids=tuple(_tax_ids(env)),
        bank=BankAccount(iban, _compact(env("SELLER_BIC", default=""))) if iban else None,
        vat_regime=VatRegime(regime) if regime in list(VatRegime) else VatRegime.ON_INVOICE,
        payment_days=int(days) if days.isascii() and days.isdecimal() else 0,
        email=env("SELLER_EMAIL", default=""),
        terms=TermsOfService(env("SELLER_TERMS_URL", default=""), env("SELLER_TERMS_VERSION", default="")),
        logo=env("SELLER_LOGO", default=""),
        colour=env("SELLER_COLOUR", default=""),
    )


def _tax_ids(env: Env) -> list[TaxId]:
    """Return the numbers that are set, each as `DE:136695976`: country and number."""
    found = []
    for setting, kind in (
        ("SELLER_VAT_NUMBERS", TaxIdKind.VAT),
        ("SELLER_COMPANY_NUMBERS", TaxIdKind.COMPANY),
    ):
        for one in env.list(setting, default=[]):
            country, _colon, number = one.partition(":")
            found.append(TaxId(kind, country.strip().upper(), _compact(number)))
    return found


def _compact(text: str) -> str:
    return "".join(text.split())


def faults(seller: Seller, environment: Mapping[str, str]) -> Iterator[str]:
    """Yield what is missing of the seller or can't be right, each in a sentence with its cure."""
    if not environment.get("SELLER_NAME"):
        yield "SELLER_NAME is not set, and invoices would not say who sells: set it to the legal name."
    yield from _address_faults(seller)
    yield from _number_faults(seller)
    yield from _bank_faults(seller)
    regime = environment.get("SELLER_VAT_REGIME", VatRegime.ON_INVOICE.value)
    if regime not in list(VatRegime):
        yield f"SELLER_VAT_REGIME is {regime!r}: set it to {', '.join(VatRegime)}."
    days = environment.get("SELLER_PAYMENT_DAYS", "30")
    if not (days.isascii() and days.isdecimal() and int(days) <= 365):
        yield f"SELLER_PAYMENT_DAYS is {days!r}: set it to a number of days, for example 30."
    yield from _looks(seller)


def _address_faults(seller: Seller) -> Iterator[str]:
    # Read here: the libraries' data is nothing that settings need.
    from billing import addresses

    if seller.address is None:
        yield "SELLER_COUNTRY is not set, and no tax can be told: set it with SELLER_ADDRESS and the rest."
        return
    settings = {"lines": "SELLER_ADDRESS"}
    try:
        addresses.checked(seller.address)
    except addresses.BadAddress as bad:
        for part, fault in bad.faults.items():
            name = settings.get(part, f"SELLER_{part.upper()}")
            country = seller.address.country
            yield f"{name} is not what an address in {country} has there ({fault}): see docs/seller.md."


def _number_faults(seller: Seller) -> Iterator[str]:
    from billing import tax_numbers

    for one in seller.tax_ids:
        try:
            tax_numbers.checked(one.kind, one.country, one.number)
        except tax_numbers.BadTaxNumber as bad:
            name = "SELLER_VAT_NUMBERS" if one.kind is TaxIdKind.VAT else "SELLER_COMPANY_NUMBERS"
            yield (
                f"{name} holds {one.country}:{one.number}, which is no such number ({bad.fault}): write each "
                "with its country, as in FR:40303265045."
            )
    if seller.vat_regime is not VatRegime.EXEMPT and not any(
        one.kind is TaxIdKind.VAT for one in seller.tax_ids
    ):
        yield (
            "SELLER_VAT_NUMBERS is not set: set it, as in FR:40303265045, or SELLER_VAT_REGIME=exempt for "
            "who charges no tax."
        )


def _bank_faults(seller: Seller) -> Iterator[str]:
    from stdnum import bic, iban

    if seller.bank is None:
        yield "SELLER_IBAN is not set, and who pays by transfer would not know where to: set it."
    elif not iban.is_valid(seller.bank.iban):
        yield "SELLER_IBAN is no IBAN, or a digit of it is wrong: copy it from your bank."
    elif seller.bank.bic and not bic.is_valid(seller.bank.bic):
        yield "SELLER_BIC is no BIC: copy it from your bank, or leave it out."


def _looks(seller: Seller) -> Iterator[str]:
    if not seller.terms.url.startswith("https://") or not seller.terms.version:
        yield (
            "SELLER_TERMS_URL and SELLER_TERMS_VERSION are not set, and orders would not say what was "
            "accepted: set both, the address beginning with https://."
        )
    if seller.logo and not (Path(seller.logo).suffix in (".png", ".svg") and Path(seller.logo).is_file()):
        yield f"SELLER_LOGO is {seller.logo!r}, which is no PNG or SVG file here: name one, or leave it out."
    if seller.colour and not re.fullmatch("#[0-9a-fA-F]{6}", seller.colour):
        yield f"SELLER_COLOUR is {seller.colour!r}: write it as in #17494d, or leave it out."
