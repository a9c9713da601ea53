"""An account's own people let others pay an open invoice by a link: they send it, and take it back.

What the link then shows and pays is `billing/payment_links.py`; the vendor's staff have their verbs there.
"""

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import activity, mail
from accounts.email_addresses import validate_address
from accounts.gate import Gate
from accounts.models import Account
from accounts.occasion import Occasion
from accounts.rules.activity import ActivityVerb
from accounts.rules.decision import Action
from accounts.rules.letters import LetterKind
from billing import payment_links
from billing.models import Invoice, PaymentLink
from billing.payment_links import LinkOver, MalformedAddress

# How many days a link may be good; the longest is what the vendor's own links are.
DAYS = (7, 30, 90)
# A letter to any address at all: so many links of an account in a day, and no more.
MOST_SENT = 20
SENT_WITHIN = timedelta(hours=24)


class TooManyLinks(Exception):
    """The account sent as many links as it may in a day."""

    def __init__(self, next_at: datetime) -> None:
        """Keep when the next may be sent."""
        super().__init__(next_at)
        self.next_at = next_at


@transaction.atomic
def send(number: str, account: Account, email: str, *, days: int, occasion: Occasion) -> PaymentLink:
    """Send a link to whoever pays an open invoice and can't sign in; earlier ones go on.

    Raises NotAllowed, MalformedAddress, ValueError for other days than `DAYS`, LinkOver where the invoice
    can't have one, TooManyLinks, Invoice.DoesNotExist.
    """
    if days not in DAYS:
        raise ValueError(days)
    email = email.strip().lower()
    try:
        validate_address(email)
    except ValidationError:
        raise MalformedAddress from None
    account = Account.objects.lock(account.pk)
    Gate(occasion.person, account, on=occasion.on).demand(Action.PAY_INVOICE)
    invoice = Invoice.objects.get(number=number, subscription_id=account.pk)
    if why := payment_links.closed(account, invoice):
        raise LinkOver(why)
    if next_at := _next_at(account, occasion.at):
        raise TooManyLinks(next_at)
    link, token = payment_links.make(invoice, occasion.at, to=email, valid_for=timedelta(days=days))
    facts = payment_links.facts_of(link, token)
    mail.post_to_address(LetterKind.INVOICE_PAYABLE, account, email=email, facts=facts, key=str(link.pk))
    activity.record(
        account,
        ActivityVerb.PAYMENT_LINK_SENT,
        occasion,
        subject=f"link:{link.pk}",
        invoice=invoice.number,
        after={"email": email},
    )
    return link


@transaction.atomic
def take_back(link_id: int, *, occasion: Occasion) -> PaymentLink:
    """Take any link of the account back: from now on it shows and pays nothing.

    A payment that is going on is taken in. Raises NotAllowed, LinkOver where it is over already,
    PaymentLink.DoesNotExist.
    """
    account = Account.objects.lock_for(PaymentLink, link_id)
    Gate(occasion.person, account, on=occasion.on).demand(Action.PAY_INVOICE)
    link = PaymentLink.objects.select_related("invoice").get(pk=link_id)
    if why := payment_links.over(account, link, occasion.at):
        raise LinkOver(why)
    link.revoked_at = occasion.at
    link.save(update_fields=["revoked_at"])
    activity.record(
        account,
        ActivityVerb.PAYMENT_LINK_REVOKED,
        occasion,
        subject=f"link:{link.pk}",
        invoice=link.invoice.number,
        before={"email": link.sent_to},
    )
    return link


def _next_at(account: Account, at: datetime) -> datetime | None:
    """Return when an account may send the next link; None where it may now."""
    sent = PaymentLink.objects.filter(invoice__subscription_id=account.pk, created_at__gt=at - SENT_WITHIN)
    # The oldest of the last ones makes room when its day is over.
    blocking = sent.order_by("-created_at")[MOST_SENT - 1 : MOST_SENT].first()
    return blocking.created_at + SENT_WITHIN if blocking else None
