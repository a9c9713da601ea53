"""Tables as spreadsheets save them, and names as people have them: the harmless is taken, the rest named."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from accounts.models import Account, User
from billing.models import PaymentMethod
from tests import shop
from tests.billing.imports.customers import ACME, Record, as_csv, as_json, as_json_lines, load, small

pytestmark = pytest.mark.django_db

Saving = Callable[[str], bytes]


def semicolons(text: str) -> str:
    """Return a table as Excel saves it where decimals have a comma; no cell of ours has one."""
    return text.replace(",", ";")


SAVED: dict[str, Saving] = {
    "a mark of byte order": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "carriage returns": lambda text: text.replace("\n", "\r\n").encode(),
    "the line ends of old Macs": lambda text: text.replace("\n", "\r").encode(),
    "UTF-16": lambda text: text.encode("utf-16"),
    "UTF-16 the other way round": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "UTF-16 without a mark": lambda text: text.encode("utf-16-le"),
    "UTF-16 without a mark, the other way round": lambda text: text.encode("utf-16-be"),
    "semicolons": lambda text: semicolons(text).encode(),
    "tabs": lambda text: text.replace(",", "\t").encode(),
    "Unicode text of Excel": lambda text: text.replace(",", "\t").replace("\n", "\r\n").encode("utf-16"),
    "a line that names the separator": lambda text: f"sep=;\r\n{semicolons(text)}".encode(),
    "a separator in quotes": lambda text: f'"sep=,"\n{text}'.encode(),
    "empty first lines": lambda text: f'\n,,,\n"",""\n{text}'.encode(),
    "empty last lines": lambda text: f"{text},,,,\n\n,\n".encode(),
    "empty columns behind": lambda text: text.replace("\n", ",,,\n").encode(),
    "an empty column in front": lambda text: "".join(f",{line}\n" for line in text.splitlines()).encode(),
    "all in quotes": lambda text: "".join(
        ",".join(f'"{cell}"' for cell in line.split(",")) + "\n" for line in text.splitlines()
    ).encode(),
    "column names as people write them": lambda text: text.replace("time_zone", "Time Zone", 1).encode(),
    "line breaks around a name": lambda text: text.replace(",Acme,", ',"\nAcme \r\n",').encode(),
}


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".txt"])
@pytest.mark.parametrize("which", SAVED)
def test_a_table_is_read_however_it_was_saved(which: str, ending: str, tmp_path: Path) -> None:
    if ending != ".csv" and which != "tabs":
        return
    shop.catalogue()
    file = tmp_path / f"customers{ending}"
    file.write_bytes(SAVED[which](as_csv(("A-1", ACME))))
    assert load(file) == (0, "1 account: 1 new, 0 unchanged, 0 refused.", [])
    assert Account.objects.get(external_id="A-1").name == "Acme"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_json_lines_are_read_in_each_encoding(encoding: str, tmp_path: Path) -> None:
    shop.catalogue()
    file = tmp_path / "a.jsonl"
    file.write_bytes(as_json_lines(("A-1", ACME), small("A-2")).replace("\n", "\r\n").encode(encoding))
    assert load(file)[:2] == (0, "2 accounts: 2 new, 0 unchanged, 0 refused.")


def test_a_cell_under_no_name_is_named(tmp_path: Path) -> None:
    shop.catalogue()
    file = tmp_path / "a.csv"
    lines = as_csv(("A-1", ACME)).splitlines()
    file.write_text("\n".join([f",{lines[0]}", *(f",{line}" for line in lines[1:4]), f"x,{lines[4]}"]))
    code, _told, wrong = load(file)
    assert code == 1
    assert "5: record: has a cell in column 1, which has no name; name the column or empty the cell" in wrong


def changed(place: int, cells: dict[str, str]) -> list[Record]:
    """Return Acme's records with cells of one changed."""
    records = [(record, dict(own)) for record, own in ACME]
    records[place][1].update(cells)
    return records


NAMES = {
    "山田\u3000太郎": "山田 太郎",
    "Olivia\u00a0Owens": "Olivia Owens",
    "Olivia \u202f\u2009Owens": "Olivia Owens",
    "Olivia 👩\u200d💻": "Olivia 👩\u200d💻",
    "علی\u200cرضا": "علی\u200cرضا",
    "Zoe\u0308": "Zoë",
}


