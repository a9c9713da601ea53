"""Every kind of row that grows: what ends it, and who is told where somebody waits for it.

A new model is named here: as one of as many rows as there are accounts, people and products; as a record that
is kept; or with what takes it away, and when.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core import mail as outbox
from django.db.models import Model
from djmoney.money import Money

from accounts import clock, email_changes, invitations, ownership
from accounts.models import (
    Account,
    Activity,
    Draft,
    EmailChange,
    Invitation,
    Letter,
    Membership,
    OwnershipOffer,
    RowFailure,
    TaskRun,
)
from accounts.rules.roles import Role
from billing import change_requests, cleanup, quotes, tasks
from billing.models import (
    ChangeRequest,
    Charge,
    DataExport,
    PaymentLink,
    PaymentMethod,
    PaymentSetup,
    PlannedInvitation,
    ProviderMessage,
    Quote,
    RenewalReminder,
    SandboxSetup,
)
from billing.rules.changes import AddSeats
from tests import acting, people, shop
from tests.console.test_invoices import invoice

# As many as there are accounts, people, products, roles, or processes.
BOUNDED = {
    *("accounts.Account", "accounts.User", "accounts.User_groups", "accounts.User_user_permissions"),
    *("accounts.Membership", "accounts.AccountPermission", "guardian.UserObjectPermission"),
    *("guardian.GroupObjectPermission", "auth.Permission", "auth.Group", "auth.Group_permissions"),
    *("contenttypes.ContentType", "account.EmailAddress", "mfa.Authenticator"),
    *("socialaccount.SocialApp", "socialaccount.SocialAccount", "socialaccount.SocialToken"),
    *("billing.Catalogue", "billing.Product", "billing.Product_includes", "billing.Product_requires"),
    *("billing.Edition", "billing.Price", "billing.TaxRate", "billing.PromoCode"),
    *("billing.PromoCode_products", "billing.Subscription", "billing.Line", "billing.Discount"),
    *("billing.ScheduledChange", "billing.AgentSeat", "billing.PaymentMethod", "billing.PostalAddress"),
    *("billing.BillingProfile", "billing.InvoiceRecipient", "billing.CalendarLink", "billing.LoadedAccount"),
    # At most fifty of an account.
    *("billing.ApprovalLimits", "billing.KeptQuote"),
    *("billing.Numbering", "billing.ReconciliationPoint", "procrastinate.ProcrastinateWorker"),
    # The queue itself keeps the last of each task.
    "procrastinate.ProcrastinatePeriodicDefer",
}
# The books, the trail, and what they lead to. Erasing an account takes out whom it names.
RECORDS = {
    *("accounts.Activity", "billing.Invoice", "billing.InvoiceLine", "billing.InvoicePayment"),
    *("billing.Charge", "billing.Refund", "billing.WriteOff", "billing.BalanceEntry"),
    *("billing.BankPayment", "billing.BankBooking", "billing.PaidSegment", "billing.TemporarySeats"),
    *("billing.DunningEntry", "billing.Cancellation", "billing.ChangeRequest", "billing.RequestComment"),
    *("billing.PromoRedemption", "billing.PromoCodeEntry", "billing.CatalogueVersion"),
    *("billing.FirstApproval", "billing.AgreedPrice", "billing.PriceEnding", "billing.PriceEndingNotice"),
    "billing.ClockMove",
    # The sandbox is its own provider, with books of its own.
    *("billing.SandboxPayment", "billing.SandboxRefund"),
}
# Nothing is written there: letters carry signed links, and the back office has its trail in the account's.
NEVER = {"account.EmailConfirmation", "admin.LogEntry"}
# Go with their job: tests/billing/test_cleanup.py.
JOBS = {"procrastinate.ProcrastinateJob", "procrastinate.ProcrastinateEvent"}
HOUR, DAY, YEAR = timedelta(hours=1), timedelta(days=1), timedelta(days=365)


@dataclass(frozen=True)
class Ending:
    """How long after its moment a row goes, and how one of that moment is made."""

    after: timedelta
    make: Callable[[Account, datetime], Model]


def olivia() -> Any:
    return people.user("olivia")


def session(_acme: Account, when: datetime) -> Session:
    return Session.objects.create(session_key=f"s{when:%d%H%M%S}", session_data="", expire_date=when)


def user_session(_acme: Account, when: datetime) -> UserSession:
    made = UserSession.objects.create(
        user=olivia(), session_key=f"u{when:%d%H%M%S}", ip="192.0.2.1", user_agent=""
    )
    UserSession.objects.filter(pk=made.pk).update(created_at=when)
    return made


def draft(acme: Account, when: datetime) -> Draft:
    address = f"/{when:%d%H%M%S}/"
    return Draft.objects.create(account=acme, person=olivia(), address=address, fields={}, typed_at=when)


def email_change(_acme: Account, when: datetime) -> EmailChange:
    return EmailChange.objects.create(
        person=olivia(), old_email="olivia@acme.example", new_email="o@acme.example",
        created_at=when, expires_at=when + DAY, state=EmailChange.State.EXPIRED,
    )  # fmt: skip


def invitation(acme: Account, when: datetime) -> Invitation:
    return Invitation.objects.create(
        account=acme, email=f"n{when:%d%H%M%S}@new.example", name="Nina", role=Role.AGENT,
        token_hash=f"{when:%d%H%M%S}", invited_by=olivia(), created_at=when - 14 * DAY, expires_at=when,
        expiry_told_at=when,
    )  # fmt: skip


def offer(acme: Account, when: datetime) -> OwnershipOffer:
    return OwnershipOffer.objects.create(
        account=acme, offered_by=olivia(), to=people.user("bilal"), created_at=when - 7 * DAY,
        expires_at=when, state=OwnershipOffer.State.EXPIRED,
    )  # fmt: skip


def letter(acme: Account, when: datetime) -> Letter:
    return Letter.objects.create(
        account=acme, kind="role_given", to="a@acme.example", language="en", key=str(when), sent_at=when
    )


def quote(acme: Account, when: datetime) -> Quote:
    at = clock.now(acme)
    with acting.at(at):
        made = quotes.draw_up(acme, [AddSeats("support", 11)], occasion=acting.occasion(olivia(), at.date()))
    Quote.objects.filter(pk=made.pk).update(expires_at=when)
    return made


def planned(acme: Account, when: datetime) -> PlannedInvitation:
    return PlannedInvitation.objects.create(
        quote=quote(acme, when), email=f"p{when:%d%H%M%S}@new.example", role=Role.AGENT, seat="support"
    )


def link(acme: Account, when: datetime) -> PaymentLink:
    bill = invoice(acme, f"INV-9{when:%d%H%M}", "60.00", reason="brought_in")
    return PaymentLink.objects.create(
        invoice=bill, token_hash=str(when), created_at=when - 90 * DAY, expires_at=when
    )


def setup(acme: Account, when: datetime) -> PaymentSetup:
    return PaymentSetup.objects.create(
        subscription_id=acme.pk, person=olivia(), state_hash=str(when), reference=str(when),
        created_at=when - HOUR, expires_at=when,
    )  # fmt: skip


ENDS = {
    "sessions.Session": Ending(timedelta(), session),
    "usersessions.UserSession": Ending(timedelta(hours=12), user_session),
    "accounts.Draft": Ending(Draft.KEPT_FOR, draft),
    "accounts.EmailChange": Ending(email_changes.KEPT_FOR, email_change),
    "accounts.Invitation": Ending(YEAR, invitation),
    "accounts.OwnershipOffer": Ending(YEAR, offer),
    "accounts.Letter": Ending(2 * YEAR, letter),
    "accounts.TaskRun": Ending(
        14 * DAY,
        lambda _acme, when: TaskRun.objects.create(step="x", machine="m", began_at=when, ended_at=when),
    ),
    "accounts.RowFailure": Ending(
        14 * DAY,
        lambda _acme, when: RowFailure.objects.create(
            queue="x", row=str(when), error="", failed_at=when, tried_at=when
        ),
    ),
    "billing.Quote": Ending(30 * DAY, quote),
    "billing.PlannedInvitation": Ending(30 * DAY, planned),
    "billing.PaymentLink": Ending(YEAR, link),
    "billing.PaymentSetup": Ending(timedelta(), setup),
    "billing.DataExport": Ending(
        DataExport.KEPT_FOR,
        lambda acme, when: DataExport.objects.create(
            account=acme, requested_by=olivia(), state="ready", created_at=when
        ),
    ),
    "billing.ProviderMessage": Ending(
        30 * DAY, lambda _acme, when: ProviderMessage.objects.create(id=str(when), received_at=when)
    ),
    "billing.RenewalReminder": Ending(
        YEAR,
        lambda acme, when: RenewalReminder.objects.create(
            subscription_id=acme.pk, renews_on=when.date(), amount=Money(0, "USD"), looked_on=when.date()
        ),
    ),
    "billing.SandboxSetup": Ending(
        30 * DAY, lambda _acme, when: SandboxSetup.objects.create(token=str(when), created_at=when)
    ),
}


@pytest.fixture
def acme() -> Account:
    """Acme pays 10 seats of Support, annually, from a month ago."""
    account = people.acme(timezone="UTC")
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=clock.now().date() - 30 * DAY)
    return account


def test_every_kind_of_row_says_what_ends_it() -> None:
    known = {model._meta.label for model in apps.get_models(include_auto_created=True)}
    named = [BOUNDED, RECORDS, NEVER, JOBS, set(ENDS)]
    assert known == set().union(*named)
    assert sum(map(len, named)) == len(known), "each once"


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ENDS)
def test_it_goes_when_its_time_is_over_and_not_before(acme: Account, kind: str) -> None:
    ending, now = ENDS[kind], clock.now()
    # A day of the account is no moment.
    margin = 2 * DAY if ending.after > 10 * DAY else HOUR
    old, young = (ending.make(acme, now - ending.after + by) for by in (-margin, margin))
    for step in tasks.NIGHTLY.values():
        step.act(now)
    assert set(type(old)._base_manager.values_list("pk", flat=True)) == {young.pk}


@pytest.mark.django_db
@pytest.mark.breaks_invariants
def test_what_a_payment_came_by_stays(acme: Account) -> None:
    now = clock.now()
    tried = link(acme, now - 2 * YEAR)
    Charge.objects.create(
        subscription_id=acme.pk, invoice=tried.invoice, link=tried, amount=Money(1, "USD"), created_at=now,
        state=Charge.State.FAILED,
    )  # fmt: skip
    assert cleanup.over(now) == 0


# --- Nothing expires without telling who waits for it ------------------------------------------------


def _asked(acme: Account, when: datetime) -> None:
    with acting.at(when):
        adam = acting.occasion(people.user("adam"), when.date())
        change_requests.submit(acme, [AddSeats("support", 11)], note="", occasion=adam)


def _offered(acme: Account, when: datetime) -> None:
    bilal = Membership.objects.get(account=acme, user=people.user("bilal"))
    with acting.at(when):
        ownership.offer(bilal.pk, occasion=acting.occasion(olivia(), when.date()))


def _invited(acme: Account, when: datetime) -> None:
    with acting.at(when):
        invitations.invite(
            acme, "nina@new.example", "Nina", Role.AGENT, occasion=acting.occasion(olivia(), when.date())
        )


def _address(_acme: Account, when: datetime) -> None:
    with acting.at(when):
        email_changes.ask("olive@acme.example", occasion=acting.occasion(olivia(), when.date()))


def _held(acme: Account, when: datetime) -> None:
    """Olivia confirms eleven seats and leaves her bank's page open."""
    PaymentMethod.objects.create(
        subscription_id=acme.pk, kind="card", brand="Visa", last_four="3155", reference="test_asks_3ds"
    )
    with acting.at(when):
        mine = acting.occasion(olivia(), when.date())
        drawn = quotes.draw_up(acme, [AddSeats("support", 11)], occasion=mine)
        quotes.confirm(drawn.pk, occasion=mine, return_url="https://console.example/back")


