"""What a request was asked on: so that it says from what to what, and what moved since."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeAlias

from billing.rules.changes import Change, Extend, Moment, takes_effect
from billing.rules.conflicts import Option, conflicting, lines_of, meeting, option
from billing.rules.facts import Facts, ScheduledFacts, ScheduledKind
from billing.rules.periods import Cycle


@dataclass(frozen=True, slots=True)
class BaseLine:
    """A line as it stood."""

    edition: str
    quantity: int


@dataclass(frozen=True, slots=True)
class ChosenAnswer:
    """What a person chose where the change met one that waited, with what the line renews with then."""

    scheduled: ScheduledFacts
    option: Option


@dataclass(frozen=True, slots=True)
class Base:
    """What changes were asked on: the lines they concern by product, the cycle, and what waited there.

    `renews_on` is None where nothing of it waits for the renewal.
    """

    lines: Mapping[str, BaseLine]
    cycle: Cycle | None = None
    renews_on: date | None = None
    scheduled: tuple[ScheduledFacts, ...] = ()
    chosen: tuple[ChosenAnswer, ...] = ()


Value: TypeAlias = BaseLine | ScheduledFacts | Cycle | date


@dataclass(frozen=True, slots=True)
class BaseDifference:
    """One thing that is no longer as it was: a line, a change that waits, the cycle or the renewal day.

    None stands for what was, or is, not there.
    """

    then: Value | None
    now: Value | None
    product: str | None = None


def base_of(facts: Facts, changes: Iterable[Change]) -> Base:
    """Return what these changes are asked on. Raises a Refusal where the catalogue knows them no more."""
    changes = tuple(changes)
    lines = {line.product: line for change in changes for line in lines_of(change, facts)}
    met = {one.slot: _bare(one) for change in changes for one in conflicting(change, facts)}
    return Base(
        lines={key: BaseLine(line.edition, line.quantity) for key, line in lines.items()},
        cycle=facts.cycle,
        renews_on=facts.paid_until if any(_at_renewal(change, facts) for change in changes) else None,
        scheduled=tuple(met.values()),
        chosen=tuple({one.scheduled.slot: one for one in _chosen(facts, changes)}.values()),
    )


def moved(then: Base, now: Base) -> tuple[BaseDifference, ...]:
    """Return what is no longer as it was when the changes were asked for."""
    found = [
        BaseDifference(then.lines.get(key), now.lines.get(key), key)
        for key in dict.fromkeys([*then.lines, *now.lines])
        if then.lines.get(key) != now.lines.get(key)
    ]
    if then.cycle != now.cycle:
        found.append(BaseDifference(then.cycle, now.cycle))
    if then.renews_on != now.renews_on:
        found.append(BaseDifference(then.renews_on, now.renews_on))
    return (*found, *_waiting_moved(then, now))


def _waiting_moved(then: Base, now: Base) -> Iterator[BaseDifference]:
    """Yield changes that waited and wait no more, or otherwise; a later day alone is the renewal's."""
    before: dict[tuple[ScheduledKind, str | None], ScheduledFacts] = {one.slot: one for one in then.scheduled}
    after = {one.slot: one for one in now.scheduled}
    for slot in dict.fromkeys([*before, *after]):
        old, new = before.get(slot), after.get(slot)
        if old and new and replace(old, takes_effect_on=new.takes_effect_on) == new:
            continue
        yield BaseDifference(old, new, slot[1])


def _bare(one: ScheduledFacts) -> ScheduledFacts:
    """Return a change that waits without what only the database gives."""
    return replace(one, id=None, version=1)


def _at_renewal(change: Change, facts: Facts) -> bool:
    return isinstance(change, Extend) or takes_effect(change, facts) is Moment.AT_RENEWAL


def _chosen(facts: Facts, changes: Iterable[Change]) -> Iterator[ChosenAnswer]:
    for change in changes:
        for waits in conflicting(change, facts):
            for answer in change.answers:
                if (answer.kind, answer.product) != waits.slot:
                    continue
                if answer.choice in meeting(waits, change, facts).choices:
                    yield ChosenAnswer(_bare(waits), option(answer.choice, waits, change, facts))
