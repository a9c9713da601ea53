"""The payment methods of an account as its page shows them: what each is for, and what is to be done."""

from dataclasses import dataclass
from datetime import date

from accounts.models import Account
from admin_center.wording import payment_methods as words
from billing import payment_uses
from billing.models import PaymentMethod
from billing.rules import card_expiry

Use = PaymentMethod.Use
# As a page lists them.
_ORDER = [Use.DEFAULT.value, Use.BACKUP.value, Use.SPARE.value]


@dataclass(frozen=True, slots=True)
class MethodRow:
    """One method on file; `kept` says why it can't be removed, `last_day` until when a card works.

    `expires` is set from 30 days before on, where something will be charged to it, and `expired` once it
    no longer works.
    """

    method: PaymentMethod
    kept: str
    last_day: date | None
    expires: bool
    expired: bool


def in_order(account: Account) -> list[PaymentMethod]:
    """Return the methods on file as pages list them: the default, the backup, the others."""
    found = PaymentMethod.objects.filter(subscription_id=account.pk).order_by("pk")
    return sorted(found, key=lambda one: _ORDER.index(one.use))


def named(account: Account, name: str) -> PaymentMethod | None:
    """Return the method that a form names, None for none or one that the account has not."""
    if not (name.isascii() and name.isdigit() and len(name) < 19):
        return None
    return PaymentMethod.objects.filter(subscription_id=account.pk, pk=int(name)).first()


def rows(account: Account, on: date) -> list[MethodRow]:
    """Return the methods of an account, the one that is charged first before the others."""
    kept, charged = payment_uses.kept(account), payment_uses.may_fall_due(account) is not None
    return [
        MethodRow(
            method=one,
            kept=str(words.KEPT[kept[one.pk]]) if one.pk in kept else "",
            last_day=one.last_day,
            expires=charged and one.use != Use.SPARE and bool(_warning(one, on)),
            expired=_warning(one, on) == 0,
        )
        for one in in_order(account)
    ]


def warned(account: Account, on: date) -> list[PaymentMethod]:
    """Return the methods that will be charged and soon no longer work, or already do not."""
    found = [one for one in in_order(account) if one.use != Use.SPARE and _warning(one, on) is not None]
    return found if found and payment_uses.may_fall_due(account) else []


def _warning(method: PaymentMethod, on: date) -> int | None:
    return card_expiry.warning(method.last_day, on) if method.last_day else None
