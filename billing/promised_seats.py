"""Seats promised with invitations: the account's promise, kept or told when the invited person joins."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import Count

from accounts import activity, invitations, mail, open_invitations
from accounts.gate import Gate
from accounts.models import Account, Invitation, Membership, User
from accounts.occasion import Occasion
from accounts.rules.activity import ActivityVerb
from accounts.rules.capabilities import AccountState
from accounts.rules.decision import Action
from accounts.rules.letters import LetterKind
from accounts.rules.roles import WITHOUT_SEAT
from billing import seats
from billing.models import AgentSeat, Line, Product

Outcome = Invitation.SeatOutcome


@transaction.atomic
def join(
    token: str, *, occasion: Occasion, name: str = "", password: str = ""
) -> tuple[Invitation, Membership]:
    """Accept an invitation, with the seat that was promised, if it can still be given.

    The account promised it, whoever invited: it is given also when they have left or may no longer give
    seats. Where it can't be given the invitation keeps why, and both sides are told. Raises
    InvitationOver.
    """
    found, member = invitations.accept(token, occasion=occasion, name=name, password=password)
    if found.seat:
        line = line_of(found.account_id, found.seat)
        found.seat_outcome = _give(found.account, line, member, occasion)
        found.save(update_fields=["seat_outcome"])
        if found.seat_outcome != Outcome.GIVEN:
            _notify(found, member, line, occasion)
    return found, member


def expired(at: datetime) -> list[tuple[int, int]]:
    """Return the invitations that nobody accepted in time and nobody was told of, each with its account."""
    over = Invitation.objects.filter(accepted_at=None, revoked_at=None, expiry_told_at=None)
    return list(over.filter(expires_at__lte=at).order_by("pk").values_list("pk", "account_id"))


@transaction.atomic
def expire(invitation_id: int, at: datetime) -> bool:
    """Tell who invited that an invitation is over, and that its seat is promised no more; once.

    Returns whether it was told; not before its time in the account's own clock.
    """
    account = Account.objects.lock_for(Invitation, invitation_id)
    found = Invitation.objects.select_related("account").get(pk=invitation_id)
    settled = found.accepted_at or found.revoked_at or found.expiry_told_at
    if settled or found.expires_at > at:
        return False
    found.expiry_told_at = at
    found.save(update_fields=["expiry_told_at"])
    if account.state == AccountState.CANCELLED:
        return False
    occasion = Occasion.of(account, at)
    activity.record(account, ActivityVerb.INVITATION_EXPIRED, occasion, subject=f"invitation:{found.pk}")
    product = product_name(found) if found.seat else ""
    facts = {"name": found.name, "email": found.email, "product": product}
    mail.post(
        LetterKind.INVITATION_EXPIRED, account, to=invitations.inviters(found), facts=facts, key=str(found.pk)
    )
    return True


def promised(account_id: int, at: datetime) -> Counter[str]:
    """Return how many seats of each live line open invitations promise, by the line's product."""
    seats_asked = open_invitations.waiting(account_id, at).exclude(seat="")
    wanted = list(seats_asked.values_list("seat").annotate(Count("pk")))
    if not wanted:
        return Counter()
    live = Line.objects.filter(subscription_id=account_id, ended_on=None).order_by("pk")
    sold, combined = set(), dict[str, str]()
    for product, kind, included in live.values_list(
        "product__key", "product__kind", "product__includes__key"
    ):
        sold.add(product)
        if kind == Product.Kind.SUITE and included:
            combined.setdefault(included, product)
    counts: Counter[str] = Counter()
    for product, number in wanted:
        line = product if product in sold else combined.get(product)
        if line is not None:
            counts[line] += number
    return counts


def line_of(account_id: int, product: str) -> Line | None:
    """Return the line that a promised seat is of: the product's, or that of the Suite that has it by now."""
    live = Line.objects.filter(subscription_id=account_id, ended_on=None).select_related("product")
    combined = live.filter(product__kind=Product.Kind.SUITE, product__includes__key=product)
    return live.filter(product__key=product).first() or combined.first()


@dataclass(frozen=True, slots=True)
class UnkeptPromise:
    """A promised seat that was not given: the product's name, and why."""

    product: str
    outcome: str


def not_given(member: Membership) -> UnkeptPromise | None:
    """Return the seat that this member was promised, did not get and still lacks."""
    joined = Invitation.objects.filter(account=member.account_id, accepted_by=member.user_id)
    found = joined.order_by("-accepted_at").first()
    if found is None or found.seat_outcome in ("", Outcome.GIVEN) or member.role in WITHOUT_SEAT:
        return None
    line = line_of(member.account_id, found.seat)
    held = line is not None and AgentSeat.objects.filter(line=line, membership=member).exists()
    return None if held else UnkeptPromise(product_name(found), found.seat_outcome)


def product_name(invitation: Invitation) -> str:
    """Return the name of the product whose seat is promised, also when the account no longer has it."""
    sold = Product.objects.filter(catalogue__subscriptions=invitation.account_id, key=invitation.seat)
    return sold.values_list("name", flat=True).first() or invitation.seat


def _give(account: Account, line: Line | None, member: Membership, occasion: Occasion) -> Outcome:
    """Give the seat in the account's own name; return what became of it."""
    if line is None:
        return Outcome.PRODUCT_GONE
    try:
        seats.hand_out(account, line, member, occasion=occasion.by_itself(), reason="seat_promised")
    except seats.NoSeatLeft:
        return Outcome.NO_SEAT_LEFT
    except seats.ReductionWaits:
        return Outcome.REDUCTION_WAITS
    except seats.HoldsNoSeat:
        return Outcome.HOLDS_NO_SEAT
    return Outcome.GIVEN


def _notify(found: Invitation, member: Membership, line: Line | None, occasion: Occasion) -> None:
    """Record that a promise was not kept, and tell the newcomer and who invited them."""
    account, newcomer = found.account, member.user
    product = product_name(found)
    activity.record(
        account,
        ActivityVerb.PROMISED_SEAT_NOT_GIVEN,
        occasion.by_itself(),
        subject=f"seats:{line.product.key if line else found.seat}",
        after={"member": newcomer.name},
        reason=found.seat_outcome,
    )
    told = invitations.inviters(found)
    common = {"product": product, "outcome": found.seat_outcome}
    asked = {"name": told[0].name, "email": told[0].email} if told else {}
    facts = common | _way(account, newcomer, line, found.seat_outcome, occasion.on) | {"asked": asked}
    mail.post(LetterKind.SEAT_NOT_GIVEN, account, to=[newcomer], facts=facts, key=str(found.pk))
    for person in told:
        facts = common | _way(account, person, line, found.seat_outcome, occasion.on)
        facts |= {"name": newcomer.name, "email": newcomer.email, "member": member.pk}
        mail.post(LetterKind.NEWCOMER_WITHOUT_SEAT, account, to=[person], facts=facts, key=str(found.pk))


def _way(account: Account, person: User, line: Line | None, outcome: str, on: date) -> dict[str, object]:
    """Return how this person gets one seat more: `buy` or `ask`, with how many seats that makes."""
    if line is None or outcome != Outcome.NO_SEAT_LEFT:
        return {"way": ""}
    gate = Gate(person, account, on=on)
    way = "buy" if gate.may(Action.ADD_SEATS) else "ask" if gate.may(Action.REQUEST_CHANGE) else ""
    return {"way": way, "key": line.product.key, "seats": line.quantity + 1}