@pytest.mark.parametrize("written", NAMES)
@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_names_come_in_as_people_have_them(written: str, ending: str, tmp_path: Path) -> None:
    shop.catalogue()
    file = tmp_path / f"a{ending}"
    records = changed(2, {"name": written})
    file.write_text(as_csv(("A-1", records)) if ending == ".csv" else as_json_lines(("A-1", records)))
    assert load(file)[2] == []
    assert User.objects.get(email="olivia@acme.example").name == NAMES[written]


ODD = {
    "a direction": (2, {"name": "Olivia\u202eOwens"}, "name: character 7 is U+202E (right-to-left override)"),
    "a line break": (
        0,
        {"name": "Acme\nInc"},
        "name: character 5 is U+000A (line break), which can't be kept",
    ),
    "a space of no width": (0, {"name": "Acme\u200b"}, "name: character 5 is U+200B (zero width space)"),
    "a direction in a code": (10, {"code": "LOY\u2066AL"}, "code: character 4 is U+2066"),
    "an amount of many parts": (
        *(6, {"unit_price": "1\u202f234,50"}),
        "unit_price: “1\\u202f234,50” is no amount such as 12.50: "
        "character 2 is U+202F (narrow no-break space); use a point",
    ),
    "wide digits": (
        6,
        {"quantity": "１0"},
        "quantity: “１0” is no whole number from 1 to 1000000: character 1 is U+FF11",
    ),
    "a rounded number": (6, {"quantity": "1.2E+05"}, "was rounded by a spreadsheet"),
    "a typographic minus": (
        12,
        {"amount": "−5.00"},
        "amount: “−5.00” is no amount such as 12.50: character 1 is U+2212",
    ),
    "a day of spreadsheets": (1, {"anchor": "44861"}, "anchor: “44861” is a spreadsheet's number of a day"),
    "a day with strokes": (
        1,
        {"anchor": "27/10/2022"},
        "anchor: “27/10/2022” is no date such as 2026-10-07: character 3",
    ),
    "a day with a hyphen that is none": (
        1,
        {"anchor": "2022‑10‑27"},
        "character 5 is U+2011 (non-breaking hyphen)",
    ),
    "the zone of the machine": (0, {"time_zone": "localtime"}, "time_zone: “localtime” is no time zone"),
    "nobody's zone": (0, {"time_zone": "Factory"}, "time_zone: “Factory” is no time zone"),
    "a zone of a copy": (0, {"time_zone": "posix/Europe/Paris"}, "is no time zone"),
    "a card in a name": (2, {"name": "Olivia 4111 1111 1111 1111"}, "name: looks like a card number"),
}


@pytest.mark.parametrize("which", ODD)
def test_what_is_odd_is_named_with_its_place(which: str, tmp_path: Path) -> None:
    shop.catalogue()
    place, cells, words = ODD[which]
    file = tmp_path / "a.jsonl"
    file.write_text(json.dumps(as_json("A-1", changed(place, cells))))
    code, _told, (wrong, *more) = load(file)
    assert (code, more) == (1, [])
    assert words in wrong


def test_a_companys_number_is_no_card(tmp_path: Path) -> None:
    shop.catalogue()
    records = changed(0, {"slug": "73282932000074", "name": "Boulangerie 732 829 320 00074"})
    records[-1][1]["reference"] = "8415718415172204"
    file = tmp_path / "a.csv"
    file.write_text(as_csv(("73282932000074", records)))
    assert load(file)[2] == []
    assert Account.objects.get().slug == "73282932000074"
    assert PaymentMethod.objects.get().reference == "8415718415172204"


def test_nothing_of_json_is_left_out_in_silence(tmp_path: Path) -> None:
    shop.catalogue()
    file = tmp_path / "a.jsonl"
    file.write_text(json.dumps(as_json("A-1", ACME) | {"temporary": {}, "discounts": ""}))
    assert load(file)[2] == [
        "1: discounts: is no list in [brackets]",
        "1: temporary: is no list in [brackets]",
    ]
