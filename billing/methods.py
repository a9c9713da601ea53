"""Payment methods: entered on the provider's page, kept by the provider; here is what may be shown."""

from datetime import date

from django.db import transaction

from accounts import activity
from accounts.gate import Gate
from accounts.models import Account, User
from accounts.rules.decision import Action
from billing.models import PaymentMethod
from billing.provider import provider
from billing.provider.base import ProviderUnreachable

__all__ = ["ProviderUnreachable", "begin", "finish"]


def begin(account: Account, *, by: User, on: date, return_url: str) -> str:
    """Return the address of the provider's page on which a method is entered; raise NotAllowed.

    May raise ProviderUnreachable: nothing was changed.
    """
    Gate(by, account, on=on).demand(Action.CHANGE_PAYMENT)
    return provider().begin_setup(return_url=return_url)


def finish(account: Account, token: str, *, by: User, on: date) -> PaymentMethod | None:
    """Put the method that was entered in the place of the one before; return it.

    None where nothing was entered; the old one then stays. The provider is asked outside the
    transaction. Raises NotAllowed, ProviderUnreachable.
    """
    Gate(by, account, on=on).demand(Action.CHANGE_PAYMENT)
    entered = provider().finish_setup(token)
    if entered is None:
        return None
    with transaction.atomic():
        account = Account.objects.lock(account.pk)
        Gate(by, account, on=on).demand(Action.CHANGE_PAYMENT)
        before = PaymentMethod.objects.filter(pk=account.pk).first()
        after, _made = PaymentMethod.objects.update_or_create(
            subscription_id=account.pk,
            defaults={
                "kind": entered.kind,
                "brand": entered.brand,
                "last_four": entered.last_four,
                "expires_month": entered.expires_month,
                "expires_year": entered.expires_year,
                "reference": entered.reference,
                "updated_at": activity.current().at,
            },
        )
        activity.record(
            account,
            "payment_method_replaced",
            by=by,
            subject="payment_method",
            before=_shown(before),
            after=_shown(after),
        )
    return after


def _shown(method: PaymentMethod | None) -> dict[str, object] | None:
    """Return what the trail may say of a method."""
    if method is None:
        return None
    return {"kind": str(method.kind), "brand": method.brand, "last_four": method.last_four}
