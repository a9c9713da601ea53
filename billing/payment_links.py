"""Lets an invoice be paid by the link in its letter, without an account and without signing in.

The token is the mailbox's alone: here is its hash. It opens one invoice, shows what that charges and
nothing else of the account, and is worth nothing once the invoice is paid. The method is entered on the
provider's page for this one payment; the account's own stays what it was.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import activity, mail, resending, staff
from accounts.email_addresses import validate_address
from accounts.models import Account, Membership
from accounts.occasion import Occasion
from accounts.rules.activity import ActivityVerb
from accounts.rules.letters import LetterKind
from billing import bank_payments, payment_methods, payments, reconciliation
from billing.models import Charge, Invoice, InvoicePayment, PaymentLink, PaymentSetup, WriteOff
from billing.payment_methods import Method, SetupOver, SetupStart
from billing.rules.money import to_minor

# As long as what is kept of a cancelled account: afterwards the vendor collects in other ways.
VALID_FOR = timedelta(days=90)
# Whoever tries one card after the other doesn't do so here.
MOST_DECLINED = 10
DECLINED_WITHIN = timedelta(hours=24)


class NoLinkReason(StrEnum):
    """Why a link pays nothing, or why an invoice gets none."""

    REVOKED = "revoked"
    EXPIRED = "expired"
    PAID = "paid"
    # What the account owes is the vendor's to collect: no costs are shown, or its data is erased.
    BY_VENDOR = "by_vendor"


class LinkUnknown(resending.LetsNobodyIn):
    """The token belongs to no link: it is not whole, or was never one."""


class LinkOver(resending.LetsNobodyIn):
    """The link pays nothing any more, or the invoice can't have one."""

    def __init__(self, why: NoLinkReason) -> None:
        """Keep the reason."""
        super().__init__(why)
        self.why = why


class PaymentInProgress(Exception):
    """A payment of the invoice is going on: one at a time."""


class TooManyDeclined(Exception):
    """As many tries of the link were declined as may be in a day."""

    def __init__(self, next_at: datetime) -> None:
        """Keep when the next may be made."""
        super().__init__(next_at)
        self.next_at = next_at


class NothingEntered(Exception):
    """No payment method was entered on the provider's page."""


class MalformedAddress(Exception):
    """No letter can be sent to the address."""


@dataclass(frozen=True, slots=True)
class PaymentLinkState:
    """How an invoice stands for who holds its link: what is going on, and what came of the last try.

    `going_on` is an open charge, whoever began it; `last` the last one that was begun by this link.
    `next_at` is set where too many tries were declined.
    """

    link: PaymentLink
    paid: bool
    going_on: Charge | None
    last: Charge | None
    next_at: datetime | None


# --- Sent and revoked ------------------------------------------------------------------------------


def tell_owner(account: Account, *, occasion: Occasion, key: str) -> int:
    """Send the owner of an account that ends a link for each invoice that is open; return how many.

    `key` names the end. Called under the account's lock, by who has asked the gate. Where costs are not
    shown none is sent.
    """
    owner = next((one.user for one in Membership.objects.contacts(account)), None)
    if owner is None or not account.shows_costs:
        return 0
    unpaid = Invoice.objects.filter(subscription_id=account.pk, due__gt=0, payment__isnull=True)
    invoices = unpaid.order_by("issued_at", "pk")
    for invoice in invoices:
        link, token = make(invoice, occasion.at, to=owner.email)
        facts = facts_of(link, token)
        mail.post(LetterKind.INVOICE_PAYABLE, account, to=[owner], facts=facts, key=f"{key}:{link.pk}")
        activity.record(account, ActivityVerb.PAYMENT_LINK_SENT, occasion.by_itself(), invoice=invoice.number)
    return len(invoices)


@transaction.atomic
def send(invoice_id: int, email: str, *, reason: str, occasion: Occasion) -> PaymentLink:
    """Send a link to whoever pays an open invoice and can't sign in; links that were sent before go on.

    Raises PermissionDenied for anyone but the vendor's staff, ValueError without a reason, Malformed,
    LinkOver, Invoice.DoesNotExist.
    """
    staff.demand(occasion.person, reason)
    email = email.strip().lower()
    try:
        validate_address(email)
    except ValidationError:
        raise MalformedAddress from None
    account = Account.objects.lock_for(Invoice, invoice_id)
    invoice = Invoice.objects.get(pk=invoice_id)
    if why := closed(account, invoice):
        raise LinkOver(why)
    link, token = make(invoice, occasion.at, to=email)
    facts = facts_of(link, token)
    mail.post_to_address(LetterKind.INVOICE_PAYABLE, account, email=email, facts=facts, key=str(link.pk))
    activity.record(
        account, ActivityVerb.PAYMENT_LINK_SENT, occasion, reason=reason.strip(), invoice=invoice.number
    )
    return link


