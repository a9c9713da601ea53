"""What follows from how a customer is served (domain.md 3): who is sold what, and who decides on requests."""

import pytest

from accounts.rules.capabilities import BY_TYPE, AccountType, Capability, decided_by_staff, whole_catalogue


@pytest.mark.parametrize(
    ("served", "everything", "staff_decide"),
    [
        (AccountType.SELF_SERVICE, True, False),
        (AccountType.ASSISTED, False, True),
        (AccountType.MANAGED, False, True),
    ],
)
def test_who_is_sold_what_and_who_decides(served: AccountType, everything: bool, staff_decide: bool) -> None:
    assert whole_catalogue(served) is everything
    assert decided_by_staff(served) is staff_decide


def test_staff_decide_where_the_people_can_not_act_on_everything() -> None:
    for served in AccountType:
        can_everything = {Capability.REDUCE, Capability.CHANGE_CYCLE, Capability.CANCEL} <= BY_TYPE[served]
        assert decided_by_staff(served) is not can_everything, served
