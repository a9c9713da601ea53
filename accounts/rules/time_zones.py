"""The time zones that an account may have: places of the IANA database, and UTC."""

from functools import cache
from zoneinfo import available_timezones

# The machine's own zone whatever it is, nobody's, and copies of the whole database by other rules.
_NO_PLACES = ("localtime", "Factory", "posixrules", "leapseconds", "tzdata.zi")
_NO_FOLDERS = ("posix/", "right/", "SystemV/", "posix-right/")


@cache
def time_zones() -> frozenset[str]:
    """Return the names that may be used: the same on every machine."""
    return frozenset(
        name
        for name in available_timezones()
        if name.casefold() not in {one.casefold() for one in _NO_PLACES} and not name.startswith(_NO_FOLDERS)
    )
