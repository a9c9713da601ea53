"""Reads a bank's incoming transfers from a CSV file: all faults at once (docs/bank-payments.md)."""

import csv
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

from accounts.rules.texts import OddCharacter, tidy
from billing.bank_payments import ListedTransfer
from billing.imports.text_file import UnreadableFile, open_text
from billing.rules.money import to_minor

NEEDED = ("bank_id", "date", "amount", "currency")
COLUMNS = (*NEEDED, "reference", "payer")
LONGEST = {"bank_id": 80, "reference": 300, "payer": 200}
# What a column of amounts can hold.
GREATEST = Decimal(10) ** 15


class BadBankFile(Exception):
    """A file that can't be taken: a line for each fault, with its place in the file."""

    def __init__(self, faults: list[str]) -> None:
        """Keep the faults."""
        super().__init__("\n".join(faults))
        self.faults = faults


def read(path: Path, *, currencies: Mapping[str, object]) -> list[ListedTransfer]:
    """Return the transfers in a file; raise BadBankFile with all that is wrong with it.

    The same line twice is one transfer; an id that stands for two different ones is a fault.
    """
    try:
        with open_text(path) as file:
            rows = list(csv.reader(file, delimiter=_delimiter(path), strict=True))
    except (UnreadableFile, csv.Error) as error:
        raise BadBankFile([f"{path}: {error}"]) from None
    if not rows:
        raise BadBankFile([f"{path}: is empty"])
    names = [name.strip().lower() for name in rows[0]]
    if missing := [name for name in NEEDED if name not in names]:
        raise BadBankFile(
            [f"{path}:1: {', '.join(missing)} is missing; the columns are {', '.join(COLUMNS)}"]
        )
    found: dict[str, ListedTransfer] = {}
    faults: list[str] = []
    for number, cells in enumerate(rows[1:], 2):
        if not any(cell.strip() for cell in cells):
            continue
        told = dict(zip(names, (cell.strip() for cell in cells), strict=False))
        wrong = list(_faults(told, currencies))
        faults += [f"{path}:{number}: {one}" for one in wrong]
        if wrong:
            continue
        one = _transfer(told)
        if found.get(one.bank_id, one) != one:
            faults.append(f"{path}:{number}: bank_id {one.bank_id} stood for another transfer before")
        found[one.bank_id] = one
    if faults:
        raise BadBankFile(faults)
    return list(found.values())


def _delimiter(path: Path) -> str:
    """Return what stands between the columns: what the first line has most of."""
    with open_text(path) as file:
        first = file.readline()
    return max(",;\t", key=first.count)


def _faults(told: Mapping[str, str], currencies: Mapping[str, object]) -> Iterator[str]:
    for name in ("bank_id", "reference", "payer"):
        text = told.get(name, "")
        if len(text) > LONGEST[name]:
            yield f"{name} has {len(text)} characters; at most {LONGEST[name]} are kept"
        try:
            tidy(text, lines=False)
        except OddCharacter:
            yield f"{name} holds a character that can't be kept"
    if not told.get("bank_id"):
        yield "bank_id is missing: without it the same transfer would be booked twice"
    if _day(told.get("date", "")) is None:
        yield f"date “{told.get('date', '')}” is no day; write it as 2026-11-27"
    if told.get("currency") not in currencies:
        yield f"currency “{told.get('currency', '')}” is not one of ours"
    elif (amount := _amount(told)) is None:
        yield f"amount “{told.get('amount', '')}” is no amount that came in; write it as 1234.50"
    elif amount > GREATEST:
        yield "amount is too large"


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _amount(told: Mapping[str, str]) -> Decimal | None:
    """Return an amount above nothing in the decimals of its currency; None for anything else."""
    text = told.get("amount", "")
    try:
        amount = Decimal(text) if text.isascii() else Decimal("NaN")
        return amount if amount.is_finite() and to_minor(amount, told["currency"]) > 0 else None
    except (InvalidOperation, ValueError, OverflowError):
        return None


def _transfer(told: Mapping[str, str]) -> ListedTransfer:
    currency = told["currency"]
    return ListedTransfer(
        bank_id=tidy(told["bank_id"], lines=False),
        received_on=date.fromisoformat(told["date"]),
        amount=to_minor(Decimal(told["amount"]), currency),
        currency=currency,
        reference=tidy(told.get("reference", ""), lines=False),
        payer=tidy(told.get("payer", ""), lines=False),
    )
