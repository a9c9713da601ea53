"""The only reader of the clock.

Asked by the door, by tasks and by commands; everybody else is told the moment.
"""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from accounts.models import Account


def now(account: Account | None = None) -> datetime:
    """Return this moment (aware, UTC); a sandbox account may carry its own, which stands still."""
    at = datetime.now(UTC)  # noqa: TID251 - this is the one
    return at if account is None else account.moment(at)


def today(account: Account) -> date:
    """Return the date that it is now in the account's time zone."""
    return now(account).astimezone(ZoneInfo(account.timezone)).date()
