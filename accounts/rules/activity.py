"""What may be recorded: each act by its verb, and each thing that an act changes with its shape.

An entry keeps data, never prose: what stood before and after is JSON of the shapes below, worded on reading
(domain.md 11). `fault` says what of an entry is none of them.
"""

from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from typing import assert_never


class ActivityVerb(StrEnum):
    """What was done; stored entries may carry verbs that are recorded no more."""

    ACCOUNT_AMENDED = "account_amended"
    ACCOUNT_ERASED = "account_erased"
    ACCOUNT_CLOCK_MOVED = "account_clock_moved"
    ACCOUNT_CLOCK_STARTED = "account_clock_started"
    ACCOUNT_LOADED = "account_loaded"
    ACCOUNT_STATE_CHANGED = "account_state_changed"
    ACCOUNT_SUSPENDED = "account_suspended"
    AGREED_PRICE_ENDED = "agreed_price_ended"
    BACKUP_METHOD_TRIED = "backup_method_tried"
    BALANCE_BROUGHT_IN = "balance_brought_in"
    BANK_PAYMENT_BOOKED = "bank_payment_booked"
    BILLING_PROFILE_CHANGED = "billing_profile_changed"
    CALENDAR_LINK_MADE = "calendar_link_made"
    CALENDAR_LINK_REVOKED = "calendar_link_revoked"
    CANCELLATION_SCHEDULED = "cancellation_scheduled"
    CHANGE_BY_STAFF = "change_by_staff"
    CHANGE_NOT_PAID = "change_not_paid"
    CHANGE_UNDONE = "change_undone"
    CHANGE_WITHDRAWN = "change_withdrawn"
    CHARGE_CHECKED = "charge_checked"
    CHARGE_REFUNDED = "charge_refunded"
    CREDIT_NOTE_ISSUED = "credit_note_issued"
    DATA_EXPORT_ASKED = "data_export_asked"
    DOCUMENT_SENT_AGAIN = "document_sent_again"
    EMAIL_CHANGED = "email_changed"
    INVITATION_EXPIRED = "invitation_expired"
    INVITATION_REVOKED = "invitation_revoked"
    INVOICE_NOT_TRIED = "invoice_not_tried"
    INVOICE_PAYMENT_STARTED = "invoice_payment_started"
    INVOICE_RECIPIENT_ADDED = "invoice_recipient_added"
    INVOICE_RECIPIENT_CHANGED = "invoice_recipient_changed"
    INVOICE_RECIPIENT_REMOVED = "invoice_recipient_removed"
    INVOICE_WRITTEN_OFF = "invoice_written_off"
    INVOICE_REMINDED = "invoice_reminded"
    INVOICE_TRIED_AGAIN = "invoice_tried_again"
    LETTER_SENT_AGAIN = "letter_sent_again"
    LIMITS_CHANGED = "limits_changed"
    MEMBER_INVITED = "member_invited"
    MEMBER_JOINED = "member_joined"
    MEMBER_REMOVED = "member_removed"
    MEMBER_RESUMED = "member_resumed"
    MEMBER_SUSPENDED = "member_suspended"
    OLD_DEBT_SETTLED = "old_debt_settled"
    OWN_TAX_RATE_ENDED = "own_tax_rate_ended"
    OWNERSHIP_ACCEPTED = "ownership_accepted"
    OWNERSHIP_DECLINED = "ownership_declined"
    OWNERSHIP_EXPIRED = "ownership_expired"
    OWNERSHIP_OFFERED = "ownership_offered"
    OWNERSHIP_WITHDRAWN = "ownership_withdrawn"
    PAYMENT_BY_LINK_STARTED = "payment_by_link_started"
    PAYMENT_LINK_REVOKED = "payment_link_revoked"
    PAYMENT_LINK_SENT = "payment_link_sent"
    PAYMENT_METHOD_ADDED = "payment_method_added"
    PAYMENT_METHOD_REMOVED = "payment_method_removed"
    PAYMENT_METHOD_REPLACED = "payment_method_replaced"
    PAYMENT_METHOD_USE_CHANGED = "payment_method_use_changed"
    PRICE_AGREED = "price_agreed"
    PRODUCT_ENDED = "product_ended"
    PROMISED_SEAT_NOT_GIVEN = "promised_seat_not_given"
    REDUCTION_RAISED = "reduction_raised"
    REDUCTION_UNDONE = "reduction_undone"
    REFUND_APPROVED = "refund_approved"
    REFUND_FAILED = "refund_failed"
    REFUND_LAPSED = "refund_lapsed"
    REFUND_ORDERED = "refund_ordered"
    REFUND_REJECTED = "refund_rejected"
    REFUND_REQUESTED = "refund_requested"
    REQUEST_APPROVED = "request_approved"
    REQUEST_APPROVED_BY_LIMIT = "request_approved_by_limit"
    REQUEST_APPROVED_FIRST = "request_approved_first"
    REQUEST_CLOSED = "request_closed"
    REQUEST_COMMENTED = "request_commented"
    REQUEST_EXPIRED = "request_expired"
    REQUEST_PRICED_BY_STAFF = "request_priced_by_staff"
    REQUEST_REJECTED = "request_rejected"
    REQUEST_SUBMITTED = "request_submitted"
    REQUEST_WITHDRAWN = "request_withdrawn"
    ROLE_CHANGED = "role_changed"
    SEAT_ASSIGNED = "seat_assigned"
    SEAT_FREED = "seat_freed"
    SUBSCRIPTION_CHANGED = "subscription_changed"
    SUBSCRIPTION_PARKED = "subscription_parked"
    SUBSCRIPTION_RENEWED = "subscription_renewed"
    SUBSCRIPTION_UNPARKED = "subscription_unparked"
    SUSPENSION_ENDED = "suspension_ended"
    TRIAL_ENDED = "trial_ended"


