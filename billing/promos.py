"""Promo codes: how often an account may try one."""

import hashlib
from collections.abc import Iterable

from django.core.cache import cache

from accounts import activity
from accounts.models import Account
from billing.carrying_out import promo_codes
from billing.rules.changes import Change

TRIES_AN_HOUR = 10
HOUR = 3600


class TooManyTries(Exception):  # noqa: N818 - it says no, nothing went wrong
    """More than ten different codes were tried for an account within an hour."""


def count_tries(account: Account, changes: Iterable[Change]) -> None:
    """Count the codes that are tried; the same code again within the hour counts once.

    Raises TooManyTries.
    """
    codes = promo_codes(tuple(changes))
    if not codes:
        return
    key, at = f"promo-tries:{account.pk}", activity.current().at.timestamp()
    tried: dict[str, float] = {code: when for code, when in cache.get(key, {}).items() if at - when < HOUR}
    for code in codes:
        mark = hashlib.sha256(code.encode()).hexdigest()[:16]
        if mark not in tried and len(tried) >= TRIES_AN_HOUR:
            raise TooManyTries
        tried.setdefault(mark, at)
    cache.set(key, tried, HOUR)
