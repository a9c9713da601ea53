"""Moves an account from one state to another, with its entry in the trail."""

from accounts import activity
from accounts.models import Account, User
from accounts.rules.capabilities import AccountState


def move(
    account: Account, state: AccountState, *, by: User | None, reason: str = "", invoice: str = ""
) -> None:
    """Put an account into a state; nothing happens where it is in it. Called under the account's lock."""
    if account.state == state:
        return
    before, account.state = account.state, state
    account.cancelled_at = activity.current().at if state is AccountState.CANCELLED else None
    account.save(update_fields=["state", "cancelled_at"])
    activity.record(
        account,
        "account_state_changed",
        by=by,
        subject="account",
        before={"state": str(before)},
        after={"state": state.value},
        reason=reason,
        invoice=invoice,
    )


def fall_past_due(account: Account, *, invoice: str) -> None:
    """Mark an active account whose invoice could not be collected."""
    if account.state == AccountState.ACTIVE:
        move(account, AccountState.PAST_DUE, by=None, reason="charge_failed", invoice=invoice)
