"""Reads what seats were bought and in use in the last twelve months, in two statements."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.db.models.functions import TruncMonth

from accounts.models import Account, Activity
from accounts.rules.activity import ActivityVerb
from billing.models import PaidSegment
from billing.rules import seat_history
from billing.rules.facts import LineFacts
from billing.rules.periods import Period
from billing.rules.seat_history import PaidSeats, SeatMonth

_SUBJECT = "seats:"


def of(account: Account, lines: list[LineFacts], on: date) -> Mapping[str, tuple[SeatMonth, ...]]:
    """Return the months of each line by its product; the account's own days, on a day of its zone."""
    if not lines:
        return {}
    first = seat_history.first_month(on)
    paid = _paid(account, first)
    before = _before(account, first)
    return {
        line.product: seat_history.history(
            paid[line.product],
            before[line.product],
            bought=line.quantity,
            used=line.seats_in_use,
            on=on,
        )
        for line in lines
    }


def _paid(account: Account, first: date) -> Mapping[str, list[PaidSeats]]:
    """Return what was paid of each product's live line since a day."""
    rows = PaidSegment.objects.filter(
        subscription_id=account.pk, line__ended_on=None, covers_until__gt=first
    ).values_list("line__product__key", "quantity", "covers_from", "covers_until")
    found = defaultdict(list)
    for product, quantity, start, end in rows:
        found[product].append(PaidSeats(quantity, Period(start, end)))
    return found


def _before(account: Account, first: date) -> Mapping[str, dict[date, int]]:
    """Return how many seats were in use before the first that was given out or freed in each month."""
    zone = ZoneInfo(account.timezone)
    rows = (
        Activity.objects.filter(
            account=account,
            verb__in=(ActivityVerb.SEAT_ASSIGNED, ActivityVerb.SEAT_FREED),
            at__gte=datetime.combine(first, time.min, zone),
        )
        .annotate(month=TruncMonth("at", tzinfo=zone))
        .order_by("subject", "month", "at", "pk")
        .distinct("subject", "month")
        .values_list("subject", "month", "before__used")
    )
    found: defaultdict[str, dict[date, int]] = defaultdict(dict)
    for subject, month, used in rows:
        found[subject.removeprefix(_SUBJECT)][month.date()] = used
    return found
