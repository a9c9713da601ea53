"""The tests' own watch over reads that count on an order they did not ask for (tests/unordered.py)."""

import pytest

from accounts.models import User


@pytest.mark.django_db
def test_rows_come_as_written_only_to_who_asks_for_it() -> None:
    written = [User.objects.create(email=f"{name}@acme.example").pk for name in ("olivia", "bilal", "adam")]
    assert list(User.objects.order_by("pk").values_list("pk", flat=True)) == written
    assert list(User.objects.values_list("pk", flat=True)) == written[::-1]
