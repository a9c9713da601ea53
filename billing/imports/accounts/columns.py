"""The columns of a file of accounts: which record has which, how each is read (docs/loading-accounts.md)."""

from dataclasses import dataclass

from accounts.rules.capabilities import AccountState, AccountType, CollectionMethod
from accounts.rules.roles import Role
from billing.imports.accounts import values
from billing.imports.accounts.values import Reading
from billing.rules.facts import DiscountSource
from billing.rules.parties import TaxIdKind
from billing.rules.periods import Cycle


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """How a cell is read, and whether it must be there."""

    read: Reading
    needed: bool = False


def _needed(read: Reading) -> ColumnSpec:
    return ColumnSpec(read, needed=True)


COLUMNS: dict[str, dict[str, ColumnSpec]] = {
    "account": {
        "slug": _needed(values.slug),
        "name": _needed(values.text(120)),
        "type": _needed(values.choice(AccountType)),
        "collection_method": ColumnSpec(values.choice(CollectionMethod)),
        "state": _needed(values.choice(AccountState)),
        "currency": _needed(values.text(3)),
        "time_zone": _needed(values.time_zone),
        "language": ColumnSpec(values.one_of("en", "fr")),
        "vendor_contact_name": _needed(values.text(120)),
        "vendor_contact_email": _needed(values.email),
        "vendor_contact_phone": ColumnSpec(values.text(40)),
        "catalogue": _needed(values.key),
        "trial_ends_on": ColumnSpec(values.day),
        "cancelled_on": ColumnSpec(values.day),
        "trial_cycle": ColumnSpec(values.choice(Cycle)),
        "own_clock": ColumnSpec(values.moment),
    },
    "subscription": {
        "cycle": _needed(values.choice(Cycle)),
        "anchor": _needed(values.day),
        "period_from": _needed(values.day),
        "period_until": _needed(values.day),
        "paid_until": ColumnSpec(values.day),
        "tax_percent": ColumnSpec(values.tax_percent),
        "charged_tax_percent": ColumnSpec(values.tax_percent),
        "cancel_at_period_end": ColumnSpec(values.flag),
    },
    "member": {
        "email": _needed(values.email),
        "name": _needed(values.text(120)),
        "role": _needed(values.choice(Role)),
        "language": ColumnSpec(values.one_of("en", "fr")),
        "changes_payment": ColumnSpec(values.flag),
        "suspended": ColumnSpec(values.flag),
    },
    "line": {
        "product": _needed(values.key),
        "edition": _needed(values.key),
        "quantity": _needed(values.whole(1)),
        "unit_price": ColumnSpec(values.amount),
        "price_ends_on": ColumnSpec(values.day),
        "began_on": ColumnSpec(values.day),
    },
    "seat": {"product": _needed(values.key), "email": _needed(values.email)},
    "discount": {
        "code": _needed(values.text(60)),
        "source": ColumnSpec(values.choice(DiscountSource)),
        "percent": ColumnSpec(values.percent),
        "amount": ColumnSpec(values.amount),
        "products": ColumnSpec(values.keys),
        "periods_left": ColumnSpec(values.whole(0, 1200)),
        "in_current_period": ColumnSpec(values.flag),
    },
    "temporary": {
        "product": _needed(values.key),
        "quantity": _needed(values.whole(1)),
        "starts_on": _needed(values.day),
        "until": _needed(values.day),
        "unit_price": ColumnSpec(values.amount),
    },
    "scheduled": {
        "kind": _needed(values.scheduled_kind),
        "product": ColumnSpec(values.key),
        "quantity": ColumnSpec(values.whole(1)),
        "edition": ColumnSpec(values.key),
        "cycle": ColumnSpec(values.choice(Cycle)),
    },
    "balance": {"amount": _needed(values.amount)},
    "profile": {
        "legal_name": ColumnSpec(values.text(200)),
        "tax_number": ColumnSpec(values.text(100)),
        "tax_number_kind": ColumnSpec(values.choice(TaxIdKind)),
        "tax_number_country": ColumnSpec(values.country),
        "purchase_order": ColumnSpec(values.text(60)),
    },
    "address": {
        "use": _needed(values.one_of("sold_to", "bill_to")),
        "country": _needed(values.country),
        "line_1": ColumnSpec(values.text(120)),
        "line_2": ColumnSpec(values.text(120)),
        "line_3": ColumnSpec(values.text(120)),
        "line_4": ColumnSpec(values.text(120)),
        "postal_code": ColumnSpec(values.text(20)),
        "city": ColumnSpec(values.text(120)),
        "district": ColumnSpec(values.text(120)),
        "region": ColumnSpec(values.text(120)),
        "sorting_code": ColumnSpec(values.text(40)),
    },
    "open_invoice": {
        "number": _needed(values.invoice_number),
        "issued_on": _needed(values.day),
        "due_on": ColumnSpec(values.day),
        "amount": _needed(values.amount),
        "purchase_order": ColumnSpec(values.text(60)),
    },
    "recipient": {
        "email": _needed(values.email),
        "name": ColumnSpec(values.text(120)),
        "language": ColumnSpec(values.one_of("en", "fr")),
    },
    "payment": {
        "kind": _needed(values.one_of("card", "direct_debit")),
        "brand": ColumnSpec(values.brand),
        "last_four": ColumnSpec(values.last_four),
        "expires": ColumnSpec(values.month),
        "reference": ColumnSpec(values.text(120)),
    },
    "other_payment": {
        "use": ColumnSpec(values.one_of("backup", "spare")),
        "kind": _needed(values.one_of("card", "direct_debit")),
        "brand": ColumnSpec(values.brand),
        "last_four": ColumnSpec(values.last_four),
        "expires": ColumnSpec(values.month),
        "reference": ColumnSpec(values.text(120)),
    },
}

# Records of which an account has one at most; the others may stand any number of times.
SINGLE = ("account", "subscription", "balance", "payment", "profile")
# Where JSON keeps the records of an account that may be several.
PLURALS = {
    "members": "member",
    "lines": "line",
    "seats": "seat",
    "discounts": "discount",
    "temporary": "temporary",
    "scheduled": "scheduled",
    "addresses": "address",
    "recipients": "recipient",
    "open_invoices": "open_invoice",
    "other_payments": "other_payment",
}
# In every record: the vendor's own number of the account, and (in CSV) which record it is.
ACCOUNT, RECORD = "account", "record"
# A telephone number is long and may pass for a card's by chance, a tax number has check digits of its own;
# an external id is the vendor's.
MAY_BE_LONG_NUMBERS = ("vendor_contact_phone", "tax_number", ACCOUNT)


def all_columns() -> tuple[str, ...]:
    """Return every column that a CSV file may have, each once."""
    return tuple(dict.fromkeys([ACCOUNT, RECORD, *(name for own in COLUMNS.values() for name in own)]))
