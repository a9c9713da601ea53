"""Writes what the rules decided: the difference between two frozen states of one subscription.

Changes, renewals and extensions all end here, so that the database can only become what the rules
said it would. Called inside the lock, in the transaction of the verb.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, TypeAlias

from accounts import copying
from accounts.occasion import Occasion
from billing.models import (
    Discount,
    Edition,
    Line,
    PaidSegment,
    ScheduledChange,
    Subscription,
    TemporarySeats,
)
from billing.rules.facts import DiscountFacts, Facts, LineFacts, ScheduledFacts, TemporaryFacts
from billing.rules.money import to_money, to_text
from billing.rules.periods import Segment
from billing.rules.tax import LineTaxes
from billing.rules.tax_json import to_plain
from billing.rules.temporary import START_TOLD
from billing.storage import seat_moves, statements

# Rarely written rows go through the ORM, so many in a statement: it holds at most 65,535 parameters.
AT_ONCE = 1000
# (product id, edition id) by their keys.
Editions: TypeAlias = dict[tuple[str, str], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class SubscriptionMove:
    """What one subscription was when it was read under the lock, and what the rules made of it.

    `closed` are lines that end at once, their segments cut at the day.
    """

    subscription: Subscription
    before: Facts
    after: Facts
    occasion: Occasion
    closed: tuple[LineFacts, ...] = ()


def persist(
    subscription: Subscription,
    before: Facts,
    after: Facts,
    *,
    occasion: Occasion,
    closed: Iterable[LineFacts] = (),
) -> None:
    """Make the stored subscription what `after` says; `before` is what was read under the lock."""
    persist_all([SubscriptionMove(subscription, before, after, occasion, tuple(closed))])


def persist_all(moves: Sequence[SubscriptionMove]) -> None:
    """Make stored subscriptions what the rules made of them, in as many statements for many as for one.

    Ids of facts name stored rows; a fact without an id becomes a new row. The balance is not written
    here: it moves with the invoice that explains it.
    """
    editions = {pk: editions_of(pk) for pk in {move.subscription.catalogue_id for move in moves}}
    _write_subscriptions(moves)
    since = _close_lines(moves)
    _rewrite_lines(moves, editions)
    new = _add_lines(moves, editions, since)
    _rewrite_segments(moves)
    _add_segments(moves, new)
    _write_scheduled(moves, new, editions)
    _write_temporary(moves, new)
    _write_discounts(moves)


def editions_of(catalogue_id: int) -> Editions:
    """Return (product id, edition id) by their keys."""
    rows = Edition.objects.filter(product__catalogue_id=catalogue_id).values_list(
        "product__key", "key", "product_id", "id"
    )
    return {(product, edition): (product_id, pk) for product, edition, product_id, pk in rows}


def _write_subscriptions(moves: Sequence[SubscriptionMove]) -> None:
    """Move the periods and raise the versions; a subscription that ended keeps its last period."""
    for move in moves:
        subscription, after = move.subscription, move.after
        subscription.version = after.version
        if after.lines and after.cycle and after.period:
            subscription.cycle = after.cycle.value
            subscription.anchor = after.anchor
            subscription.period_start, subscription.period_end = after.period.start, after.period.end
            subscription.paid_until = after.paid_until
    statements.move_subscriptions([move.subscription for move in moves])


def _close_lines(moves: Sequence[SubscriptionMove]) -> dict[int, datetime]:
    """End the lines that are gone, and free their seats; return since when those had them who keep one."""
    gone: dict[int, date] = {}
    for move in moves:
        kept = {line.id for line in move.after.lines}
        gone |= {
            line.id: move.occasion.on
            for line in move.before.lines
            if line.id is not None and line.id not in kept
        }
    moving = any(line.holders for move in moves for line in move.after.lines if line.id is None)
    since = seat_moves.given(gone.keys()) if moving else {}
    statements.end_lines(gone)
    return since


def _rewrite_lines(moves: Sequence[SubscriptionMove], editions: Mapping[int, Editions]) -> None:
    """Write what became of stored lines, where anything did."""
    rewritten = []
    for move in moves:
        known = {line.id: line for line in move.before.lines}
        for line in move.after.lines:
            old = known.get(line.id) if line.id is not None else None
            if line.id is not None and (old is None or _terms(old) != _terms(line)):
                _product, edition_id = editions[move.subscription.catalogue_id][line.product, line.edition]
                price, allowances = to_text(line.unit, move.after.currency), json.dumps(dict(line.allowances))
                rewritten.append((line.id, edition_id, line.quantity, price, allowances, line.price_ends_on))
    statements.rewrite_lines(rewritten)


def _terms(line: LineFacts) -> tuple[object, ...]:
    """Return what is stored of a line itself."""
    return line.edition, line.quantity, line.unit, line.allowances, line.price_ends_on


def _add_lines(
    moves: Sequence[SubscriptionMove], editions: Mapping[int, Editions], since: dict[int, datetime]
) -> dict[tuple[int, str], int]:
    """Write new lines, held by who held what they replace; return their ids by subscription and product."""
    made: list[tuple[LineFacts, Line]] = []
    for move in moves:
        subscription = move.subscription
        for line in move.after.lines:
            if line.id is None:
                product_id, edition_id = editions[subscription.catalogue_id][line.product, line.edition]
                row = Line(
                    subscription=subscription,
                    product_id=product_id,
                    edition_id=edition_id,
                    quantity=line.quantity,
                    unit_price=to_money(line.unit, subscription.currency),
                    allowances=dict(line.allowances),
                    price_ends_on=line.price_ends_on,
                    began_on=move.occasion.on,
                )
                made.append((line, row))
    if not made:
        return {}
    Line.objects.bulk_create([row for _line, row in made], batch_size=AT_ONCE)
    seat_moves.add(made, since, size=AT_ONCE)
    return {(row.subscription_id, line.product): row.pk for line, row in made}


def _rewrite_segments(moves: Sequence[SubscriptionMove]) -> None:
    """Write what became of stored segments: cut at the day, or gone where they had not begun."""
    gone: list[int] = []
    cut: list[tuple[int, date, str]] = []
    for move in moves:
        now = {line.id: line.segments for line in (*move.after.lines, *move.closed)}
        for line in move.before.lines:
            if line.id not in now or now[line.id][: len(line.segments)] == line.segments:
                continue
            left = {segment.id: segment for segment in now[line.id]}
            for segment in line.segments:
                became = left.get(segment.id)
                if became is None:
                    gone.append(_stored(segment.id))
                elif became != segment:
                    credited = to_text(became.credited, move.after.currency)
                    cut.append((_stored(became.id), became.covers.end, credited))
    statements.rewrite_segments(gone, cut)


def _add_segments(moves: Sequence[SubscriptionMove], new: Mapping[tuple[int, str], int]) -> None:
    """Add what is newly paid, once what ends is cut: never two that cover the same day."""
    copy_segments(
        (
            move.subscription.account_id,
            line.id or new[move.subscription.account_id, line.product],
            move.after.currency,
            segment,
        )
        for move in moves
        for line in move.after.lines
        for segment in line.segments
        if segment.id is None
    )


_SEGMENT_COLUMNS = (
    *("subscription_id", "line_id", "covers_from", "covers_until", "term_start", "term_end"),
    *("unit_price", "unit_price_currency", "quantity", "months", "cycle", "taxes", "discounts"),
    *("charged", "charged_currency", "credited", "credited_currency", "added"),
)


def copy_segments(new: Iterable[tuple[int, int, str, Segment]]) -> None:
    """Store segments that are new: each with its subscription, its line and its currency."""
    copying.copy(
        PaidSegment,
        _SEGMENT_COLUMNS,
        (
            (
                *(subscription_id, line_id, segment.covers.start, segment.covers.end),
                *(segment.term.start, segment.term.end, to_text(segment.unit, currency), currency),
                *(segment.quantity, segment.months, segment.cycle.value),
                *(plain_taxes(segment.taxes), _plain_discounts(segment)),
                *(
                    to_text(segment.charged, currency),
                    currency,
                    to_text(segment.credited, currency),
                    currency,
                    segment.added,
                ),
            )
            for subscription_id, line_id, currency, segment in new
        ),
    )


@lru_cache(maxsize=256)
def plain_taxes(taxes: LineTaxes) -> str:
    """Return taxes of a segment or an invoice's line, as JSON."""
    return json.dumps([to_plain(tax) for tax in taxes])


