"""Payment methods: entered on the provider's page, kept by the provider; here is what may be shown."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from django.db import transaction

from accounts import activity
from accounts.gate import Gate
from accounts.models import Account
from accounts.occasion import Occasion
from accounts.rules.activity import ActivityVerb
from accounts.rules.decision import Action
from billing.models import PaymentMethod, PaymentSetup, Subscription
from billing.provider import provider
from billing.provider.base import Method, ProviderUnreachable, Setup

__all__ = [
    "Method",
    "NothingToPay",
    "ProviderUnreachable",
    "SetupOver",
    "SetupStart",
    "begin",
    "entered",
    "entered_on",
    "finish",
    "open_page",
]

# How long the link back from the provider's page is good for.
VALID_FOR = timedelta(hours=1)


class NothingToPay(Exception):
    """The account has no subscription that a method could pay for."""


class SetupOver(Exception):
    """The state belongs to no open set-up of this person in this account: another's, used, or too old."""


@dataclass(frozen=True, slots=True)
class SetupStart:
    """A set-up that was begun: where the customer goes, and the state by which they are known again."""

    address: str
    state: str


def begin(account: Account, *, occasion: Occasion, return_url: str) -> SetupStart:
    """Open the provider's page on which a method is entered.

    The link back carries a state, which whoever asked keeps and compares. Raises NotAllowed,
    NothingToPay, ProviderUnreachable: nothing was changed.
    """
    by = occasion.person
    Gate(by, account, on=occasion.on).demand(Action.CHANGE_PAYMENT)
    if not Subscription.objects.filter(pk=account.pk).exists():
        raise NothingToPay
    used = PaymentMethod.objects.default_of(account.pk)
    opened, state = open_page(account, return_url, replaces=used.reference if used else "")
    with transaction.atomic():
        account = Account.objects.lock(account.pk)
        Gate(by, account, on=occasion.on).demand(Action.CHANGE_PAYMENT)
        at = occasion.at
        PaymentSetup.objects.filter(subscription_id=account.pk, expires_at__lte=at).delete()
        PaymentSetup.objects.create(
            subscription_id=account.pk,
            person=by,
            state_hash=_hash(state),
            reference=opened.reference,
            created_at=at,
            expires_at=at + VALID_FOR,
        )
    return SetupStart(opened.address, state)


def open_page(account: Account, return_url: str, *, replaces: str = "") -> tuple[Setup, str]:
    """Open a page of the provider's; return it, with the state that the way back carries.

    `replaces` is the provider's name of the method that the account has. Called by verbs that ask first,
    and write the state's hash down after. Raises ProviderUnreachable.
    """
    state = secrets.token_urlsafe(32)
    opened = provider().begin_setup(
        return_url=f"{return_url}?{urlencode({'state': state})}",
        currency=account.currency,
        account=account.slug,
        replaces=replaces,
    )
    return opened, state


def entered_on(setup: PaymentSetup) -> Method | None:
    """Return what was entered on a page of the provider's; take nothing in. Raises ProviderUnreachable."""
    return provider().finish_setup(setup.reference)


def entered(account: Account, state: str, *, occasion: Occasion) -> Method | None:
    """Return what was entered on the page that this person opened for this account; take nothing in.

    None where nothing was entered. Raises NotAllowed, SetupOver, ProviderUnreachable.
    """
    Gate(occasion.person, account, on=occasion.on).demand(Action.CHANGE_PAYMENT)
    return entered_on(_find(account, state, occasion))


def finish(account: Account, state: str, *, occasion: Occasion) -> PaymentMethod | None:
    """Put the method that was entered in the place of the one before, once; return it.

    None where nothing was entered; the old one then stays, and the page is still open. The provider
    is asked outside the transaction. Raises NotAllowed, SetupOver, ProviderUnreachable.
    """
    by = occasion.person
    method = entered(account, state, occasion=occasion)
    if method is None:
        return None
    with transaction.atomic():
        account = Account.objects.lock(account.pk)
        Gate(by, account, on=occasion.on).demand(Action.CHANGE_PAYMENT)
        # Behind the lock: of two at once, one takes it in.
        setup = _find(account, state, occasion)
        setup.used_at = occasion.at
        setup.save(update_fields=["used_at"])
        return _replace(account, method, occasion)


def _replace(account: Account, method: Method, occasion: Occasion) -> PaymentMethod:
    """Write the method as the account's, and record it."""
    before = PaymentMethod.objects.default_of(account.pk)
    after, _made = PaymentMethod.objects.update_or_create(
        subscription_id=account.pk,
        use=PaymentMethod.Use.DEFAULT,
        defaults={
            "kind": method.kind,
            "brand": method.brand,
            "last_four": method.last_four,
            "expires_month": method.expires_month,
            "expires_year": method.expires_year,
            "reference": method.reference,
            "updated_at": occasion.at,
        },
    )
    activity.record(
        account,
        ActivityVerb.PAYMENT_METHOD_REPLACED,
        occasion,
        subject="payment_method",
        before=_activity_facts(before),
        after=_activity_facts(after),
    )
    return after


def _find(account: Account, state: str, occasion: Occasion) -> PaymentSetup:
    """Return the open set-up of this person in this account; raise SetupOver for any other state."""
    found = PaymentSetup.objects.filter(
        subscription_id=account.pk, person=occasion.person, state_hash=_hash(state), used_at=None
    ).first()
    if found is None or found.expires_at <= occasion.at:
        raise SetupOver
    return found


def _activity_facts(method: PaymentMethod | None) -> dict[str, object] | None:
    """Return what the trail may say of a method."""
    if method is None:
        return None
    return {"kind": str(method.kind), "brand": method.brand, "last_four": method.last_four}


def _hash(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()
