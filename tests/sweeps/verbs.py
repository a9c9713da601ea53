"""Every verb that somebody may be refused: what it asks the gate, and how it is called on an account.

A new public function of accounts or billing that takes an occasion without a row here fails
`test_every_verb_has_a_row`. A row says which actions open it (all of them are needed), whether the
vendor's staff may too, and how it is called for a person: `call` finds or makes what it acts on.
`None` where the account has nothing of the kind.
"""

import itertools
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied

from accounts import clock, invitations, lifecycle, ownership, resending, roles
from accounts.models import Account, Invitation, Letter, Membership, OwnershipOffer, User
from accounts.occasion import Occasion
from accounts.rules.decision import NotAllowed
from accounts.rules.roles import Role
from billing import (
    bank_payments,
    cancellation,
    change_requests,
    data_export,
    debts,
    payment_links,
    payment_methods,
    payments,
    quotes,
    renewal,
    seats,
    taxation,
)
from billing.models import (
    BankPayment,
    ChangeRequest,
    Invoice,
    PaymentLink,
    PaymentMethod,
    PaymentSetup,
    Quote,
    SandboxSetup,
    ScheduledChange,
)
from billing.rules.changes import AddSeats, ReduceSeats
from billing.rules.refusals import Refusal
from tests import acting, shop

STAFF = "staff"
# Whom the owner offered the account, as long as they are a billing admin with a verified address.
HEIR = "heir"
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


def _quote(case: Case) -> Any:
    """Return an open quote that holds, and was drawn up for this person while they might."""
    quote = case.own(Quote, state="open")
    with suppress(NotAllowed, Refusal):
        owner = Membership.objects.select_related("user").get(account=case.account, role=Role.OWNER).user
        quote = quotes.draw_up(
            case.account, [AddSeats("guide", 14)], occasion=acting.occasion(by=owner, on=case.on)
        ).pk
    Quote.objects.filter(pk=quote).update(person=case.by)
    return quote


def _setup(case: Case) -> str:
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


def _request(case: Case) -> int:
    """Return an open request, which somebody else wrote."""
    return int(case.own(ChangeRequest, state="open"))


def _own_request(case: Case) -> int:
    """Return an open request that this person wrote while they might."""
    found = _request(case)
    ChangeRequest.objects.filter(pk=found).update(requester=case.by)
    return found


def _offer(case: Case) -> int:
    """Return an open offer of the account, made to somebody else."""
    offer = int(case.own(OwnershipOffer, state="open"))
    other = Membership.objects.filter(account=case.account).exclude(user=case.by).earliest("pk")
    OwnershipOffer.objects.filter(pk=offer).update(to=other.user)
    return offer


def _letter(case: Case) -> int:
    """Return a letter of the account that was given up."""
    letter = Letter(account=case.account, kind="request_expired", to="o@people.example", language="en")
    letter.key, letter.failed_at = f"letter-{next(_numbers)}", clock.now()
    letter.save()
    return letter.pk


def _invoice(case: Case) -> str:
    """Return the number of an invoice that is open, with a card on file that is charged for it."""
    Account.objects.filter(pk=case.account.pk).update(collection_method="charge_automatically")
    PaymentMethod.objects.filter(pk=case.account.pk).update(kind="card", reference="test_approves")
    return str(Invoice.objects.get(pk=case.own(Invoice)).number)


def _transfer(case: Case) -> tuple[int, str]:
    """Return a transfer that nobody booked yet, and the number of an invoice that is open."""
    invoice = Invoice.objects.get(pk=case.own(Invoice))
    payment = BankPayment.objects.create(
        bank_id=f"B-{next(_numbers)}", received_on=case.on, amount=invoice.due, loaded_at=clock.now()
    )
    return payment.pk, str(invoice.number)


def _offer_to(case: Case) -> int:
    """Return an offer of the account that was made to this person by its owner."""
    offer = int(case.own(OwnershipOffer, state="open"))
    OwnershipOffer.objects.filter(pk=offer).update(to=case.by)
    return offer


def _at_end(case: Case, made: object) -> object:
    sheet = cancellation.consequences(case.account, case.on, at_end=True)
    return cancellation.cancel_at_period_end(
        case.account, mark=sheet.mark, reason="too_expensive", text="", occasion=case.occasion
    )


def _now(case: Case, made: object) -> object:
    sheet = cancellation.consequences(case.account, case.on)
    return cancellation.cancel_now(
        case.account, mark=sheet.mark, reason="too_expensive", text="", occasion=case.occasion
    )


