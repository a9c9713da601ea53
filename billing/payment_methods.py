"""Payment methods: entered on the provider's page, kept by the provider; here is what may be shown.

An account has up to five; what each is charged for stands in billing.payment_uses.
"""

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
from billing import payment_uses
from billing.models import PaymentMethod, PaymentSetup, Subscription
from billing.payment_uses import activity_facts, activity_subject
from billing.provider import provider
from billing.provider.base import Method, ProviderUnreachable, Setup

__all__ = [
    "EnteredMethod",
    "Method",
    "MethodOnFile",
    "NothingToPay",
    "ProviderUnreachable",
    "SetupOver",
    "SetupStart",
    "TooManyMethods",
    "begin",
    "entered",
    "entered_on",
    "finish",
    "open_page",
]

# How long the link back from the provider's page is good for.
VALID_FOR = timedelta(hours=1)


class MethodOnFile(Exception):
    """What was entered is on file already, as a method of its own."""


class TooManyMethods(Exception):
    """As many methods are on file as an account may have."""


class NothingToPay(Exception):
    """The account has no subscription that a method could pay for."""


class SetupOver(Exception):
    """The state belongs to no open set-up of this person in this account: another's, used, or too old."""


@dataclass(frozen=True, slots=True)
class EnteredMethod:
    """What was entered on a page, and which method's place it would take; None where it is another one."""

    method: Method
    replaces: PaymentMethod | None


@dataclass(frozen=True, slots=True)
class SetupStart:
    """A set-up that was begun: where the customer goes, and the state by which they are known again."""

    address: str
    state: str


def begin(
    account: Account, *, occasion: Occasion, return_url: str, replaces: int | None = None
) -> SetupStart:
    """Open the provider's page on which a method is entered, another one or in the place of `replaces`.

    The link back carries a state, which whoever asked keeps and compares. Raises NotAllowed,
    NothingToPay, TooManyMethods, PaymentMethod.DoesNotExist, ProviderUnreachable: nothing was changed.
    """
    by = occasion.person
    Gate(by, account, on=occasion.on).demand(Action.CHANGE_PAYMENT)
    if not Subscription.objects.filter(pk=account.pk).exists():
        raise NothingToPay
    known = _demand_room(account, replaces)
    opened, state = open_page(account, return_url, replaces=known.reference if known else "")
    with transaction.atomic():
        account = Account.objects.lock(account.pk)
        Gate(by, account, on=occasion.on).demand(Action.CHANGE_PAYMENT)
        _demand_room(account, replaces)
        at = occasion.at
        PaymentSetup.objects.filter(subscription_id=account.pk, expires_at__lte=at).delete()
        PaymentSetup.objects.create(
            subscription_id=account.pk,
            person=by,
            replaces_id=replaces,
            state_hash=_hash(state),
            reference=opened.reference,
            created_at=at,
            expires_at=at + VALID_FOR,
        )
    return SetupStart(opened.address, state)


def _demand_room(account: Account, replaces: int | None) -> PaymentMethod | None:
    """Return a method by which the provider knows the account; raise where nothing more may be entered."""
    on_file = PaymentMethod.objects.filter(subscription_id=account.pk)
    if replaces is not None:
        return on_file.get(pk=replaces)
    if on_file.count() >= PaymentMethod.MOST:
        raise TooManyMethods
    return PaymentMethod.objects.default_of(account.pk)


def open_page(account: Account, return_url: str, *, replaces: str = "") -> tuple[Setup, str]:
    """Open a page of the provider's; return it, with the state that the way back carries.

    `replaces` is the provider's name of a method that the account has. Called by verbs that ask first,
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


def entered(account: Account, state: str, *, occasion: Occasion) -> EnteredMethod | None:
    """Return what was entered on the page that this person opened for this account; take nothing in.

    None where nothing was entered. Raises NotAllowed, SetupOver, ProviderUnreachable.
    """
    Gate(occasion.person, account, on=occasion.on).demand(Action.CHANGE_PAYMENT)
    setup = _find(account, state, occasion)
    method = entered_on(setup)
    return EnteredMethod(method, setup.replaces) if method else None


def finish(
    account: Account, state: str, *, occasion: Occasion, use: str = PaymentMethod.Use.DEFAULT
) -> PaymentMethod | None:
    """Take in the method that was entered, once; return it.

    It takes the place of the one that the page was opened for, with its use, or is added for the `use`
    that was chosen; the first of an account is its default. None where nothing was entered; the page is
    then still open. The provider is asked outside the transaction. Raises NotAllowed, SetupOver,
    MethodOnFile, TooManyMethods, ProviderUnreachable.
    """
    by = occasion.person
    found = entered(account, state, occasion=occasion)
    if found is None:
        return None
    method = found.method
    with transaction.atomic():
        account = Account.objects.lock(account.pk)
        Gate(by, account, on=occasion.on).demand(Action.CHANGE_PAYMENT)
        # Behind the lock: of two at once, one takes it in.
        setup = _find(account, state, occasion)
        same = PaymentMethod.objects.known_as(account.pk, method.reference)
        if same is not None and same.pk != setup.replaces_id:
            raise MethodOnFile
        setup.used_at = occasion.at
        setup.save(update_fields=["used_at"])
        if setup.replaces is not None:
            return _replace(account, setup.replaces, method, occasion)
        return _add(account, method, PaymentMethod.Use(use), occasion)


def _replace(account: Account, found: PaymentMethod, method: Method, occasion: Occasion) -> PaymentMethod:
    """Write what was entered in the place of a method, and record it."""
    before = activity_facts(found)
    for name, value in _fields(method, occasion).items():
        setattr(found, name, value)
    found.save(update_fields=list(_fields(method, occasion)))
    activity.record(
        account,
        ActivityVerb.PAYMENT_METHOD_REPLACED,
        occasion,
        subject=activity_subject(found.pk),
        before=before,
        after=activity_facts(found),
    )
    return found


def _add(account: Account, method: Method, use: PaymentMethod.Use, occasion: Occasion) -> PaymentMethod:
    """Write what was entered beside the others, and record it."""
    _demand_room(account, None)
    made = PaymentMethod.objects.create(
        subscription_id=account.pk, use=PaymentMethod.Use.SPARE, **_fields(method, occasion)
    )
    activity.record(
        account,
        ActivityVerb.PAYMENT_METHOD_ADDED,
        occasion,
        subject=activity_subject(made.pk),
        after=activity_facts(made),
    )
    first = PaymentMethod.objects.default_of(account.pk) is None
    payment_uses.put(account, made, PaymentMethod.Use.DEFAULT if first else use, occasion)
    return made


def _fields(method: Method, occasion: Occasion) -> dict[str, object]:
    """Return what is kept of a method that was entered."""
    return {
        "kind": method.kind,
        "brand": method.brand,
        "last_four": method.last_four,
        "expires_month": method.expires_month,
        "expires_year": method.expires_year,
        "reference": method.reference,
        "expiry_warned": None,
        "updated_at": occasion.at,
    }


def _find(account: Account, state: str, occasion: Occasion) -> PaymentSetup:
    """Return the open set-up of this person in this account; raise SetupOver for any other state."""
    found = PaymentSetup.objects.filter(
        subscription_id=account.pk, person=occasion.person, state_hash=_hash(state), used_at=None
    ).first()
    if found is None or found.expires_at <= occasion.at:
        raise SetupOver
    return found


def _hash(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()
