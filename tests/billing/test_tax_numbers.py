"""Tax numbers: by the name, prefix and check digits of their country."""

import random

import pytest

from billing.rules.parties import TaxId, TaxIdKind
from billing.tax_numbers import TYPES, BadTaxNumber, TaxIdType, TaxNumberFault, checked, types_of
from tests.sweeps import naughty

VAT, COMPANY = TaxIdKind


@pytest.mark.parametrize("found", [one for one in TYPES.values() if one.example], ids=lambda one: one.example)
def test_the_example_of_each_kind_is_right(found: TaxIdType) -> None:
    kept = checked(found.kind, found.country, found.example)
    # As documents write it, it is taken again.
    assert checked(found.kind, found.country, kept.written) == kept


@pytest.mark.parametrize(
    ("kind", "country", "typed", "kept"),
    [
        (VAT, "FR", " fr 40 303 265 045 ", "40303265045"),
        (VAT, "DE", "DE 136,695 976", "136695976"),
        (VAT, "MC", "FR53000004605", "53000004605"),
        (VAT, "RO", "18547290", "18547290"),
        (VAT, "CA", "12302 6635 RT 0001", "123026635RT0001"),
        (COMPANY, "FR", "999 888 779 00017", "99988877900017"),
        (COMPANY, "US", "91-1144442", "911144442"),
        # Of a country that nobody here knows: kept as it is typed, without spaces.
        (COMPANY, "KZ", "12 34-5", "1234-5"),
    ],
)
def test_a_number_is_kept_without_separators_and_prefix(
    kind: TaxIdKind, country: str, typed: str, kept: str
) -> None:
    assert checked(kind, country, typed) == TaxId(kind, country, kept)


@pytest.mark.parametrize(
    ("kind", "country", "typed", "fault", "looks_like"),
    [
        (VAT, "FR", "FR40303265046", TaxNumberFault.CHECK_DIGITS, ""),
        (VAT, "DE", "DE13669597", TaxNumberFault.LENGTH, ""),
        (VAT, "DE", "DE13669597X", TaxNumberFault.FORMAT, ""),
        (VAT, "DE", "9" * 31, TaxNumberFault.LENGTH, ""),
        # Right, but of Germany, and of Greece, which writes EL.
        (VAT, "FR", "DE136695976", TaxNumberFault.OTHER_COUNTRY, "DE"),
        (VAT, "FR", "EL094259216", TaxNumberFault.OTHER_COUNTRY, "GR"),
        # The business number alone is not the one for GST/HST, nor the other way round.
        (VAT, "CA", "123026635", TaxNumberFault.FORMAT, ""),
        (COMPANY, "CA", "123026635RT0001", TaxNumberFault.LENGTH, ""),
        # Nobody here knows how long one of Panama is; the column holds thirty characters.
        (COMPANY, "PA", "1" * 31, TaxNumberFault.LENGTH, ""),
        (COMPANY, "GB", "12345678", TaxNumberFault.UNKNOWN_KIND, ""),
        (COMPANY, "KZ", "12\r\nBcc: x", TaxNumberFault.FORMAT, ""),
        (COMPANY, "KZ", " ", TaxNumberFault.FORMAT, ""),
        (COMPANY, "FR", "552008444", TaxNumberFault.CHECK_DIGITS, ""),
    ],
)
def test_what_is_wrong_is_named(
    kind: TaxIdKind, country: str, typed: str, fault: TaxNumberFault, looks_like: str
) -> None:
    with pytest.raises(BadTaxNumber) as refused:
        checked(kind, country, typed)
    assert (refused.value.fault, refused.value.country) == (fault, looks_like)


def test_every_country_has_a_kind_of_number() -> None:
    assert [one.name for one in types_of("FR")] == ["Numéro de TVA", "SIREN, SIRET"]
    assert types_of("KZ") == (TaxIdType(COMPANY, "KZ", ""),)


def test_no_text_is_more_than_refused() -> None:
    """Whatever is typed is taken as something that the database takes too, or refused by name."""
    rng = random.Random(20261127)
    signs = "0123456789ABCDEFRTXYZ-./ Ñéß漢٣３\u200d"
    typed = [*naughty.TEXTS, *("".join(rng.choices(signs, k=rng.randrange(20))) for _ in range(400))]
    for kind, country in TYPES:
        for text in typed:
            try:
                number = checked(kind, country, str(text)).number
            except BadTaxNumber:
                continue
            assert number
            assert all((c.isascii() and (c.isalnum() or c in "+*&./-")) or c == "Ñ" for c in number)