def _plain_discounts(segment: Segment) -> str:
    if not segment.discounts:
        return "[]"
    return json.dumps(
        [
            {
                "code": one.code,
                "percent": None if one.percent is None else str(one.percent),
                "share": one.share,
                "products": list(one.products),
            }
            for one in segment.discounts
        ]
    )


def _write_scheduled(
    moves: Sequence[SubscriptionMove],
    new: Mapping[tuple[int, str], int],
    editions: Mapping[int, Editions],
) -> None:
    """Drop what no longer waits, then write what does: one of a kind for each line."""
    gone: list[int] = []
    added: list[ScheduledChange] = []
    for move in moves:
        subscription, own = move.subscription, editions[move.subscription.catalogue_id]
        stored = {change.id: change for change in move.before.scheduled}
        kept = {change.id for change in move.after.scheduled}
        gone += [pk for pk in stored if pk is not None and pk not in kept]
        for change in move.after.scheduled:
            if change.id is None:
                line_id = _line_id(move, new, change.product) if change.product else None
                added.append(scheduled_row(subscription, change, line_id, own, move.occasion))
            elif stored.get(change.id) != change:
                ScheduledChange.objects.filter(pk=change.id).update(**_scheduled_values(change, own))
    statements.drop_scheduled(gone)
    ScheduledChange.objects.bulk_create(added, batch_size=AT_ONCE)


