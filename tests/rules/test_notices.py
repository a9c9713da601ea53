"""What a change costs beside money: old prices and allowances."""

import pytest

from billing.rules.notices import allowances_lost


@pytest.mark.parametrize(
    ("before", "after", "lost"),
    [
        (100, 100, False),
        (100, 99, True),
        (100, 1000, False),
        (100, None, True),
        ("2 GB", "5 GB", False),
        ("5 GB", "2 GB", True),
        ("500 MB", "1 GB", False),
        ("1 TB", "999 GB", True),
        ("2.5 GB", "2.4 gb", True),
        ("2.5 GB", "2.6 gb", False),
        (1000, "1 GB", False),
        ("50 MB data and 2 GB files", "100 MB and 5 GB", False),
        ("50 MB data and 2 GB files", "100 MB and 1 GB", True),
        ("50 MB data and 2 GB files", "100 GB", True),  # something is missing
        ("5 GB", "unlimited", False),
        ("unlimited", "5 GB", True),
        ("unlimited", "unlimited", False),
        ("priority", "standard", True),  # other words: the person compares
        (5, "10 a month", False),
    ],
)
def test_an_allowance_is_lost(before: int | str, after: int | str | None, lost: bool) -> None:
    new = {} if after is None else {"it": after}
    assert allowances_lost({"it": before}, new) == ({"it": (before, after)} if lost else {})


def test_what_is_new_is_no_loss() -> None:
    assert allowances_lost({}, {"light_agents": 100}) == {}
