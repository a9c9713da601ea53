"""Invitations that wait for the seats of a quote: sent when it is applied, kept when it is drawn up anew."""

from collections.abc import Iterable

from django.db import transaction

from accounts import invitations
from accounts.models import Account
from accounts.occasion import Occasion
from accounts.rules.decision import NotAllowed
from accounts.rules.roles import Role
from billing.models import PlannedInvitation, Quote


def plan(quote: Quote, people: Iterable[invitations.Invitee], role: Role, seat: str) -> None:
    """Let people be invited once a quote is applied."""
    PlannedInvitation.objects.bulk_create(
        PlannedInvitation(quote=quote, email=one.email, name=one.name, role=role.value, seat=seat)
        for one in people
    )


def move(old: Quote, new: Quote) -> None:
    """Let those who wait for a quote wait for the one that was drawn up in its place."""
    PlannedInvitation.objects.filter(quote=old, invitation=None, refusal="").update(quote=new)


def send(account: Account, quote: Quote, occasion: Occasion) -> None:
    """Invite who waited for a quote, under the account's lock, in the transaction that applies it.

    Whoever can't be invited any more (a member by now, invited on another way) keeps why: the seats are
    bought all the same, as they were shown.
    """
    for one in PlannedInvitation.objects.filter(quote=quote, invitation=None, refusal="").order_by("pk"):
        try:
            with transaction.atomic():
                one.invitation = invitations.invite(
                    account, one.email, one.name, Role(one.role), occasion=occasion, seat=one.seat
                )
        except invitations.NotInvited as refused:
            one.refusal = refused.reason
        except NotAllowed:
            one.refusal = "not_allowed"
        one.save(update_fields=["invitation", "refusal"])
