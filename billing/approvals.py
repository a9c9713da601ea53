"""Applies the owner's limits to requests: what is approved automatically, and what two people approve."""

from dataclasses import asdict
from datetime import date
from uuid import UUID

from django.db import transaction

from accounts import activity, mail
from accounts.gate import Gate
from accounts.models import Account, Membership
from accounts.occasion import Occasion
from accounts.rules.activity import ActivityVerb
from accounts.rules.capabilities import BY_TYPE, AccountType, Capability
from accounts.rules.decision import Action
from accounts.rules.letters import LetterKind
from billing import change_request_letters
from billing.models import ApprovalLimits, ChangeRequest, FirstApproval, Quote
from billing.rules.approval_limits import (
    Approval,
    Limits,
    LimitUse,
    NotAutomatic,
    approval_of,
    needs_two,
    use_of,
)
from billing.rules.change_json import MalformedChange, changes_from_plain, changes_to_plain
from billing.rules.facts import Facts
from billing.rules.quoting import PricedQuote


class LimitsDisagree(Exception):
    """What would be approved automatically would need two people."""


def limits_of(account: Account) -> Limits:
    """Return the limits that count in an account now: none where its type has none."""
    if Capability.LIMITS not in BY_TYPE[AccountType(account.type)]:
        return Limits()
    found = ApprovalLimits.objects.filter(pk=account.pk).first()
    return found.as_rules() if found else Limits()


def spent(account: Account, on: date) -> LimitUse:
    """Return what was approved automatically in the month of a day, with what is being paid for it."""
    month = ChangeRequest.objects.filter(
        subscription_id=account.pk,
        state__in=[ChangeRequest.State.OPEN, ChangeRequest.State.APPROVED],
        automatic_on__year=on.year,
        automatic_on__month=on.month,
    )
    rows = list(month.values_list("automatic_amount", "automatic_seats"))
    return LimitUse(sum(amount or 0 for amount, _seats in rows), sum(seats or 0 for _amount, seats in rows))


@transaction.atomic
def set_limits(account: Account, limits: Limits, *, occasion: Occasion) -> bool:
    """Let requests be approved automatically up to limits, or by two above one; return whether any changed.

    For the owner alone. Raises NotAllowed, LimitsDisagree.
    """
    account = Account.objects.lock(account.pk)
    Gate(occasion.person, account, on=occasion.on).demand(Action.SET_LIMITS)
    if not limits.agree:
        raise LimitsDisagree
    before = limits_of(account)
    if before == limits:
        return False
    ApprovalLimits.objects.update_or_create(
        account=account, defaults=asdict(limits) | {"set_by": occasion.by, "set_at": occasion.at}
    )
    activity.record(
        account,
        ActivityVerb.LIMITS_CHANGED,
        occasion,
        subject="limits",
        before=_told(before, account.currency),
        after=_told(limits, account.currency),
    )
    return True


def _told(limits: Limits, currency: str) -> dict[str, object]:
    def money(minor: int | None) -> dict[str, object] | None:
        return None if minor is None else {"minor": minor, "currency": currency}

    return {
        "automatic_amount": money(limits.amount),
        "automatic_seats": limits.seats,
        "two_above": money(limits.two_above),
    }


def is_automatic(quote: Quote) -> bool:
    """Tell whether a quote carries out a request that nobody decided: it was within the limits."""
    return quote.request is not None and quote.request.automatic_on is not None


def counts(account: Account, given: FirstApproval, quote: PricedQuote, on: date) -> bool:
    """Tell whether a first approval still counts for a quote of now: by somebody who still decides."""
    if given.person is None or not Gate(given.person, account, on=on).may(Action.DECIDE_REQUESTS):
        return False
    try:
        changes = changes_from_plain(given.changes)
    except MalformedChange:
        return False
    return Approval(changes, given.version, given.amount, given.renewal).covers(approval_of(quote))


def waits_for_second(
    account: Account, quote: Quote, priced: PricedQuote, before: Facts, *, occasion: Occasion
) -> bool:
    """Keep a confirmation as the first of two approvals, where the limits ask for two; return whether.

    Called under the account's lock with what was just priced again. The second, by another person on
    what still costs no more, goes on; any other becomes the first in the place of what was there.
    """
    request = quote.request
    if request is None or not needs_two(limits_of(account), use_of(priced, before)):
        return False
    given = FirstApproval.objects.filter(request=request).first()
    if (
        given is not None
        and given.person_id != occasion.person.pk
        and counts(account, given, priced, occasion.on)
    ):
        return False
    approved = approval_of(priced)
    FirstApproval.objects.update_or_create(
        request=request,
        defaults={
            "person": occasion.person,
            "person_name": occasion.person.name,
            "given_at": occasion.at,
            "changes": changes_to_plain(approved.changes),
            "version": approved.version,
            "amount": approved.amount,
            "renewal": approved.renewal,
        },
    )
    quote.state = Quote.State.CLOSED
    quote.save(update_fields=["state"])
    activity.record(
        account,
        ActivityVerb.REQUEST_APPROVED_FIRST,
        occasion,
        subject=f"request:{request.pk}",
        quote=str(quote.pk),
    )
    told = change_request_letters.letter(account, request)
    told |= {"by": request.requester_name, "first": occasion.person.name}
    seconds = [one.user for one in seconds_of(account, request, occasion.person.pk)]
    mail.post(LetterKind.REQUEST_APPROVED_FIRST, account, to=seconds, facts=told, key=str(quote.pk))
    return True


def seconds_of(account: Account, request: ChangeRequest, first: int | None) -> list[Membership]:
    """Return who may be the second of two: whoever decides, but who asked and who approved first."""
    deciders = Membership.objects.contacts(account)
    return [one for one in deciders if one.user_id not in (request.requester_id, first)]


def reserve(request: ChangeRequest, use: LimitUse, on: date) -> None:
    """Count a request against the limits of a month, before it is carried out."""
    request.automatic_on, request.automatic_amount, request.automatic_seats = on, use.amount, use.seats
    request.save(update_fields=["automatic_on", "automatic_amount", "automatic_seats"])


def fall_back(account: Account, quote_id: UUID) -> None:
    """Give a request whose payment came to nothing to people to decide; it counts against no limit then.

    Called under the account's lock, for every held change that ends without being applied.
    """
    request = ChangeRequest.objects.filter(
        quotes=quote_id, state=ChangeRequest.State.OPEN, automatic_on__isnull=False
    ).first()
    if request is None:
        return
    request.automatic_on = request.automatic_amount = request.automatic_seats = None
    request.not_automatic = NotAutomatic.NOT_PAID
    request.save(update_fields=[*("automatic_on", "automatic_amount", "automatic_seats"), "not_automatic"])
    change_request_letters.tell_deciders(account, request)
