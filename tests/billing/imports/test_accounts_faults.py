"""What is wrong in a file of customers is named by line and column, and only that account stays out."""

import json
from pathlib import Path

import pytest
from django.db import IntegrityError

from accounts.models import Account, User
from billing.imports.accounts import saving
from tests import people, shop
from tests.billing.imports.customers import ACME, Record, as_csv, as_json, load, rows, small
from tests.billing.imports.faulty_customers import ADDED, CELLS, LINE

pytestmark = pytest.mark.django_db

# A record more: what it is, its cells, the column named, some words.
RECORDS: dict[str, tuple[Record, str, str]] = {
    "a second account": (("account", ACME[0][1]), "record", "second “account”"),
    "a second period": (("subscription", ACME[1][1]), "record", "second “subscription”"),
    "a second method": (("payment", ACME[-1][1]), "record", "second “payment”"),
    "an unknown record": (("invoice", {"amount": "5.00"}), "record", "“invoice” is not a known record"),
    "a record of no kind": (("", {"amount": "5.00"}), "record", "is missing"),
    "a discount twice": (("discount", {"code": "LOYAL", "percent": "5"}), "code", "already: line 16"),
}


def changed(which: str, cells: dict[str, str]) -> list[Record]:
    """Return Acme's records with some cells of one changed."""
    place = list(LINE).index(which)
    records = [(record, dict(own)) for record, own in ACME]
    records[place][1].update(cells)
    return records


def between_neighbours(records: list[Record], tmp_path: Path) -> tuple[Path, dict[str, int]]:
    """Write Acme between two customers who are right; return the file, and how many rows those two make."""
    file = tmp_path / "customers.csv"
    file.write_text(as_csv(small("N-1"), ("A-1", records), small("N-2")))
    return file, {
        "accounts_account": 2,
        "accounts_membership": 2,
        "accounts_user": 2,
        "billing_line": 2,
        "billing_paidsegment": 2,
    }


def refused(file: Path, neighbours: dict[str, int]) -> list[str]:
    """Load the file; see that the neighbours are in and nothing else; return what is told."""
    code, told, wrong = load(file)
    assert (code, told) == (1, "3 accounts: 2 new, 0 unchanged, 1 refused.")
    now = rows()
    assert {table: now[table] for table in neighbours} == neighbours
    assert set(Account.objects.values_list("external_id", flat=True)) == {"N-1", "N-2"}
    return wrong


@pytest.mark.parametrize("which", CELLS, ids=lambda which: which.replace(" ", "-"))
def test_a_wrong_cell_is_named_and_the_neighbours_go_in(which: str, tmp_path: Path) -> None:
    shop.catalogue(currencies=("USD", "JPY"))
    record, cells, column, words = CELLS[which]
    records = changed(record, cells)
    wrong = refused(*between_neighbours(records, tmp_path))
    place = record
    if "." in column:
        place, column = column.split(".")
    expected = f"{LINE[place]}: {column}: "
    assert [line for line in wrong if line.startswith(expected) and words in line], wrong
    assert "4111" not in "".join(wrong)


@pytest.mark.parametrize("which", RECORDS, ids=lambda which: which.replace(" ", "-"))
def test_a_record_too_many_is_named(which: str, tmp_path: Path) -> None:
    shop.catalogue()
    record, column, words = RECORDS[which]
    wrong = refused(*between_neighbours([*ACME, record], tmp_path))
    assert len(wrong) == 1
    assert wrong[0].startswith(f"{ADDED}: {column}: ")
    assert words in wrong[0]


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    shop.catalogue()
    records = changed("line", {"quantity": "x", "unit_price": "y"})
    records[0][1]["type"] = "free"
    wrong = refused(*between_neighbours(records, tmp_path))
    assert [line.split(": ")[0:2] for line in wrong] == [
        ["6", "type"],
        ["12", "quantity"],
        ["12", "unit_price"],
    ]


def test_people_may_hold_temporary_seats_but_no_more(tmp_path: Path) -> None:
    shop.catalogue()
    # Two people, one seat of its own and two temporary ones from 10 July: enough, but not from the 15th.
    few = changed("line", {"quantity": "1"})
    file = tmp_path / "few.csv"
    file.write_text(as_csv(("A-1", few)))
    assert load(file, "--dry-run")[0] == 0
    few[11][1]["starts_on"] = "2023-07-15"
    (wrong,) = refused(*between_neighbours(few, tmp_path))
    assert wrong == "12: quantity: 1 is less than the 2 seats that members hold"


