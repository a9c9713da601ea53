"""Gives out and frees agent seats, and removes people together with theirs."""

from datetime import date

from django.db import transaction
from django.db.models import F, QuerySet, Sum

from accounts import activity, mail, roles
from accounts.gate import Gate
from accounts.models import Account, Membership
from accounts.occasion import Occasion
from accounts.rules.activity import ActivityVerb
from accounts.rules.decision import Action
from accounts.rules.letters import LetterKind
from accounts.rules.roles import WITHOUT_SEAT
from billing.models import AgentSeat, Line, ScheduledChange, Subscription, TemporarySeats


class NoSeatLeft(Exception):
    """Every seat of the line is held; `bought` says how many there are today."""

    def __init__(self, line: Line, bought: int) -> None:
        """Keep the line and the number."""
        super().__init__(f"all {bought} seats are held")
        self.line = line
        self.bought = bought


class ReductionWaits(Exception):
    """One more seat than a waiting reduction leaves: undo it, raise it, or don't (domain.md 5)."""

    def __init__(self, change: ScheduledChange) -> None:
        """Keep the reduction."""
        super().__init__(f"reduced to {change.quantity} on {change.takes_effect_on}")
        self.change = change


class HoldsNoSeat(Exception):
    """A light agent doesn't hold a seat (domain.md 2)."""


@transaction.atomic
def assign(line_id: int, member_id: int, *, occasion: Occasion, reduction: str = "") -> AgentSeat:
    """Give a member a seat of a line.

    Where a reduction waits that would leave too few, `reduction` is `undo` or `raise`; without it
    ReductionWaits is raised. Raises NotAllowed, NoSeatLeft, HoldsNoSeat, Line.DoesNotExist,
    Membership.DoesNotExist. Holding one already changes nothing.
    """
    account, line = _locked(line_id, occasion=occasion)
    member = Membership.objects.select_related("user").get(pk=member_id, account=account)
    return hand_out(account, line, member, occasion=occasion, reduction=reduction)


def hand_out(
    account: Account,
    line: Line,
    member: Membership,
    *,
    occasion: Occasion,
    reduction: str = "",
    reason: str = "",
) -> AgentSeat:
    """Give a seat under the account's lock; whoever calls has asked whether it may be given.

    Where the account itself gives it, as it promised, it happens without a person. Raises as `assign`.
    """
    held = AgentSeat.objects.filter(line=line, membership=member).first()
    if held is not None:
        return held
    if member.role in WITHOUT_SEAT:
        raise HoldsNoSeat
    used, bought = line.seats.count(), usable(line, occasion.on)
    if used >= bought:
        raise NoSeatLeft(line, bought)
    _meet_reduction(account, line, used + 1, reduction, occasion=occasion)
    seat = AgentSeat.objects.create(
        subscription_id=account.pk, line=line, membership=member, assigned_at=occasion.at
    )
    _record(account, ActivityVerb.SEAT_ASSIGNED, line, member, occasion, used, used + 1, reason)
    if used + 1 == bought:
        facts = {"product": line.product.name, "bought": bought}
        contacts = [one.user for one in Membership.objects.contacts(account)]
        mail.post(LetterKind.LAST_SEAT_USED, account, to=contacts, facts=facts, key=str(seat.pk))
    return seat


@transaction.atomic
def free(line_id: int, member_id: int, *, occasion: Occasion) -> None:
    """Take a seat from a member; what is paid stays as it is.

    Raises NotAllowed, AgentSeat.DoesNotExist.
    """
    account, line = _locked(line_id, occasion=occasion)
    seat = AgentSeat.objects.select_related("membership__user").get(line=line, membership_id=member_id)
    used = line.seats.count()
    member = seat.membership
    seat.delete()
    _record(account, ActivityVerb.SEAT_FREED, line, member, occasion, used, used - 1)