class Shape(StrEnum):
    """What a value of an entry looks like as JSON."""

    # A text: a name, an address, or a code whose words the field knows.
    TEXT = "text"
    FLAG = "flag"
    NUMBER = "number"
    # An ISO date.
    DAY = "day"
    # Codes or keys, in the order in which they are told.
    CODES = "codes"
    # {"minor": whole minor units, "currency": "EUR"}: told only where costs are shown.
    MONEY = "money"
    # {product: {"edition": key, "quantity": seats}}
    LINES = "lines"
    # [{"product": key, "quantity": seats, "covers": {"start": day, "end": day}}], the end exclusive
    TEMPORARY = "temporary"
    # [{"kind": code, and what it has of product, quantity, edition, cycle, leaving, takes_effect_on}]; where
    # it has no day of its own it is the renewal's.
    SCHEDULED = "scheduled"
    # {"country": code of ISO 3166-1, and what it has of lines, city, district, region, postal_code …}
    ADDRESS = "address"
    # Changes as a request keeps them: [{"change": code, …}].
    CHANGES = "changes"


class ActivityField(StrEnum):
    """What an act may have changed, in the order in which it is told."""

    LINES = "lines"
    PRODUCTS = "products"
    PRODUCT = "product"
    EDITION = "edition"
    QUANTITY = "quantity"
    CYCLE = "cycle"
    PAID_UNTIL = "paid_until"
    SCHEDULED = "scheduled"
    TEMPORARY = "temporary"
    DISCOUNTS = "discounts"
    STATE = "state"
    CHANGES = "changes"
    NAME = "name"
    EMAIL = "email"
    LEGAL_NAME = "legal_name"
    SOLD_TO = "sold_to"
    BILL_TO = "bill_to"
    TAX_NUMBER = "tax_number"
    PURCHASE_ORDER = "purchase_order"
    APPROVED_BY = "approved_by"
    ROLE = "role"
    CHANGES_PAYMENT = "changes_payment"
    SUSPENDED = "suspended"
    MEMBER = "member"
    TO = "to"
    USED = "used"
    KIND = "kind"
    BRAND = "brand"
    LAST_FOUR = "last_four"
    DEFAULT_METHOD = "default_method"
    BACKUP_METHOD = "backup_method"
    TYPE = "type"
    TIMEZONE = "timezone"
    COLLECTION_METHOD = "collection_method"
    LANGUAGE = "language"
    VENDOR_CONTACT_NAME = "vendor_contact_name"
    VENDOR_CONTACT_EMAIL = "vendor_contact_email"
    VENDOR_CONTACT_PHONE = "vendor_contact_phone"
    AMOUNT = "amount"
    PRICE_UNTIL = "price_until"
    OWN_TAX_RATE = "own_tax_rate"
    AUTOMATIC_AMOUNT = "automatic_amount"
    AUTOMATIC_SEATS = "automatic_seats"
    TWO_ABOVE = "two_above"
    # The day that it is on the account's own clock.
    CLOCK = "clock"


