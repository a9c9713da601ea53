"""What a person wants to do, and the answer: never a bare no.

Two gates, and an action needs both: a permission of this person on this account, and a capability
of the account's type and standing. Everything here is a code; templates find the words.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from accounts.rules.capabilities import BY_STANDING, BY_TYPE, AccountType, Capability, Standing
from accounts.rules.roles import Permission, Role, holders


class Action(StrEnum):
    """Something a page or a verb asks the gate about."""

    ENTER = "enter"
    SEE_COSTS = "see_costs"
    VIEW_SUBSCRIPTION = "view_subscription"
    VIEW_CONTACTS = "view_contacts"
    VIEW_PEOPLE = "view_people"
    VIEW_ACTIVITY = "view_activity"
    REQUEST_CHANGE = "request_change"
    CHANGE_SUBSCRIPTION = "change_subscription"
    ADD_SEATS = "add_seats"
    BUY_PRODUCTS = "buy_products"
    UPGRADE_EDITION = "upgrade_edition"
    REDUCE = "reduce"
    CHANGE_CYCLE = "change_cycle"
    EXTEND = "extend"
    BUY_TEMPORARY_SEATS = "temporary_seats"
    UNDO_CHANGE = "undo_change"
    DECIDE_REQUESTS = "decide_requests"
    SET_LIMITS = "set_limits"
    VIEW_PAYMENT = "view_payment"
    CHANGE_PAYMENT = "change_payment"
    CHOOSE_RECIPIENTS = "choose_recipients"
    VIEW_INVOICES = "view_invoices"
    PAY_INVOICE = "pay_invoice"
    MANAGE_PEOPLE = "manage_people"
    MANAGE_ROLES = "manage_roles"
    TRANSFER_OWNERSHIP = "transfer_ownership"
    CANCEL_PRODUCT = "cancel_product"
    CANCEL_ACCOUNT = "cancel_account"
    EXPORT_DATA = "export_data"


class DenialReason(StrEnum):
    """Why not."""

    ALLOWED = "allowed"
    ROLE = "role"
    ACCOUNT_TYPE = "account_type"
    TRIAL_ENDED = "trial_ended"
    SUSPENDED = "suspended"
    # By the vendor's staff, with a reason: no payment opens it.
    SUSPENDED_BY_VENDOR = "suspended_by_vendor"
    # What would open it again isn't there: no invoice to pay, nothing on sale.
    OLD_DEBT = "old_debt"
    NOTHING_ON_SALE = "nothing_on_sale"
    CANCELLED = "cancelled"


class NextStep(StrEnum):
    """What to do instead."""

    NONE = ""
    ASK_WHO_CAN = "ask_who_can"
    REQUEST_CHANGE = "request_change"
    CONTACT_VENDOR = "contact_vendor"
    BUY = "buy"
    PAY_INVOICE = "pay_invoice"


class Contact(StrEnum):
    """Who can act, as codes that pages turn into named people."""

    OWNER = "owner"
    BILLING_ADMIN = "billing_admin"
    ADMIN = "admin"
    VENDOR_CONTACT = "vendor_contact"


@dataclass(frozen=True, slots=True)
class Decision:
    """The gate's answer: whether, and if not why, who can, and what to do next."""

    action: Action
    allowed: bool
    reason: DenialReason
    who_can: tuple[Contact, ...]
    next_step: NextStep

    def __bool__(self) -> bool:
        """Return whether it is allowed."""
        return self.allowed


class NotAllowed(Exception):
    """The gate refused; carries the whole decision."""

    def __init__(self, decision: Decision) -> None:
        """Keep the decision for whoever shows it."""
        super().__init__(f"{decision.action}: {decision.reason}")
        self.decision = decision


# What an action needs: a permission (None: any live member) and a capability.
NEEDS: dict[Action, tuple[Permission | None, Capability]] = {
    Action.ENTER: (None, Capability.HOME),
    Action.SEE_COSTS: (Permission.VIEW_SUBSCRIPTION, Capability.COSTS),
    Action.VIEW_SUBSCRIPTION: (Permission.VIEW_SUBSCRIPTION, Capability.SUMMARY),
    Action.VIEW_CONTACTS: (Permission.VIEW_SUBSCRIPTION, Capability.CONTACTS),
    Action.VIEW_PEOPLE: (Permission.VIEW_SUBSCRIPTION, Capability.PEOPLE),
    Action.VIEW_ACTIVITY: (Permission.VIEW_SUBSCRIPTION, Capability.ACTIVITY),
    Action.REQUEST_CHANGE: (Permission.REQUEST_CHANGE, Capability.REQUEST),
    Action.CHANGE_SUBSCRIPTION: (Permission.CHANGE_SUBSCRIPTION, Capability.MANAGE),
    Action.ADD_SEATS: (Permission.CHANGE_SUBSCRIPTION, Capability.ADD_SEATS),
    Action.BUY_PRODUCTS: (Permission.CHANGE_SUBSCRIPTION, Capability.BUY_PRODUCTS),
    Action.UPGRADE_EDITION: (Permission.CHANGE_SUBSCRIPTION, Capability.UPGRADE_EDITION),
    Action.REDUCE: (Permission.CHANGE_SUBSCRIPTION, Capability.REDUCE),
    Action.CHANGE_CYCLE: (Permission.CHANGE_SUBSCRIPTION, Capability.CHANGE_CYCLE),
    Action.EXTEND: (Permission.CHANGE_SUBSCRIPTION, Capability.EXTEND),
    Action.BUY_TEMPORARY_SEATS: (Permission.CHANGE_SUBSCRIPTION, Capability.TEMPORARY_SEATS),
    Action.UNDO_CHANGE: (Permission.CHANGE_SUBSCRIPTION, Capability.UNDO),
    Action.DECIDE_REQUESTS: (Permission.DECIDE_REQUESTS, Capability.DECIDE),
    # Who decides what is the owner's to say, as roles are.
    Action.SET_LIMITS: (Permission.MANAGE_ROLES, Capability.LIMITS),
    Action.VIEW_PAYMENT: (Permission.VIEW_INVOICES, Capability.PAYMENT),
    Action.CHANGE_PAYMENT: (Permission.CHANGE_PAYMENT, Capability.PAYMENT_METHOD),
    # Who may change what is bought says who gets the bill; it needs no delegation (domain.md 3).
    Action.CHOOSE_RECIPIENTS: (Permission.CHANGE_SUBSCRIPTION, Capability.PAYMENT),
    Action.VIEW_INVOICES: (Permission.VIEW_INVOICES, Capability.INVOICES),
    # Paying one, and letting others pay it by a link: who only reads the invoices does neither.
    Action.PAY_INVOICE: (Permission.CHANGE_SUBSCRIPTION, Capability.INVOICES),
    # Agents and their seats; who gives roles manages administrators too.
    Action.MANAGE_PEOPLE: (Permission.CHANGE_SUBSCRIPTION, Capability.PEOPLE),
    Action.MANAGE_ROLES: (Permission.MANAGE_ROLES, Capability.ROLES),
    Action.TRANSFER_OWNERSHIP: (Permission.TRANSFER_OWNERSHIP, Capability.ROLES),
    Action.CANCEL_PRODUCT: (Permission.CANCEL_PRODUCT, Capability.CANCEL),
    Action.CANCEL_ACCOUNT: (Permission.CANCEL_ACCOUNT, Capability.CANCEL),
    # The owner's alone, on every type of account; open as long as anything is.
    Action.EXPORT_DATA: (Permission.CANCEL_ACCOUNT, Capability.HOME),
}

