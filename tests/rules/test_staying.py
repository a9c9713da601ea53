"""Going back to what holds today: the reduction, lower edition or cycle that waits is dropped for nothing."""

from collections.abc import Callable

import pytest

from billing.rules.changes import Change, ChangeCycle, ChangeEdition, ReduceSeats
from billing.rules.facts import ScheduledFacts, ScheduledKind
from billing.rules.periods import Cycle
from billing.rules.quoting import quote, renewal
from billing.rules.refusals import NoChange
from tests.rules.shop import TODAY, acme, answered, bought, codes, waits

SUPPORT = bought("support", "professional", 10)


@pytest.mark.parametrize(
    ("waiting", "back"),
    [
        (
            waits(ScheduledKind.QUANTITY, "support", quantity=5),
            lambda **a: ReduceSeats("support", 10, **a),
        ),
        (
            waits(ScheduledKind.EDITION, "support", edition="team"),
            lambda **a: ChangeEdition("support", "professional", **a),
        ),
        (waits(ScheduledKind.CYCLE, cycle=Cycle.MONTHLY), lambda **a: ChangeCycle(Cycle.ANNUAL, **a)),
    ],
    ids=["quantity", "edition", "cycle"],
)
def test_what_waits_is_dropped(waiting: ScheduledFacts, back: Callable[..., Change]) -> None:
    answers = answered(waiting.kind, waiting.product, "drop")
    found = quote(acme(SUPPORT, scheduled=(waiting,)), [back(answers=answers)], TODAY)
    assert (found.lines, found.due, found.scheduled) == ((), 0, ())
    assert codes(found) == ["scheduled_dropped"]
    undisturbed = renewal(acme(SUPPORT), TODAY)
    assert undisturbed is not None
    assert (found.renewal.amount, found.renewal.cycle) == (undisturbed.amount, undisturbed.cycle)
    with pytest.raises(NoChange):
        quote(acme(SUPPORT), [back()], TODAY)
