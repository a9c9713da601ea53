"""Who sells and who buys, as a document names them: frozen with it, as they were on the day of issue."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, assert_never

from accounts.rules.capabilities import CollectionMethod
from billing.rules.countries import vat_prefix
from billing.rules.plain import to_plain as plain_values


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address; parts that its country doesn't know are empty.

    `country` is the code of ISO 3166-1 in two letters; `region` a state, province or prefecture by the
    key that the country's post uses ("CA", "QC", "東京都"); `district` a part of the city.
    """

    country: str
    lines: tuple[str, ...] = ()
    city: str = ""
    district: str = ""
    region: str = ""
    postal_code: str = ""
    # Of a few countries: what the post sorts by beside the postal code (CEDEX).
    sorting_code: str = ""


class TaxIdKind(StrEnum):
    """What a number identifies its holder for."""

    # The tax that stands on invoices: VAT, GST, HST, consumption tax.
    VAT = "vat"
    # The company itself, or its tax on income: SIREN, Steuernummer, EIN, corporate number.
    COMPANY = "company"


@dataclass(frozen=True, slots=True)
class TaxId:
    """A tax number, checked and without separators, of the country that gave it."""

    kind: TaxIdKind
    country: str
    number: str

    @property
    def written(self) -> str:
        """Return the number as documents write it: with its country’s prefix, if it has one."""
        match self.kind:
            case TaxIdKind.VAT:
                return ("T" if self.country == "JP" else vat_prefix(self.country)) + self.number
            case TaxIdKind.COMPANY:
                return f"{self.number[:2]}-{self.number[2:]}" if self.country == "US" else self.number
            case _:
                assert_never(self.kind)


@dataclass(frozen=True, slots=True)
class Buyer:
    """Whom a document is made out to. `bill_to` is None where it is sent to the same address.

    `email` is who gets it: an e-invoice names an electronic address of its buyer.
    """

    name: str
    sold_to: Address | None = None
    bill_to: Address | None = None
    tax_id: TaxId | None = None
    email: str = ""

    @property
    def invoiced_at(self) -> Address | None:
        """Return the address that the document is sent to."""
        return self.bill_to or self.sold_to


class VatRegime(StrEnum):
    """When the seller owes the tax of what it sells, which a document has to name."""

    # From the day of the invoice, or of the supply ("sur les débits").
    ON_INVOICE = "on_invoice"
    # From the day of the payment ("sur les encaissements").
    ON_PAYMENT = "on_payment"
    # A small business, which charges none.
    EXEMPT = "exempt"


@dataclass(frozen=True, slots=True)
class BankAccount:
    """Where a transfer goes, without separators."""

    iban: str
    bic: str = ""


@dataclass(frozen=True, slots=True)
class TermsOfService:
    """What a customer accepts with an order, and which version of it."""

    url: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Seller:
    """The vendor as a document names it; from the settings.

    `register` is the register's name and place ("RCS Toulouse"), `about` what the law wants beside the
    name, such as form and capital ("SAS au capital de 10 000 €"). `payment_days` is the time to pay of
    who pays by invoice. `logo` is a path of a file, `colour` written `#rrggbb`.
    """

    name: str
    address: Address | None = None
    register: str = ""
    register_number: str = ""
    about: str = ""
    tax_ids: tuple[TaxId, ...] = ()
    bank: BankAccount | None = None
    vat_regime: VatRegime = VatRegime.ON_INVOICE
    payment_days: int = 30
    email: str = ""
    terms: TermsOfService = field(default_factory=TermsOfService)
    logo: str = ""
    colour: str = ""


def due_on(issued_on: date, due: int, *, collects: CollectionMethod, payment_days: int) -> date | None:
    """Return the day by which a document is to be paid; None where nothing is due.

    Whoever is charged automatically owes it at once; by invoice there are the seller's terms of payment
    (domain.md 9).
    """
    if due <= 0:
        return None
    match collects:
        case CollectionMethod.CHARGE_AUTOMATICALLY:
            return issued_on
        case CollectionMethod.SEND_INVOICE:
            return issued_on + timedelta(days=payment_days)
        case _:
            assert_never(collects)


def to_plain(party: Buyer | Seller) -> dict[str, Any]:
    """Return a party as values that JSON can hold."""
    plain: dict[str, Any] = plain_values(party)
    return plain


def buyer_from_plain(plain: Mapping[str, Any]) -> Buyer | None:
    """Return the buyer of a document; None for one from before they were kept."""
    if not plain:
        return None
    return Buyer(
        name=plain["name"],
        sold_to=_address(plain.get("sold_to")),
        bill_to=_address(plain.get("bill_to")),
        tax_id=_tax_id(plain["tax_id"]) if plain.get("tax_id") else None,
        email=plain.get("email", ""),
    )


def seller_from_plain(plain: Mapping[str, Any]) -> Seller | None:
    """Return the seller of a document; None for one from before they were kept.

    What a later version knows beside it is left out.
    """
    if not plain:
        return None
    told = {name: plain[name] for name in _PLAIN_OF_SELLER if name in plain}
    return Seller(
        **told,
        address=_address(plain.get("address")),
        tax_ids=tuple(_tax_id(one) for one in plain.get("tax_ids", ())),
        bank=BankAccount(**plain["bank"]) if plain.get("bank") else None,
        vat_regime=VatRegime(plain.get("vat_regime", VatRegime.ON_INVOICE)),
        terms=TermsOfService(**plain.get("terms", {})),
    )


_PLAIN_OF_SELLER = (
    *("name", "register", "register_number", "about", "payment_days", "email", "logo", "colour"),
)


def address_from_plain(plain: Mapping[str, Any]) -> Address:
    """Return an address that was written as JSON."""
    return Address(**{**plain, "lines": tuple(plain.get("lines", ()))})


def _address(plain: Mapping[str, Any] | None) -> Address | None:
    return address_from_plain(plain) if plain else None


def _tax_id(plain: Mapping[str, Any]) -> TaxId:
    return TaxId(TaxIdKind(plain["kind"]), plain["country"], plain["number"])
