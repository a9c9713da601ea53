"""Customers that bring several payment methods: one is charged first, one may be the backup."""

from pathlib import Path

import pytest

from billing.models import PaymentMethod
from tests import shop
from tests.billing.imports.customers import ACME, Record, as_csv, as_json_lines, load

pytestmark = pytest.mark.django_db
DEBIT = {"kind": "direct_debit", "brand": "SEPA", "last_four": "3000", "reference": "pm_3000"}
CARD = {"kind": "card", "brand": "Visa", "last_four": "1881", "expires": "2030-01", "reference": "pm_1881"}


@pytest.fixture(autouse=True)
def _price_list() -> None:
    shop.catalogue()


def others(*cells: dict[str, str]) -> list[Record]:
    return [*ACME, *(("other_payment", one) for one in cells)]


@pytest.mark.parametrize(("write", "name"), [(as_csv, "a.csv"), (as_json_lines, "a.jsonl")])
def test_the_payment_is_charged_first_and_the_others_are_what_they_say(
    tmp_path: Path, write: object, name: str
) -> None:
    file = tmp_path / name
    file.write_text(write(("A-1", others(DEBIT | {"use": "backup"}, CARD))))  # type: ignore[operator]
    assert load(file) == (0, "1 account: 1 new, 0 unchanged, 0 refused.", [])
    methods = dict(PaymentMethod.objects.values_list("last_four", "use"))
    assert methods == {"4242": "default", "3000": "backup", "1881": "spare"}
    # The same file again changes nothing.
    assert load(file) == (0, "1 account: 0 new, 1 unchanged, 0 refused.", [])


@pytest.mark.parametrize(
    ("records", "said"),
    [
        (others(CARD | {"use": "backup"}, DEBIT | {"use": "backup"}), "one backup at most"),
        (others(CARD, DEBIT | {"reference": "pm_1881"}), "is the name of another one here"),
        (others({**CARD, "expires": ""}), "is missing; a card has it"),
        (others(DEBIT | {"expires": "2030-01"}), "is for a card"),
        (others(CARD | {"use": "default"}), "use one of backup, spare"),
        (others(*(CARD | {"reference": f"pm_{n}"} for n in range(5))), "at most 5 methods"),
        ([one for one in others(CARD) if one[0] != "payment"], "needs a “payment” beside it"),
    ],
)
def test_what_cannot_be_so_is_refused(tmp_path: Path, records: list[Record], said: str) -> None:
    file = tmp_path / "customers.csv"
    file.write_text(as_csv(("A-1", records)))
    code, _summary, told = load(file)
    assert code == 1
    assert any(said in line for line in told), told
    assert not PaymentMethod.objects.exists()
