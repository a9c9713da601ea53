"""What a letter says of a change request, frozen: what was asked and approved; and who decides is told."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from django.db.models import Q

from accounts import mail
from accounts.models import Account, Membership
from accounts.rules.capabilities import BY_TYPE, AccountType, Capability, decided_by_staff
from accounts.rules.letters import LetterKind
from billing import quote_json
from billing.models import ChangeRequest, Edition, Product
from billing.rules.change_json import MalformedChange, changes_from_plain, changes_to_plain
from billing.rules.facts import Facts, ScheduledFacts, ScheduledKind
from billing.rules.quoting import PricedQuote


def is_edited(asked: object, approved: object) -> bool:
    """Tell whether other changes were approved than were asked for, in whatever order."""
    try:
        return set(changes_from_plain(asked)) != set(changes_from_plain(approved))
    except MalformedChange:
        return asked != approved


def letter(account: Account, request: ChangeRequest) -> dict[str, Any]:
    """Return the facts of a letter: the request, its changes with their base, and what was approved."""
    edited = request.approved_changes is not None and is_edited(request.changes, request.approved_changes)
    told: dict[str, Any] = {"request": request.pk, "changes": request.changes, "base": request.base}
    if edited:
        told |= {"approved_changes": request.approved_changes, "approved_base": request.approved_base}
    return told | _words(account, set(_products(list(told.values()))))


def tell_deciders(account: Account, request: ChangeRequest) -> None:
    """Tell of a request whoever decides it: owner and billing admins, and the vendor's contact."""
    told = letter(account, request) | {"by": request.requester_name, "note": request.note}
    kind, key = LetterKind.REQUEST_SUBMITTED, str(request.pk)
    deciders = [
        one.user for one in Membership.objects.contacts(account) if one.user_id != request.requester_id
    ]
    mail.post(kind, account, to=deciders, facts=told, key=key)
    if decided_by_staff(AccountType(account.type)):
        tell_vendor(kind, account, told, key=key)


def tell_vendor(kind: LetterKind, account: Account, told: dict[str, Any], *, key: str) -> None:
    """Tell the vendor's contact of an account."""
    mail.post_to_address(
        kind,
        account,
        email=account.vendor_contact_email,
        name=account.vendor_contact_name,
        facts=told,
        key=key,
    )


def changes(account: Account, quote: PricedQuote, before: Facts) -> dict[str, Any]:
    """Return the facts of a letter that names what a quote changed, on what, and from which day each."""
    told: dict[str, Any] = {
        "changes": changes_to_plain([timed.change for timed in quote.timed]),
        "base": quote_json.dump_base(before, quote.changes),
    }
    # Only where it is not the day itself: the letter says "from … on".
    told["later"] = [timed.on.isoformat() if timed.on > quote.on else "" for timed in quote.timed]
    told["scheduled"] = [_waiting(one, quote) for one in quote.scheduled if one.id is None]
    if told["scheduled"]:
        undone = Capability.UNDO in BY_TYPE[AccountType(account.type)]
        day_before = quote.renewal.on - timedelta(days=1)
        told["renewal"] = {
            "on": quote.renewal.on.isoformat(),
            "amount": quote.renewal.amount,
            "taxed": bool(quote.renewal.settlement.taxes),
            # Empty where the vendor's staff decided it, and only they can undo it.
            "undo_until": day_before.isoformat() if undone else "",
        }
    return told | _words(account, set(_products(list(told.values()))))


def _waiting(one: ScheduledFacts, quote: PricedQuote) -> dict[str, Any]:
    """Return a change that waits since this quote, and what it does to the renewal's price before tax.

    Of another billing cycle the price is of another period: no difference says anything.
    """
    effects = (found.amount for found in quote.renewal.effects if found.scheduled.slot == one.slot)
    return {
        "kind": one.kind.value,
        "on": one.takes_effect_on.isoformat(),
        "product": one.product,
        "quantity": one.quantity,
        "edition": one.edition,
        "cycle": one.cycle.value if one.cycle else None,
        "leaving": list(one.leaving),
        "effect": None if one.kind is ScheduledKind.CYCLE else next(effects, None),
    }


def _products(value: object) -> Iterator[str]:
    """Yield every text that may be a product's key: what is none is found under no name."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (key for key in value if isinstance(key, str))
        yield from _of_all(value.values())
    elif isinstance(value, list):
        yield from _of_all(value)


def _of_all(values: Iterable[object]) -> Iterator[str]:
    for value in values:
        yield from _products(value)


def _words(account: Account, keys: set[str]) -> dict[str, Any]:
    """Return what products and editions are called, and what products are counted in.

    Names are rows of product and edition, because JSON has no key of two parts.
    """
    editions = Edition.objects.filter(
        product__catalogue__subscriptions=account.pk, product__key__in=sorted(keys)
    )
    rows = editions.order_by("product__key", "rank")
    named = rows.values_list("product__key", "product__name", "key", "name")
    flat = Q(product__kind=Product.Kind.FLAT)
    counted = rows.filter(~Q(product__counted_in={}) | flat).values_list(
        "product__key", "product__counted_in"
    )
    return {"names": [list(row) for row in named], "counted_in": dict(counted)}
