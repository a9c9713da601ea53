"""Brings a vendor's existing customers in, each in a transaction of its own (docs/loading-accounts.md)."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from django.db import IntegrityError, connection, transaction

from accounts import activity, opening
from accounts.models import Account, Membership
from billing import accounts_offer, facts
from billing.accounts_facts import Offer, facts_of
from billing.accounts_list import Fault, ListedAccount, fault
from billing.accounts_scheduled import with_scheduled
from billing.accounts_values import shown
from billing.carrying_out import state_of
from billing.models import (
    BalanceEntry,
    Cancellation,
    Catalogue,
    Line,
    LoadedAccount,
    PaymentMethod,
    Subscription,
)
from billing.rules.facts import Facts
from billing.rules.money import to_money
from billing.rules.periods import Cycle
from billing.writing import Occasion, persist

ALREADY_THERE = (
    "the account is loaded already and this file says something else of it ({parts}); changing a live "
    "subscription is not loading: change it in the console, or load the file as it was"
)
NOT_LOADED = "an account with this external id is there already, and did not come from a file"


# Columns that files did not have once: without them an account has the digests that it had then.
_ADDED_LATER = ("trial_cycle", "cancel_at_period_end", "scheduled")


class Refused(Exception):  # noqa: N818 - it says no, nothing went wrong
    """An account that was not loaded, with all that is wrong with it; nothing of it was written."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        """Keep what is wrong, in the order of the file."""
        self.faults = tuple(sorted(set(faults)))
        super().__init__("; ".join(one.text for one in self.faults))


class Outcome(StrEnum):
    """What became of an account that was not refused."""

    NEW = "new"
    UNCHANGED = "unchanged"


@contextmanager
def rehearsal() -> Iterator[None]:
    """Let all that is loaded inside be loaded, found and refused as ever, and roll it back at the end.

    One transaction around all accounts: the second of two that can't be both sees the first one.
    """
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def load(listed: ListedAccount, *, at: datetime) -> Outcome:
    """Bring one account in, all of it or nothing; return whether it was new.

    `at` is this moment; a sandbox account with a clock of its own lives at that one instead. The
    same account of the same file again changes nothing. Raises Refused.
    """
    moment = listed.own_clock or at
    on = moment.astimezone(ZoneInfo(listed.time_zone)).date()
    if _is_loaded(listed):
        return Outcome.UNCHANGED
    catalogue, offer = _offer(listed)
    if wrong := accounts_offer.faults(listed, offer, on):
        raise Refused(wrong)
    bought, wrong = with_scheduled(listed, facts_of(listed, offer, on), on)
    if wrong:
        raise Refused(wrong)
    try:
        with transaction.atomic(), activity.occasion(moment, by_staff=True):
            _write(listed, catalogue, bought, on=on, at=moment)
            _check_now()
    except opening.Deactivated as gone:
        raise Refused(
            fault(member.row, "email", f"{shown(member.email)} was deactivated and can't be a member")
            for member in listed.members
            if member.email in gone.emails
        ) from None
    except IntegrityError as refusal:
        # Somebody else made the same account or person at the same moment, for example.
        text = f"the database refuses it: {str(refusal).splitlines()[0]}"
        raise Refused([fault(listed.row, "account", text)]) from refusal
    return Outcome.NEW


def _check_now() -> None:
    """Ask at once what is otherwise asked at the commit, which a rehearsal never comes to."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def _is_loaded(listed: ListedAccount) -> bool:
    """Tell whether exactly this was loaded before; Refused where something else was."""
    found = Account.objects.filter(external_id=listed.external_id).select_related("loaded").first()
    if found is None:
        if Account.objects.filter(slug=listed.slug).exists():
            text = f"{shown(listed.slug)} is the address of another account"
            raise Refused([fault(listed.row, "slug", text)])
        return False
    try:
        before: dict[str, str] = found.loaded.parts
    except LoadedAccount.DoesNotExist:
        raise Refused([fault(listed.row, "account", NOT_LOADED)]) from None
    differing = [part for part, digest in digests(listed).items() if before.get(part) != digest]
    if differing:
        text = ALREADY_THERE.format(parts=", ".join(differing))
        raise Refused([fault(listed.row, "account", text)])
    return True


def _offer(listed: ListedAccount) -> tuple[Catalogue, Offer]:
    catalogue = Catalogue.objects.filter(slug=listed.catalogue).first()
    if catalogue is None:
        known = ", ".join(Catalogue.objects.order_by("slug").values_list("slug", flat=True))
        text = f"{shown(listed.catalogue)} is not loaded; known: {known or 'none, see load_catalogue'}"
        raise Refused([fault(listed.row, "catalogue", text)])
    return catalogue, facts.catalogue(catalogue.pk, listed.currency)


