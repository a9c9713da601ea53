"""Every verb that somebody may be refused: what it asks the gate, and how it is called on an account.

A new public function of accounts or billing that takes an occasion without a row here fails
`test_every_verb_has_a_row`. A row says which actions open it (all of them are needed), whether the
vendor's staff may too, and how it is called for a person: `call` finds or makes what it acts on.
`None` where the account has nothing of the kind.
"""

import itertools

from accounts import invitations, lifecycle, ownership, resending, roles
from accounts.invitations import Invitee
from accounts.models import Invitation, OwnershipOffer
from accounts.rules.decision import NotAllowed
from accounts.rules.roles import Role
from billing import (
    approvals,
    bank_payments,
    calendar_links,
    cancellation,
    change_request_talk,
    change_requests,
    credit_notes,
    data_export,
    debts,
    document_letters,
    payment_methods,
    payment_uses,
    payments,
    profile,
    provider_checks,
    quotes,
    refunds,
    renewal,
    seat_invitations,
    seats,
    taxation,
    write_offs,
)
from billing.models import Invoice, Quote, ScheduledChange
from billing.rules.approval_limits import Limits
from billing.rules.changes import AddSeats, ReduceSeats
from tests import acting
from tests.sweeps import kept_verbs, link_verbs, staff_verbs
from tests.sweeps.cases import (
    STAFF,
    Verb,
    given_up_letter,
    invoice_recipient,
    live_line,
    new_transfer,
    offer_to,
    open_invoice,
    open_offer,
    open_quote,
    open_request,
    open_setup,
    own_calendar,
    own_request,
    paid_charge,
    requested_refund,
    spare_method,
)
from tests.sweeps.price_verbs import PRICES

# Whom the owner offered the account, as long as they are a billing admin with a verified address.
HEIR = "heir"
_numbers = itertools.count()


