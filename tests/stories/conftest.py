"""Stories happen in 2023, at noon, unless they say otherwise."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests import acting


@pytest.fixture(autouse=True)
def acts_at_noon() -> Iterator[None]:
    """Act on 14 July 2023, at noon."""
    with acting.at(datetime(2023, 7, 14, 12, tzinfo=UTC)):
        yield
