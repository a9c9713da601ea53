"""Hands an account from its owner to a billing admin: offered, accepted, or withdrawn until then."""

from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.db import transaction

from accounts import activity, mail
from accounts.gate import Gate
from accounts.models import Account, Membership, OwnershipOffer
from accounts.occasion import Occasion
from accounts.roles import derive, standing_of
from accounts.rules.activity import ActivityVerb
from accounts.rules.capabilities import AccountState
from accounts.rules.decision import Action
from accounts.rules.letters import LetterKind
from accounts.rules.roles import Role

# How long an offer may be accepted (domain.md 10).
VALID_FOR = timedelta(days=7)


class NotEligible(Exception):
    """The account can't be handed to this person; `reason` is a code.

    `not_billing_admin`, `address_not_verified`, `suspended`, or `offer_open`: another offer waits.
    """

    def __init__(self, reason: str) -> None:
        """Keep the code."""
        super().__init__(reason)
        self.reason = reason


class OfferOver(Exception):
    """The offer was accepted, withdrawn, declined, or is older than seven days."""


@transaction.atomic
def offer(member_id: int, *, occasion: Occasion) -> OwnershipOffer:
    """Offer the account to one of its billing admins, who must have a verified address.

    Raises NotAllowed, NotEligible, Membership.DoesNotExist. The page asks for the password first.
    """
    by = occasion.person
    account = Account.objects.lock_for(Membership, member_id)
    Gate(by, account, on=occasion.on).demand(Action.TRANSFER_OWNERSHIP)
    member = Membership.objects.select_related("user").get(pk=member_id)
    _demand_eligible(member)
    at = occasion.at
    for old in OwnershipOffer.objects.filter(account=account, state=OwnershipOffer.State.OPEN):
        expire(old.pk, occasion=occasion)
    if OwnershipOffer.objects.filter(account=account, state=OwnershipOffer.State.OPEN).exists():
        raise NotEligible("offer_open")
    made = OwnershipOffer.objects.create(
        account=account, offered_by=by, to=member.user, created_at=at, expires_at=at + VALID_FOR
    )
    activity.record(
        account, ActivityVerb.OWNERSHIP_OFFERED, occasion, subject="ownership", after={"to": member.user.name}
    )
    facts = {"by": by.name, "to": member.user.name, "until": made.expires_at.isoformat()}
    mail.post(LetterKind.OWNERSHIP_OFFERED, account, to=[member.user, by], facts=facts, key=str(made.pk))
    return made


@transaction.atomic
def accept(offer_id: int, *, occasion: Occasion) -> OwnershipOffer:
    """Become the owner; the former one becomes an admin. There is exactly one owner at every moment.

    Raises OfferOver, NotEligible, OwnershipOffer.DoesNotExist (also for whom it was not made to).
    """
    by = occasion.person
    account, made = _open(offer_id, occasion.at)
    if made.to_id != by.pk:
        raise OwnershipOffer.DoesNotExist
    former = Membership.objects.select_related("user").get(account=account, role=Role.OWNER)
    heir = Membership.objects.select_related("user").filter(account=account, user=by).first()
    if heir is None or former.user_id != made.offered_by_id:
        raise OfferOver
    _demand_eligible(heir)
    # The former first: the database never holds two owners, and at the commit never none.
    _become(account, former, Role.ADMIN, occasion=occasion)
    _become(account, heir, Role.OWNER, occasion=occasion)
    _end(made, OwnershipOffer.State.ACCEPTED)
    facts = {"former": former.user.name, "owner": by.name}
    mail.post(LetterKind.OWNERSHIP_ACCEPTED, account, to=[former.user, by], facts=facts, key=str(made.pk))
    return made


@transaction.atomic
def withdraw(offer_id: int, *, occasion: Occasion) -> OwnershipOffer:
    """Take an offer back, or (as the one it was made to) decline it.

    Raises NotAllowed, OfferOver, OwnershipOffer.DoesNotExist.
    """
    account, made = _open(offer_id, occasion.at)
    declines = made.to_id == occasion.person.pk
    if not declines:
        Gate(occasion.person, account, on=occasion.on).demand(Action.TRANSFER_OWNERSHIP)
    _end(made, OwnershipOffer.State.DECLINED if declines else OwnershipOffer.State.WITHDRAWN)
    verb = ActivityVerb.OWNERSHIP_DECLINED if declines else ActivityVerb.OWNERSHIP_WITHDRAWN
    activity.record(account, verb, occasion, subject="ownership", before={"to": made.to.name})
    return made


def expired(at: datetime) -> list[tuple[int, int]]:
    """Return the open offers whose seven days are over, each with its account."""
    old = OwnershipOffer.objects.filter(state=OwnershipOffer.State.OPEN, expires_at__lte=at)
    return list(old.order_by("pk").values_list("pk", "account_id"))


@transaction.atomic
def expire(offer_id: int, *, occasion: Occasion) -> bool:
    """End an offer that nobody accepted in time, and tell both; return whether its time was over."""
    account = Account.objects.lock_for(OwnershipOffer, offer_id)
    made = OwnershipOffer.objects.select_related("to", "offered_by").get(pk=offer_id)
    if made.state != OwnershipOffer.State.OPEN or made.expires_at > occasion.at:
        return False
    _end(made, OwnershipOffer.State.EXPIRED)
    if account.state == AccountState.CANCELLED:
        return True
    itself, to = occasion.by_itself(), made.to.name
    activity.record(account, ActivityVerb.OWNERSHIP_EXPIRED, itself, subject="ownership", before={"to": to})
    facts = {"by": made.offered_by.name, "to": to}
    people = [made.offered_by, made.to]
    mail.post(LetterKind.OWNERSHIP_EXPIRED, account, to=people, facts=facts, key=str(made.pk))
    return True


def _open(offer_id: int, at: datetime) -> tuple[Account, OwnershipOffer]:
    """Lock the account and return it with an offer that is open; raise OfferOver."""
    account = Account.objects.lock_for(OwnershipOffer, offer_id)
    made = OwnershipOffer.objects.select_related("to").get(pk=offer_id)
    over = made.state != OwnershipOffer.State.OPEN or made.expires_at <= at
    if over or account.state == AccountState.CANCELLED:
        raise OfferOver
    return account, made


def _demand_eligible(member: Membership) -> None:
    """Raise NotEligible unless the account may be handed to this member."""
    if member.role != Role.BILLING_ADMIN:
        raise NotEligible("not_billing_admin")
    if member.suspended_at is not None or not member.user.is_active:
        raise NotEligible("suspended")
    verified = EmailAddress.objects.filter(user=member.user, email__iexact=member.user.email, verified=True)
    if not verified.exists():
        raise NotEligible("address_not_verified")


def _become(account: Account, member: Membership, role: Role, *, occasion: Occasion) -> None:
    before = standing_of(member)
    member.role, member.changes_payment = role, False
    member.save(update_fields=["role", "changes_payment"])
    derive(member)
    activity.record(
        account,
        ActivityVerb.OWNERSHIP_ACCEPTED if role is Role.OWNER else ActivityVerb.ROLE_CHANGED,
        occasion,
        subject=f"member:{member.user_id}",
        before=before,
        after=standing_of(member),
    )


def _end(made: OwnershipOffer, state: OwnershipOffer.State) -> None:
    made.state = state
    made.save(update_fields=["state"])
