"""How an account's state counts on a day, and what a refusal says of itself."""

from datetime import date

import pytest

from accounts.rules.capabilities import AccountState, Standing, standing
from accounts.rules.decision import Action, Contact, Decision, DenialReason, NextStep, NotAllowed


@pytest.mark.parametrize(
    ("on", "counts_as"),
    [
        (date(2026, 11, 30), Standing.TRIAL),
        (date(2026, 12, 1), Standing.TRIAL_ENDED),
        (date(2026, 12, 2), Standing.TRIAL_ENDED),
    ],
)
def test_a_trial_is_over_from_its_last_date_on(on: date, counts_as: Standing) -> None:
    assert standing(AccountState.TRIAL, trial_ends_on=date(2026, 12, 1), on=on) is counts_as


def test_other_states_know_no_day() -> None:
    for state in set(AccountState) - {AccountState.TRIAL}:
        assert standing(state, trial_ends_on=None, on=date(2026, 12, 1)) == state


def test_only_what_is_suspended_is_suspended_by_the_vendor() -> None:
    for state in AccountState:
        counts_as = standing(state, trial_ends_on=None, on=date(2026, 12, 1), by_vendor=True)
        assert (counts_as is Standing.SUSPENDED_BY_VENDOR) is (state is AccountState.SUSPENDED)


def test_a_refusal_carries_its_decision() -> None:
    refused = Decision(
        Action.CANCEL_ACCOUNT, False, DenialReason.ROLE, (Contact.OWNER,), NextStep.ASK_WHO_CAN
    )
    refusal = NotAllowed(refused)
    assert refusal.decision is refused
    assert not refused
    assert str(refusal) == "cancel_account: role"