def _line_id(move: SubscriptionMove, new: Mapping[tuple[int, str], int], product: str) -> int:
    """Return the id of a line that is live after a move."""
    line = move.after.line(product)
    return line.id if line is not None and line.id is not None else new[move.subscription.pk, product]


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


def _write_temporary(moves: Sequence[SubscriptionMove], new: Mapping[tuple[int, str], int]) -> None:
    """Write temporary seats that were bought, and end those whose line is gone."""
    gone: dict[int, date] = {}
    added = []
    for move in moves:
        kept = {one.id for one in move.after.temporary}
        gone |= {
            one.id: move.occasion.on
            for one in move.before.temporary
            if one.id is not None and one.id not in kept
        }
        added += [
            temporary_row(move.subscription, _line_id(move, new, one.product), one, move.occasion)
            for one in move.after.temporary
            if one.id is None
        ]
    statements.end_temporary_seats(gone)
    TemporarySeats.objects.bulk_create(added, batch_size=AT_ONCE)


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
        # Who buys them for tomorrow knows that they begin.
        start_told=one.covers.start <= occasion.on + timedelta(days=START_TOLD),
    )


def _write_discounts(moves: Sequence[SubscriptionMove]) -> None:
    """Count down what was used, end what is used up, add what was typed."""
    used_up: dict[int, datetime] = {}
    counted: dict[int, int | None] = {}
    added = []
    for move in moves:
        now = {one.id: one for one in move.after.discounts}
        for old in move.before.discounts:
            left = now.get(old.id)
            if left is None:
                used_up[_stored(old.id)] = move.occasion.at
            elif left != old:
                counted[_stored(old.id)] = left.periods_left
        added += [
            discount_row(move.subscription, one, move.occasion)
            for one in move.after.discounts
            if one.id is None
        ]
    statements.count_discounts(used_up, counted)
    Discount.objects.bulk_create(added, batch_size=AT_ONCE)


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
