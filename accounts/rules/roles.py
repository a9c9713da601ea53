"""Roles, and the permissions each one gives on its account (domain.md 3, first table)."""

from enum import StrEnum


class Role(StrEnum):
    """What a person is in one account."""

    OWNER = "owner"
    BILLING_ADMIN = "billing_admin"
    ADMIN = "admin"
    FINANCE_READER = "finance_reader"
    AGENT = "agent"
    LIGHT_AGENT = "light_agent"


class Permission(StrEnum):
    """A right held on one account object; the value is the codename that is stored."""

    VIEW_SUBSCRIPTION = "view_subscription"
    REQUEST_CHANGE = "request_change"
    CHANGE_SUBSCRIPTION = "change_subscription"
    DECIDE_REQUESTS = "decide_requests"
    VIEW_INVOICES = "view_invoices"
    CHANGE_PAYMENT = "change_payment"
    MANAGE_ROLES = "manage_roles"
    TRANSFER_OWNERSHIP = "transfer_ownership"
    CANCEL_PRODUCT = "cancel_product"
    CANCEL_ACCOUNT = "cancel_account"


_ADMIN = frozenset({Permission.VIEW_SUBSCRIPTION, Permission.REQUEST_CHANGE})
_BILLING_ADMIN = _ADMIN | {
    Permission.CHANGE_SUBSCRIPTION,
    Permission.DECIDE_REQUESTS,
    Permission.VIEW_INVOICES,
}

# A billing admin and the owner hold "request a change" too: where the account's type lets nobody
# act directly, they ask like anyone else (domain.md 3, last paragraph).
PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.LIGHT_AGENT: frozenset(),
    Role.AGENT: frozenset(),
    Role.FINANCE_READER: frozenset({Permission.VIEW_INVOICES}),
    Role.ADMIN: _ADMIN,
    Role.BILLING_ADMIN: _BILLING_ADMIN,
    Role.OWNER: frozenset(Permission),
}

# Who works in no product holds no seat of one.
WITHOUT_SEAT = frozenset({Role.LIGHT_AGENT, Role.FINANCE_READER})


def given_by_owner(role: Role) -> bool:
    """Tell whether who gives roles alone gives and takes one: it sees or changes something here."""
    return bool(PERMISSIONS[role])


def permissions(role: Role, *, changes_payment: bool = False) -> frozenset[Permission]:
    """Return what a role may do; `changes_payment` is the owner's delegation to one billing admin.

    The delegation means nothing for other roles.
    """
    held = PERMISSIONS[role]
    if changes_payment and role is Role.BILLING_ADMIN:
        return held | {Permission.CHANGE_PAYMENT}
    return held


def holders(permission: Permission) -> tuple[Role, ...]:
    """Return the roles that always hold a permission, the owner first."""
    return tuple(role for role in Role if permission in PERMISSIONS[role])
