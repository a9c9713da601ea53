"""Which method can be taken off the account: none that money waits for, and the last only when none may."""

import pytest

from billing.rules.kept_methods import KeptReason, kept

OPEN, FIRST, UNPAID, RENEWS = (
    KeptReason.PAYMENT_OPEN,
    KeptReason.DEFAULT,
    KeptReason.INVOICE_OPEN,
    KeptReason.RENEWAL,
)


@pytest.mark.parametrize(
    ("charging", "is_default", "is_only", "due", "why"),
    [
        (True, False, False, None, OPEN),
        (True, True, True, UNPAID, OPEN),
        # The backup and a spare one go at any time.
        (False, False, False, UNPAID, None),
        (False, True, False, None, FIRST),
        (False, True, False, RENEWS, FIRST),
        (False, True, True, UNPAID, UNPAID),
        (False, True, True, RENEWS, RENEWS),
        (False, True, True, None, None),
    ],
)
def test_why_a_method_stays(
    charging: bool, is_default: bool, is_only: bool, due: KeptReason | None, why: KeptReason | None
) -> None:
    assert kept(charging=charging, is_default=is_default, is_only=is_only, due=due) is why
