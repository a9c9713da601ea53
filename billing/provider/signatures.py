"""Whether a message was signed by who shares a secret with us, and just now (HMAC-SHA-256, `t=…,v1=…`)."""

import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from billing.provider.base import MessageRefused

# Older is a replay, later is no clock of theirs (security.md, "The shape" 7).
OLDEST = timedelta(seconds=300)
LATEST = timedelta(seconds=60)
# More than anybody sends: a header of thousands would be as many comparisons.
MOST_SIGNATURES = 10
LONGEST_MOMENT = 12


def demand_signed(body: bytes, header: str, secrets: Sequence[str], *, at: datetime) -> None:
    """Raise MessageRefused unless one of the secrets signed exactly this body, within the time.

    Two secrets are there while one follows the other.
    """
    fields = [part.strip().partition("=") for part in header.split(",", MOST_SIGNATURES + 1)]
    moments = [value for name, _sign, value in fields if name == "t"]
    given = [value for name, _sign, value in fields if name == "v1"][:MOST_SIGNATURES]
    if len(moments) != 1 or not given or not _is_moment(moments[0]):
        raise MessageRefused("no signature")
    signed = moments[0].encode() + b"." + body
    expected = [hmac.new(secret.encode(), signed, sha256).hexdigest() for secret in secrets if secret]
    if not any(hmac.compare_digest(one.encode(), other.encode()) for one in expected for other in given):
        raise MessageRefused("another's signature")
    age = timedelta(seconds=at.timestamp() - int(moments[0]))
    if age > OLDEST:
        raise MessageRefused("too old")
    if age < -LATEST:
        raise MessageRefused("from the future")


def _is_moment(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= LONGEST_MOMENT
