"""Temporary seats on their days: told of before they begin and end; at the end nobody holds one too many.

Whoever got their seat last is set back to no seat; nobody is removed, and what they did stays.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, assert_never

from django.db import transaction
from django.db.models import F, Q

from accounts import mail
from accounts.models import Account, Membership
from accounts.occasion import Occasion
from accounts.rules.capabilities import AccountState
from accounts.rules.letters import LetterKind
from billing import seats
from billing.models import AgentSeat, Line, TemporarySeats
from billing.reminders import today_of
from billing.rules.facts import Facts
from billing.rules.periods import Period
from billing.rules.temporary import END_WARNED, START_TOLD, TemporaryEnd, TemporaryStep, ends, step, warning
from billing.storage import loading

# A letter names so many people; the summary names them all.
NAMED = 20


@dataclass(frozen=True, slots=True)
class Surplus:
    """The end of temporary seats with the people who then lose their seat, the last to get one first."""

    end: TemporaryEnd
    people: tuple[str, ...]


def surplus(account: Account, facts: Facts) -> tuple[Surplus, ...]:
    """Return each end of temporary seats at which somebody loses a seat, if nothing changes until then."""
    found, passed = [], dict[str, int]()
    for end in ends(facts):
        if end.surplus:
            before = passed.get(end.product, 0)
            held = AgentSeat.objects.filter(
                subscription_id=account.pk, line__product__key=end.product, line__ended_on=None
            )
            rows = seats.latest(held)[before : before + end.surplus]
            found.append(Surplus(end, tuple(one.membership.user.name for one in rows)))
            passed[end.product] = before + end.surplus
    return tuple(found)


def due(at: datetime) -> Iterator[tuple[int, int]]:
    """Yield the temporary seats of which a day has come where their account is, each with its account."""
    waiting = TemporarySeats.objects.filter(is_over=False).exclude(
        subscription__account__state=AccountState.CANCELLED
    )
    waiting = waiting.alias(today=today_of(at, "subscription__account")).filter(_on_its_day())
    yield from waiting.order_by("pk").values_list("pk", "subscription_id")


def _on_its_day() -> Q:
    """Ask as the rules do: see `billing.rules.temporary.step`."""
    wanted = Q(ends_on__lte=F("today"))
    wanted |= Q(
        start_told=False, starts_on__gt=F("today"), starts_on__lte=F("today") + timedelta(days=START_TOLD)
    )
    for days in END_WARNED:
        wanted |= Q(
            Q(end_warned=None) | Q(end_warned__gt=days),
            ends_on__lte=F("today") + timedelta(days=days),
            starts_on__lt=F("ends_on") - timedelta(days=days),
        )
    return wanted


@transaction.atomic
def take_step(temporary_id: int, *, occasion: Occasion) -> bool:
    """Do what a day brings for temporary seats, once; return whether anything was done."""
    account = Account.objects.lock_for(TemporarySeats, temporary_id)
    bought = TemporarySeats.objects.select_related("line__product").get(pk=temporary_id)
    if bought.is_over or account.state == AccountState.CANCELLED:
        return False
    covers = Period(bought.starts_on, bought.ends_on)
    due_step = step(covers, occasion.on, start_told=bought.start_told, end_warned=bought.end_warned)
    match due_step:
        case TemporaryStep.OVER:
            bought.is_over = True
            bought.save(update_fields=["is_over"])
            _set_back(account, bought, occasion)
        case TemporaryStep.STARTING:
            bought.start_told = True
            bought.save(update_fields=["start_told"])
            facts = _facts(bought) | {"quantity": bought.quantity, "on": bought.starts_on.isoformat()}
            _tell(LetterKind.TEMPORARY_STARTING, account, facts, f"{bought.pk}")
        case TemporaryStep.ENDING:
            bought.end_warned = warning(covers, occasion.on)
            bought.save(update_fields=["end_warned"])
            _warn(account, bought, occasion)
        case None:
            pass
        case _:
            assert_never(due_step)
    return due_step is not None


def _warn(account: Account, bought: TemporarySeats, occasion: Occasion) -> None:
    """Write what ends, how many seats are left, and who then loses theirs."""
    reading = loading.read(account, occasion.on)
    if reading is None:
        return
    product = bought.line.product.key
    end = next((e for e in ends(reading.facts) if (e.product, e.on) == (product, bought.ends_on)), None)
    if end is None:
        return  # the product ends before them, which has letters of its own
    lost = next((one.people for one in surplus(account, reading.facts) if one.end == end), ())
    line = reading.facts.line(product)
    facts = _facts(bought) | {
        "quantity": end.quantity,
        "left": end.left,
        "used": line.seats_in_use if line else 0,
        **_named(lost),
    }
    # Several that end together are told of once.
    _tell(
        LetterKind.TEMPORARY_ENDING, account, facts, f"{bought.line_id}:{bought.ends_on}:{bought.end_warned}"
    )


def _set_back(account: Account, bought: TemporarySeats, occasion: Occasion) -> None:
    """Set back whoever holds a seat too many of any line, and tell them and the contacts."""
    for line in (
        Line.objects.filter(subscription=account.pk, ended_on=None).select_related("product").order_by("pk")
    ):
        lost = seats.set_back(account, line, occasion=occasion)
        left = seats.usable(line, occasion.on)
        facts = {"product": line.product.name, "last": (occasion.on - timedelta(days=1)).isoformat()}
        if line.pk == bought.line_id:
            facts = _facts(bought)
        elif not lost:
            continue
        named = _named(tuple(one.user.name for one in lost))
        used = {"left": left, "used": line.seats.count(), "quantity": bought.quantity}
        key = f"{line.pk}:{bought.ends_on}:{occasion.on}"
        _tell(LetterKind.TEMPORARY_ENDED, account, facts | used | named, key)
        mail.post(LetterKind.SEAT_ENDED, account, to=[one.user for one in lost], facts=facts, key=key)


def _facts(bought: TemporarySeats) -> dict[str, Any]:
    return {
        "product": bought.line.product.name,
        "last": (bought.ends_on - timedelta(days=1)).isoformat(),
    }


def _named(people: tuple[str, ...]) -> dict[str, Any]:
    return {"people": list(people[:NAMED]), "more": max(0, len(people) - NAMED)}


def _tell(kind: LetterKind, account: Account, facts: Mapping[str, Any], key: str) -> None:
    mail.post(
        kind, account, to=[one.user for one in Membership.objects.contacts(account)], facts=facts, key=key
    )
