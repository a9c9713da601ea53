"""What can be cancelled and what that brings, in words: products one by one, and the account's sheet."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.core import signing

from accounts.models import Account
from accounts.rules.decision import NotAllowed
from admin_center.pages import AccountRequest
from admin_center.presenters import contacts
from admin_center.presenters import quotes as quote_presenter
from admin_center.presenters.quotes import QuoteRow
from admin_center.wording import notices, phrases, refusals
from admin_center.wording.notices import Consequence
from billing import cancellation, quotes
from billing.cancellation import CancellationSheet
from billing.rules.changes import RemoveProduct
from billing.rules.names import Names
from billing.rules.quoting import PricedQuote, UndecidedConflict, renewal
from billing.rules.refusals import AlreadyScheduled, LastProduct, Refusal
from billing.storage import loading

# Separates what is signed here from whatever else is.
SALT = "cancellation-sheet"
# What of a sheet is compared with one that was shown before.
COMPARED = ("forfeited", "owed", "balance", "people", "requests", "scheduled", "temporary")


@dataclass(frozen=True, slots=True)
class ProductCancellation:
    """A product that can be cancelled; amounts of the renewal in minor units, None where it has none.

    `rows` are the new prices where a Suite price ends; `last` says that nothing would be left, and
    `waits` that its end is scheduled already.
    """

    key: str
    name: str
    seats: str
    on: date
    suite: str = ""
    before: int | None = None
    after: int | None = None
    rows: tuple[QuoteRow, ...] = ()
    consequences: tuple[Consequence, ...] = ()
    refusal: str = ""
    last: bool = False
    waits: bool = False
    asks: bool = False


@dataclass(frozen=True, slots=True)
class ForfeitRow:
    """What was paid for days that are not used, of one product or its temporary seats; in minor units."""

    name: str
    amount: int
    last: date
    temporary: int


@dataclass(frozen=True, slots=True)
class SheetView:
    """A sheet with its words; `was` holds what an earlier one said, by name, where it differs.

    `seen` is the sheet in a form that can go out with the page and come back unchanged; `ends` is the
    moment at which the paid period ends, None where nothing was bought or it is over.
    """

    sheet: CancellationSheet
    forfeits: tuple[ForfeitRow, ...]
    seen: str
    ends: datetime | None
    was: dict[str, int]


def endings(request: AccountRequest, reading: loading.LoadedFacts) -> list[ProductCancellation]:
    """Return every product that is paid for, and those inside a Suite, with what cancelling each brings."""
    held = reading.facts
    if not held.has_bought:
        return []
    coming = _renewal(reading, request.today)
    return [_ending(request, reading, key, suite, coming) for key, suite in _keys(reading)]


def _keys(reading: loading.LoadedFacts) -> Iterator[tuple[str, str]]:
    """Yield each line's product, and after a Suite the products that could leave it, with its key."""
    for line in reading.facts.lines:
        yield line.product, ""
        for key in reading.facts.product(line.product).includes:
            yield key, line.product


def _renewal(reading: loading.LoadedFacts, on: date) -> int | None:
    try:
        coming = renewal(reading.facts, on)
    except Refusal:
        return None
    return None if coming is None or coming.ends else coming.amount


def _ending(
    request: AccountRequest, reading: loading.LoadedFacts, key: str, suite: str, before: int | None
) -> ProductCancellation:
    names, held = reading.names, reading.facts
    line = held.line(suite or key)
    assert line is not None  # the keys are those of the lines
    name = phrases.product(names, key)
    if not suite:
        name = f"{name} {phrases.edition(names, key, line.edition)}".strip()
    told: dict[str, Any] = {
        "key": key,
        "name": name,
        "seats": "" if suite else phrases.quantity(names, line.product, line.quantity),
        "on": held.paid_end(line.product),
        "suite": phrases.product(names, suite) if suite else "",
    }
    try:
        quote = quotes.price(
            request.account, (RemoveProduct(key),), occasion=request.occasion, reading=reading
        )
    except LastProduct:
        return ProductCancellation(**told, last=True)
    except AlreadyScheduled:
        return ProductCancellation(**told, waits=True)
    except UndecidedConflict as undecided:
        return ProductCancellation(**told, asks=True, **_priced(undecided.provisional, reading, before))
    except NotAllowed:
        return ProductCancellation(**told)
    except Refusal as refusal:
        return ProductCancellation(
            **told, refusal=refusals.explain(refusal, names, contacts.vendor_contact(request.account))
        )
    return ProductCancellation(**told, **_priced(quote, reading, before))


def _priced(quote: PricedQuote, reading: loading.LoadedFacts, before: int | None) -> dict[str, Any]:
    """Return what the renewal costs without the product, and what else goes with it."""
    told = tuple(notices.sentences(quote.notices, reading.names, reading.labels, costs_shown=True))
    splits = any(one.code == "suite_price_ends" for one in told)
    return {
        "before": before,
        "after": quote.renewal.amount,
        "rows": quote_presenter.rows(quote.renewal.lines, reading.names) if splits else (),
        "consequences": told,
    }


def sheet_view(
    account: Account, sheet: CancellationSheet, reading: loading.LoadedFacts | None, on: date, seen: str = ""
) -> SheetView:
    """Return a sheet as its page shows it; `seen` is what went out with the page before."""
    names = reading.names if reading else Names()
    bought = reading is not None and reading.facts.has_bought
    ends = cancellation.stops_at(account, on) if bought else None
    now = compared(sheet)
    before = _read(seen)
    return SheetView(
        sheet=sheet,
        forfeits=tuple(
            ForfeitRow(
                phrases.product(names, one.product),
                one.amount,
                last=one.until - timedelta(days=1),
                temporary=one.temporary,
            )
            for one in sheet.forfeits
        ),
        seen=signing.dumps(now, salt=SALT),
        ends=ends if ends is not None and ends.date() > on else None,
        was={name: value for name, value in before.items() if now.get(name) != value},
    )


def compared(sheet: CancellationSheet) -> dict[str, int]:
    """Return the figures of a sheet, amounts in minor units."""
    plain = asdict(sheet) | {"forfeited": sheet.forfeited}
    return {name: int(plain[name]) for name in COMPARED}


def _read(seen: str) -> dict[str, int]:
    """Return the figures that went out with a page; none where the text is not ours."""
    try:
        found: dict[str, int] = signing.loads(seen, salt=SALT)
    except signing.BadSignature:
        return {}
    return found
