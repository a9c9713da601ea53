"""The tables about people."""

from accounts.models.account import Account
from accounts.models.activity import Activity
from accounts.models.background import RowFailure, TaskRun
from accounts.models.draft import Draft
from accounts.models.email_change import EmailChange
from accounts.models.invitation import Invitation
from accounts.models.letter import Letter
from accounts.models.ownership_offer import OwnershipOffer
from accounts.models.people import AccountPermission, Membership, User

__all__ = [
    "Account",
    "AccountPermission",
    "Activity",
    "Draft",
    "EmailChange",
    "Invitation",
    "Letter",
    "Membership",
    "OwnershipOffer",
    "RowFailure",
    "TaskRun",
    "User",
]
