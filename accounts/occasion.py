"""Who acts, on which day of the account, at which moment: what every verb is told.

Made by the door, by tasks and by commands, which alone ask the clock; a verb passes it on to what it calls.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from accounts.models import Account, User


@dataclass(frozen=True, slots=True)
class Occasion:
    """By whom, on which day and at which moment one act is done.

    `by` is None for what happens by itself, such as a renewal. `on` is the day in the account's time zone,
    or in UTC where no account is concerned; `at` is aware. `address` is the IP address that it is done
    from, where that is known. `by_staff` says that somebody acts as the vendor's staff.
    """

    by: User | None
    on: date
    at: datetime
    address: str | None = None
    by_staff: bool = False

    @classmethod
    def of(
        cls,
        account: Account | None,
        at: datetime,
        *,
        by: User | None = None,
        address: str | None = None,
        by_staff: bool = False,
    ) -> "Occasion":
        """Return the occasion of an act at a moment, on the day that it is then where the account is."""
        zone = ZoneInfo(account.timezone if account else "UTC")
        return cls(by, at.astimezone(zone).date(), at, address, by_staff)

    @property
    def person(self) -> User:
        """Return who acts; raise LookupError for what happens by itself."""
        if self.by is None:
            raise LookupError("nobody does this: it happens by itself")
        return self.by

    def by_itself(self) -> "Occasion":
        """Return the same without a person: what follows from an act, and nobody does."""
        return self if self.by is None else replace(self, by=None)


# What tells the occasion of each of several accounts, every one at its own moment; of None the person's own.
OccasionOf = Callable[[Account | None], Occasion]