def test_an_add_on_needs_what_it_adds_to(tmp_path: Path) -> None:
    shop.catalogue()
    records = changed("line", {"product": "guide"})
    records = [one for one in records if one[0] not in ("seat", "discount", "temporary")]
    copilot = {"product": "copilot", "edition": "standard", "quantity": "2"}
    (wrong,) = refused(*between_neighbours([*records, ("line", copilot)], tmp_path))
    assert "copilot needs one of support, suite" in wrong


def test_an_add_on_that_is_sold_annually_has_no_monthly_price(tmp_path: Path) -> None:
    shop.catalogue()
    monthly = {"cycle": "monthly", "period_from": "2023-06-27", "period_until": "2023-07-27"}
    copilot = {"product": "copilot", "edition": "standard", "quantity": "2"}
    records = [*changed("subscription", monthly), ("line", copilot)]
    (wrong,) = refused(*between_neighbours(records, tmp_path))
    assert wrong.startswith(
        f"{ADDED}: unit_price: is missing: standard of copilot has no monthly price in USD"
    )


def test_a_slug_that_is_taken_is_named(tmp_path: Path) -> None:
    shop.catalogue()
    (wrong,) = refused(*between_neighbours(changed("account", {"slug": "n-1"}), tmp_path))
    assert wrong == "6: slug: “n-1” is the address of another account"


def test_who_was_deactivated_is_no_member(tmp_path: Path) -> None:
    shop.catalogue()
    people.person("agnes@acme.example", "Agnes Albert", is_active=False)
    file, neighbours = between_neighbours(ACME, tmp_path)
    (wrong,) = refused(file, neighbours | {"accounts_user": 3})
    assert wrong == "10: email: “agnes@acme.example” was deactivated and can't be a member"


def test_a_row_without_an_account_leaves_out_the_one_above(tmp_path: Path) -> None:
    shop.catalogue()
    file, neighbours = between_neighbours(ACME, tmp_path)
    lines = file.read_text().split("\n")
    lines[12] = lines[12].removeprefix("A-1")
    file.write_text("\n".join(lines))
    (wrong,) = refused(file, neighbours)
    assert wrong.startswith("13: account: is missing")
    assert "“A-1” above is left out" in wrong


def test_rows_without_their_account_record_are_an_account_of_their_own(tmp_path: Path) -> None:
    shop.catalogue()
    file = tmp_path / "a.csv"
    file.write_text(as_csv(("A-1", ACME), ("a-1", [ACME[6]])))
    code, told, wrong = load(file)
    assert (code, told) == (1, "2 accounts: 1 new, 0 unchanged, 1 refused.")
    assert wrong == ["16: record: there is no record “account” for this account"]


def test_bytes_of_another_encoding_keep_out_only_their_account(tmp_path: Path) -> None:
    shop.catalogue()
    file, neighbours = between_neighbours(changed("owner", {"name": "Zoë"}), tmp_path)
    file.write_bytes(file.read_text().encode("latin-1"))
    (wrong,) = refused(file, neighbours)
    assert wrong.startswith("8: name: is not UTF-8; save the file in that encoding")


def test_a_row_with_a_comma_too_many_is_named(tmp_path: Path) -> None:
    shop.catalogue()
    file, neighbours = between_neighbours(ACME, tmp_path)
    lines = file.read_text().split("\n")
    lines[5] += ",Inc"
    file.write_text("\n".join(lines))
    wrong = refused(file, neighbours)
    assert wrong[0].startswith("6: record: has ")
    assert "put quotes around commas" in wrong[0]


