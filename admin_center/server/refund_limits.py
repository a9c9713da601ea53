"""Above which amounts two of the staff decide a refund, read from the environment and checked."""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

from moneyed import CurrencyDoesNotExist

from billing.rules.money import to_minor

DEMO = "EUR 1000, USD 1000, CAD 1000, JPY 150000"
EXAMPLE = "EUR 500, USD 500, JPY 60000"


def read(text: str) -> dict[str, int]:
    """Return the limits of a text such as "EUR 500, USD 500", in minor units by currency.

    What can't be read is a limit of nothing: then two decide.
    """
    found: dict[str, int] = {}
    for part in _parts(text):
        currency, _space, _amount = part.partition(" ")
        found[currency] = _limit(part) or 0
    return found


def faults(text: str) -> Iterator[str]:
    """Yield what of the setting can't be read, each in a sentence with its cure."""
    for part in _parts(text):
        if _limit(part) is None:
            yield (
                f"REFUND_LIMITS holds {part!r}: write a currency and an amount for each, separated by "
                f"commas, as in {EXAMPLE!r}."
            )


def _parts(text: str) -> list[str]:
    return [" ".join(part.split()) for part in text.split(",") if part.strip()]


def _limit(part: str) -> int | None:
    """Return a limit in minor units, None where it can't be read."""
    currency, _space, amount = part.partition(" ")
    try:
        limit = to_minor(Decimal(amount), currency)
    except (CurrencyDoesNotExist, InvalidOperation, ValueError, OverflowError):
        return None
    return limit if limit >= 0 and amount.isascii() and currency.isupper() else None
