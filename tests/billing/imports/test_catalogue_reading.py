"""A price list as a file: read whole, or refused with the line and the reason of each fault."""

from datetime import date
from pathlib import Path

import pytest

from billing.imports.catalogue.reading import read
from billing.imports.toml_lines import lines
from billing.imports.toml_tables import BadTomlFile
from billing.rules.facts import Availability, ProductKind
from billing.rules.periods import Cycle
from tests.billing.imports.price_list import CURRENCIES, GOOD, SHIPPED, price_list, write

# What is spoiled, what stands there instead (its faulty line ends in #!), the key that is named, and
# words of the message.
# fmt: off
MALFORMED = {
    "a value without a key": ("[catalogue]", "[catalogue]\n= 3 #!", "file", "is not TOML"),
    "a text without an end": ('name = "Desk"', 'name = "Desk #!', "name", "is not TOML"),
    "a date that never was": ("2027-01-01", "2027-02-30 #!", "from", "is not TOML"),
    "a key twice in a table": ('name = "Desk"', 'name = "Desk"\nname = "Desks" #!', "name", "given twice"),
    "a table twice": ("[[product]]", "[catalogue] #!\n[[product]]", "catalogue", "given twice"),
    "a currency twice": ("{ USD = 19 }", "{ USD = 19, USD = 20 } #!", "annual", "given twice"),
    "an unknown key of the file": ("[catalogue]", "colour = 1 #!\n[catalogue]", "colour", "not a known key"),
    "an unknown key of the head": ('vendor = "Small"', 'vendor = "S"\nhome = "x" #!', "catalogue.home",
        "known"),
    "an unknown key of a product": ("minimum = 2", "minimun = 2 #!", "product.minimun", "not a known key"),
    "an unknown key of an edition": ("sales_only", "sale_only = true #!\nsales_only",
        "product.edition.sale_only", "known"),
    "an unknown key of a price": ("from = 2027", "until = 2028-01-01 #!\nfrom = 2027",
        "product.edition.price.until", "known"),
    "an unknown cycle": ("annual = { USD = 19 }", "weekly = { USD = 19 } #!",
        "product.edition.price.weekly", "annual"),
    "an unknown language": ('fr = "agents light"', 'fr = "x"\nde = "y" #!', "labels.light_agents.de",
        "en, fr"),
    "a key that is missing": ('[[product]]\nkey = "desk"', "[[product]] #!", "product.key", "is missing"),
    "a head that is missing": ("[catalogue]", "[catalog] #!", "catalog", "not a known key"),
    "no key in small letters": ('key = "desk"', 'key = "Desk 1" #!', "product.key", "small letters"),
    "a name of nothing": ('name = "Desk"', 'name = " " #!', "product.name", "visible characters"),
    "a name that is too long": ('name = "Desk"', 'name = "' + 121 * "x" + '" #!', "product.name", "1 to 120"),
    "a name with a NUL": ('name = "Desk"', 'name = "De\\u0000sk" #!', "product.name", "U+0000 (null)"),
    "a name that is a number": ('name = "Desk"', "name = 7 #!", "product.name", "quotes"),
    "an unknown kind": ('"suite"', '"bundle" #!', "product.kind", "product, suite, addon, flat"),
    "a product twice": ('key = "phone"', 'key = "desk" #!', "product.key", "line 11 already"),
    "a product without editions": ('[[product]]\nkey = "phone"',
        '[[product]] #!\nkey="x"\nname="X"\n[[product]]\nkey="phone"', "product.edition", "at least one"),
    "a yes that is a text": ("open_to_assisted = true", 'open_to_assisted = "yes" #!',
        "product.open_to_assisted", "true or false"),
    "a quantity of zero": ("minimum = 2", "minimum = 0 #!", "product.minimum", "from 1"),
    "a quantity that is true": ("minimum = 2", "minimum = true #!", "product.minimum", "whole number"),
    "a quantity with a point": ("minimum = 2", "minimum = 2.0 #!", "product.minimum", "whole number"),
    "less at most than at least": ("maximum = 500", "maximum = 1 #!", "product.maximum",
        "less than the minimum 2"),
    "a Suite of an unknown product": ('["desk", "phone"]', '["desk", "phone", "fax"] #!',
        "product.includes", "“fax”"),
    "a Suite of nothing": ('includes = ["desk", "phone"]', "includes = [] #!", "product.includes",
        "names the products"),
    "a Suite of a Suite": ('["desk", "phone"]', '["desk", "phone", "all"] #!', "product.includes",
        "of kind suite"),
    "a Suite of one product twice": ('["desk", "phone"]', '["desk", "phone", "desk"] #!',
        "product.includes", "twice"),
    "an add-on to an unknown product": ('["desk", "all"]', '["desk", "none"] #!', "product.requires",
        "“none”"),
    "an add-on to an add-on": ('["desk", "all"]', '["robot"] #!', "product.requires", "of kind addon"),
    "a product that includes": ("minimum = 2", 'includes = ["phone"] #!', "product.includes", "only for"),
    "a product that requires": ("minimum = 2", 'requires = ["phone"] #!', "product.requires", "only for"),
    "keys that are no array": ('["desk", "all"]', '"desk" #!', "product.requires", "an array of keys"),
    "an edition twice": ('key = "top"', 'key = "team" #!', "product.edition.key", "line 18 already"),
    "editions without names": ('[[product.edition]]\nkey = "top"\nname = "Top"',
        '[[product.edition]] #!\nkey = "top"', "product.edition.name", "is missing"),
    "neither price nor mark": ('[[product.edition]]\nkey = "top"\nname = "Top"\nsales_only = true',
        '[[product.edition]] #!\nkey = "top"\nname = "Top"', "product.edition.price", "sales_only"),
    "a mark that says no": ('[[product.edition]]\nkey = "top"\nname = "Top"\nsales_only = true',
        '[[product.edition]] #!\nkey = "top"\nname = "Top"\nsales_only = false', "product.edition.price",
        "is missing"),
    "both price and mark": ("supports_temporary = true", "sales_only = true #!",
        "product.edition.sales_only", "exactly one"),
    "both marks": ("included_only = true", "included_only = true\nsales_only = true #!",
        "product.edition.sales_only", "exactly one"),
    "included, but in no Suite": ("sales_only = true",
        "sales_only = false\n[[product]]\nkey='x'\nname='X'\n[[product.edition]]\nkey='y'\n"
        "included_only = true #!", "product.edition.included_only", "no Suite includes"),
    "an add-on that is included only": (
        'requires = ["desk", "all"]\n\n[[product.edition]]\nkey = "standard"\n\n'
        '[[product.edition.price]]\nfrom = 2026-01-01\nannual = { USD = "10" }',
        'requires = ["desk", "all"]\n[[product.edition]]\nkey = "standard"\nincluded_only = true #!',
        "product.edition.included_only", "only for"),
    "temporary seats of a flat item": ('kind = "flat"\n\n[[product.edition]]',
        'kind = "flat"\n\n[[product.edition]]\nsupports_temporary = true #!',
        "product.edition.supports_temporary", "counted in seats"),
    "a unit in one language": ('kind = "flat"', 'kind = "flat"\ncounted_in = { en = ["a", "b"] } #!',
        "product.counted_in.fr", "is missing"),
    "a unit of one word": ('kind = "flat"', 'kind = "flat"\ncounted_in = { en = "a", fr = ["a", "b"] } #!',
        "product.counted_in.en", "two texts"),
    "a unit with a number": ('kind = "flat"',
        'kind = "flat"\ncounted_in = { en = ["a", 2], fr = ["a", "b"] } #!',
        "product.counted_in.en", "two texts"),
    "a unit of nothing": ('kind = "flat"',
        'kind = "flat"\ncounted_in = { en = ["", "b"], fr = ["a", "b"] } #!',
        "product.counted_in.en", "visible characters"),
    "a unit in the place of seats": ("minimum = 2",
        'counted_in = { en = ["a", "b"], fr = ["a", "b"] } #!', "product.counted_in", "people hold seats"),
    "temporary seats of an add-on without seats": (
        'requires = ["desk", "all"]\n\n[[product.edition]]',
        'counted_in = { en = ["a", "b"], fr = ["a", "b"] }\n'
        '[[product.edition]]\nsupports_temporary = true #!',
        "product.edition.supports_temporary", "counted in seats"),
    "an address that is not secure": ("minimum = 2",
        'url = "http://desk.example/" #!', "product.url", "https"),
    "an address that is a script": ("minimum = 2", 'url = "javascript:alert(1)" #!', "product.url", "https"),
    "an address that is none": ("minimum = 2", 'url = "https://" #!', "product.url", "https"),
    "an address with a space": ("minimum = 2", 'url = "https://desk.example/a b" #!', "product.url", "https"),
    "an address with a user": ("minimum = 2", 'url = "https://vendor.example@evil.example/" #!',
        "product.url", "before the @"),
    "an address without end": ("minimum = 2", f'url = "https://desk.example/{"a" * 120}" #!',
        "product.url", "1 to 120"),
    "an address that is a number": ("minimum = 2", "url = 7 #!", "product.url", "a text in"),
    "an address of a flat item": ('kind = "flat"', 'kind = "flat"\nurl = "https://desk.example/" #!',
        "product.url", "work in products"),
    "a purpose in one language": ('name = "Team"', 'name = "Team"\npurpose = { en = "For teams" } #!',
        "product.edition.purpose.fr", "is missing"),
    "a purpose that is a text": ('name = "Team"', 'name = "Team"\npurpose = "For teams" #!',
        "product.edition.purpose", "a table is needed"),
    "an allowance without words": ("{ light_agents = 50 }", "{ robots = 50 } #!",
        "product.edition.allowances.robots", "[labels.robots]"),
    "an allowance below zero": ("{ light_agents = 50 }", "{ light_agents = -1 } #!",
        "product.edition.allowances.light_agents", "from 0"),
    "words in one language": ('[labels.light_agents]\nen = "light agents"\nfr = "agents light"',
        '[labels.light_agents] #!\nen = "light agents"', "labels.light_agents.fr", "is missing"),
    "a part of a yen": ('JPY = 3_000, BHD = "9.125" }', 'JPY = "3000.0" } #!',
        "product.edition.price.monthly.JPY", "no decimals"),
    "a tenth of a fils": ('"9.125" }', '"9.1255" } #!', "product.edition.price.monthly.BHD",
        "at most 3 decimals"),
    "an unknown currency": ("{ USD = 19 }", '{ XYZ = "19" } #!', "product.edition.price.annual.XYZ", "USD"),
    "a price for no currency": ("annual = { USD = 19 }", "annual = { } #!", "product.edition.price.annual",
        "is empty"),
    "a price for no cycle": (
        '[[product.edition.price]]\nfrom = 2027-01-01\nmonthly = { USD = "not_offered" }',
        "[[product.edition.price]] #!\nfrom = 2027-01-01", "product.edition.price.monthly", "is missing"),
    "a price from no day": ("[[product.edition.price]]\nfrom = 2027-01-01", "[[product.edition.price]] #!",
        "product.edition.price.from", "is missing"),
    "a day in quotes": ("2027-01-01", '"2027-01-01" #!', "product.edition.price.from", "without quotes"),
    "a day with a time": ("2027-01-01", "2027-01-01T00:00:00 #!", "product.edition.price.from",
        "without quotes"),
    "two prices from one day": ('from = 2027-01-01\nmonthly = { USD = "not_offered" }',
        'from = 2026-01-01\nmonthly = { USD = "1" } #!', "product.edition.price.monthly.USD", "two prices"),
    "only the end of a price": ('[[product.edition.price]]\nfrom = 2026-01-01\nmonthly = { USD = "200" }',
        '[[product.edition.price]] #!\nfrom = 2026-01-01\nmonthly = { USD = "not_offered" }',
        "product.edition.price", "offers nothing"),
    "a price that is no table": ("annual = { USD = 19 }", 'annual = "19.00" #!',
        "product.edition.price.annual", "a table is needed"),
}
# fmt: on

