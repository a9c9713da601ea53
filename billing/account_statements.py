"""Reads what an account owed and owes: its documents, their payments, and the credit it brought along."""

from datetime import date

from accounts.models import Account
from billing.rules.statements import AccountStatement, statement
from billing.storage import movements


def read(account: Account, first: date, last: date) -> AccountStatement:
    """Return an account's statement from the first day to the last, both among it, in two statements of SQL.

    A document counts on the day of its issue, a payment on the day it came, in the account's zone.
    """
    return statement(
        movements.between(account, first, last),
        currency=account.currency,
        first=first,
        last=last,
        opening=movements.owed_before(account, first),
    )
