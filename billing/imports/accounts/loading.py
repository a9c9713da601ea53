"""Brings a vendor's existing customers in, each whole or not at all (docs/loading-accounts.md)."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts import lifecycle
from accounts.models import Account
from accounts.rules.capabilities import CollectionMethod
from billing.imports.accounts import catalogue_checks, opening_items, saving
from billing.imports.accounts.facts import Offer, facts_of
from billing.imports.accounts.listing import AccountFault, BadAccount, ListedAccount, fault
from billing.imports.accounts.saving import CheckedAccount
from billing.imports.accounts.scheduled_changes import with_scheduled
from billing.imports.accounts.values import shown
from billing.models import Catalogue, Invoice, LoadedAccount
from billing.profile import ProfileValues
from billing.rules.countries import taxed_as
from billing.rules.parties import TaxIdKind
from billing.rules.taxation import Taxation, TaxBuyer, TaxRateFacts, seller_of
from billing.storage import loading as storage

# What is written together: enough that a statement is worth its way, few enough to keep memory flat.
MOST_ACCOUNTS, MOST_ROWS = 200, 5000
ALREADY_THERE = (
    "the account is loaded already and this file says something else of it ({parts}); changing a live "
    "subscription is not loading: change it in the console, or load the file as it was"
)
NOT_LOADED = "an account with this external id is there already, and did not come from a file"


# Columns that files did not have once: without them an account has the digests that it had then.
_ADDED_LATER = (
    *("trial_cycle", "cancel_at_period_end", "scheduled", "collection_method"),
    *("charged_tax_percent", "profile", "recipients", "open_invoices", "other_payments", "use"),
)

# What they are where a file of before said nothing.
_USUAL: tuple[object, ...] = (None, False, "", (), [], CollectionMethod.CHARGE_AUTOMATICALLY.value)


class Refused(Exception):
    """An account that was not loaded, with all that is wrong with it; nothing of it was written."""

    def __init__(self, faults: Iterable[AccountFault]) -> None:
        """Keep what is wrong, in the order of the file."""
        self.faults = tuple(sorted(set(faults)))
        super().__init__("; ".join(one.text for one in self.faults))


class LoadOutcome(StrEnum):
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


def load(listed: ListedAccount, *, at: datetime) -> LoadOutcome:
    """Bring one account in, all of it or nothing; return whether it was new, or raise Refused."""
    (result,) = load_all([listed], at=at)
    if isinstance(result, Refused):
        raise result
    return result


def load_all(found: Iterable[ListedAccount | BadAccount], *, at: datetime) -> Iterator[LoadOutcome | Refused]:
    """Bring accounts in, each all of it or nothing; yield what became of each, in their order.

    They are written many at once; where one of those can't be, each is written for itself, so that it
    keeps out no other. `at` is this moment; a sandbox account with a clock of its own lives at that one
    instead. The same account of the same file again changes nothing.
    """
    loading = _AccountsLoad(at)
    for batch in _batches(found):
        yield from loading.results(batch)


def _batches(found: Iterable[ListedAccount | BadAccount]) -> Iterator[list[ListedAccount | BadAccount]]:
    """Yield the accounts in batches of a bounded number of accounts and of rows."""
    batch: list[ListedAccount | BadAccount] = []
    rows = 0
    for one in found:
        batch.append(one)
        if isinstance(one, ListedAccount):
            rows += len(one.members) + len(one.lines) + len(one.seats) + len(one.open_invoices)
        if len(batch) >= MOST_ACCOUNTS or rows >= MOST_ROWS:
            yield batch
            batch, rows = [], 0
    if batch:
        yield batch


class _AccountsLoad:
    """One load: the price lists are read once, as everything else of a run is of one moment."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.offers: dict[tuple[str, str], tuple[int, Offer]] = {}
        self.seller = seller_of(settings.SELLER)
        self.all_rates = storage.tax_rates()
        self.rates: dict[str, tuple[TaxRateFacts, ...]] = {}

    def results(self, batch: Sequence[ListedAccount | BadAccount]) -> list[LoadOutcome | Refused]:
        """Return what became of each account of a batch."""
        results: dict[int, LoadOutcome | Refused] = {}
        ready: dict[int, CheckedAccount] = {}
        there = _StoredAccounts(batch)
        for place, one in enumerate(batch):
            if isinstance(one, BadAccount):
                results[place] = Refused(one.faults)
                continue
            if any(_same(one, other.listed) for other in ready.values()):
                # Two of one batch are in each other's way: the second finds the first one stored.
                results |= _written(ready)
                ready, there = {}, _StoredAccounts(batch)
            try:
                if there.is_loaded(one):
                    results[place] = LoadOutcome.UNCHANGED
                else:
                    ready[place] = self._ready(one)
            except Refused as refused:
                results[place] = refused
        results |= _written(ready)
        return [results[place] for place in range(len(batch))]

    def _ready(self, listed: ListedAccount) -> CheckedAccount:
        """Return an account as it is to be written; raise Refused where something is wrong with it."""
        moment = listed.own_clock or self.at
        on = moment.astimezone(ZoneInfo(listed.time_zone)).date()
        catalogue_id, offer = self._offer(listed)
        if wrong := catalogue_checks.faults(listed, offer, on):
            raise Refused(wrong)
        if wrong := [*opening_items.faults_on(listed, on)]:
            raise Refused(wrong)
        bought, wrong = with_scheduled(listed, facts_of(listed, offer, self._taxation(listed), on), on)
        if wrong:
            raise Refused(wrong)
        return CheckedAccount(listed, catalogue_id, bought, digests(listed), on, moment)

    def _taxation(self, listed: ListedAccount) -> Taxation:
        """Return what decides an account's taxes, from what the file says of it."""
        profile, own = listed.profile or ProfileValues(), listed.subscription
        at, number = profile.sold_to, profile.tax_id
        buyer = TaxBuyer(
            at.country if at else "",
            at.region if at else "",
            number.country if number and number.kind is TaxIdKind.VAT else "",
        )
        if buyer.country not in self.rates:
            places = (taxed_as(self.seller.country), taxed_as(buyer.country))
            self.rates[buyer.country] = tuple(one for one in self.all_rates if one.country in places)
        rates = self.rates[buyer.country]
        return Taxation(self.seller, buyer, rates, own.tax_percent if own else None)

    def _offer(self, listed: ListedAccount) -> tuple[int, Offer]:
        named = listed.catalogue, listed.currency
        if named not in self.offers:
            catalogue = Catalogue.objects.filter(slug=listed.catalogue).first()
            if catalogue is None:
                known = ", ".join(Catalogue.objects.order_by("slug").values_list("slug", flat=True))
                text = (
                    f"{shown(listed.catalogue)} is not loaded; known: {known or 'none, see load_catalogue'}"
                )
                raise Refused([fault(listed.row, "catalogue", text)])
            self.offers[named] = catalogue.pk, storage.catalogue(catalogue.pk, listed.currency)
        return self.offers[named]


