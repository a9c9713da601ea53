"""Why Stripe says a payment failed, in our words: decline codes of cards, failure codes of debits."""

from collections.abc import Mapping
from typing import Any

from billing.provider.base import Failure

# What is not here is a decline without a reason: also lost, stolen and suspected cards, of which a bank
# asks not to tell.
_BY_CODE: dict[str, Failure] = {
    code: failure
    for failure, codes in {
        Failure.FUNDS: ("insufficient_funds", "charge_exceeds_source_limit"),
        Failure.LIMIT: (
            "card_velocity_exceeded",
            "withdrawal_count_limit_exceeded",
            "charge_exceeds_transaction_limit",
            "charge_exceeds_weekly_limit",
            "amount_too_large",
        ),
        Failure.EXPIRED: ("expired_card", "invalid_expiry_month", "invalid_expiry_year"),
        Failure.DETAILS: (
            "incorrect_number",
            "invalid_number",
            "incorrect_cvc",
            "invalid_cvc",
            "incorrect_zip",
            "incorrect_address",
            "invalid_account",
            "invalid_bank_account_iban",
            "bank_account_unusable",
            "incorrect_account_holder_name",
        ),
        Failure.UNSUPPORTED: (
            "card_not_supported",
            "currency_not_supported",
            "not_permitted",
            "service_not_allowed",
            "transaction_not_allowed",
            "restricted_card",
            "bank_account_restricted",
        ),
        Failure.AUTHENTICATION_REQUIRED: ("authentication_required", "offline_pin_required"),
        Failure.AUTHENTICATION: (
            "payment_intent_authentication_failure",
            "setup_intent_authentication_failure",
            "authentication_not_handled",
            "payment_intent_payment_attempt_expired",
        ),
        Failure.TRY_LATER: (
            "processing_error",
            "issuer_not_available",
            "try_again_later",
            "reenter_transaction",
            "approve_with_id",
            "lock_timeout",
            "generic_could_not_process",
        ),
        Failure.ACCOUNT_CLOSED: ("account_closed", "no_account", "bank_account_declined"),
        Failure.MANDATE: (
            "debit_not_authorized",
            "debit_authorization_not_match",
            "payment_method_mandate_invalid",
            "payment_intent_mandate_invalid",
            "revocation_of_authorization",
            "revocation_of_all_authorizations",
            "refer_to_customer",
            "recipient_deceased",
            "debit_disputed",
        ),
        Failure.METHOD_GONE: (
            "resource_missing",
            "payment_method_unactivated",
            "payment_method_unexpected_state",
        ),
    }.items()
    for code in codes
}


def failure_of(error: Mapping[str, Any] | None) -> Failure:
    """Return the reason of a decline: the bank's own where it gave one, or what Stripe says of it."""
    told = error or {}
    for code in (told.get("decline_code"), told.get("code")):
        if isinstance(code, str) and code in _BY_CODE:
            return _BY_CODE[code]
    return Failure.DECLINED


def refund_failure_of(reason: str | None) -> Failure:
    """Return why a refund did not arrive, from Stripe's reason."""
    if reason in ("expired_or_canceled_card", "lost_or_stolen_card"):
        return Failure.ACCOUNT_CLOSED
    return Failure.DECLINED