@transaction.atomic
def revoke(link_id: int, *, reason: str, occasion: Occasion) -> PaymentLink:
    """Take a link back: from now on it shows and pays nothing. A payment that is going on is taken in.

    Raises PermissionDenied for anyone but the vendor's staff, ValueError without a reason, LinkOver where
    it is over already, PaymentLink.DoesNotExist.
    """
    staff.demand(occasion.person, reason)
    account = Account.objects.lock_for(PaymentLink, link_id)
    link = PaymentLink.objects.select_related("invoice").get(pk=link_id)
    if why := over(account, link, occasion.at):
        raise LinkOver(why)
    link.revoked_at = occasion.at
    link.save(update_fields=["revoked_at"])
    activity.record(
        account,
        ActivityVerb.PAYMENT_LINK_REVOKED,
        occasion,
        reason=reason.strip(),
        invoice=link.invoice.number,
    )
    return link


def make(
    invoice: Invoice, at: datetime, *, to: str, valid_for: timedelta = VALID_FOR
) -> tuple[PaymentLink, str]:
    """Make a link that is mailed to an address, under the account's lock; return it with its token."""
    token = secrets.token_urlsafe(32)
    link = PaymentLink.objects.create(
        invoice=invoice, sent_to=to, token_hash=_hash(token), created_at=at, expires_at=at + valid_for
    )
    return link, token


def facts_of(link: PaymentLink, token: str) -> dict[str, object]:
    """Return what the letter says that carries a link."""
    invoice = link.invoice
    return {
        "invoice": invoice.number,
        "due": to_minor(invoice.due.amount, invoice.currency),
        "currency": invoice.currency,
        "until": link.expires_at.isoformat(),
        "token": token,
    }


# --- Found -----------------------------------------------------------------------------------------


def account_of(token: str) -> Account:
    """Return the account whose clock a link's token goes by; raise LinkUnknown for none."""
    return _account_of(_of_token(token))


def account_of_page(state: str) -> Account:
    """Return the account for which a provider's page was opened by a link; raise SetupOver for none."""
    return _account_of(page(state).link)


def find(token: str, at: datetime) -> PaymentLink:
    """Return the link of a token at a moment while it can pay; raise LinkUnknown, LinkOver."""
    found = _of_token(token)
    if why := over(_account_of(found), found, at):
        raise LinkOver(why)
    return found


def _of_token(token: str) -> PaymentLink:
    found = PaymentLink.objects.select_related("invoice").filter(token_hash=_hash(token)).first()
    if found is None:
        raise LinkUnknown
    return found


def over(account: Account, link: PaymentLink, at: datetime) -> NoLinkReason | None:
    """Return why a link pays nothing any more; None where it does. A link that is over tells no more."""
    if link.revoked_at is not None:
        return NoLinkReason.REVOKED
    if link.expires_at <= at:
        return NoLinkReason.EXPIRED
    return closed(account, link.invoice)


def closed(account: Account, invoice: Invoice) -> NoLinkReason | None:
    """Return why nobody pays an invoice by a link."""
    if WriteOff.objects.filter(invoice=invoice).exists():
        return NoLinkReason.BY_VENDOR
    if not account.shows_costs or account.erased_at is not None:
        return NoLinkReason.BY_VENDOR
    if bank_payments.is_partly_paid(invoice):
        return NoLinkReason.BY_VENDOR
    if invoice.due.amount <= 0 or InvoicePayment.objects.filter(invoice=invoice).exists():
        return NoLinkReason.PAID
    return None


def standing(link: PaymentLink, at: datetime) -> PaymentLinkState:
    """Return how a link's invoice stands at a moment. Reads only."""
    return PaymentLinkState(
        link,
        paid=InvoicePayment.objects.filter(invoice=link.invoice_id).exists(),
        going_on=Charge.objects.filter(invoice=link.invoice_id, state__in=Charge.OPEN).first(),
        last=link.charges.order_by("-created_at").first(),
        next_at=_next_at(link, at),
    )


