"""Seats that perhaps nobody needs: held by who is suspended, who does not come, or who needs none."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import Account
from accounts.models.people import MembershipQuerySet
from accounts.rules.roles import Role
from admin_center.seating import Seating
from billing.models import AgentSeat

# After how long without a sign-in a holder is pointed out.
NOT_SEEN_FOR = timedelta(days=60)
# Beyond this many seats in use the page would become slow by counting: it leads to the filters instead.
COUNTED = 1_000
# What the list can be filtered by.
LOOKS = {
    "suspended": gettext_lazy("Held by suspended people"),
    "not_seen": gettext_lazy("Held, no sign-in for 60 days"),
    "light": gettext_lazy("Held by light agents"),
}


@dataclass(frozen=True, slots=True)
class Hint:
    """Some holders to look at; `look` is the value of the list's filter that finds them."""

    look: str
    words: str


def seated(members: MembershipQuerySet, product: str | None) -> MembershipQuerySet:
    """Return those of these members who hold a seat of a product; with None, those who hold no seat."""
    seats = AgentSeat.objects.filter(membership=OuterRef("pk"), line__ended_on=None)
    if product is None:
        return members.filter(~Exists(seats))
    return members.filter(Exists(seats.filter(line__product__key=product)))


def holding(members: MembershipQuerySet, look: str, *, at: datetime) -> MembershipQuerySet:
    """Return those of these members who hold a seat and are to be looked at for this reason."""
    seat = AgentSeat.objects.filter(membership=OuterRef("pk"), line__ended_on=None)
    return members.filter(_REASONS[look](at, "")).filter(Exists(seat))


def hints(account: Account, seated: list[Seating], *, at: datetime) -> list[Hint]:
    """Return how many holders of seats are to be looked at, for each reason that anybody gives."""
    used = sum(one.seats.used for one in seated)
    if used > COUNTED:
        return [Hint(look, str(words)) for look, words in LOOKS.items()]
    if not used:
        return []
    held = AgentSeat.objects.filter(subscription_id=account.pk, line__ended_on=None)
    counts = held.aggregate(
        **{
            look: Count("membership", distinct=True, filter=reason(at, "membership__"))
            for look, reason in _REASONS.items()
        }
    )
    return [Hint(look, _words(look, count)) for look, count in counts.items() if count]


def _suspended(at: datetime, to: str) -> Q:
    return Q(**{f"{to}suspended_at__isnull": False}) | Q(**{f"{to}user__is_active": False})


def _not_seen(at: datetime, to: str) -> Q:
    """Who never signed in counts from joining."""
    since = at - NOT_SEEN_FOR
    never = Q(**{f"{to}user__last_login": None, f"{to}joined_at__lte": since})
    return (Q(**{f"{to}user__last_login__lte": since}) | never) & ~_suspended(at, to)


def _light(at: datetime, to: str) -> Q:
    return Q(**{f"{to}role": Role.LIGHT_AGENT})


_REASONS = {"suspended": _suspended, "not_seen": _not_seen, "light": _light}


def _words(look: str, count: int) -> str:
    told = {"count": count}
    match look:
        case "suspended":
            return (
                ngettext(
                    "%(count)s suspended person holds a seat", "%(count)s suspended people hold a seat", count
                )
                % told
            )
        case "not_seen":
            return (
                ngettext(
                    "%(count)s holder of a seat has not signed in for 60 days",
                    "%(count)s holders of a seat have not signed in for 60 days",
                    count,
                )
                % told
            )
        case _:
            return (
                ngettext(
                    "%(count)s light agent holds a seat that light agents don’t need",
                    "%(count)s light agents hold a seat that light agents don’t need",
                    count,
                )
                % told
            )
