"""Words for codes: the rules return codes, and this is where pages, mails and exports find the words."""

from dataclasses import dataclass
from typing import Any, assert_never

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.rules.capabilities import AccountType, CollectionMethod
from accounts.rules.decision import Action, Contact, Decision, DenialReason
from accounts.rules.roles import Role
from admin_center.wording.bidi import isolated

ROLES = {
    Role.OWNER: gettext_lazy("Account owner"),
    Role.BILLING_ADMIN: gettext_lazy("Billing admin"),
    Role.ADMIN: gettext_lazy("Administrator"),
    Role.FINANCE_READER: gettext_lazy("Finance reader"),
    Role.AGENT: gettext_lazy("Agent"),
    Role.LIGHT_AGENT: gettext_lazy("Light agent"),
}

# Follow "can" in "Only the account owner can …".
ACTS = {
    Action.ENTER: gettext_lazy("open the Admin Center"),
    Action.SEE_COSTS: gettext_lazy("see what the subscription costs"),
    Action.VIEW_SUBSCRIPTION: gettext_lazy("see the subscription"),
    Action.VIEW_CONTACTS: gettext_lazy("see the billing contacts"),
    Action.VIEW_PEOPLE: gettext_lazy("see the team members and their seats"),
    Action.VIEW_ACTIVITY: gettext_lazy("see the activity"),
    Action.REQUEST_CHANGE: gettext_lazy("request a change"),
    Action.CHANGE_SUBSCRIPTION: gettext_lazy("change the subscription"),
    Action.ADD_SEATS: gettext_lazy("add seats"),
    Action.BUY_PRODUCTS: gettext_lazy("buy products"),
    Action.UPGRADE_EDITION: gettext_lazy("upgrade an edition"),
    Action.REDUCE: gettext_lazy("reduce seats, downgrade or remove a product"),
    Action.CHANGE_CYCLE: gettext_lazy("change the billing cycle"),
    Action.EXTEND: gettext_lazy("extend the subscription"),
    Action.BUY_TEMPORARY_SEATS: gettext_lazy("add temporary seats"),
    Action.UNDO_CHANGE: gettext_lazy("undo a scheduled change"),
    Action.DECIDE_REQUESTS: gettext_lazy("decide change requests"),
    Action.SET_LIMITS: gettext_lazy("set the limits for change requests"),
    Action.VIEW_PAYMENT: gettext_lazy("see the payment details"),
    Action.CHANGE_PAYMENT: gettext_lazy("change the payment details"),
    Action.CHOOSE_RECIPIENTS: gettext_lazy("choose who gets the invoices"),
    Action.VIEW_INVOICES: gettext_lazy("see the invoices"),
    Action.PAY_INVOICE: gettext_lazy("pay the invoices"),
    Action.MANAGE_PEOPLE: gettext_lazy("invite and remove team members"),
    Action.MANAGE_ROLES: gettext_lazy("give and take roles"),
    Action.TRANSFER_OWNERSHIP: gettext_lazy("transfer the ownership"),
    Action.EXPORT_DATA: gettext_lazy("export the account’s data"),
    Action.CANCEL_PRODUCT: gettext_lazy("cancel a product"),
    Action.CANCEL_ACCOUNT: gettext_lazy("cancel the account"),
}

_ONLY = {
    (Contact.OWNER,): gettext_lazy("Only the account owner can %(act)s."),
    (Contact.OWNER, Contact.BILLING_ADMIN): gettext_lazy(
        "Only the account owner and billing admins can %(act)s."
    ),
    (Contact.OWNER, Contact.BILLING_ADMIN, Contact.ADMIN): gettext_lazy(
        "Only the account owner, billing admins and administrators can %(act)s."
    ),
}
_FOR = {
    (Contact.OWNER,): gettext_lazy("For the owner"),
    (Contact.OWNER, Contact.BILLING_ADMIN): gettext_lazy("For the owner and billing admins"),
    (Contact.OWNER, Contact.BILLING_ADMIN, Contact.ADMIN): gettext_lazy("For administrators"),
}
_TYPES = {
    AccountType.SELF_SERVICE: pgettext_lazy("… accounts", "self-service"),
    AccountType.ASSISTED: pgettext_lazy("… accounts", "online-assisted"),
    AccountType.MANAGED: pgettext_lazy("… accounts", "managed"),
}


def why_not(decision: Decision, account_type: str) -> str:
    """Return the sentence that says why a decision is a no, in the language of the moment."""
    act = ACTS[decision.action]
    match decision.reason:
        case DenialReason.ROLE:
            return _ONLY[decision.who_can] % {"act": act}
        case DenialReason.ACCOUNT_TYPE:
            return _("On %(type)s accounts, only %(vendor)s’s staff can %(act)s.") % {
                "type": _TYPES[AccountType(account_type)],
                "vendor": settings.VENDOR_NAME,
                "act": act,
            }
        case DenialReason.TRIAL_ENDED:
            return _("The trial has ended. Everything opens again as soon as something is bought.")
        case DenialReason.SUSPENDED:
            return _("The account is suspended: an invoice is unpaid. It opens again as soon as it is paid.")
        case DenialReason.SUSPENDED_BY_VENDOR:
            return _(
                "%(vendor)s has suspended the account. Your contact tells you why, and what opens it again."
            ) % {"vendor": settings.VENDOR_NAME}
        case DenialReason.OLD_DEBT:
            return _(
                "The account is suspended for a debt that has no invoice here, so there is nothing to pay "
                "on these pages. Your contact can tell you what is owed, and opens it again."
            )
        case DenialReason.NOTHING_ON_SALE:
            return _(
                "The trial has ended, and nothing is on sale here that could be bought. Your contact says "
                "how to go on."
            )
        case DenialReason.CANCELLED:
            return _("The account was cancelled.")
        case DenialReason.ALLOWED:
            return ""
        case _:
            assert_never(decision.reason)