# What stands in the place of an amount in dollars, and words of the message.
AMOUNTS = {
    "19.0": "not exact",
    "19e0": "not exact",
    "nan": "not exact",
    '"1e2"': "not an amount",
    '"١٩"': "not an amount",
    '"19,00"': "not an amount",
    '"19 USD"': "not an amount",
    "true": "is true",
    "-19": "negative",
    '"-0.01"': "negative",
    '"19.001"': "more decimals",
    "99999999999": "too large",
    f"1{'0' * 4000}": "too large",
}


def faults(file: Path) -> list[str]:
    with pytest.raises(BadTomlFile) as refused:
        read(file, currencies=CURRENCIES)
    return str(refused.value).splitlines()


def test_a_whole_list_is_read(tmp_path: Path) -> None:
    found = price_list(tmp_path)
    assert (found.key, found.vendor, found.labels["light_agents"]["fr"]) == ("small", "Small", "agents light")
    desk, _phone, suite, robot, credit = found.products
    assert (desk.minimum, desk.maximum, desk.open_to_assisted) == (2, 500, True)
    assert suite.includes == ("desk", "phone")
    assert robot.requires == ("desk", "all")
    assert credit.kind is ProductKind.FLAT
    team, top = desk.editions
    assert (team.supports_temporary, dict(team.allowances)) == (True, {"light_agents": 50})
    assert top.availability is Availability.SALES_ONLY
    # Whole minor units: 25.00 USD, 3,000 yen without any, 9.125 dinars of a thousand fils, 19 USD.
    assert [(price.cycle, price.currency, price.unit) for price in team.prices] == [
        (Cycle.MONTHLY, "USD", 2500),
        (Cycle.MONTHLY, "JPY", 3000),
        (Cycle.MONTHLY, "BHD", 9125),
        (Cycle.ANNUAL, "USD", 1900),
        (Cycle.MONTHLY, "USD", None),
    ]
    assert team.prices[-1].in_force_from == date(2027, 1, 1)


