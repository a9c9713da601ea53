"""Keeps a quote under a name, to be signed and taken up later: at exactly that amount, or beside today's.

What is kept promises no price. Taking it up draws up the same changes anew, and what is confirmed is what
that quote shows; a kept one that still holds is the same to the cent.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from accounts.gate import Gate
from accounts.models import Account
from accounts.occasion import Occasion
from accounts.rules.decision import Action
from billing import quote_json, quotes
from billing.models import KeptQuote, Quote
from billing.rules import quoting
from billing.rules.change_json import changes_from_plain
from billing.rules.conflicts import Question
from billing.rules.differences import QuoteDifference, differences
from billing.rules.quoting import UndecidedConflict
from billing.rules.refusals import Refusal

# How long the link to read one works.
READABLE_FOR = timedelta(days=30)


class NotKept(Exception):
    """As many quotes are kept as may be: one is removed first."""


class KeptQuoteUnknown(Exception):
    """The token belongs to no kept quote, or its link is over."""


@dataclass(frozen=True, slots=True)
class KeptComparison:
    """A kept quote beside the same changes at today's prices.

    `today` is None where they can't be made today: `refused` says why, or `questions` wait for an answer.
    Without differences it holds: it may be confirmed at exactly that amount.
    """

    kept: quoting.PricedQuote
    today: quoting.PricedQuote | None = None
    differences: tuple[QuoteDifference, ...] = ()
    refused: Refusal | None = None
    questions: tuple[Question, ...] = ()

    @property
    def holds(self) -> bool:
        """Tell whether today's is the same in every line."""
        return self.today is not None and not self.differences


@transaction.atomic
def keep(quote_id: UUID, name: str, *, purchase_order: str = "", occasion: Occasion) -> KeptQuote:
    """Keep a person's own open quote as it was shown. Raises NotAllowed, NotKept, Quote.DoesNotExist."""
    account = Account.objects.lock_for(Quote, quote_id)
    Gate(occasion.person, account, on=occasion.on).demand(Action.CHANGE_SUBSCRIPTION)
    quote = Quote.objects.get(pk=quote_id, person=occasion.person, state=Quote.State.OPEN)
    if KeptQuote.objects.filter(subscription_id=account.pk).count() >= KeptQuote.MOST:
        raise NotKept
    return KeptQuote.objects.create(
        subscription_id=account.pk,
        name=name,
        purchase_order=purchase_order,
        changes=quote.changes,
        document=quote.document,
        on=quote.on,
        kept_by=occasion.person,
        kept_by_name=occasion.person.name,
        kept_at=occasion.at,
    )


def compare(account: Account, kept: KeptQuote, *, occasion: Occasion) -> KeptComparison:
    """Return a kept quote beside today's, with the reason of every difference. Writes nothing."""
    shown = quote_json.load(kept.document)
    try:
        today = quotes.price(account, changes_from_plain(kept.changes), occasion=occasion)
    except Refusal as refusal:
        return KeptComparison(shown, refused=refusal)
    except UndecidedConflict as asked:
        return KeptComparison(shown, questions=asked.questions)
    return KeptComparison(shown, today, differences(shown, today))


def take_up(kept_id: UUID, *, occasion: Occasion) -> Quote:
    """Draw up the changes of a kept quote for whoever confirms them, with its purchase order number.

    Raises as `quotes.draw_up`; KeptQuote.DoesNotExist.
    """
    kept = KeptQuote.objects.select_related("subscription__account").get(pk=kept_id)
    return quotes.draw_up(
        kept.subscription.account,
        changes_from_plain(kept.changes),
        occasion=occasion,
        purchase_order=kept.purchase_order,
    )


@transaction.atomic
def remove(kept_id: UUID, *, occasion: Occasion) -> None:
    """Keep a quote no longer; its link ends. Raises NotAllowed, KeptQuote.DoesNotExist."""
    _locked(kept_id, occasion).delete()


@transaction.atomic
def make_link(kept_id: UUID, *, occasion: Occasion) -> str:
    """Make the link by which whoever signs reads a kept quote, in the place of an earlier one.

    Return its token, which is shown once. Raises NotAllowed, KeptQuote.DoesNotExist.
    """
    kept, token = _locked(kept_id, occasion), secrets.token_urlsafe(32)
    kept.token_hash, kept.readable_until = _hash(token), occasion.at + READABLE_FOR
    kept.save(update_fields=["token_hash", "readable_until"])
    return token


@transaction.atomic
def revoke_link(kept_id: UUID, *, occasion: Occasion) -> None:
    """Let nobody read a kept quote by its link any more. Raises NotAllowed, KeptQuote.DoesNotExist."""
    kept = _locked(kept_id, occasion)
    kept.token_hash, kept.readable_until = "", None
    kept.save(update_fields=["token_hash", "readable_until"])


def account_of(token: str) -> Account:
    """Return the account whose clock a token goes by; raise KeptQuoteUnknown for none."""
    return _of_token(token).subscription.account


def find(token: str, at: datetime) -> KeptQuote:
    """Return the kept quote that a link shows at a moment; raise KeptQuoteUnknown.

    Nothing is shown of an account that is cancelled, or whose costs are not shown.
    """
    kept = _of_token(token)
    account = kept.subscription.account
    over = kept.readable_until is None or kept.readable_until <= at
    if over or account.cancelled_at is not None or not account.shows_costs:
        raise KeptQuoteUnknown
    return kept


def _of_token(token: str) -> KeptQuote:
    found = KeptQuote.objects.select_related("subscription__account").filter(token_hash=_hash(token)).first()
    if found is None:
        raise KeptQuoteUnknown
    return found


def _locked(kept_id: UUID, occasion: Occasion) -> KeptQuote:
    account = Account.objects.lock_for(KeptQuote, kept_id)
    Gate(occasion.person, account, on=occasion.on).demand(Action.CHANGE_SUBSCRIPTION)
    return KeptQuote.objects.get(pk=kept_id)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
