"""A small price list as a file, for the tests of loading one."""

from pathlib import Path

from billing.imports.catalogue.listing import PriceList
from billing.imports.catalogue.reading import read

CURRENCIES = ("USD", "EUR", "JPY", "BHD")
SHIPPED = sorted(Path("billing/catalogues").glob("*.toml"))

# A small price list with everything in it; the tests below spoil it in one place each.
GOOD = """\
[catalogue]
key = "small"
vendor = "Small"
name = "Small list"

[labels.light_agents]
en = "light agents"
fr = "agents light"

[[product]]
key = "desk"
name = "Desk"
open_to_assisted = true
minimum = 2
maximum = 500

[[product.edition]]
key = "team"
name = "Team"
supports_temporary = true
allowances = { light_agents = 50 }

[[product.edition.price]]
from = 2026-01-01
monthly = { USD = "25.00", JPY = 3_000, BHD = "9.125" }
annual = { USD = 19 }

[[product.edition.price]]
from = 2027-01-01
monthly = { USD = "not_offered" }

[[product.edition]]
key = "top"
name = "Top"
sales_only = true

[[product]]
key = "phone"
name = "Phone"

[[product.edition]]
key = "standard"
included_only = true

[[product]]
key = "all"
name = "All in one"
kind = "suite"
includes = ["desk", "phone"]

[[product.edition]]
key = "standard"

[[product.edition.price]]
from = 2026-01-01
annual = { USD = "60" }

[[product]]
key = "robot"
name = "Robot"
kind = "addon"
requires = ["desk", "all"]

[[product.edition]]
key = "standard"

[[product.edition.price]]
from = 2026-01-01
annual = { USD = "10" }

[[product]]
key = "credits"
name = "Credits"
kind = "flat"

[[product.edition]]
key = "standard"

[[product.edition.price]]
from = 2026-01-01
monthly = { USD = "200" }
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "list.toml"
    file.write_text(text, encoding="utf-8")
    return file


def price_list(folder: Path, text: str = GOOD) -> PriceList:
    return read(write(folder, text), currencies=CURRENCIES)
