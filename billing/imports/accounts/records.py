"""Builds an account from its records, or says all that is wrong with them: cells first, then the whole."""

from collections.abc import Collection
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from billing.imports.accounts import checks, opening_items, profiles
from billing.imports.accounts.card_numbers import NO_CARD_NUMBERS, has_card_number
from billing.imports.accounts.columns import ACCOUNT, COLUMNS, MAY_BE_LONG_NUMBERS, SINGLE
from billing.imports.accounts.listing import (
    AccountFault,
    AccountRecord,
    BadAccount,
    ListedAccount,
    ListedAddress,
    ListedDiscount,
    ListedLine,
    ListedMember,
    ListedOpenInvoice,
    ListedPayment,
    ListedProfile,
    ListedRecipient,
    ListedScheduled,
    ListedSeat,
    ListedSubscription,
    ListedTemporary,
    fault,
)
from billing.imports.accounts.values import WrongCell, check_encoding, shown, text
from billing.profile import ProfileValues
from billing.rules.money import exponent, to_minor

LONGEST_EXTERNAL_ID = 80


@dataclass(slots=True)
class Bundle:
    """The records of one account as they stand in the file, and what was wrong with reading them."""

    external_id: str
    rows: list[AccountRecord] = field(default_factory=list)
    faults: list[AccountFault] = field(default_factory=list)


def listed(bundle: Bundle, currencies: Collection[str]) -> ListedAccount | BadAccount:
    """Return the account, or all that is wrong with it."""
    builder = _Builder(bundle, currencies)
    account = builder.account()
    faults = bundle.faults or ([*checks.faults(account), *opening_items.faults(account)] if account else [])
    if account is None or faults:
        return BadAccount(bundle.external_id, tuple(sorted(set(faults))))
    return account


class _Builder:
    """Goes through the records of one account; faults gather in the bundle."""

    def __init__(self, bundle: Bundle, currencies: Collection[str]) -> None:
        self.bundle = bundle
        self.currencies = currencies
        self.currency = ""
        self.rows: dict[str, list[AccountRecord]] = {record: [] for record in COLUMNS}
        for row in bundle.rows:
            self.rows[row.record].append(row)

    def account(self) -> ListedAccount | None:
        """Return all of it; None where something is so wrong that it can't be put together."""
        self._check_external_id()
        self._check_single()
        if not self.rows["account"]:
            first = min((row.line for row in self.bundle.rows), default=None)
            if first is not None:
                self._add(AccountFault(first, "record", "there is no record “account” for this account"))
            return None
        row = self.rows["account"][0]
        own = self._values(row)
        self._check_currency(row, own)
        parts = self._parts()
        if self.bundle.faults:
            return None
        return ListedAccount(external_id=self.bundle.external_id, row=row, **own, **parts)

    def _parts(self) -> dict[str, Any]:
        """Return what hangs from the account; amounts are in its currency."""
        balance, payment, subscription = (
            self._one(record) for record in ("balance", "payment", "subscription")
        )
        return {
            "subscription": self._made(ListedSubscription, subscription),
            "payment": self._made(ListedPayment, payment),
            "balance": self._values(balance).get("amount", 0) if balance else 0,
            "members": self._all("member", ListedMember),
            "lines": self._all("line", ListedLine),
            "seats": self._all("seat", ListedSeat),
            "discounts": self._all("discount", ListedDiscount),
            "temporary": self._all("temporary", ListedTemporary),
            "scheduled": self._all("scheduled", ListedScheduled),
            "recipients": self._all("recipient", ListedRecipient),
            "other_payments": self._all("other_payment", ListedPayment),
            "open_invoices": self._all("open_invoice", ListedOpenInvoice),
            "profile": self._profile(),
        }

    def _profile(self) -> ProfileValues | None:
        """Return whom invoices are made out to, None where the file says nothing of it."""
        before = len(self.bundle.faults)
        given = self._made(ListedProfile, self._one("profile"))
        addresses = self._all("address", ListedAddress)
        if len(self.bundle.faults) > before:
            return None
        found, faults = profiles.profile_of(given, addresses)
        for one in faults:
            self._add(one)
        return found

    def _check_external_id(self) -> None:
        external_id = self.bundle.external_id
        line = min((row.line for row in self.bundle.rows), default=1)
        try:
            check_encoding(external_id)
            text(LONGEST_EXTERNAL_ID)(external_id)
        except WrongCell as wrong:
            self._add(AccountFault(line, ACCOUNT, str(wrong)))

    def _check_single(self) -> None:
        for record in SINGLE:
            for row in self.rows[record][1:]:
                self._add(
                    AccountFault(row.line, "record", f"is a second “{record}”; an account has one at most")
                )

    def _check_currency(self, row: AccountRecord, own: dict[str, Any]) -> None:
        currency = own.get("currency")
        if currency is not None and currency not in self.currencies:
            known = ", ".join(sorted(self.currencies))
            self._add(fault(row, "currency", f"{shown(currency)} is not a known currency; known: {known}"))
        else:
            self.currency = currency or ""

    def _one(self, record: str) -> AccountRecord | None:
        return next(iter(self.rows[record]), None)

    def _all(self, record: str, kind: Any) -> tuple[Any, ...]:
        made = (self._made(kind, row) for row in self.rows[record])
        return tuple(one for one in made if one is not None)

    def _made(self, kind: Any, row: AccountRecord | None) -> Any:
        """Return a record; None where there is none, or something is wrong with it."""
        if row is None:
            return None
        before = len(self.bundle.faults)
        values = self._values(row)
        return kind(row=row, **values) if len(self.bundle.faults) == before else None

    def _values(self, row: AccountRecord) -> dict[str, Any]:
        """Return the cells of a row that are given, each read as its column says."""
        columns = COLUMNS[row.record]
        for name in row.cells:
            if name not in columns:
                known = ", ".join(columns)
                self._add(fault(row, name, f"is no column of the record “{row.record}”; it has {known}"))
        values = {}
        for name, column in columns.items():
            if name in row.cells:
                try:
                    values[name] = self._read(row, name, row.cells[name])
                except WrongCell as wrong:
                    self._add(fault(row, name, str(wrong)))
            elif column.needed:
                self._add(fault(row, name, "is missing"))
        return values

    def _read(self, row: AccountRecord, name: str, cell: str) -> Any:
        check_encoding(cell)
        if name not in MAY_BE_LONG_NUMBERS and has_card_number(cell):
            raise WrongCell(NO_CARD_NUMBERS)
        value = COLUMNS[row.record][name].read(cell)
        return self._minor(value) if name in ("amount", "unit_price") else value

    def _minor(self, amount: Decimal) -> int | None:
        """Return an amount in minor units; None where the currency is not known, which is said elsewhere."""
        if not self.currency:
            return None
        try:
            return to_minor(amount, self.currency)
        except ValueError:
            decimals = exponent(self.currency)
            most = f"{self.currency} has {decimals}" if decimals else f"{self.currency} has none"
            raise WrongCell(f"{amount} has more decimals than its currency: {most}") from None

    def _add(self, found: AccountFault) -> None:
        self.bundle.faults.append(found)
