"""What tests of money share: the moment at which they act, and the providers that are asked."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests import acting
from tests.billing.provider_benches import AbroadBench, Bench, SandboxBench


@pytest.fixture(name="acting")
def acts_at_noon() -> Iterator[None]:
    """Act on 14 July 2023, at noon."""
    with acting.at(datetime(2023, 7, 14, 12, tzinfo=UTC)):
        yield


@pytest.fixture(params=["sandbox", "abroad", "stripe"])
def bench(request: pytest.FixtureRequest, settings: Any) -> Bench:
    """Each provider in turn, with empty books."""
    if request.param == "stripe":
        found: Bench = request.getfixturevalue("stripe")
        return found
    made: Bench = AbroadBench() if request.param == "abroad" else SandboxBench()
    settings.PAYMENT_PROVIDER = made.path
    return made