@transaction.atomic
def remove(member_id: int, *, occasion: Occasion, invitations: str = "") -> list[str]:
    """Remove a member with the seats they hold; return the products that have a free seat now.

    What is paid stays as it is: the page says so and offers to reduce at renewal. Raises as
    accounts.roles.leave.
    """
    account = Account.objects.lock_for(Membership, member_id)
    freed = []
    held = AgentSeat.objects.filter(membership_id=member_id).select_related(
        "line__product", "membership__user"
    )
    for seat in list(held):
        used = seat.line.seats.count()
        _record(account, ActivityVerb.SEAT_FREED, seat.line, seat.membership, occasion, used, used - 1)
        freed.append(seat.line.product.name)
        seat.delete()
    roles.leave(member_id, occasion=occasion, invitations=invitations)
    return freed


def latest(held: QuerySet[AgentSeat]) -> QuerySet[AgentSeat]:
    """Return seats with who holds them, the last to be given out first: the order in which they are lost."""
    return held.select_related("membership__user").order_by("-assigned_at", "-pk")


def set_back(account: Account, line: Line, *, occasion: Occasion) -> list[Membership]:
    """Free the seats of a line that are more than there are today, under the account's lock.

    Returns who lost theirs: whoever got one last. They stay members, in their role.
    """
    used, lost = line.seats.count(), []
    for seat in latest(line.seats.all())[: max(0, used - usable(line, occasion.on))]:
        seat.delete()
        _record(
            account, ActivityVerb.SEAT_FREED, line, seat.membership, occasion, used, used - 1, "seat_too_many"
        )
        used -= 1
        lost.append(seat.membership)
    return lost


def usable(line: Line, on: date) -> int:
    """Return the seats to use on a day: the line's quantity and the temporary ones active that day."""
    extra = TemporarySeats.objects.filter(line=line, starts_on__lte=on, ends_on__gt=on)
    return line.quantity + (extra.aggregate(sum=Sum("quantity"))["sum"] or 0)


def _locked(line_id: int, *, occasion: Occasion) -> tuple[Account, Line]:
    """Lock the account, ask the gate, and return it with one of its live lines."""
    account = Account.objects.lock_for(Line, line_id)
    Gate(occasion.person, account, on=occasion.on).demand(Action.MANAGE_PEOPLE)
    line = Line.objects.select_related("product").get(pk=line_id, ended_on=None)
    return account, line


def _meet_reduction(account: Account, line: Line, wanted: int, choice: str, *, occasion: Occasion) -> None:
    """Bring a waiting reduction and one more seat in use together, as the person chose."""
    change = line.scheduled.filter(kind=ScheduledChange.Kind.QUANTITY, quantity__lt=wanted).first()
    if change is None:
        return
    if occasion.on >= change.takes_effect_on:
        # Its day has come, renewed or not: it is no longer to be undone or raised.
        left = usable(line, occasion.on) - line.quantity + (change.quantity or 0)
        if wanted > left:
            raise NoSeatLeft(line, left)
        return
    if occasion.by is None or choice not in ("undo", "raise"):
        raise ReductionWaits(change)
    Gate(occasion.by, account, on=occasion.on).demand(Action.UNDO_CHANGE)
    before = {"quantity": change.quantity}
    if choice == "undo" or wanted >= line.quantity:
        change.delete()
        after = {"quantity": line.quantity}
    else:
        change.quantity = wanted
        change.save(update_fields=["quantity"])
        after = {"quantity": wanted}
    Subscription.objects.filter(pk=account.pk).update(version=F("version") + 1)
    verb = ActivityVerb.REDUCTION_UNDONE if choice == "undo" else ActivityVerb.REDUCTION_RAISED
    activity.record(
        account, verb, occasion, subject=f"scheduled:{line.product.key}", before=before, after=after
    )


def _record(
    account: Account,
    verb: ActivityVerb,
    line: Line,
    member: Membership,
    occasion: Occasion,
    used: int,
    now_used: int,
    reason: str = "",
) -> None:
    activity.record(
        account,
        verb,
        occasion,
        subject=f"seats:{line.product.key}",
        before={"used": used},
        after={"used": now_used, "member": member.user.name},
        reason=reason,
    )