def why_not_briefly(decision: Decision) -> str:
    """Return why not in a few words, for a line of the navigation."""
    match decision.reason:
        case DenialReason.ROLE:
            return str(_FOR[decision.who_can])
        case DenialReason.ACCOUNT_TYPE:
            return _("Handled by %(vendor)s") % {"vendor": settings.VENDOR_NAME}
        case DenialReason.TRIAL_ENDED:
            return _("After the trial: buy first")
        case DenialReason.SUSPENDED:
            return _("While suspended: pay first")
        case DenialReason.OLD_DEBT | DenialReason.SUSPENDED_BY_VENDOR:
            return _("While suspended: ask your contact")
        case DenialReason.NOTHING_ON_SALE:
            return _("After the trial: ask your contact")
        case DenialReason.CANCELLED | DenialReason.ALLOWED:
            return ""
        case _:
            assert_never(decision.reason)


def subject(decision: Decision, account_name: str) -> str:
    """Return the subject of a mail to whoever can act."""
    return _("%(account)s: please %(act)s") % {
        "account": isolated(account_name),
        "act": ACTS[decision.action],
    }


@dataclass(frozen=True, slots=True)
class Badge:
    """How a code is shown as a badge."""

    words: Any
    tone: str = "neutral"


STATUSES = {
    # Account states.
    "trial": Badge(gettext_lazy("Trial"), "info"),
    "trial_ended": Badge(gettext_lazy("Trial ended"), "warning"),
    "active": Badge(gettext_lazy("Active"), "success"),
    "past_due": Badge(gettext_lazy("Past due"), "warning"),
    "suspended": Badge(gettext_lazy("Suspended"), "danger"),
    "suspended_by_vendor": Badge(gettext_lazy("Suspended"), "danger"),
    "cancelled": Badge(gettext_lazy("Cancelled")),
    # What has its own days, and what waits.
    "scheduled": Badge(gettext_lazy("Scheduled"), "info"),
    "renewing": Badge(gettext_lazy("Renewing"), "info"),
    "parked": Badge(gettext_lazy("Being checked"), "warning"),
    "ended": Badge(pgettext_lazy("subscription", "Ended")),
    "undone": Badge(gettext_lazy("Undone")),
    # Change requests.
    "pending": Badge(pgettext_lazy("request", "Pending"), "info"),
    "approved": Badge(pgettext_lazy("request", "Approved"), "success"),
    "rejected": Badge(pgettext_lazy("request", "Rejected"), "danger"),
    "expired": Badge(gettext_lazy("Expired")),
    "closed": Badge(pgettext_lazy("request", "Closed")),
    "withdrawn": Badge(pgettext_lazy("request", "Withdrawn")),
    "moved": Badge(pgettext_lazy("request", "Changed since"), "warning"),
    # Offers of ownership.
    "accepted": Badge(pgettext_lazy("offer", "Accepted"), "success"),
    "declined": Badge(pgettext_lazy("offer", "Declined")),
    # Quotes and payments.
    "draft": Badge(gettext_lazy("Draft")),
    "confirmed": Badge(gettext_lazy("Confirmed"), "success"),
    "held": Badge(gettext_lazy("Waiting for payment"), "warning"),
    "succeeded": Badge(gettext_lazy("Succeeded"), "success"),
    "failed": Badge(gettext_lazy("Failed"), "danger"),
    "unknown": Badge(gettext_lazy("Being checked"), "warning"),
    # Invoices.
    "open": Badge(pgettext_lazy("invoice", "Open"), "warning"),
    "collecting": Badge(gettext_lazy("Being collected"), "info"),
    "paid": Badge(pgettext_lazy("invoice", "Paid"), "success"),
    "void": Badge(pgettext_lazy("invoice", "Void")),
    "written_off": Badge(pgettext_lazy("invoice", "Written off")),
    "credited": Badge(pgettext_lazy("invoice", "Credited")),
    "carried_over": Badge(gettext_lazy("Carried over"), "info"),
    # Notes beside a line.
    "grandfathered": Badge(gettext_lazy("Grandfathered price"), "info"),
    "agreed_price": Badge(gettext_lazy("Agreed price"), "info"),
    "price_ends": Badge(gettext_lazy("Price ends"), "warning"),
    "included": Badge(gettext_lazy("Included")),
    "current": Badge(gettext_lazy("Current"), "success"),
    "new": Badge(pgettext_lazy("subscription line", "New"), "info"),
}


def used_of(used: int, bought: int) -> str:
    """Return how many seats of those bought are in use."""
    return _("%(used)s of %(bought)s seats used") % {"used": used, "bought": bought}


_TYPE_NAMES = {
    AccountType.SELF_SERVICE: pgettext_lazy("account type", "Self-service"),
    AccountType.ASSISTED: pgettext_lazy("account type", "Online-assisted"),
    AccountType.MANAGED: pgettext_lazy("account type", "Managed"),
}


def account_type(code: str) -> str:
    """Return the words for an account's type, as a heading or a badge says them."""
    return str(_TYPE_NAMES[AccountType(code)])


_COLLECTION_METHODS = {
    CollectionMethod.CHARGE_AUTOMATICALLY: pgettext_lazy("collection method", "Charged automatically"),
    CollectionMethod.SEND_INVOICE: pgettext_lazy("collection method", "By invoice"),
}


def collection_method(code: str) -> str:
    """Return the words for how an account's invoices are collected."""
    return str(_COLLECTION_METHODS[CollectionMethod(code)])