# What may be asked for where it can't be done directly.
REQUESTABLE = frozenset(
    {
        Action.CHANGE_SUBSCRIPTION,
        Action.ADD_SEATS,
        Action.BUY_PRODUCTS,
        Action.UPGRADE_EDITION,
        Action.REDUCE,
        Action.CHANGE_CYCLE,
        Action.EXTEND,
        Action.BUY_TEMPORARY_SEATS,
    }
)


def decide(
    action: Action,
    *,
    held: frozenset[Permission],
    account_type: AccountType,
    standing: Standing,
    way_out: Callable[[], bool] = lambda: True,
) -> Decision:
    """Return whether someone who holds these permissions may act, on an account of this type and standing.

    `way_out` tells, where the standing closes something, whether what opens it again is there: an
    invoice to pay, or something on sale to buy. Where it isn't, only the vendor can help.

    Source: domain.md 3 (both tables) and the end of 5. A closed account is named before the
    person's role: no colleague could do it either.
    """
    permission, capability = NEEDS[action]
    if standing is Standing.CANCELLED:
        return Decision(
            action, False, DenialReason.CANCELLED, (Contact.VENDOR_CONTACT,), NextStep.CONTACT_VENDOR
        )
    if capability not in BY_TYPE[account_type]:
        asks = action in REQUESTABLE and Permission.REQUEST_CHANGE in held
        asks = asks and Capability.REQUEST in BY_STANDING[standing]
        step = NextStep.REQUEST_CHANGE if asks else NextStep.CONTACT_VENDOR
        return Decision(action, False, DenialReason.ACCOUNT_TYPE, (Contact.VENDOR_CONTACT,), step)
    if capability not in BY_STANDING[standing]:
        if standing is Standing.SUSPENDED_BY_VENDOR:
            reason = DenialReason.SUSPENDED_BY_VENDOR
            return Decision(action, False, reason, (Contact.VENDOR_CONTACT,), NextStep.CONTACT_VENDOR)
        if not way_out():
            reason = (
                DenialReason.NOTHING_ON_SALE if standing is Standing.TRIAL_ENDED else DenialReason.OLD_DEBT
            )
            return Decision(action, False, reason, (Contact.VENDOR_CONTACT,), NextStep.CONTACT_VENDOR)
        return _closed(action, held, account_type, standing)
    if permission is not None and permission not in held:
        asks = action in REQUESTABLE and Permission.REQUEST_CHANGE in held
        step = NextStep.REQUEST_CHANGE if asks else NextStep.ASK_WHO_CAN
        return Decision(action, False, DenialReason.ROLE, _who(permission), step)
    return Decision(action, True, DenialReason.ALLOWED, (), NextStep.NONE)


def _closed(
    action: Action, held: frozenset[Permission], account_type: AccountType, standing: Standing
) -> Decision:
    """Return the refusal of an account whose trial is over or that is suspended, with its way back."""
    if standing is Standing.TRIAL_ENDED:
        reason, opens, step = DenialReason.TRIAL_ENDED, Action.CHANGE_SUBSCRIPTION, NextStep.BUY
    else:
        reason, opens, step = DenialReason.SUSPENDED, Action.PAY_INVOICE, NextStep.PAY_INVOICE
    way_back = decide(opens, held=held, account_type=account_type, standing=standing)
    if way_back:
        return Decision(action, False, reason, (), step)
    return Decision(action, False, reason, way_back.who_can, way_back.next_step)


def _who(permission: Permission) -> tuple[Contact, ...]:
    """Return who holds a permission, the owner first."""
    return tuple(Contact(role.value) for role in holders(permission) if role in _NAMED)


_NAMED = frozenset({Role.OWNER, Role.BILLING_ADMIN, Role.ADMIN})
