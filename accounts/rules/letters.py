"""The kinds of letters: each has a folder of templates of its name, and its words in the back office."""

from enum import StrEnum


class LetterKind(StrEnum):
    """What a letter tells; the outbox keeps the code, also of kinds that are written no more."""

    ACCOUNT_CANCELLED = "account_cancelled"
    ACCOUNT_ENDED = "account_ended"
    CHANGE_CONFIRMED = "change_confirmed"
    EMAIL_CHANGE_ANNOUNCED = "email_change_announced"
    EMAIL_CHANGE_NEW = "email_change_new"
    EMAIL_CHANGE_OLD = "email_change_old"
    EMAIL_CHANGE_TAKEN = "email_change_taken"
    EMAIL_CHANGED = "email_changed"
    INVITATION_EXPIRED = "invitation_expired"
    INVITED = "invited"
    INVOICE_PAYABLE = "invoice_payable"
    LAST_SEAT_USED = "last_seat_used"
    NEWCOMER_WITHOUT_SEAT = "newcomer_without_seat"
    OLD_DEBT_SETTLED = "old_debt_settled"
    OWNERSHIP_ACCEPTED = "ownership_accepted"
    OWNERSHIP_OFFERED = "ownership_offered"
    PRODUCT_ENDED = "product_ended"
    REQUEST_DECIDED = "request_decided"
    REQUEST_EXPIRED = "request_expired"
    REQUEST_SUBMITTED = "request_submitted"
    ROLE_GIVEN = "role_given"
    ROLE_TAKEN = "role_taken"
    SEAT_NOT_GIVEN = "seat_not_given"
    SUBSCRIPTION_RENEWED = "subscription_renewed"