def _next_at(link: PaymentLink, at: datetime) -> datetime | None:
    """Return when the next try may be made; None where it may now."""
    declined = link.charges.filter(state=Charge.State.FAILED, created_at__gt=at - DECLINED_WITHIN)
    # The oldest of the last ten makes room when its day is over.
    tenth = declined.order_by("-created_at")[MOST_DECLINED - 1 : MOST_DECLINED].first()
    return tenth.created_at + DECLINED_WITHIN if tenth else None


# --- Paid ------------------------------------------------------------------------------------------


def begin(link: PaymentLink, *, at: datetime, return_url: str) -> SetupStart:
    """Open the provider's page on which the one who pays enters a method, for this invoice alone.

    The way back carries a state, and never the token. Raises LinkOver, UnderWay, TooManyDeclined,
    ProviderUnreachable: nothing was changed.
    """
    account = _account_of(link)
    _demand_payable(account, link, at)
    opened, state = payment_methods.open_page(account, return_url)
    with transaction.atomic():
        account = Account.objects.lock(account.pk)
        link = PaymentLink.objects.select_related("invoice").get(pk=link.pk)
        _demand_payable(account, link, at)
        PaymentSetup.objects.create(
            subscription_id=account.pk,
            link=link,
            state_hash=_hash(state),
            reference=opened.reference,
            created_at=at,
            expires_at=at + payment_methods.VALID_FOR,
        )
    return SetupStart(opened.address, state)


def page(state: str) -> PaymentSetup:
    """Return what was begun by a link, also where it was used; raise SetupOver for any other state."""
    pages = PaymentSetup.objects.select_related("link__invoice")
    found = pages.filter(state_hash=_hash(state), link__isnull=False).first()
    if found is None:
        raise SetupOver
    return found


def is_old(setup: PaymentSetup, at: datetime) -> bool:
    """Tell whether what was entered on a provider's page is no longer good at a moment."""
    return setup.expires_at <= at


def look(link: PaymentLink, *, occasion: Occasion) -> None:
    """Ask the provider how a payment of a link's invoice that is going on stands, and take in the answer."""
    for charge in link.invoice.charges.filter(state__in=Charge.OPEN):
        reconciliation.ask_on_return(charge.pk, occasion=occasion)


def entered(setup: PaymentSetup) -> Method | None:
    """Return what was entered on the provider's page; take nothing in. Raises ProviderUnreachable."""
    return payment_methods.entered_on(setup)


def pay(state: str, *, occasion: Occasion, return_url: str) -> Charge:
    """Pay the invoice with what was entered, once; return the charge, whatever came of it.

    Of two at once the second gets what the first began. Raises SetupOver, NothingEntered, LinkOver,
    UnderWay, TooManyDeclined, ProviderUnreachable.
    """
    setup = page(state)
    method = entered(setup)
    if method is None:
        raise NothingEntered
    payments.settle_open(_link(setup).invoice, occasion=occasion)
    with transaction.atomic():
        account = Account.objects.lock(setup.subscription_id)
        # Behind the lock: another may have pressed, paid, or revoked the link meanwhile.
        setup = page(state)
        link, at = _link(setup), occasion.at
        if setup.used_at is not None:
            return _begun_before(link)
        if is_old(setup, at):
            raise SetupOver
        _demand_payable(account, link, at)
        setup.used_at = at
        setup.save(update_fields=["used_at"])
        invoice = link.invoice
        charge = payments.intend(
            account, invoice.due, method, at, invoice=invoice, return_url=return_url, link=link
        )
        activity.record(
            account, ActivityVerb.PAYMENT_BY_LINK_STARTED, occasion.by_itself(), invoice=link.invoice.number
        )
    return payments.collect(charge.pk, occasion=occasion)


def _begun_before(link: PaymentLink) -> Charge:
    """Return the last charge that was begun by a link."""
    return link.charges.latest("created_at")


def _demand_payable(account: Account, link: PaymentLink, at: datetime) -> None:
    """Raise LinkOver, UnderWay or TooManyDeclined unless a payment may begin at a moment."""
    if why := over(account, link, at):
        raise LinkOver(why)
    if Charge.objects.filter(invoice=link.invoice_id, state__in=Charge.OPEN).exists():
        raise PaymentInProgress
    if next_at := _next_at(link, at):
        raise TooManyDeclined(next_at)


def _link(setup: PaymentSetup) -> PaymentLink:
    assert setup.link is not None  # a constraint, and `page` looks for no other
    return setup.link


def _account_of(link: PaymentLink | None) -> Account:
    assert link is not None
    return Account.objects.get(pk=link.invoice.subscription_id)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