HEADER = "account,record,name\n"
FILES = {
    "an empty file": ("a.csv", b"", "1: file: is empty"),
    "nothing but a byte order mark": ("a.csv", b"\xef\xbb\xbf\n", "1: file: is empty"),
    "only column names": ("a.csv", HEADER.encode(), "1: file: has column names and no rows"),
    "four bytes a character": ("a.csv", HEADER.encode("utf-32"), "1: file: is UTF-32"),
    "lines in quotes": ("a.csv", b'"account,record,name"\n', "1: file: has each line in quotes"),
    "a spreadsheet by another name": ("a.csv", b"PK\x03\x04\0", "1: file: is a spreadsheet; save it as"),
    "an unknown column": ("a.csv", b"account,record,colour\n", "1: “colour”: is not a known column"),
    "an unreadable column": ("a.csv", b"account,record,\xe9\n", "1: “"),
    "a column twice": ("a.csv", b"account,record,name,name\n", "1: name: stands twice"),
    "no column of accounts": ("a.csv", b"record,name\n", "1: account: is missing among the columns"),
    "no column of records": ("a.csv", b"account,name\n", "1: record: is missing among the columns"),
    "empty lines before an unknown column": ("a.csv", b"\n,,\naccount,record,hue\n", "3: “hue”: is not a"),
    "an open quote": ("a.csv", HEADER.encode() + b'A-1,account,"Acme\n', "2: file: is no CSV from here on"),
    "a spreadsheet": ("a.xlsx", b"PK", "1: file: “a.xlsx” ends neither in .csv nor in .jsonl"),
    "an empty list": ("a.jsonl", b"\n\n", "1: file: is empty"),
}


@pytest.mark.parametrize("which", FILES, ids=lambda which: which.replace(" ", "-"))
def test_a_file_that_is_none_is_refused_as_a_whole(which: str, tmp_path: Path) -> None:
    name, content, words = FILES[which]
    file = tmp_path / name
    file.write_bytes(content)
    code, told, (wrong,) = load(file)
    assert (code, told) == (1, "")
    assert wrong.startswith(words)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert load(tmp_path / "nowhere.csv")[2] == ["1: file: cannot be read: No such file or directory"]


LINES = {
    "no JSON": ("{", "line: is no JSON"),
    "a list": ("[]", "line: holds no object"),
    "a number": ("7", "line: holds no object"),
    "a key twice": ('{"account": "A-1", "name": "a", "name": "b"}', "line: has “name” twice"),
    "not a number": ('{"account": "A-1", "balance": {"amount": NaN}}', "line: is no JSON"),
    "bytes of another encoding": ('{"account": "\udce9"}', "line: is not UTF-8"),
    "a depth without end": ("[" * 100_000, "line: is no JSON"),
    "a number as account": ('{"account": {}}', "account: is missing"),
    "no account": ('{"name": "Acme"}', "account: is missing"),
}


@pytest.mark.parametrize("which", LINES, ids=lambda which: which.replace(" ", "-"))
def test_a_line_that_is_no_account_keeps_out_no_other(which: str, tmp_path: Path) -> None:
    shop.catalogue()
    line, words = LINES[which]
    file = tmp_path / "a.jsonl"
    good = json.dumps(as_json(*small("N-1")))
    file.write_bytes(f"{good}\n\n{line}\n".encode(errors="surrogateescape"))
    code, told, wrong = load(file)
    assert (code, told) == (1, "2 accounts: 1 new, 0 unchanged, 1 refused.")
    assert [one for one in wrong if one.startswith(f"3: {words}")], wrong


NESTED = {
    "an unknown key": ({"colour": "blue"}, "colour", "no column of the record “account”"),
    "members that are none": ({"members": "Olivia"}, "members", "is no list"),
    "a member that is none": ({"members": ["Olivia"]}, "members[0]", "is no object"),
    "a subscription that is none": ({"subscription": []}, "subscription", "is no object"),
    "a name of many parts": ({"name": {"first": "A"}}, "name", "is no single value"),
    "a role that is none": (
        {"members": [{"email": "o@acme.example", "name": "O", "role": "king"}]},
        "members[0].role",
        "is not known",
    ),
}


@pytest.mark.parametrize("which", NESTED, ids=lambda which: which.replace(" ", "-"))
def test_a_message_about_json_leads_to_the_value(which: str, tmp_path: Path) -> None:
    shop.catalogue()
    values, column, words = NESTED[which]
    file = tmp_path / "a.jsonl"
    file.write_text(json.dumps(as_json("A-1", ACME) | values))
    code, _told, wrong = load(file)
    assert code == 1
    assert [line for line in wrong if line.startswith(f"1: {column}: ") and words in line], wrong
    assert not User.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_breaks_behind_the_people_leaves_none_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database refuses what was bought: the company is not there without it."""
    shop.catalogue()
    file = tmp_path / "customers.csv"
    file.write_text(as_csv(small("N-1")))

    def refuse(_rows: object) -> None:
        raise IntegrityError("refused")

    monkeypatch.setattr(saving._Rows, "write", refuse)
    load(file)
    assert (Account.objects.count(), User.objects.count()) == (0, 0)
