"""Writes what the rules decided: the difference between two frozen states of one subscription.

Changes, renewals and extensions all end here, so that the database can only become what the rules
said it would. Called inside the lock, in the transaction of the verb.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any, TypeAlias

from accounts.occasion import Occasion
from billing.models import (
    AgentSeat,
    Discount,
    Edition,
    Line,
    PaidSegment,
    ScheduledChange,
    Subscription,
    TemporarySeats,
)
from billing.rules.facts import DiscountFacts, Facts, LineFacts, ScheduledFacts, TemporaryFacts
from billing.rules.money import to_money
from billing.rules.periods import Segment
from billing.rules.tax_json import to_plain

# (product id, edition id) by their keys.
Editions: TypeAlias = dict[tuple[str, str], tuple[int, int]]


def persist(
    subscription: Subscription,
    before: Facts,
    after: Facts,
    *,
    occasion: Occasion,
    closed: Iterable[LineFacts] = (),
) -> None:
    """Make the stored subscription what `after` says; `before` is what was read under the lock.

    `closed` are lines that end at once, their segments cut at the day. Ids of facts name stored
    rows; a fact without an id becomes a new row. The balance is not written here: it moves with
    the invoice that explains it.
    """
    editions = editions_of(subscription.catalogue_id)
    _write_subscription(subscription, after)
    _close_lines(before, after, closed, occasion.on, after.currency)
    lines = {line.product: _write_line(subscription, line, editions, occasion.on) for line in after.lines}
    _write_segments(subscription, before, after, lines)
    _write_scheduled(subscription, before, after, lines, editions, occasion)
    _write_temporary(subscription, before, after, lines, occasion)
    _write_discounts(subscription, before, after, occasion)


def editions_of(catalogue_id: int) -> Editions:
    """Return (product id, edition id) by their keys."""
    rows = Edition.objects.filter(product__catalogue_id=catalogue_id).values_list(
        "product__key", "key", "product_id", "id"
    )
    return {(product, edition): (product_id, pk) for product, edition, product_id, pk in rows}


def _write_subscription(subscription: Subscription, after: Facts) -> None:
    """Move the period and raise the version; a subscription that ended keeps its last period."""
    subscription.version = after.version
    if after.lines and after.cycle and after.period:
        subscription.cycle = after.cycle.value
        subscription.anchor = after.anchor
        subscription.period_start, subscription.period_end = after.period.start, after.period.end
        subscription.paid_until = after.paid_until
    subscription.save(
        update_fields=["version", "cycle", "anchor", "period_start", "period_end", "paid_until"]
    )


def _close_lines(before: Facts, after: Facts, closed: Iterable[LineFacts], on: date, currency: str) -> None:
    """End the lines that are gone, free their seats, and cut the segments of those that end today."""
    kept = {line.id for line in after.lines}
    gone = [line.id for line in before.lines if line.id is not None and line.id not in kept]
    ScheduledChange.objects.filter(line_id__in=gone).delete()
    AgentSeat.objects.filter(line_id__in=gone).delete()
    Line.objects.filter(pk__in=gone).update(ended_on=on)
    known = {line.id: line for line in before.lines}
    for line in closed:
        _rewrite_segments(known[line.id].segments, line.segments, currency)


def _write_line(subscription: Subscription, line: LineFacts, editions: Editions, on: date) -> int:
    """Write one line; return its id. People who held what it replaces hold it."""
    product_id, edition_id = editions[(line.product, line.edition)]
    values = {
        "edition_id": edition_id,
        "quantity": line.quantity,
        "unit_price": to_money(line.unit, subscription.currency),
        "allowances": dict(line.allowances),
        "price_ends_on": line.price_ends_on,
    }
    if line.id is not None:
        Line.objects.filter(pk=line.id).update(**values)
        return line.id
    made = Line.objects.create(subscription=subscription, product_id=product_id, began_on=on, **values)
    AgentSeat.objects.bulk_create(
        (
            AgentSeat(subscription=subscription, line=made, membership_id=holder)
            for holder in sorted(line.holders)
        ),
        batch_size=1000,
    )
    return made.pk


def _write_segments(subscription: Subscription, before: Facts, after: Facts, lines: dict[str, int]) -> None:
    """Cut what ends, then add what is newly paid: never two that cover the same day."""
    known = {line.id: line.segments for line in before.lines}
    for line in after.lines:
        _rewrite_segments(known.get(line.id, ()), line.segments, subscription.currency)
    PaidSegment.objects.bulk_create(
        segment_row(subscription, lines[line.product], segment)
        for line in after.lines
        for segment in line.segments
        if segment.id is None
    )


def _rewrite_segments(old: Iterable[Segment], new: Iterable[Segment], currency: str) -> None:
    """Write what became of stored segments: cut at the day, or gone where they had not begun."""
    now = {segment.id: segment for segment in new}
    for segment in old:
        left = now.get(segment.id)
        if left is None:
            PaidSegment.objects.filter(pk=_stored(segment.id)).delete()
        elif left != segment:
            PaidSegment.objects.filter(pk=_stored(segment.id)).update(
                covers_until=left.covers.end, credited=to_money(left.credited, currency)
            )


def segment_row(subscription: Subscription, line_id: int, segment: Segment) -> PaidSegment:
    """Return the row of a segment that is new."""
    currency = subscription.currency
    return PaidSegment(
        subscription=subscription,
        line_id=line_id,
        covers_from=segment.covers.start,
        covers_until=segment.covers.end,
        term_start=segment.term.start,
        term_end=segment.term.end,
        unit_price=to_money(segment.unit, currency),
        quantity=segment.quantity,
        months=segment.months,
        cycle=segment.cycle.value,
        taxes=[to_plain(tax) for tax in segment.taxes],
        discounts=[
            {
                "code": one.code,
                "percent": None if one.percent is None else str(one.percent),
                "share": one.share,
                "products": list(one.products),
            }
            for one in segment.discounts
        ],
        charged=to_money(segment.charged, currency),
        credited=to_money(segment.credited, currency),
    )


def _write_scheduled(
    subscription: Subscription,
    before: Facts,
    after: Facts,
    lines: dict[str, int],
    editions: Editions,
    occasion: Occasion,
) -> None:
    """Drop what no longer waits, then write what does: one of a kind for each line."""
    kept = {change.id for change in after.scheduled}
    ScheduledChange.objects.filter(
        pk__in=[one.id for one in before.scheduled if one.id is not None and one.id not in kept]
    ).delete()
    stored = {change.id: change for change in before.scheduled}
    for change in after.scheduled:
        if change.id is not None and stored.get(change.id) == change:
            continue
        if change.id is not None:
            ScheduledChange.objects.filter(pk=change.id).update(**_scheduled_values(change, editions))
        else:
            line_id = lines[change.product] if change.product else None
            scheduled_row(subscription, change, line_id, editions, occasion).save(force_insert=True)


def scheduled_row(
    subscription: Subscription,
    change: ScheduledFacts,
    line_id: int | None,
    editions: Editions,
    occasion: Occasion,
) -> ScheduledChange:
    """Return the row of a change that is new among those that wait."""
    return ScheduledChange(
        subscription=subscription,
        line_id=line_id,
        kind=change.kind.value,
        created_by=occasion.by,
        created_at=occasion.at,
        **_scheduled_values(change, editions),
    )


def _scheduled_values(change: ScheduledFacts, editions: Editions) -> dict[str, Any]:
    return {
        "quantity": change.quantity,
        "edition_id": editions[(change.product, change.edition)][1]
        if change.product and change.edition
        else None,
        "cycle": change.cycle.value if change.cycle else "",
        "leaving": list(change.leaving),
        "takes_effect_on": change.takes_effect_on,
        "version": change.version,
    }


def _write_temporary(
    subscription: Subscription, before: Facts, after: Facts, lines: dict[str, int], occasion: Occasion
) -> None:
    """Write temporary seats that were bought, and end those whose line is gone."""
    kept = {one.id for one in after.temporary}
    gone = [one.id for one in before.temporary if one.id is not None and one.id not in kept]
    for stored in TemporarySeats.objects.filter(pk__in=gone, ends_on__gt=occasion.on):
        if stored.starts_on >= occasion.on:
            stored.delete()
        else:
            TemporarySeats.objects.filter(pk=stored.pk).update(ends_on=occasion.on)
    TemporarySeats.objects.bulk_create(
        temporary_row(subscription, lines[one.product], one, occasion)
        for one in after.temporary
        if one.id is None
    )


def temporary_row(
    subscription: Subscription, line_id: int, one: TemporaryFacts, occasion: Occasion
) -> TemporarySeats:
    """Return the row of temporary seats that are new."""
    return TemporarySeats(
        subscription=subscription,
        line_id=line_id,
        quantity=one.quantity,
        starts_on=one.covers.start,
        ends_on=one.covers.end,
        charged=to_money(one.charged, subscription.currency),
        created_by=occasion.by,
        created_at=occasion.at,
    )


def _write_discounts(subscription: Subscription, before: Facts, after: Facts, occasion: Occasion) -> None:
    """Count down what was used, end what is used up, add what was typed."""
    now = {one.id: one for one in after.discounts}
    for old in before.discounts:
        left = now.get(old.id)
        if left is None:
            Discount.objects.filter(pk=_stored(old.id)).update(
                ended_at=occasion.at, periods_left=old.periods_left and 0
            )
        elif left != old:
            Discount.objects.filter(pk=_stored(old.id)).update(periods_left=left.periods_left)
    for new in after.discounts:
        if new.id is None:
            discount_row(subscription, new, occasion).save(force_insert=True)


def discount_row(subscription: Subscription, new: DiscountFacts, occasion: Occasion) -> Discount:
    """Return the row of a discount that is new."""
    return Discount(
        subscription=subscription,
        kind="fixed" if new.percent is None else "percent",
        source=new.source.value,
        code=new.code,
        percent=new.percent,
        amount=to_money(new.amount, subscription.currency) if new.percent is None else None,
        products=list(new.products),
        periods_left=new.periods_left,
        version=new.version,
        created_at=occasion.at,
    )


def _stored(pk: int | None) -> int:
    """Return the id of the row of a fact."""
    assert pk is not None  # it was read under the lock
    return pk