SHAPES: dict[ActivityField, Shape] = {
    ActivityField.LINES: Shape.LINES,
    ActivityField.PRODUCTS: Shape.CODES,
    ActivityField.PRODUCT: Shape.TEXT,
    ActivityField.EDITION: Shape.TEXT,
    ActivityField.QUANTITY: Shape.NUMBER,
    ActivityField.CYCLE: Shape.TEXT,
    ActivityField.PAID_UNTIL: Shape.DAY,
    ActivityField.SCHEDULED: Shape.SCHEDULED,
    ActivityField.TEMPORARY: Shape.TEMPORARY,
    ActivityField.DISCOUNTS: Shape.CODES,
    ActivityField.STATE: Shape.TEXT,
    ActivityField.CHANGES: Shape.CHANGES,
    ActivityField.NAME: Shape.TEXT,
    ActivityField.EMAIL: Shape.TEXT,
    ActivityField.LEGAL_NAME: Shape.TEXT,
    ActivityField.SOLD_TO: Shape.ADDRESS,
    ActivityField.BILL_TO: Shape.ADDRESS,
    ActivityField.TAX_NUMBER: Shape.TEXT,
    ActivityField.PURCHASE_ORDER: Shape.TEXT,
    ActivityField.APPROVED_BY: Shape.TEXT,
    ActivityField.ROLE: Shape.TEXT,
    ActivityField.CHANGES_PAYMENT: Shape.FLAG,
    ActivityField.SUSPENDED: Shape.FLAG,
    ActivityField.MEMBER: Shape.TEXT,
    ActivityField.TO: Shape.TEXT,
    ActivityField.USED: Shape.NUMBER,
    ActivityField.KIND: Shape.TEXT,
    ActivityField.BRAND: Shape.TEXT,
    ActivityField.LAST_FOUR: Shape.TEXT,
    # Brand and last four digits, as people name it.
    ActivityField.DEFAULT_METHOD: Shape.TEXT,
    ActivityField.BACKUP_METHOD: Shape.TEXT,
    ActivityField.TYPE: Shape.TEXT,
    ActivityField.TIMEZONE: Shape.TEXT,
    ActivityField.COLLECTION_METHOD: Shape.TEXT,
    ActivityField.LANGUAGE: Shape.TEXT,
    ActivityField.VENDOR_CONTACT_NAME: Shape.TEXT,
    ActivityField.VENDOR_CONTACT_EMAIL: Shape.TEXT,
    ActivityField.VENDOR_CONTACT_PHONE: Shape.TEXT,
    ActivityField.AMOUNT: Shape.MONEY,
    # The first day without it; none: without end.
    ActivityField.PRICE_UNTIL: Shape.DAY,
    # In percent: "9.975".
    ActivityField.OWN_TAX_RATE: Shape.TEXT,
    ActivityField.AUTOMATIC_AMOUNT: Shape.MONEY,
    ActivityField.AUTOMATIC_SEATS: Shape.NUMBER,
    ActivityField.TWO_ABOVE: Shape.MONEY,
    ActivityField.CLOCK: Shape.DAY,
}
# Where costs are not shown nothing else is: an amount that some later verb writes down can't slip through
# (domain.md 3).
COST_FREE = frozenset(field.value for field, shape in SHAPES.items() if shape is not Shape.MONEY)


def fault(facts: Mapping[str, object] | None) -> str:
    """Return which of the facts of an entry is not what its field holds, empty where all are."""
    for name, value in (facts or {}).items():
        fits = _CHECKS.get(name)
        if fits is None or not (value is None or fits(value)):
            return f"{name}: {value!r}"
    return ""


def _check(shape: Shape) -> Callable[[object], bool]:
    """Return what tells whether a value is of a shape."""
    match shape:
        case Shape.TEXT:
            return _is_text
        case Shape.FLAG:
            return lambda value: isinstance(value, bool)
        case Shape.NUMBER:
            return _is_number
        case Shape.DAY:
            return _is_day
        case Shape.CODES:
            return lambda value: _all(value, _is_text)
        case Shape.MONEY:
            return lambda value: _has(value, {"minor": _is_number, "currency": _is_text})
        case Shape.LINES:
            line = {"edition": _is_text, "quantity": _is_number}
            return lambda value: isinstance(value, Mapping) and all(_has(one, line) for one in value.values())
        case Shape.TEMPORARY:
            seats = {"product": _is_text, "quantity": _is_number, "covers": _is_period}
            return lambda value: _all(value, lambda one: _has(one, seats))
        case Shape.SCHEDULED:
            return lambda value: _all(value, lambda one: _has(one, {"kind": _is_text}, _SCHEDULED))
        case Shape.ADDRESS:
            return lambda value: _has(value, {"country": _is_text}, _ADDRESS)
        case Shape.CHANGES:
            return lambda value: _all(
                value, lambda one: isinstance(one, Mapping) and _is_text(one.get("change"))
            )
        case _:
            assert_never(shape)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_day(value: object) -> bool:
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _is_period(value: object) -> bool:
    return _has(value, {"start": _is_day, "end": _is_day})


def _all(values: object, fits: Callable[[object], bool]) -> bool:
    return isinstance(values, list) and all(fits(one) for one in values)


Parts = Mapping[str, Callable[[object], bool]]
_SCHEDULED: Parts = {
    "product": _is_text,
    "quantity": _is_number,
    "edition": _is_text,
    "cycle": _is_text,
    "leaving": lambda value: _all(value, _is_text),
    "takes_effect_on": _is_day,
}


_ADDRESS: Parts = {
    "lines": lambda value: _all(value, _is_text),
    **dict.fromkeys(("city", "district", "region", "postal_code", "sorting_code"), _is_text),
}


def _has(value: object, parts: Parts, optional: Parts | None = None) -> bool:
    """Tell whether a value has these parts, perhaps some of the optional, and no other."""
    known = {**parts, **optional} if optional else parts
    return (
        isinstance(value, Mapping)
        and parts.keys() <= value.keys()
        and all(name in known and known[name](one) for name, one in value.items())
    )


_CHECKS: Mapping[str, Callable[[object], bool]] = {
    field.value: _check(shape) for field, shape in SHAPES.items()
}
