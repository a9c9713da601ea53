"""Many accounts come in together: in few statements, in bounded batches, and none keeps out another."""

import io
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account, User
from billing.imports.accounts import loading
from billing.management.commands import load_accounts
from tests import people, shop
from tests.billing.imports.customers import as_csv, load, small

pytestmark = pytest.mark.django_db


def statements(file: Path) -> int:
    """Load a file and return in how many statements."""
    with CaptureQueriesContext(connection) as captured:
        assert load(file)[0] == 0
    return len(captured)


def test_a_hundred_accounts_take_no_more_statements_than_two(tmp_path: Path) -> None:
    """The first file also reads the catalogue, which the process then keeps."""
    shop.catalogue()
    few, many = tmp_path / "few.csv", tmp_path / "many.csv"
    few.write_text(as_csv(*(small(f"F-{n}") for n in range(2))))
    many.write_text(as_csv(*(small(f"M-{n}") for n in range(100))))
    assert 40 >= statements(few) >= statements(many)
    assert Account.objects.count() == 102


def test_batches_are_bounded_by_accounts_and_by_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.catalogue()
    file = tmp_path / "a.csv"
    file.write_text(as_csv(*(small(f"B-{n}") for n in range(7))))
    sizes: list[int] = []
    write = loading.saving.write
    monkeypatch.setattr(loading.saving, "write", lambda ready: (sizes.append(len(ready)), write(ready)))
    monkeypatch.setattr(loading, "MOST_ACCOUNTS", 3)
    assert load(file)[0] == 0
    # Each has two rows that count: a member and a line.
    monkeypatch.setattr(loading, "MOST_ROWS", 4)
    file.write_text(as_csv(*(small(f"R-{n}") for n in range(5))))
    assert load(file)[0] == 0
    assert sizes == [3, 3, 1, 2, 2, 1]


def test_one_that_the_database_refuses_keeps_out_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.catalogue()
    people.person("owner@c-3.example", "Olga Other", is_active=False)
    taken = people.globex()
    # As if somebody else had taken the slug in between.
    monkeypatch.setattr(loading._StoredAccounts, "is_loaded", lambda there, listed: False)
    Account.objects.filter(pk=taken.pk).update(slug="c-5")
    file = tmp_path / "a.csv"
    file.write_text(as_csv(*(small(f"C-{n}") for n in range(9))))
    code, told, wrong = load(file)
    assert (code, told) == (1, "9 accounts: 7 new, 0 unchanged, 2 refused.")
    assert ["was deactivated" in wrong[0], "the database refuses it" in wrong[1]] == [True, True]
    assert not User.objects.filter(email="owner@c-5.example").exists()


def test_a_long_load_says_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.catalogue()
    monkeypatch.setattr(load_accounts, "SECONDS_BETWEEN", 0.0)
    file = tmp_path / "a.csv"
    file.write_text(as_csv(*(small(f"P-{n}") for n in range(2))))
    told = io.StringIO()
    call_command("load_accounts", str(file), stdout=told)
    assert told.getvalue().splitlines() == [
        "1 account: 1 new, 0 unchanged, 0 refused so far …",
        "2 accounts: 2 new, 0 unchanged, 0 refused so far …",
        "2 accounts: 2 new, 0 unchanged, 0 refused.",
    ]