def _same(one: ListedAccount, other: ListedAccount) -> bool:
    """Tell whether two can't be both in, or are one."""
    same = one.external_id == other.external_id or one.slug == other.slug
    return same or not _numbers(one).isdisjoint(_numbers(other))


def _numbers(listed: ListedAccount) -> frozenset[str]:
    return frozenset(one.number for one in listed.open_invoices)


def _written(ready: Mapping[int, CheckedAccount]) -> dict[int, LoadOutcome | Refused]:
    """Write accounts together, or each for itself where they can't be; return what became of each."""
    if not ready:
        return {}
    try:
        saving.write(list(ready.values()))
    except (lifecycle.Deactivated, IntegrityError) as refusal:
        if len(ready) > 1:
            return {place: _written({place: one})[place] for place, one in ready.items()}
        (place,) = ready
        return {place: Refused(_reasons(ready[place].listed, refusal))}
    return dict.fromkeys(ready, LoadOutcome.NEW)


def _reasons(
    listed: ListedAccount, refusal: lifecycle.Deactivated | IntegrityError
) -> Iterator[AccountFault]:
    """Yield why an account could not be written."""
    if isinstance(refusal, lifecycle.Deactivated):
        for member in listed.members:
            if member.email in refusal.emails:
                text = f"{shown(member.email)} was deactivated and can't be a member"
                yield fault(member.row, "email", text)
    else:
        # Somebody else made the same account or person at the same moment, for example.
        text = f"the database refuses it: {str(refusal).splitlines()[0]}"
        yield fault(listed.row, "account", text)


class _StoredAccounts:
    """What is stored already of the accounts of a batch, read in three statements."""

    def __init__(self, batch: Iterable[ListedAccount | BadAccount]) -> None:
        listed = [one for one in batch if isinstance(one, ListedAccount)]
        found = Account.objects.select_related("loaded").filter(
            external_id__in=[one.external_id for one in listed]
        )
        self.accounts = {account.external_id: account for account in found}
        slugs = Account.objects.filter(slug__in=[one.slug for one in listed])
        self.slugs = set(slugs.values_list("slug", flat=True))
        numbers = Invoice.objects.filter(number__in=[number for one in listed for number in _numbers(one)])
        self.numbers = set(numbers.values_list("number", flat=True))

    def is_loaded(self, listed: ListedAccount) -> bool:
        """Tell whether exactly this was loaded before; Refused where something else was."""
        found = self.accounts.get(listed.external_id)
        if found is None:
            if listed.slug in self.slugs:
                text = f"{shown(listed.slug)} is the address of another account"
                raise Refused([fault(listed.row, "slug", text)])
            if taken := [one for one in listed.open_invoices if one.number in self.numbers]:
                text = "is the number of an invoice that is here already; each stands here once"
                raise Refused(fault(one.row, "number", f"{shown(one.number)} {text}") for one in taken)
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
    return {name: value for name, value in found.items() if name not in _ADDED_LATER or value not in _USUAL}


def _plain(value: Any) -> Any:
    """Return a value as JSON can hold it."""
    if is_dataclass(value):
        return _plain_fields(value)
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Decimal):
        return str(value.normalize())
    return value if isinstance(value, int | str) or value is None else str(value)
