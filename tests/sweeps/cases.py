"""What a row of the verbs says, and what a verb is called on: account, person and day, and what is made."""

import itertools
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from djmoney.money import Money

from accounts import clock
from accounts.models import Account, Letter, Membership, OwnershipOffer, User
from accounts.occasion import Occasion
from accounts.rules.decision import NotAllowed
from accounts.rules.roles import Role
from billing import (
    cancellation,
    payment_methods,
    quotes,
    staff_changes,
)
from billing.models import (
    AgreedPrice,
    BankPayment,
    BillingProfile,
    CalendarLink,
    ChangeRequest,
    Invoice,
    InvoiceRecipient,
    Line,
    PaymentMethod,
    PaymentSetup,
    Quote,
    SandboxSetup,
    Subscription,
)
from billing.rules.changes import AddSeats
from billing.rules.refusals import Refusal
from tests import acting, shop
from tests.sweeps import money

# In the place of actions: only the vendor's staff.
STAFF = "staff"
_numbers = itertools.count()


@dataclass(frozen=True)
class Case:
    """One verb about to be called: on an account, by a person, on a day."""

    account: Account
    by: User
    on: date

    @property
    def occasion(self) -> Occasion:
        """Return the occasion on which the person calls it."""
        return acting.occasion(by=self.by, on=self.on)

    def own(self, model: Any, **filters: Any) -> Any:
        """Return the key of a row of this account; LookupError where there is none."""
        found = (
            model.objects.filter(**{model.account_path: self.account.pk}, **filters).order_by("pk").first()
        )
        if found is None:
            raise LookupError(model.__name__)
        return found.pk

    def member(self, role: Role) -> int:
        """Return somebody else with a role."""
        others = Membership.objects.filter(account=self.account, role=role).exclude(user=self.by)
        found = others.order_by("pk").last()
        if found is None:
            raise LookupError(role)
        return found.pk


@dataclass(frozen=True)
class Verb:
    """What opens a verb, and how it is called."""

    call: Callable[[Case, Any], object]
    actions: tuple[str, ...] = ()
    # Whether the vendor's staff may: always, never, or where they decide for the account.
    staff: str = "never"
    # What it acts on, found or made past all verbs before it is called.
    make: Callable[[Case], Any] = lambda case: None
    # It writes before it is refused, and all of it is undone.
    undoes: bool = False
    # How it refuses.
    refusal: tuple[type[Exception], ...] = (NotAllowed, PermissionDenied)
    # What it says where it has let the person in, and this account can't: that is no refusal.
    beyond: tuple[type[Exception], ...] = ()


def open_quote(case: Case) -> Any:
    """Return an open quote that holds, and was drawn up for this person while they might."""
    quote = case.own(Quote, state="open")
    with suppress(NotAllowed, Refusal):
        owner = Membership.objects.select_related("user").get(account=case.account, role=Role.OWNER).user
        quote = quotes.draw_up(
            case.account, [AddSeats("guide", 14)], occasion=acting.occasion(by=owner, on=case.on)
        ).pk
    Quote.objects.filter(pk=quote).update(person=case.by)
    return quote


def staff_quote(case: Case) -> Any:
    """Return an open quote that the staff drew up, as if by this person."""
    quote = case.own(Quote, state="open")
    with suppress(staff_changes.NotForStaff, staff_changes.NotOpen, Refusal):
        vera = User.objects.filter(is_staff=True, is_active=True).order_by("pk")[0]
        quote = staff_changes.draw_up(
            case.account.pk, [AddSeats("guide", 14)], occasion=acting.occasion(by=vera, on=case.on)
        ).pk
    Quote.objects.filter(pk=quote).update(person=case.by)
    return quote


def open_setup(case: Case) -> str:
    """Open a set-up of a payment method for this person, past all verbs; return its state."""
    shop_state = f"state-{next(_numbers)}"
    at = clock.now()
    if not hasattr(case.account, "subscription"):
        raise LookupError("subscription")
    token = f"token-{shop_state}"
    SandboxSetup.objects.create(token=token, return_url="", method="test_approves")
    PaymentSetup.objects.create(
        subscription_id=case.account.pk,
        person=case.by,
        state_hash=payment_methods._hash(shop_state),
        reference=token,
        created_at=at,
        expires_at=at + timedelta(hours=1),
    )
    return shop_state


def own_calendar(case: Case) -> None:
    """Let a person who is a member have a link for their calendar."""
    for membership in Membership.objects.filter(account=case.account, user=case.by):
        CalendarLink.objects.get_or_create(
            membership=membership, defaults={"token_hash": f"hash-{next(_numbers)}", "made_at": clock.now()}
        )


