"""A vendor's price list, frozen: as a file names it, and as the database holds it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from billing.rules.facts import Allowances, Availability, ProductKind
from billing.rules.names import CountedIn
from billing.rules.periods import Cycle
from billing.rules.taxation import STANDARD


@dataclass(frozen=True, slots=True)
class ListedPrice:
    """A price in minor units per seat and month (flat: per period) from a day on; None: no longer offered."""

    cycle: Cycle
    currency: str
    unit: int | None
    in_force_from: date
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class ListedEdition:
    """A level of a product, with every price version that the file names; `purpose` by language."""

    key: str
    name: str
    availability: Availability
    supports_temporary: bool
    allowances: Allowances
    prices: tuple[ListedPrice, ...]
    purpose: Mapping[str, str] = field(default_factory=dict)
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class ListedProduct:
    """A product, Suite, add-on or flat item, its editions from the lowest to the highest."""

    key: str
    name: str
    kind: ProductKind
    open_to_assisted: bool
    minimum: int
    maximum: int
    includes: tuple[str, ...]
    requires: tuple[str, ...]
    editions: tuple[ListedEdition, ...]
    tax_category: str = STANDARD
    counted_in: CountedIn = ()
    url: str = ""
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class PriceList:
    """A whole price list; `labels` are the words for allowances by key and language."""

    key: str
    vendor: str
    name: str
    labels: Mapping[str, Mapping[str, str]]
    products: tuple[ListedProduct, ...]
    file: str = field(default="", compare=False)
