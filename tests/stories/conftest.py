"""Stories happen in 2023, at noon, unless they say otherwise."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from accounts import activity


@pytest.fixture(autouse=True)
def acting() -> Iterator[None]:
    """Act on 14 July 2023, at noon."""
    with activity.occasion(datetime(2023, 7, 14, 12, tzinfo=UTC)):
        yield
