"""Addresses of all countries: their parts, what is required, regions and postal codes."""

from dataclasses import replace

import pytest

from billing import addresses
from billing.addresses import AddressFault, BadAddress, checked, format_of, one_line, written
from billing.rules.parties import Address

TOULOUSE = Address("FR", ("1 rue du Taur",), "Toulouse", postal_code="31000")
AUSTIN = Address("US", ("100 Congress Ave",), "Austin", region="TX", postal_code="78701")
TOKYO = Address("JP", ("千代田1-1",), region="東京都", postal_code="100-0001")
MONTREAL = Address("CA", ("1 rue Sainte-Catherine",), "Montréal", region="QC", postal_code="H3Z 2Y7")


@pytest.mark.parametrize("address", [TOULOUSE, AUSTIN, TOKYO, MONTREAL])
def test_a_right_address_is_kept_as_it_is(address: Address) -> None:
    assert checked(address) == address


@pytest.mark.parametrize(
    ("address", "faults"),
    [
        (Address(""), {"country": AddressFault.REQUIRED}),
        (Address("XX"), {"country": AddressFault.UNKNOWN}),
        (
            Address("FR"),
            dict.fromkeys(("lines", "city", "postal_code"), AddressFault.REQUIRED),
        ),
        (replace(TOULOUSE, postal_code="3100"), {"postal_code": AddressFault.POSTAL_CODE}),
        (replace(TOULOUSE, postal_code="31000x"), {"postal_code": AddressFault.POSTAL_CODE}),
        # 78701 is of Texas, not of California.
        (replace(AUSTIN, region="CA"), {"postal_code": AddressFault.POSTAL_CODE_OF_REGION}),
        (replace(AUSTIN, region="Texarkana"), {"region": AddressFault.UNKNOWN}),
        (replace(TOULOUSE, lines=("a", "b", "c", "d", "e")), {"lines": AddressFault.TOO_MANY_LINES}),
        (replace(TOULOUSE, lines=("a" * 121,)), {"lines": AddressFault.TOO_LONG}),
        (replace(TOULOUSE, city="a" * 121), {"city": AddressFault.TOO_LONG}),
        (replace(MONTREAL, postal_code="GIR 0AAgibberish"), {"postal_code": AddressFault.POSTAL_CODE}),
    ],
)
def test_what_is_wrong_is_said_part_by_part(address: Address, faults: dict[str, AddressFault]) -> None:
    with pytest.raises(BadAddress) as refused:
        checked(address)
    assert refused.value.faults == faults


def test_it_is_kept_plainly() -> None:
    """Full-width digits, the sign of the Japanese post, other dashes, a region by its name, empty lines."""
    typed = Address("JP", ("千代田1-1", " "), "", region="tokyo", postal_code="〒１００－０００１")
    assert checked(typed) == TOKYO
    assert checked(replace(MONTREAL, region="Québec", postal_code="h3z 2y7")) == MONTREAL
    # What a country's addresses haven't is left out: Japan has no field for a city.
    assert checked(replace(TOKYO, city="Chiyoda", sorting_code="CEDEX")) == TOKYO


def test_it_is_written_as_its_country_writes_it() -> None:
    assert written(TOULOUSE) == ["1 rue du Taur", "31000 Toulouse"]
    assert written(AUSTIN) == ["100 Congress Ave", "Austin, TX 78701"]
    assert written(TOKYO) == ["〒100-0001", "東京都", "千代田1-1"]
    assert written(replace(TOULOUSE, lines=("Bâtiment B", "1 rue du Taur"))) == [
        *("Bâtiment B", "1 rue du Taur", "31000 Toulouse"),
    ]
    # What is missing leaves no gap.
    assert written(replace(AUSTIN, region="")) == ["100 Congress Ave", "Austin, 78701"]
    assert one_line(MONTREAL) == "1 rue Sainte-Catherine, Montréal QC H3Z 2Y7, CA"


def test_the_regions_of_a_country_have_their_names() -> None:
    tokyo = next(one for one in format_of("JP").regions if one.key == "東京都")
    assert (tokyo.name, tokyo.own_name) == ("Tokyo", "東京都")
    quebec = next(one for one in format_of("CA").regions if one.key == "QC")
    assert (quebec.name, dict(quebec.names)) == ("Quebec", {"fr": "Québec"})


def test_every_country_and_every_region_of_it_can_be_asked() -> None:
    assert len(addresses.countries()) > 240
    for country in addresses.countries():
        form = format_of(country)
        assert form.required <= set(form.parts)
        for region in (*form.regions, None):
            key = region.key if region else ""
            some = Address(country, ("1",), "x", "x", key, form.postal_code_example, "x")
            try:
                assert written(checked(some))
            except BadAddress as refused:
                assert set(refused.faults) <= {"postal_code", "region"}  # noqa: PT017 - some may be refused