def _line(case: Case) -> int:
    return int(shop.line(case.account, "guide").pk)


VERBS: dict[str, Verb] = {
    "billing.cancellation.cancel_now": Verb(_now, ("cancel_account",)),
    "billing.cancellation.cancel_at_period_end": Verb(_at_end, ("cancel_account",)),
    "billing.data_export.ask": Verb(
        lambda c, made: data_export.ask(c.account, occasion=c.occasion), ("export_data",)
    ),
    "billing.payment_methods.begin": Verb(
        lambda c, made: payment_methods.begin(
            c.account, occasion=c.occasion, return_url="http://localhost:8000/"
        ),
        ("change_payment",),
        beyond=(payment_methods.NothingToPay,),
    ),
    "billing.payment_methods.entered": Verb(
        lambda c, made: payment_methods.entered(c.account, made, occasion=c.occasion),
        ("change_payment",),
        make=_setup,
    ),
    "billing.payment_methods.finish": Verb(
        lambda c, made: payment_methods.finish(c.account, made, occasion=c.occasion),
        ("change_payment",),
        make=_setup,
    ),
    "billing.payments.pay": Verb(
        lambda c, made: payments.pay(
            Invoice.objects.get(pk=c.own(Invoice)).number, c.account, occasion=c.occasion
        ),
        ("view_invoices",),
        make=_invoice,
        beyond=(payments.AlreadyPaid, payments.NoPaymentMethod),
    ),
    "billing.quotes.price": Verb(
        lambda c, made: quotes.price(c.account, [AddSeats("guide", 14)], occasion=c.occasion),
        ("change_subscription", "add_seats"),
        make=_line,
    ),
    "billing.quotes.draw_up": Verb(
        lambda c, made: quotes.draw_up(c.account, [ReduceSeats("guide", 5)], occasion=c.occasion),
        ("change_subscription", "reduce"),
        make=_line,
    ),
    "billing.quotes.confirm": Verb(
        lambda c, made: quotes.confirm(made, occasion=c.occasion),
        ("change_subscription", "add_seats"),
        make=_quote,
    ),
    "billing.quotes.withdraw": Verb(
        lambda c, made: quotes.withdraw(made, occasion=c.occasion), ("change_subscription",), make=_quote
    ),
    "billing.quotes.undo": Verb(
        lambda c, made: quotes.undo(c.own(ScheduledChange), occasion=c.occasion), ("undo_change",)
    ),
    "billing.change_requests.submit": Verb(
        lambda c, made: change_requests.submit(
            c.account, [AddSeats("guide", 14)], note="", occasion=c.occasion
        ),
        ("request_change",),
        make=_line,
    ),
    "billing.change_requests.draw_up": Verb(
        lambda c, made: change_requests.draw_up(made, occasion=c.occasion, changes=[AddSeats("guide", 14)]),
        ("decide_requests", "change_subscription", "add_seats"),
        make=_request,
    ),
    "billing.change_requests.reject": Verb(
        lambda c, made: change_requests.reject(made, reason="Not this year.", occasion=c.occasion),
        ("decide_requests",),
        staff="deciding",
        make=_request,
    ),
    "billing.change_requests.withdraw": Verb(
        lambda c, made: change_requests.withdraw(made, occasion=c.occasion),
        ("view_subscription",),
        make=_own_request,
    ),
    "billing.change_requests.accept_as_staff": Verb(
        lambda c, made: change_requests.accept_as_staff(
            made, prices={}, reason="Agreed.", occasion=c.occasion
        ),
        (STAFF,),
        staff="deciding",
        make=_request,
    ),
    "billing.seats.assign": Verb(
        lambda c, made: seats.assign(made, c.member(Role.AGENT), occasion=c.occasion),
        ("manage_people",),
        make=_line,
    ),
    "billing.seats.free": Verb(
        lambda c, made: seats.free(made, c.member(Role.AGENT), occasion=c.occasion),
        ("manage_people",),
        make=_line,
    ),
    "billing.seats.remove": Verb(
        lambda c, made: seats.remove(c.member(Role.AGENT), occasion=c.occasion),
        ("manage_people",),
        undoes=True,
    ),
    "accounts.roles.leave": Verb(
        lambda c, made: roles.leave(c.member(Role.LIGHT_AGENT), occasion=c.occasion), ("manage_people",)
    ),
    "accounts.roles.suspend": Verb(
        lambda c, made: roles.suspend(c.member(Role.ADMIN), occasion=c.occasion), ("manage_roles",)
    ),
    "accounts.roles.resume": Verb(
        lambda c, made: roles.resume(c.member(Role.AGENT), occasion=c.occasion), ("manage_people",)
    ),
    "accounts.roles.give": Verb(
        lambda c, made: roles.give(c.member(Role.AGENT), Role.ADMIN, occasion=c.occasion), ("manage_roles",)
    ),
    "accounts.roles.delegate": Verb(
        lambda c, made: roles.delegate(
            c.member(Role.BILLING_ADMIN), changes_payment=True, occasion=c.occasion
        ),
        ("manage_roles",),
    ),
    "accounts.invitations.invite": Verb(
        lambda c, made: invitations.invite(
            c.account, f"new-{next(_numbers)}@people.example", "Nora", Role.AGENT, occasion=c.occasion
        ),
        ("manage_people",),
    ),
    "accounts.invitations.revoke": Verb(
        lambda c, made: invitations.revoke(c.own(Invitation), occasion=c.occasion), ("manage_people",)
    ),
    "accounts.ownership.offer": Verb(
        lambda c, made: ownership.offer(c.member(Role.BILLING_ADMIN), occasion=c.occasion),
        ("transfer_ownership",),
        beyond=(ownership.NotEligible,),
    ),
    "accounts.ownership.withdraw": Verb(
        lambda c, made: ownership.withdraw(made, occasion=c.occasion),
        ("transfer_ownership",),
        make=_offer,
        refusal=(NotAllowed, ownership.OfferOver),
    ),
    "accounts.resending.send_again": Verb(
        lambda c, made: resending.send_again(made, reason="Mended.", occasion_of=acting.occasion_of(c.by)),
        (STAFF,),
        staff="always",
        make=_letter,
    ),
    "accounts.lifecycle.amend": Verb(
        lambda c, made: lifecycle.amend(
            c.account.pk, {"timezone": "Europe/Paris"}, occasion=c.occasion, reason="They moved."
        ),
        (STAFF,),
        staff="always",
    ),
    "billing.debts.settle_old": Verb(
        lambda c, made: debts.settle_old(c.account.pk, reason="Paid by cheque.", occasion=c.occasion),
        (STAFF,),
        staff="always",
        beyond=(debts.NothingOwed, debts.InvoiceOpen),
    ),
    "billing.payment_links.send": Verb(
        lambda c, made: payment_links.send(
            c.own(Invoice), "books@keepers.example", reason="They pay.", occasion=c.occasion
        ),
        (STAFF,),
        staff="always",
        beyond=(payment_links.LinkOver,),
    ),
    "billing.payment_links.revoke": Verb(
        lambda c, made: payment_links.revoke(
            c.own(PaymentLink), reason="Sent to the wrong firm.", occasion=c.occasion
        ),
        (STAFF,),
        staff="always",
        beyond=(payment_links.LinkOver,),
    ),
    "billing.bank_payments.book": Verb(
        lambda c, made: bank_payments.book(
            made[0], {made[1]: 1}, reason="They told us.", occasion=c.occasion
        ),
        (STAFF,),
        staff="always",
        make=_transfer,
        beyond=(bank_payments.NotBookable,),
    ),
    "billing.taxation.end_own_rate": Verb(
        lambda c, made: taxation.end_own_rate(
            c.own(ScheduledChange) and c.account.pk, reason="They moved.", occasion=c.occasion
        ),
        (STAFF,),
        staff="always",
        beyond=(taxation.NoOwnRate,),
    ),
    "billing.renewal.unpark": Verb(
        lambda c, made: renewal.unpark(
            c.own(ScheduledChange) and c.account.pk, reason="Mended.", occasion=c.occasion
        ),
        (STAFF,),
        staff="always",
        beyond=(renewal.NotParked,),
    ),
    "billing.cancellation.restore": Verb(
        lambda c, made: cancellation.restore(c.account.pk, reason="They asked.", occasion=c.occasion),
        (STAFF,),
        staff="always",
        beyond=(cancellation.RestoreOver,),
    ),
    "accounts.ownership.accept": Verb(
        lambda c, made: ownership.accept(made, occasion=c.occasion),
        (HEIR,),
        refusal=(ownership.OfferOver, ownership.NotEligible, OwnershipOffer.DoesNotExist),
        make=_offer_to,
    ),
}
