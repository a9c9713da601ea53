"""Lets a member's own calendar read what is coming, by a secret link that they make, make anew and revoke."""

import hashlib
import secrets
from datetime import datetime

from django.db import transaction

from accounts import activity
from accounts.gate import Gate
from accounts.models import Account, Membership
from accounts.occasion import Occasion
from accounts.rules.activity import ActivityVerb
from accounts.rules.decision import Action
from billing.models import CalendarLink


class CalendarLinkUnknown(Exception):
    """The token belongs to no link: it is not whole, was revoked, or its member has left."""


@transaction.atomic
def make(account: Account, *, occasion: Occasion) -> str:
    """Make a member's link, in the place of an earlier one; return its token, which nothing keeps.

    Raises NotAllowed.
    """
    account, membership = _of_member(account, occasion)
    token = secrets.token_urlsafe(32)
    CalendarLink.objects.update_or_create(
        membership=membership, defaults={"token_hash": _hash(token), "made_at": occasion.at, "read_at": None}
    )
    activity.record(account, ActivityVerb.CALENDAR_LINK_MADE, occasion, subject=f"member:{membership.pk}")
    return token


@transaction.atomic
def revoke(account: Account, *, occasion: Occasion) -> bool:
    """Take a member's link back; return whether there was one. Raises NotAllowed."""
    account, membership = _of_member(account, occasion)
    gone, _rows = CalendarLink.objects.filter(membership=membership).delete()
    if gone:
        activity.record(
            account, ActivityVerb.CALENDAR_LINK_REVOKED, occasion, subject=f"member:{membership.pk}"
        )
    return bool(gone)


def _of_member(account: Account, occasion: Occasion) -> tuple[Account, Membership]:
    """Lock the account, ask the gate, and return both of them."""
    account = Account.objects.lock(account.pk)
    Gate(occasion.person, account, on=occasion.on).demand(Action.VIEW_SUBSCRIPTION)
    return account, Membership.objects.live().get(account=account, user=occasion.person)


def find(token: str) -> CalendarLink:
    """Return the link that a token opens, with its member; raise CalendarLinkUnknown for none."""
    found = (
        CalendarLink.objects.select_related("membership__account", "membership__user")
        .filter(token_hash=_hash(token), membership__in=Membership.objects.live())
        .first()
    )
    if found is None or not found.membership.user.is_active:
        raise CalendarLinkUnknown
    return found


def note_reading(link: CalendarLink, at: datetime) -> None:
    """Keep when a link was read last: its member sees whether a calendar still asks."""
    CalendarLink.objects.filter(pk=link.pk).update(read_at=at)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
