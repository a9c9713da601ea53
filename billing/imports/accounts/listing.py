"""A vendor's existing customers as a file names them, frozen: where each row stands, and what it says.

Amounts are minor units of the account's currency, dates are days of the account's zone; a day named
`…until` is no longer part of the stretch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from accounts.rules.capabilities import AccountState, AccountType, CollectionMethod
from accounts.rules.roles import Role
from billing.profile import ProfileValues
from billing.rules.facts import DiscountSource, ScheduledKind
from billing.rules.parties import TaxIdKind
from billing.rules.periods import Cycle, Period


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """One record of an account: its line in the file, the way to it, and its cells that are not empty.

    `path` is empty in a CSV file; in JSON it leads to the record, such as `members[2]`.
    """

    record: str
    line: int
    path: str = ""
    cells: Mapping[str, str] = field(default_factory=dict)

    def column(self, name: str) -> str:
        """Return how a message names one of its columns."""
        return f"{self.path}.{name}" if self.path else name


@dataclass(frozen=True, slots=True, order=True)
class AccountFault:
    """One thing that is wrong: on which line, in which column, what it is and what would be right."""

    line: int
    column: str
    text: str


def fault(row: AccountRecord, column: str, text: str) -> AccountFault:
    """Return what is wrong with a column of a row."""
    return AccountFault(row.line, row.column(column), text)


class BadFile(Exception):
    """A file that cannot be read as accounts at all; nothing of it is loaded."""

    def __init__(self, line: int, column: str, text: str) -> None:
        """Keep what is wrong."""
        super().__init__(text)
        self.fault = AccountFault(line, column, text)


@dataclass(frozen=True, slots=True)
class BadAccount:
    """An account that cannot be loaded, with all that is wrong with its rows."""

    external_id: str
    faults: tuple[AccountFault, ...]


@dataclass(frozen=True, slots=True)
class ListedMember:
    """A person of the account, by e-mail address in lower case; `language` may be empty."""

    email: str
    name: str
    role: Role
    row: AccountRecord = field(compare=False, repr=False)
    language: str = ""
    changes_payment: bool = False
    suspended: bool = False


@dataclass(frozen=True, slots=True)
class ListedSubscription:
    """What is common to all lines: cycle, anchor, the current period and the end of what is paid."""

    cycle: Cycle
    anchor: date
    period_from: date
    period_until: date
    row: AccountRecord = field(compare=False, repr=False)
    paid_until: date | None = None
    tax_percent: Decimal | None = None
    # What the current period bore, where the table of rates would say otherwise.
    charged_tax_percent: Decimal | None = None
    cancel_at_period_end: bool = False

    @property
    def period(self) -> Period:
        """Return the current period."""
        return Period(self.period_from, self.period_until)

    @property
    def paid_end(self) -> date:
        """Return the end of what is paid: the period's, or after an extension one period later."""
        return self.paid_until or self.period_until


@dataclass(frozen=True, slots=True)
class ListedLine:
    """One product; without a unit price (per seat and month; flat: per period) the list price holds."""

    product: str
    edition: str
    quantity: int
    row: AccountRecord = field(compare=False, repr=False)
    unit_price: int | None = None
    price_ends_on: date | None = None
    began_on: date | None = None


@dataclass(frozen=True, slots=True)
class ListedSeat:
    """A member who holds a seat of a product."""

    product: str
    email: str
    row: AccountRecord = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ListedDiscount:
    """A coupon or promo code; `in_current_period` says that what is paid now was charged with it."""

    code: str
    row: AccountRecord = field(compare=False, repr=False)
    source: DiscountSource = DiscountSource.COUPON
    percent: Decimal | None = None
    amount: int | None = None
    products: tuple[str, ...] = ()
    periods_left: int | None = None
    in_current_period: bool = True


@dataclass(frozen=True, slots=True)
class ListedTemporary:
    """Extra seats of a product from a day until another."""

    product: str
    quantity: int
    starts_on: date
    until: date
    row: AccountRecord = field(compare=False, repr=False)
    unit_price: int | None = None


@dataclass(frozen=True, slots=True)
class ListedScheduled:
    """A change that waits for the renewal: fewer seats, a lower edition, a removal, another cycle."""

    kind: ScheduledKind
    row: AccountRecord = field(compare=False, repr=False)
    product: str = ""
    quantity: int = 0
    edition: str = ""
    cycle: Cycle | None = None


@dataclass(frozen=True, slots=True)
class ListedPayment:
    """A payment method on file: what may be shown, and the provider's own name for it.

    `use` is of one that is not charged first: "backup", or "spare" where nothing is said.
    """

    kind: str
    row: AccountRecord = field(compare=False, repr=False)
    brand: str = ""
    last_four: str = ""
    expires: tuple[int, int] | None = None
    reference: str = ""
    use: str = ""


@dataclass(frozen=True, slots=True)
class ListedProfile:
    """Whom invoices are made out to, beside the addresses; a tax number as it is written."""

    row: AccountRecord = field(compare=False, repr=False)
    legal_name: str = ""
    tax_number: str = ""
    tax_number_kind: TaxIdKind | None = None
    tax_number_country: str = ""
    purchase_order: str = ""


@dataclass(frozen=True, slots=True)
class ListedAddress:
    """The company's own address (sold_to), or another for invoices (bill_to)."""

    use: str
    country: str
    row: AccountRecord = field(compare=False, repr=False)
    line_1: str = ""
    line_2: str = ""
    line_3: str = ""
    line_4: str = ""
    postal_code: str = ""
    city: str = ""
    district: str = ""
    region: str = ""
    sorting_code: str = ""


@dataclass(frozen=True, slots=True)
class ListedRecipient:
    """Somebody who gets the invoices by mail; without a language in the account's."""

    email: str
    row: AccountRecord = field(compare=False, repr=False)
    name: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class ListedOpenInvoice:
    """An invoice of the system before, and what is left to pay of it; due at once without a day."""

    number: str
    issued_on: date
    amount: int
    row: AccountRecord = field(compare=False, repr=False)
    due_on: date | None = None
    purchase_order: str = ""


@dataclass(frozen=True, slots=True)
class ListedAccount:
    """One customer with all that is brought in; `external_id` is the vendor's own number for it."""

    external_id: str
    slug: str
    name: str
    type: AccountType
    state: AccountState
    currency: str
    time_zone: str
    catalogue: str
    vendor_contact_name: str
    vendor_contact_email: str
    row: AccountRecord = field(compare=False, repr=False)
    language: str = "en"
    vendor_contact_phone: str = ""
    trial_ends_on: date | None = None
    cancelled_on: date | None = None
    trial_cycle: Cycle | None = None
    own_clock: datetime | None = None
    members: tuple[ListedMember, ...] = ()
    subscription: ListedSubscription | None = None
    lines: tuple[ListedLine, ...] = ()
    seats: tuple[ListedSeat, ...] = ()
    discounts: tuple[ListedDiscount, ...] = ()
    temporary: tuple[ListedTemporary, ...] = ()
    scheduled: tuple[ListedScheduled, ...] = ()
    balance: int = 0
    payment: ListedPayment | None = None
    # Beside the one that is charged first.
    other_payments: tuple[ListedPayment, ...] = ()
    # With its addresses, and all of it as it is kept.
    profile: ProfileValues | None = None
    recipients: tuple[ListedRecipient, ...] = ()
    open_invoices: tuple[ListedOpenInvoice, ...] = ()
    collection_method: CollectionMethod = CollectionMethod.CHARGE_AUTOMATICALLY
