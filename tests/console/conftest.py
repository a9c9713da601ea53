"""Fixtures of the console's tests."""

from tests.console.changing import ledger, olivia  # noqa: F401 - fixtures for all here