def open_request(case: Case) -> int:
    """Return an open request, which somebody else wrote."""
    return int(case.own(ChangeRequest, state="open"))


def own_request(case: Case) -> int:
    """Return an open request that this person wrote while they might."""
    found = open_request(case)
    ChangeRequest.objects.filter(pk=found).update(requester=case.by)
    return found


def open_offer(case: Case) -> int:
    """Return an open offer of the account, made to somebody else."""
    offer = int(case.own(OwnershipOffer, state="open"))
    other = Membership.objects.filter(account=case.account).exclude(user=case.by).earliest("pk")
    OwnershipOffer.objects.filter(pk=offer).update(to=other.user)
    return offer


def given_up_letter(case: Case) -> int:
    """Return a letter of the account that was given up."""
    letter = Letter(account=case.account, kind="request_expired", to="o@people.example", language="en")
    letter.key, letter.failed_at = f"letter-{next(_numbers)}", clock.now()
    letter.save()
    return letter.pk


def open_invoice(case: Case) -> str:
    """Return the number of an invoice that is open, with a card on file that is charged for it."""
    Account.objects.filter(pk=case.account.pk).update(collection_method="charge_automatically")
    default = PaymentMethod.objects.filter(subscription_id=case.account.pk, use="default")
    default.update(kind="card", reference="test_approves")
    return str(Invoice.objects.get(pk=case.own(Invoice)).number)


def spare_method(case: Case) -> int:
    """Return a payment method that the account keeps on file, beside the one that it is charged by."""
    case.own(PaymentMethod)
    reference = f"pm_{next(_numbers)}"
    made = PaymentMethod(subscription_id=case.account.pk, use="spare", kind="card", reference=reference)
    made.save()
    return made.pk


def live_edition(case: Case) -> int:
    """Return the edition of a line of the account."""
    return Line.objects.values_list("edition_id", flat=True).get(pk=case.own(Line, ended_on=None))


def agreed_price(case: Case) -> int:
    """Return a price that was agreed with the account for what it has."""
    cycle = Subscription.objects.values_list("cycle", flat=True).get(pk=case.account.pk)
    AgreedPrice.objects.filter(subscription=case.account.pk).delete()
    made = AgreedPrice.objects.create(
        subscription_id=case.account.pk,
        edition_id=live_edition(case),
        cycle=cycle,
        amount=Money("1", case.account.currency),
        starts_on=case.on,
        reason="They stay.",
        given_at=clock.now(),
    )
    return made.pk


def new_transfer(case: Case) -> tuple[int, str]:
    """Return a transfer that nobody booked yet, and the number of an invoice that is open."""
    invoice = Invoice.objects.get(pk=case.own(Invoice))
    payment = BankPayment.objects.create(
        bank_id=f"B-{next(_numbers)}", received_on=case.on, amount=invoice.due, loaded_at=clock.now()
    )
    return payment.pk, str(invoice.number)


def paid_charge(case: Case) -> UUID:
    """Return a charge that was paid."""
    case.own(Quote)
    return money.paid_charge(case.account).pk


def requested_refund(case: Case) -> UUID:
    """Return a refund that somebody else of the staff asked for."""
    case.own(Quote)
    return money.requested_refund(case.account).pk


def offer_to(case: Case) -> int:
    """Return an offer of the account that was made to this person by its owner."""
    offer = int(case.own(OwnershipOffer, state="open"))
    OwnershipOffer.objects.filter(pk=offer).update(to=case.by)
    return offer


def live_line(case: Case) -> int:
    return int(shop.line(case.account, "guide").pk)


def invoice_recipient(case: Case) -> int:
    """Return somebody who gets the invoices of the account."""
    kept, _made = BillingProfile.objects.get_or_create(account=case.account)
    email = f"kept-{next(_numbers)}@people.example"
    return InvoiceRecipient.objects.create(profile=kept, email=email, language="en").pk


def end_with_period(case: Case, made: object) -> object:
    """Let the account end with its period, as the sheet of now says."""
    sheet = cancellation.consequences(case.account, case.on, at_end=True)
    return cancellation.cancel_at_period_end(
        case.account, mark=sheet.mark, reason="too_expensive", text="They asked.", occasion=case.occasion
    )


def end_now(case: Case, made: object) -> object:
    """Cancel the account at once, as the sheet of now says."""
    sheet = cancellation.consequences(case.account, case.on)
    return cancellation.cancel_now(
        case.account, mark=sheet.mark, reason="too_expensive", text="They asked.", occasion=case.occasion
    )
