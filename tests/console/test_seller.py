"""The seller of the settings: read, and refused by `check --deploy` where it can't be right."""

from typing import Any

import pytest
from environ import Env

from admin_center.server import seller
from billing.rules.parties import Address, BankAccount, Seller, TaxId, TaxIdKind, VatRegime
from tests.console.production import PRODUCTION, start


def read(monkeypatch: pytest.MonkeyPatch, **changed: str) -> tuple[Seller, dict[str, str]]:
    """The seller of production, with these settings changed (empty: not set)."""
    environment = {name: value for name, value in (PRODUCTION | changed).items() if value}
    monkeypatch.setattr(Env, "ENVIRON", environment)
    return seller.from_environment(Env(), name="Northwind Desk", demo=False), environment


def test_it_is_read_as_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    found, environment = read(monkeypatch, SELLER_BIC="psst fr pp tou".upper(), SELLER_PAYMENT_DAYS="14")
    assert found.name == "Northwind Desk SAS"
    assert found.address == Address(
        "FR", ("12 rue des Exemples", "Bâtiment B"), "Toulouse", postal_code="31000"
    )
    assert found.tax_ids == (
        TaxId(TaxIdKind.VAT, "FR", "34999888779"),
        TaxId(TaxIdKind.COMPANY, "FR", "999888779"),
    )
    assert found.bank == BankAccount("FR1420041010050500013M02606", "PSSTFRPPTOU")
    assert (found.payment_days, found.vat_regime) == (14, VatRegime.ON_INVOICE)
    assert list(seller.faults(found, environment)) == []


def test_the_demos_own_is_whole() -> None:
    assert list(seller.faults(seller.DEMO, {"SELLER_NAME": seller.DEMO.name})) == []


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"SELLER_NAME": ""}, "SELLER_NAME is not set"),
        ({"SELLER_COUNTRY": ""}, "SELLER_COUNTRY is not set"),
        ({"SELLER_ADDRESS": " | "}, "SELLER_ADDRESS is not what an address in FR has there (required)"),
        ({"SELLER_POSTAL_CODE": "3100"}, "SELLER_POSTAL_CODE is not what an address in FR has"),
        ({"SELLER_COUNTRY": "XX"}, "SELLER_COUNTRY is not what"),
        ({"SELLER_VAT_NUMBERS": ""}, "SELLER_VAT_NUMBERS is not set"),
        ({"SELLER_VAT_NUMBERS": "FR:34999888778"}, "SELLER_VAT_NUMBERS holds FR:34999888778"),
        ({"SELLER_VAT_NUMBERS": "FR34999888779"}, "SELLER_VAT_NUMBERS holds FR34999888779:"),
        ({"SELLER_COMPANY_NUMBERS": "FR:1"}, "SELLER_COMPANY_NUMBERS holds FR:1"),
        ({"SELLER_IBAN": ""}, "SELLER_IBAN is not set"),
        ({"SELLER_IBAN": "FR15 2004 1010 0505 0001 3M02 606"}, "SELLER_IBAN is no IBAN"),
        ({"SELLER_BIC": "nothing"}, "SELLER_BIC is no BIC"),
        ({"SELLER_VAT_REGIME": "never"}, "SELLER_VAT_REGIME is 'never': set it to on_invoice"),
        ({"SELLER_PAYMENT_DAYS": "-1"}, "SELLER_PAYMENT_DAYS is '-1'"),
        ({"SELLER_TERMS_URL": "http://vendor.example"}, "SELLER_TERMS_URL and SELLER_TERMS_VERSION"),
        ({"SELLER_TERMS_VERSION": ""}, "SELLER_TERMS_URL and SELLER_TERMS_VERSION"),
        ({"SELLER_LOGO": "/nowhere/logo.svg"}, "SELLER_LOGO is '/nowhere/logo.svg'"),
        ({"SELLER_COLOUR": "red"}, "SELLER_COLOUR is 'red'"),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, changed: dict[str, str], told: str
) -> None:
    [fault] = seller.faults(*read(monkeypatch, **changed))
    assert fault.startswith(told)
    assert ": " in fault


def test_who_charges_no_tax_needs_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not [*seller.faults(*read(monkeypatch, SELLER_VAT_NUMBERS="", SELLER_VAT_REGIME="exempt"))]


def test_the_check_of_a_deployment_says_it() -> None:
    given: dict[str, Any] = PRODUCTION | {"SELLER_IBAN": "FR00"}
    checked = start("", arguments=("check", "--deploy"), **given)
    assert checked.returncode == 1
    assert "SELLER_IBAN is no IBAN" in checked.stderr
