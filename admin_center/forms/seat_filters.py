"""Filters of members by the seats they hold, and by why one would look at them."""

from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy

from accounts.models.people import MembershipQuerySet
from accounts.rules.roles import WITHOUT_SEAT
from billing.models import AgentSeat

# After how long without a sign-in a holder is pointed out.
NOT_SEEN_FOR = timedelta(days=60)


class Look(StrEnum):
    """Why one would look at a holder; the address of the list names it."""

    SUSPENDED = "suspended"
    NOT_SEEN = "not_seen"
    LIGHT = "light"


LOOKS = {
    Look.SUSPENDED: gettext_lazy("Held by suspended people"),
    Look.NOT_SEEN: gettext_lazy("Held, no sign-in for 60 days"),
    Look.LIGHT: gettext_lazy("Held by light agents and finance readers"),
}


def seated(members: MembershipQuerySet, product: str | None) -> MembershipQuerySet:
    """Return those of these members who hold a seat of a product; with None, those who hold no seat."""
    seats = AgentSeat.objects.filter(membership=OuterRef("pk"), line__ended_on=None)
    if product is None:
        return members.filter(~Exists(seats))
    return members.filter(Exists(seats.filter(line__product__key=product)))


def holding(members: MembershipQuerySet, look: Look, *, at: datetime) -> MembershipQuerySet:
    """Return those of these members who hold a seat and are to be looked at for this reason."""
    seat = AgentSeat.objects.filter(membership=OuterRef("pk"), line__ended_on=None)
    return members.filter(REASONS[look](at, "")).filter(Exists(seat))


def _suspended(at: datetime, to: str) -> Q:
    return Q(**{f"{to}suspended_at__isnull": False}) | Q(**{f"{to}user__is_active": False})


def _not_seen(at: datetime, to: str) -> Q:
    """Who never signed in counts from joining."""
    since = at - NOT_SEEN_FOR
    never = Q(**{f"{to}user__last_login": None, f"{to}joined_at__lte": since})
    return (Q(**{f"{to}user__last_login__lte": since}) | never) & ~_suspended(at, to)


def _light(at: datetime, to: str) -> Q:
    return Q(**{f"{to}role__in": WITHOUT_SEAT})


REASONS = {Look.SUSPENDED: _suspended, Look.NOT_SEEN: _not_seen, Look.LIGHT: _light}
