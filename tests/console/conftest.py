"""Fixtures of the console's tests."""

from tests.console.changing import ledger, olivia  # noqa: F401 - fixtures for all here
from tests.console.paying_by_link import debtor, link  # noqa: F401 - fixtures for all here
