"""What is coming as a calendar file (RFC 5545): one event for a whole day each, in lines of 75 octets."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit

from babel.numbers import format_currency
from django.conf import settings
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models import Account
from admin_center.wording import planned
from billing.rules.forecast import PlannedEvent, PlannedKind, forecast
from billing.rules.money import to_decimal
from billing.rules.refusals import Refusal
from billing.storage.loading import LoadedFacts

LONGEST = 75
# Left out where costs are not shown: they speak of prices, also without naming an amount.
ABOUT_COSTS = frozenset({PlannedKind.PRICE_END, PlannedKind.CODE_END})


def of(account: Account, reading: LoadedFacts | None, *, on: date, at: datetime, costs_shown: bool) -> str:
    """Return the file of what is planned in the coming twelve months, in the language of the moment."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:-//{_text(settings.VENDOR_NAME)}//Admin Center//EN",
        "CALSCALE:GREGORIAN",
        f"X-WR-CALNAME:{_text(account.name)}",
        "REFRESH-INTERVAL;VALUE=DURATION:P1D",
        "X-PUBLISHED-TTL:P1D",
    ]
    for event in _events(reading, on):
        if reading is not None and (costs_shown or event.kind not in ABOUT_COSTS):
            lines += _event(account, event, reading, at=at, costs_shown=costs_shown)
    lines.append("END:VCALENDAR")
    return "".join(f"{folded}\r\n" for line in lines for folded in _folded(line))


def _events(reading: LoadedFacts | None, on: date) -> Iterable[PlannedEvent]:
    """Return what is planned; nothing where nothing is bought, or can't be priced yet."""
    if reading is None or not reading.facts.has_bought:
        return ()
    try:
        return forecast(reading.facts, on).events
    except Refusal:
        return ()


def _event(
    account: Account, event: PlannedEvent, reading: LoadedFacts, *, at: datetime, costs_shown: bool
) -> Iterator[str]:
    address = f"{settings.ORIGIN}{reverse('renewal', args=[account.slug])}"
    words, told = planned.sentence(event, reading.names), [account.name]
    if costs_shown and event.settlement is not None:
        told.append(_("To be charged") + ": " + _amount(event.due, reading.facts.currency))
    yield "BEGIN:VEVENT"
    yield f"UID:{_uid(account, event)}"
    yield f"DTSTAMP:{at:%Y%m%dT%H%M%SZ}"
    yield f"DTSTART;VALUE=DATE:{event.on:%Y%m%d}"
    yield f"DTEND;VALUE=DATE:{event.on + timedelta(days=1):%Y%m%d}"
    yield f"SUMMARY:{_text(_plain(words))}"
    yield f"DESCRIPTION:{_text(_plain(chr(10).join(told)))}"
    yield f"URL:{address}"
    yield "CLASS:PRIVATE"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _uid(account: Account, event: PlannedEvent) -> str:
    """Return what names an event for ever: reading it again moves it instead of doubling it."""
    waiting = event.scheduled
    known = waiting.id if waiting else (event.on, event.quantity)
    named = repr((account.pk, event.kind.value, event.product, event.code, known))
    digest = hashlib.sha256(named.encode()).hexdigest()[:32]
    return f"{digest}@{urlsplit(settings.ORIGIN).hostname}"


def _amount(minor: int, currency: str) -> str:
    return format_currency(to_decimal(minor, currency), currency, locale=get_language() or "en")


def _plain(words: str) -> str:
    """Return words without the marks that isolate names on pages: calendars show them as boxes."""
    return words.translate({ord(mark): None for mark in "\u2068\u2069"})


def _text(value: str) -> str:
    """Return a text escaped as RFC 5545 3.3.11 has it; what is no letter but a control goes."""
    kept = "".join(one for one in value if one == "\n" or (ord(one) >= 32 and one != "\x7f"))
    for found, written in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        kept = kept.replace(found, written)
    return kept


def _folded(line: str) -> Iterator[str]:
    """Yield a line in pieces of at most 75 octets, those after the first begun by a space; cut no letter."""
    piece, room = "", LONGEST
    for letter in line:
        size = len(letter.encode())
        if size > room:
            yield piece
            piece, room = " ", LONGEST - 1
        piece, room = piece + letter, room - size
    yield piece