VERBS: dict[str, Verb] = (
    kept_verbs.VERBS
    | link_verbs.VERBS
    | staff_verbs.VERBS
    | {
        "billing.calendar_links.make": Verb(
            lambda c, made: calendar_links.make(c.account, occasion=c.occasion), ("view_subscription",)
        ),
        "billing.calendar_links.revoke": Verb(
            lambda c, made: calendar_links.revoke(c.account, occasion=c.occasion),
            ("view_subscription",),
            make=own_calendar,
        ),
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
            make=open_setup,
        ),
        "billing.payment_methods.finish": Verb(
            lambda c, made: payment_methods.finish(c.account, made, occasion=c.occasion),
            ("change_payment",),
            make=open_setup,
        ),
        "billing.payment_uses.put_to_use": Verb(
            lambda c, made: payment_uses.put_to_use(made, "backup", occasion=c.occasion),
            ("change_payment",),
            make=spare_method,
        ),
        "billing.payment_uses.remove": Verb(
            lambda c, made: payment_uses.remove(made, occasion=c.occasion),
            ("change_payment",),
            make=spare_method,
        ),
        "billing.profile.change": Verb(
            lambda c, made: profile.change(
                c.account, profile.ProfileValues(f"Firm {next(_numbers)}"), occasion=c.occasion
            ),
            ("change_payment",),
        ),
        "billing.profile.change_by_staff": Verb(
            lambda c, made: profile.change_by_staff(
                c.account,
                profile.ProfileValues(f"Firm {next(_numbers)}"),
                occasion=c.occasion,
                reason="They asked.",
            ),
            (STAFF,),
            staff="always",
        ),
        "billing.profile.add_recipient": Verb(
            lambda c, made: profile.add_recipient(
                c.account,
                email=f"r{next(_numbers)}@people.example",
                name="",
                language="en",
                occasion=c.occasion,
            ),
            ("choose_recipients",),
        ),
        "billing.profile.remove_recipient": Verb(
            lambda c, made: profile.remove_recipient(made, occasion=c.occasion),
            ("choose_recipients",),
            make=invoice_recipient,
        ),
        "billing.payments.pay": Verb(
            lambda c, made: payments.pay(
                Invoice.objects.get(pk=c.own(Invoice)).number, c.account, occasion=c.occasion
            ),
            ("pay_invoice",),
            make=open_invoice,
            beyond=(payments.AlreadyPaid, payments.NoPaymentMethod),
        ),
        "billing.quotes.price": Verb(
            lambda c, made: quotes.price(c.account, [AddSeats("guide", 14)], occasion=c.occasion),
            ("change_subscription", "add_seats"),
            make=live_line,
        ),
        "billing.quotes.draw_up": Verb(
            lambda c, made: quotes.draw_up(c.account, [ReduceSeats("guide", 5)], occasion=c.occasion),
            ("change_subscription", "reduce"),
            make=live_line,
        ),
        "billing.quotes.confirm": Verb(
            lambda c, made: quotes.confirm(made, occasion=c.occasion),
            ("change_subscription", "add_seats"),
            make=open_quote,
        ),
        "billing.quotes.withdraw": Verb(
            lambda c, made: quotes.withdraw(made, occasion=c.occasion),
            ("change_subscription",),
            make=open_quote,
        ),
        "billing.quotes.undo": Verb(
            lambda c, made: quotes.undo(c.own(ScheduledChange), occasion=c.occasion), ("undo_change",)
        ),
        "billing.change_requests.submit": Verb(
            lambda c, made: change_requests.submit(
                c.account, [AddSeats("guide", 14)], note="", occasion=c.occasion
            ),
            ("request_change",),
            make=live_line,
        ),
        "billing.change_requests.draw_up": Verb(
            lambda c, made: change_requests.draw_up(
                made, occasion=c.occasion, changes=[AddSeats("guide", 14)]
            ),
            ("decide_requests", "change_subscription", "add_seats"),
            make=open_request,
        ),
        "billing.change_requests.reject": Verb(
            lambda c, made: change_requests.reject(made, reason="Not this year.", occasion=c.occasion),
            ("decide_requests",),
            staff="deciding",
            make=open_request,
        ),
        "billing.approvals.set_limits": Verb(
            lambda c, made: approvals.set_limits(c.account, Limits(next(_numbers)), occasion=c.occasion),
            ("set_limits",),
        ),
        "billing.change_request_talk.comment": Verb(
            lambda c, made: change_request_talk.comment(made, text="Why three?", occasion=c.occasion),
            ("request_change",),
            staff="deciding",
            make=open_request,
        ),
        "billing.change_requests.withdraw": Verb(
            lambda c, made: change_requests.withdraw(made, occasion=c.occasion),
            ("view_subscription",),
            make=own_request,
        ),
        "billing.change_requests.accept_as_staff": Verb(
            lambda c, made: change_requests.accept_as_staff(
                made, prices={}, reason="Agreed.", occasion=c.occasion
            ),
            (STAFF,),
            staff="deciding",
            make=open_request,
        ),
        "billing.seat_invitations.invite": Verb(
            lambda c, made: seat_invitations.invite(
                c.account, [Invitee(f"s-{next(_numbers)}@people.example")], Role.AGENT, occasion=c.occasion
            ),
            ("manage_people",),
        ),
        "billing.seat_invitations.discard": Verb(
            lambda c, made: seat_invitations.discard(c.own(Quote, state="open"), occasion=c.occasion),
            ("manage_people",),
        ),
        "billing.seats.assign": Verb(
            lambda c, made: seats.assign(made, c.member(Role.AGENT), occasion=c.occasion),
            ("manage_people",),
            make=live_line,
        ),
        "billing.seats.free": Verb(
            lambda c, made: seats.free(made, c.member(Role.AGENT), occasion=c.occasion),
            ("manage_people",),
            make=live_line,
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
            lambda c, made: roles.give(c.member(Role.AGENT), Role.ADMIN, occasion=c.occasion),
            ("manage_roles",),
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
            make=open_offer,
            refusal=(NotAllowed, ownership.OfferOver),
        ),
        "accounts.resending.send_again": Verb(
            lambda c, made: resending.send_again(
                made, reason="Mended.", occasion_of=acting.occasion_of(c.by)
            ),
            (STAFF,),
            staff="always",
            make=given_up_letter,
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
        "billing.bank_payments.book": Verb(
            lambda c, made: bank_payments.book(
                made[0], {made[1]: 1}, reason="They told us.", occasion=c.occasion
            ),
            (STAFF,),
            staff="always",
            make=new_transfer,
            beyond=(bank_payments.NotBookable,),
        ),
        "billing.refunds.request": Verb(
            lambda c, made: refunds.request(
                made, 1, reason="Our fault.", may_be_owed=True, occasion=c.occasion
            ),
            (STAFF,),
            staff="always",
            make=paid_charge,
        ),
        "billing.refunds.approve": Verb(
            lambda c, made: refunds.approve(made, reason="Looked at.", occasion=c.occasion),
            (STAFF,),
            staff="always",
            make=requested_refund,
        ),
        "billing.refunds.reject": Verb(
            lambda c, made: refunds.reject(made, reason="Not ours.", occasion=c.occasion),
            (STAFF,),
            staff="always",
            make=requested_refund,
        ),
        "billing.provider_checks.ask_now": Verb(
            lambda c, made: provider_checks.ask_now(made, reason="They called.", occasion=c.occasion),
            (STAFF,),
            staff="always",
            make=paid_charge,
        ),
        "billing.write_offs.write_off": Verb(
            lambda c, made: write_offs.write_off(c.own(Invoice), reason="Insolvent.", occasion=c.occasion),
            (STAFF,),
            staff="always",
            beyond=(write_offs.NotWrittenOff,),
        ),
        "billing.credit_notes.issue": Verb(
            lambda c, made: credit_notes.issue(
                c.own(Invoice), {2: 1}, reason="Our fault.", occasion=c.occasion
            ),
            (STAFF,),
            staff="always",
            beyond=(credit_notes.NotCredited,),
        ),
        "billing.document_letters.send_again": Verb(
            lambda c, made: document_letters.send_again(
                c.own(Invoice),
                [one.email for one in document_letters.addressees(c.account)][:1],
                reason="Lost.",
                occasion=c.occasion,
            ),
            (STAFF,),
            staff="always",
            beyond=(document_letters.NotSentOnce,),
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
            make=offer_to,
        ),
        **PRICES,
    }
)
