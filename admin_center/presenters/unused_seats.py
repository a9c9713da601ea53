"""Seats that perhaps nobody needs: held by who is suspended, who does not come, or who needs none."""

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from django.db.models import Count
from django.utils.translation import ngettext

from accounts.models import Account
from admin_center.forms.seat_filters import LOOKS, REASONS, Look
from admin_center.presenters.seats import ProductSeats
from billing.models import AgentSeat

# Beyond this many seats in use the page would become slow by counting: it leads to the filters instead.
COUNTED = 1_000


@dataclass(frozen=True, slots=True)
class UnusedSeatHint:
    """Some holders to look at; `look` is the value of the list's filter that finds them."""

    look: Look
    words: str


def hints(account: Account, seated: list[ProductSeats], *, at: datetime) -> list[UnusedSeatHint]:
    """Return how many holders of seats are to be looked at, for each reason that anybody gives."""
    used = sum(one.seats.used for one in seated)
    if used > COUNTED:
        return [UnusedSeatHint(look, str(words)) for look, words in LOOKS.items()]
    if not used:
        return []
    held = AgentSeat.objects.filter(subscription_id=account.pk, line__ended_on=None)
    counts = held.aggregate(
        **{
            look: Count("membership", distinct=True, filter=reason(at, "membership__"))
            for look, reason in REASONS.items()
        }
    )
    return [UnusedSeatHint(look, _words(look, count)) for look in REASONS if (count := counts[look])]


def _words(look: Look, count: int) -> str:
    told = {"count": count}
    match look:
        case Look.SUSPENDED:
            return (
                ngettext(
                    "%(count)s suspended person holds a seat", "%(count)s suspended people hold a seat", count
                )
                % told
            )
        case Look.NOT_SEEN:
            return (
                ngettext(
                    "%(count)s holder of a seat has not signed in for 60 days",
                    "%(count)s holders of a seat have not signed in for 60 days",
                    count,
                )
                % told
            )
        case Look.LIGHT:
            return (
                ngettext(
                    "%(count)s light agent holds a seat that light agents don’t need",
                    "%(count)s light agents hold a seat that light agents don’t need",
                    count,
                )
                % told
            )
        case _:
            assert_never(look)
