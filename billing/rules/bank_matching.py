"""Which invoices an incoming transfer pays, where its reference and its amount leave no doubt."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

# The numbers of invoices, also where a bank left out the hyphen or put a space there.
_NUMBER = re.compile(r"INV[\s-]?(\d{6,})", re.IGNORECASE)


_BETWEEN = re.compile(r"[\s,;:]+")


@dataclass(frozen=True, slots=True)
class OpenInvoice:
    """What is left to pay of an invoice, in minor units."""

    number: str
    currency: str
    left: int


def named(reference: str) -> tuple[str, ...]:
    """Return the numbers of our own run that a reference names, each once, as we write them."""
    return tuple(dict.fromkeys(f"INV-{number}" for number in _NUMBER.findall(reference)))


def perhaps_named(reference: str) -> frozenset[str]:
    """Return what in a reference may be a number of the system before: words, and up to four together."""
    words = [word for between in _BETWEEN.split(reference) if (word := between.strip(".()"))]
    runs = (" ".join(words[first : first + length]) for length in range(1, 5) for first in range(len(words)))
    return frozenset(found for run in runs for found in (run, run.upper()))


def matched(
    wanted: Collection[str], amount: int, currency: str, open_ones: Iterable[OpenInvoice]
) -> dict[str, int]:
    """Return what of a transfer (minor units) pays which invoice; empty where that is not beyond doubt.

    `wanted` are the numbers that its reference names. Every one of them is open and in this currency, and the
    amount is what is left of them together; or one is named, and the amount is a part of it.
    """
    found = {one.number: one for one in open_ones if one.number in wanted and one.currency == currency}
    if not wanted or set(found) != set(wanted):
        return {}
    if sum(one.left for one in found.values()) == amount:
        return {number: one.left for number, one in found.items()}
    (first, *others) = found.values()
    return {first.number: amount} if not others and amount < first.left else {}
