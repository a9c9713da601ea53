"""What a Suite would replace, before anybody decides."""

import pytest

from billing.rules.refusals import UnknownProduct
from billing.rules.suites import combination
from tests.rules.shop import acme, bought

SUPPORT = bought("support", "team", 10, seats_in_use=8, holders=frozenset(range(1, 9)))
TALK = bought("talk", "team", 4, seats_in_use=4, holders=frozenset(range(7, 11)))


def test_each_person_holds_one_seat_and_the_largest_line_is_proposed() -> None:
    """People 1 to 8 on Support, 7 to 10 on Talk: ten people, and ten seats of Support."""
    facts = acme(SUPPORT, TALK, bought("credits", "one", 1))
    found = combination(facts, "suite")
    assert found is not None
    assert [line.product for line in found.lines] == ["support", "talk"]
    assert found.holders == frozenset(range(1, 11))
    assert (found.least, found.proposed) == (10, 10)


def test_the_proposal_holds_everybody() -> None:
    few = bought("support", "team", 5, seats_in_use=5, holders=frozenset(range(1, 6)))
    found = combination(acme(few, TALK), "suite")
    assert found is not None
    assert (found.least, found.proposed) == (9, 9)
    many = bought("support", "team", 50, seats_in_use=5)
    found = combination(acme(many), "suite")
    assert found is not None
    assert (found.least, found.proposed) == (5, 50)


def test_nothing_to_combine() -> None:
    assert combination(acme(bought("credits", "one", 1)), "suite") is None
    with pytest.raises(UnknownProduct):
        combination(acme(SUPPORT), "soup")
