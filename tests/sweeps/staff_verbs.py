"""What the vendor’s staff do to an account as themselves: its clock, and what its type leaves to them."""

from billing import cancellation, own_clocks, staff_changes
from billing.rules.changes import AddSeats
from tests.sweeps.cases import STAFF, Verb, end_now, end_with_period, staff_quote

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
}