def _write(listed: ListedAccount, catalogue: Catalogue, bought: Facts, *, on: date, at: datetime) -> None:
    """Write the account with its people, what it has bought, and its first entry in the trail."""
    account = _account(listed)
    members = opening.open_account(account, _members(listed))
    subscription = Subscription.objects.create(
        account=account,
        catalogue=catalogue,
        currency=account.currency,
        cycle=(bought.cycle or Cycle.MONTHLY).value,
        tax_percent=bought.tax_rate,
    )
    held = _with_holders(bought, listed, members)
    before = replace(held, lines=(), discounts=(), temporary=(), scheduled=())
    persist(subscription, before, held, occasion=Occasion(by=None, on=on, at=at))
    _write_beginnings(listed, subscription)
    _write_money(listed, subscription, at)
    _write_end(listed, account, at)
    LoadedAccount.objects.create(account=account, parts=digests(listed), loaded_at=at)
    activity.record(
        account, "account_loaded", by=None, subject="subscription", before=None, after=state_of(held)
    )


def _write_beginnings(listed: ListedAccount, subscription: Subscription) -> None:
    """Let each line begin on its own day; `persist` knows only lines that begin today."""
    lines = Line.objects.filter(subscription=subscription)
    if listed.subscription:
        lines.update(began_on=listed.subscription.period_from)
    for line in listed.lines:
        if line.began_on:
            lines.filter(product__key=line.product).update(began_on=line.began_on)


def _account(listed: ListedAccount) -> Account:
    cancelled = listed.cancelled_on
    return Account(
        slug=listed.slug,
        name=listed.name,
        external_id=listed.external_id,
        type=listed.type.value,
        state=listed.state.value,
        currency=listed.currency,
        timezone=listed.time_zone,
        language=listed.language,
        vendor_contact_name=listed.vendor_contact_name,
        vendor_contact_email=listed.vendor_contact_email,
        vendor_contact_phone=listed.vendor_contact_phone,
        trial_ends_on=listed.trial_ends_on,
        cancelled_at=datetime.combine(cancelled, time(12), UTC) if cancelled else None,
        is_sandbox=listed.own_clock is not None,
        clock=listed.own_clock,
    )


def _members(listed: ListedAccount) -> list[opening.NewMember]:
    return [
        opening.NewMember(
            email=one.email,
            name=one.name,
            role=one.role,
            language=one.language,
            changes_payment=one.changes_payment,
            suspended=one.suspended,
        )
        for one in listed.members
    ]


def _with_holders(bought: Facts, listed: ListedAccount, members: Iterable[Membership]) -> Facts:
    """Return the facts with who holds the seats of each line, by membership."""
    ids = {one.email: member.pk for one, member in zip(listed.members, members, strict=True)}
    holders: dict[str, set[int]] = {}
    for seat in listed.seats:
        holders.setdefault(seat.product, set()).add(ids[seat.email])
    lines = tuple(replace(line, holders=frozenset(holders.get(line.product, ()))) for line in bought.lines)
    return replace(bought, lines=lines)


def _write_money(listed: ListedAccount, subscription: Subscription, at: datetime) -> None:
    """Write the balance that is brought in, and the payment method."""
    if listed.balance:
        BalanceEntry.objects.create(
            subscription=subscription,
            amount=to_money(listed.balance, subscription.currency),
            reason=BalanceEntry.Reason.BROUGHT_IN,
            created_at=at,
        )
    method = listed.payment
    if method is not None:
        year, month = method.expires or (None, None)
        PaymentMethod.objects.create(
            subscription=subscription,
            kind=method.kind,
            brand=method.brand,
            last_four=method.last_four,
            expires_month=month,
            expires_year=year,
            reference=method.reference,
            updated_at=at,
        )


def _write_end(listed: ListedAccount, account: Account, at: datetime) -> None:
    """Write why the account ends with its period, as the console would have: nobody here decided it."""
    if listed.subscription and listed.subscription.cancel_at_period_end:
        Cancellation.objects.create(
            account=account,
            at_period_end=True,
            reason=Cancellation.Reason.OTHER,
            by_name="",
            created_at=at,
            sheet={"forfeited": 0, "owed": 0, "balance": listed.balance},
            state_before=account.state,
        )


def digests(listed: ListedAccount) -> dict[str, str]:
    """Return a digest of each part of what a file says of an account, wherever its rows stand."""
    own: dict[str, object] = {}
    parts: dict[str, object] = {"account": own}
    for name, value in _plain_fields(listed).items():
        if isinstance(value, list) and name != "discounts":
            # In which order members or lines stand says nothing; of discounts the oldest is first.
            value.sort(key=_text)
        (parts if isinstance(value, dict | list) else own)[name] = value
    return {part: hashlib.sha256(_text(value).encode()).hexdigest() for part, value in parts.items()}


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True)


def _plain_fields(record: Any) -> dict[str, Any]:
    found = {one.name: _plain(getattr(record, one.name)) for one in fields(record) if one.compare}
    return {name: value for name, value in found.items() if value or name not in _ADDED_LATER}


def _plain(value: Any) -> Any:
    """Return a value as JSON can hold it."""
    if is_dataclass(value):
        return _plain_fields(value)
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Decimal):
        return str(value.normalize())
    return value if isinstance(value, int | str) or value is None else str(value)