BOTH = ["bilal@acme.example", "olivia@acme.example"]
# What waits, from when on it is over, the letter that says so, and who waited.
WAITED: dict[str, tuple[Callable[[Account, datetime], None], timedelta, str, list[str]]] = {
    "request": (_asked, 30 * DAY, "request_expired", ["adam@acme.example"]),
    "offer": (_offered, 7 * DAY, "ownership_expired", BOTH),
    "invitation": (_invited, 14 * DAY, "invitation_expired", ["olivia@acme.example"]),
    "address": (_address, DAY, "email_change_expired", ["olivia@acme.example"]),
    "held change": (_held, DAY, "payment_failed", BOTH),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", WAITED)
def test_who_waits_is_told_once_when_it_is_over(acme: Account, what: str) -> None:
    begin, after, kind, people_told = WAITED[what]
    began = clock.now() - after + HOUR
    begin(acme, began)
    told = Letter.objects.filter(kind=kind)
    assert not any("failed" in name for name, count in tasks.work().items() if count)
    assert not told.exists(), "an hour is left"
    for model, names in {
        ChangeRequest: ("created_at", "expires_at"),
        OwnershipOffer: ("created_at", "expires_at"),
        Invitation: ("created_at", "expires_at"),
        EmailChange: ("created_at", "expires_at"),
        Charge: ("created_at", "asked_at"),
    }.items():
        for row in model._base_manager.all():
            moments = {name: getattr(row, name) - 2 * HOUR for name in names if getattr(row, name)}
            model._base_manager.filter(pk=row.pk).update(**moments)
    for _again in (1, 2):
        tasks.work()
        assert sorted(told.values_list("to", flat=True)) == people_told
    # Olivia's new mailbox was greeted by her name, and is nobody's of the account.
    outbox.outbox.clear()


@pytest.mark.django_db(transaction=True)
def test_an_offer_that_is_over_is_in_the_trail_and_can_be_made_again(acme: Account) -> None:
    _offered(acme, clock.now() - 8 * DAY)
    tasks.work()
    entry = Activity.objects.get(account=acme, verb="ownership_expired")
    assert (entry.actor, entry.before) == (None, {"to": "Bilal Brahimi"})
    _offered(acme, clock.now())
    assert OwnershipOffer.objects.filter(state="open").count() == 1
