"""What the vendor’s staff do to an account as themselves: its clock, and what its type leaves to them."""

from accounts.models import Account
from billing import cancellation, own_clocks, staff_changes, suspensions
from billing.rules.changes import AddSeats
from tests.sweeps.cases import STAFF, Case, Verb, end_now, end_with_period, staff_quote


def suspended(case: Case) -> None:
    """Let the account be one that staff suspended, past all verbs."""
    Account.objects.filter(pk=case.account.pk).exclude(state="cancelled").update(
        state="suspended",
        state_beneath="active",
        suspended_by_vendor_at=case.occasion.at,
        suspension_reason="Asked by Olivia.",
    )


VERBS: dict[str, Verb] = {
    "billing.cancellation.cancel_now": Verb(
        end_now, ("cancel_account",), staff="deciding", beyond=(cancellation.AlreadyCancelled,)
    ),
    "billing.cancellation.cancel_at_period_end": Verb(
        end_with_period, ("cancel_account",), staff="deciding", beyond=(cancellation.AlreadyCancelled,)
    ),
    "billing.staff_changes.draw_up": Verb(
        lambda c, made: staff_changes.draw_up(c.account.pk, [AddSeats("guide", 14)], occasion=c.occasion),
        (STAFF,),
        staff="deciding",
        beyond=(staff_changes.NotOpen,),
    ),
    "billing.staff_changes.confirm": Verb(
        lambda c, made: staff_changes.confirm(made, reason="By phone.", occasion=c.occasion),
        (STAFF,),
        staff="deciding",
        make=staff_quote,
        beyond=(staff_changes.NotOpen,),
    ),
    "billing.own_clocks.start": Verb(
        lambda c, made: own_clocks.start(c.account.pk, reason="To show it.", occasion=c.occasion),
        (STAFF,),
        staff="always",
        beyond=(own_clocks.NotASandbox,),
    ),
    "billing.own_clocks.move": Verb(
        lambda c, made: own_clocks.move(
            c.account.pk, None, reason="To show it.", occasion=c.occasion, now=c.occasion.at
        ),
        (STAFF,),
        staff="always",
        beyond=(own_clocks.NoOwnClock,),
    ),
    "billing.suspensions.suspend": Verb(
        lambda c, made: suspensions.suspend(c.account.pk, reason="Asked by Olivia.", occasion=c.occasion),
        (STAFF,),
        staff="always",
        beyond=(suspensions.NothingToSuspend,),
    ),
    "billing.suspensions.end": Verb(
        lambda c, made: suspensions.end(c.account.pk, reason="Asked by Olivia.", occasion=c.occasion),
        (STAFF,),
        staff="always",
        make=suspended,
        beyond=(suspensions.NotSuspended,),
    ),
}