@pytest.mark.parametrize("what", MALFORMED)
def test_a_malformed_list_names_file_line_and_key(what: str, tmp_path: Path) -> None:
    old, new, key, words = MALFORMED[what]
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    marked = [number for number, line in enumerate(text.splitlines(), 1) if line.endswith("#!")]
    (line,) = marked
    file = write(tmp_path, text)
    named = [one for one in faults(file) if one.startswith(f"{file}:{line}: {key}: ")]
    assert any(words in one for one in named), faults(file)


@pytest.mark.parametrize("written", AMOUNTS)
def test_what_is_no_amount_is_named_with_its_line(written: str, tmp_path: Path) -> None:
    file = write(tmp_path, GOOD.replace("{ USD = 19 }", f"{{ USD = {written} }}"))
    (named,) = faults(file)
    # annual = { USD = 19 } stands on line 26 of GOOD.
    assert named.startswith(f"{file}:26: product.edition.price.annual.USD: ")
    assert AMOUNTS[written] in named


def test_all_faults_of_a_list_are_named_at_once(tmp_path: Path) -> None:
    text = GOOD.replace('"25.00"', "25.0").replace("sales_only", "sale_only").replace('"suite"', '"bundle"')
    found = faults(write(tmp_path, text))
    assert len(found) >= 3
    places = [int(one.split(":")[1]) for one in found]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (b"", 1, "is empty"),
        (b"# nothing\n", 1, "is empty"),
        (b'[catalogue]\nname = "Caf\xe9"\n', 2, "not UTF-8"),
        (b"x = " + b"[" * 5000, 1, "nested too deeply"),
        (b"x = " + b"9" * 5000, 1, "is not TOML"),
        (b"[[product]]\n", 1, "is missing"),
        (b"product = 3\n", 1, "double brackets"),
        (b"product = [3]\n", 1, "a table is needed"),
        (b"catalogue = 3\n", 1, "a table is needed"),
    ],
)
def test_what_is_no_price_list(content: bytes, line: int, words: str, tmp_path: Path) -> None:
    file = tmp_path / "list.toml"
    file.write_bytes(content)
    assert any(one.startswith(f"{file}:{line}: ") and words in one for one in faults(file))


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    (missing,) = faults(tmp_path / "none.toml")
    assert missing.startswith(f"{tmp_path}/none.toml:1: file: cannot be read: ")
    assert "cannot be read" in faults(tmp_path)[0]


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_lines_are_those_of_the_text(file: Path) -> None:
    text = file.read_text()
    rows = text.splitlines()
    found = lines(text)
    assert len(found) > 100
    for path, line in found.items():
        named = [part for part in path if isinstance(part, str)]
        if named and path != ():
            assert named[-1] in rows[line - 1], (path, line)


def test_lines_survive_strings_comments_and_nesting() -> None:
    text = "\n".join(
        [
            'a = """x',
            '] = # not a comment""" # a comment = 1',
            "\"b c\".d = [1, { e = 'f', g = [",
            "  2, # ] three",
            '  "#", ] }, # z',
            "]",
            "[[p]]",
            "[[p.q]]",
            "r = '''",
            "}'''",
            "[[p.q]]",
            "[p.q.s]",
            "t.u = {}",
        ]
    )
    found = lines(text)
    expected = {
        ("a",): 1,
        ("b c", "d", 1, "g", 1): 5,
        ("p", 0, "q", 0, "r"): 9,
        ("p", 0, "q", 1): 11,
        ("p", 0, "q", 1, "s", "t", "u"): 13,
    }
    assert {path: found[path] for path in expected} == expected


def test_shipped_lists_are_read() -> None:
    assert [file.stem for file in SHIPPED] == ["northwind-desk", "zendesk-2026-10"]
    for file in SHIPPED:
        assert read(file, currencies=CURRENCIES).key == file.stem


def test_the_invented_list_says_so_first() -> None:
    assert SHIPPED[0].read_text().startswith("# Invented:")
