"""The owner ends it all, knowing exactly what happens; nobody else can (domain.md 8)."""

import io
import json
import zipfile
from datetime import date, timedelta
from decimal import Decimal
from unittest.mock import Mock, patch

import pytest
from django.core.exceptions import PermissionDenied
from djmoney.money import Money

from accounts import activity, mail
from accounts.gate import Gate
from accounts.models import Account, Activity, Letter, Membership, User
from accounts.rules.activity import ActivityVerb
from accounts.rules.decision import Action, DenialReason, NotAllowed
from billing import cancellation, change_requests, data_export, erasure, quotes, reconciliation, renewal
from billing.models import (
    BillingProfile,
    Cancellation,
    ChangeRequest,
    Charge,
    DataExport,
    Invoice,
    InvoiceRecipient,
    Line,
    PaymentMethod,
    PostalAddress,
    Quote,
    SandboxPayment,
    ScheduledChange,
    Subscription,
    TemporarySeats,
)
from billing.rules.changes import AddSeats, ReduceSeats, RemoveProduct
from billing.rules.refusals import AlreadyScheduled, FirstPurchaseNeeded, HeldChange
from tests import acting, people, shop, taxed

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("acting")]
TODAY = date(2023, 7, 14)


@pytest.fixture
def ledger() -> Account:
    account = people.acme(timezone="UTC")
    shop.subscribe(
        account,
        {"support": ("team", 10, "1.00"), "guide": ("team", 2, "6.00")},
        start=date(2022, 10, 27),
    )
    PaymentMethod.objects.create(
        subscription_id=account.pk, kind="card", brand="Visa", last_four="4242", reference="test_approves"
    )
    return account


def cancel(account: Account, by: str = "olivia") -> None:
    mark = cancellation.consequences(account, TODAY).mark
    cancellation.cancel_now(
        account,
        mark=mark,
        reason="not_needed",
        text="",
        occasion=acting.occasion(by=people.user(by), on=TODAY),
    )


def test_the_sheet_says_to_the_cent_what_is_forfeited(ledger: Account) -> None:
    sheet = cancellation.consequences(ledger, TODAY)
    # 10 × 1.00 × 12 × 105/365 = 34.52; 2 × 6.00 × 12 × 105/365 = 41.42
    assert [(one.product, one.amount) for one in sheet.forfeits] == [("support", 3452), ("guide", 4142)]
    assert (sheet.forfeited, sheet.owed, sheet.people) == (7594, 0, 5)
    assert sheet.told == ("olivia@acme.example", "bilal@acme.example")
    assert cancellation.stops_at(ledger, TODAY).isoformat() == "2023-10-27T00:00:00+00:00"


def test_temporary_seats_are_forfeited_by_the_day(ledger: Account) -> None:
    """Three seats for 20 days, of which 10 are used, and two that reach 5 days beyond the period."""
    for quantity, start, end, price in (
        (3, date(2023, 7, 4), date(2023, 7, 24), "1.97"),
        (2, date(2023, 10, 22), date(2023, 11, 1), "0.66"),
    ):
        TemporarySeats.objects.create(
            subscription_id=ledger.pk, line=shop.line(ledger, "support"), quantity=quantity, starts_on=start,
            ends_on=end, charged=Money(price, "USD"), created_at=acting.now(),
        )  # fmt: skip
    now = cancellation.consequences(ledger, TODAY)
    # 1.97 × 10/20 = 0.985; all of 0.66; the lines as above
    assert [(one.temporary, one.amount) for one in now.forfeits[2:]] == [(3, 99), (2, 66)]
    assert (now.temporary, now.forfeited) == (5, 7594 + 99 + 66)
    later = cancellation.consequences(ledger, TODAY, at_end=True)
    # Of the second 5 of 10 days: 0.33. Of the lines nothing.
    assert [(one.product, one.temporary, one.amount) for one in later.forfeits] == [("support", 2, 33)]
    assert (later.temporary, later.forfeited) == (2, 33)


def test_after_olivia_cancels_nobody_reaches_anything(ledger: Account) -> None:
    quotes.draw_up(
        ledger, [AddSeats("support", 11)], occasion=acting.occasion(by=people.user("bilal"), on=TODAY)
    )
    change_requests.submit(
        ledger, [AddSeats("guide", 3)], note="", occasion=acting.occasion(by=people.user("adam"), on=TODAY)
    )
    cancel(ledger)
    ledger.refresh_from_db()
    assert ledger.state == "cancelled"
    for name in people.CAST:
        assert all(
            Gate(people.user(name), ledger).may(action).reason is DenialReason.CANCELLED for action in Action
        )
    assert not Quote.objects.filter(state__in=["open", "held"]).exists()
    assert ChangeRequest.objects.get().reason == "account_cancelled"
    assert set(Letter.objects.values_list("kind", "to")) == {
        ("account_cancelled", "olivia@acme.example"),
        ("account_cancelled", "bilal@acme.example"),
        # Seen to fail with contacts alone told: everybody lost their access.
        ("account_ended", "adam@acme.example"),
        ("account_ended", "agnes@acme.example"),
        ("account_ended", "leo@acme.example"),
    }
    ended = Letter.objects.filter(kind="account_ended").first()
    assert ended is not None
    body = str(mail.message(ended).body)
    assert "Olivia Owens (olivia@acme.example)" in body
    assert not any(sign in body for sign in ("$", "USD", "75.94"))
    assert renewal.renew(ledger.pk, occasion=acting.occasion(on=date(2023, 10, 27))) == []


@pytest.mark.parametrize("name", ["bilal", "adam", "agnes"])
def test_nobody_else_can(ledger: Account, name: str) -> None:
    with pytest.raises(NotAllowed):
        cancel(ledger, by=name)
    with pytest.raises(NotAllowed):
        quotes.draw_up(
            ledger, [RemoveProduct("guide")], occasion=acting.occasion(by=people.user(name), on=TODAY)
        )


def test_a_stale_sheet_is_shown_again(ledger: Account) -> None:
    old = cancellation.consequences(ledger, TODAY).mark
    drawn = quotes.draw_up(
        ledger, [AddSeats("support", 11)], occasion=acting.occasion(by=people.user("bilal"), on=TODAY)
    )
    quotes.confirm(drawn.pk, occasion=acting.occasion(by=people.user("bilal"), on=TODAY))
    with pytest.raises(cancellation.SheetChanged) as changed:
        cancellation.cancel_now(
            ledger,
            mark=old,
            reason="other",
            text="",
            occasion=acting.occasion(by=people.user("olivia"), on=TODAY),
        )
    # 11 × 1.00 × 12 × 105/365 = 37.97
    assert changed.value.sheet.forfeits[0].amount == 3797
    ledger.refresh_from_db()
    assert ledger.state == "active"


def test_cancelling_twice_says_that_it_is_cancelled(ledger: Account) -> None:
    cancel(ledger)
    with pytest.raises(NotAllowed) as refusal:
        cancel(ledger)
    assert refusal.value.decision.reason is DenialReason.CANCELLED


def test_money_that_was_on_its_way_is_refunded(ledger: Account) -> None:
    PaymentMethod.objects.update(reference="test_times_out_paid")
    drawn = quotes.draw_up(
        ledger, [AddSeats("support", 11)], occasion=acting.occasion(by=people.user("bilal"), on=TODAY)
    )
    quotes.confirm(drawn.pk, occasion=acting.occasion(by=people.user("bilal"), on=TODAY))
    cancel(ledger)
    reconciliation.reconcile(acting.now() + timedelta(minutes=1))
    assert SandboxPayment.objects.get().refunded == 345
    assert Charge.objects.get().refunded_at is not None
    assert shop.line(ledger, "support").quantity == 10


def test_at_the_periods_end_with_undo_until_then(ledger: Account) -> None:
    olivia = people.user("olivia")

    def schedule() -> ScheduledChange:
        mark = cancellation.consequences(ledger, TODAY, at_end=True).mark
        return cancellation.cancel_at_period_end(
            ledger, mark=mark, reason="other", text="Bye", occasion=acting.occasion(by=olivia, on=TODAY)
        )

    change = schedule()
    with pytest.raises(NotAllowed):
        quotes.undo(change.pk, occasion=acting.occasion(by=people.user("bilal"), on=TODAY))
    quotes.undo(change.pk, occasion=acting.occasion(by=olivia, on=date(2023, 10, 26)))
    change = schedule()
    with pytest.raises(quotes.UndoTooLate):
        quotes.undo(change.pk, occasion=acting.occasion(by=olivia, on=date(2023, 10, 27)))
    assert renewal.renew(ledger.pk, occasion=acting.occasion(on=date(2023, 10, 27))) == []
    ledger.refresh_from_db()
    assert (ledger.state, Invoice.objects.count()) == ("cancelled", 0)


def test_it_ends_at_the_periods_end_once_and_never_over_a_payment_on_its_way(ledger: Account) -> None:
    olivia = acting.occasion(by=people.user("olivia"), on=TODAY)

    def schedule() -> None:
        mark = cancellation.consequences(ledger, TODAY, at_end=True).mark
        cancellation.cancel_at_period_end(ledger, mark=mark, reason="other", text="", occasion=olivia)

    PaymentMethod.objects.update(reference="test_asks_3ds")
    drawn = quotes.draw_up(ledger, [AddSeats("support", 11)], occasion=olivia)
    held = quotes.confirm(drawn.pk, occasion=olivia)
    with pytest.raises(HeldChange):
        schedule()
    quotes.withdraw(held.pk, occasion=olivia)
    with pytest.raises(cancellation.SheetChanged):
        cancellation.cancel_at_period_end(ledger, mark="old", reason="other", text="", occasion=olivia)
    schedule()
    with pytest.raises(AlreadyScheduled):
        schedule()
    assert ScheduledChange.objects.count() == 1


def test_what_was_never_bought_has_no_period_to_end(globex: Account) -> None:
    made = shop.subscribe(globex, {}, start=TODAY)
    never = dict.fromkeys(("period_start", "period_end", "paid_until"))
    Subscription.objects.filter(pk=made.pk).update(**never)
    stella = acting.occasion(by=User.objects.get(email="stella@globex.example"), on=TODAY)
    mark = cancellation.consequences(globex, TODAY, at_end=True).mark
    with pytest.raises(FirstPurchaseNeeded):
        cancellation.cancel_at_period_end(globex, mark=mark, reason="other", text="", occasion=stella)


def test_restoring_gives_back_the_former_state_without_charging(ledger: Account) -> None:
    change_requests.submit(
        ledger, [AddSeats("guide", 3)], note="", occasion=acting.occasion(by=people.user("adam"), on=TODAY)
    )
    drawn = quotes.draw_up(
        ledger, [ReduceSeats("support", 5)], occasion=acting.occasion(by=people.user("bilal"), on=TODAY)
    )
    quotes.confirm(drawn.pk, occasion=acting.occasion(by=people.user("bilal"), on=TODAY))

    def picture() -> object:
        return (
            list(Line.objects.values()),
            list(ScheduledChange.objects.values()),
            list(ChangeRequest.objects.values()),
            list(Membership.objects.values()),
            list(Account.objects.values()),
            Invoice.objects.count(),
            SandboxPayment.objects.count(),
        )

    before = picture()
    cancel(ledger)
    with pytest.raises(PermissionDenied):
        cancellation.restore(
            ledger.pk, reason="asked", occasion=acting.occasion(by=people.user("olivia"), on=TODAY)
        )
    cancellation.restore(ledger.pk, reason="asked", occasion=acting.occasion(by=people.vera(), on=TODAY))
    assert picture() == before
    assert Activity.objects.filter(verb="account_state_changed").count() == 2


def test_a_restore_after_the_period_charges_from_its_own_day(ledger: Account) -> None:
    cancel(ledger)
    back = date(2023, 9, 30)
    with acting.at(acting.now() + timedelta(days=80)):
        cancellation.restore(ledger.pk, reason="asked", occasion=acting.occasion(by=people.vera(), on=back))
        assert renewal.renew(ledger.pk, occasion=acting.occasion(on=back)) == []


def test_it_is_kept_for_ninety_days_to_the_second(ledger: Account) -> None:
    cancel(ledger)
    over = acting.now() + timedelta(days=90)
    with acting.at(over), pytest.raises(cancellation.RestoreOver):
        cancellation.restore(ledger.pk, reason="asked", occasion=acting.occasion(by=people.vera(), on=TODAY))
    with acting.at(over - timedelta(seconds=1)):
        cancellation.restore(ledger.pk, reason="asked", occasion=acting.occasion(by=people.vera(), on=TODAY))


def test_what_was_not_cancelled_or_is_erased_is_not_restored(ledger: Account, globex: Account) -> None:
    vera = acting.occasion(by=people.vera(), on=TODAY)
    with pytest.raises(cancellation.RestoreOver):
        cancellation.restore(ledger.pk, reason="asked", occasion=vera)
    cancel(ledger)
    Cancellation.objects.update(erased_at=acting.now())
    with pytest.raises(cancellation.RestoreOver):
        cancellation.restore(ledger.pk, reason="asked", occasion=vera)


def test_ninety_days_later_personal_data_is_erased_and_invoices_stay(
    ledger: Account, globex: Account
) -> None:
    profile = shop.profile(ledger, legal_name="Acme Inc.")
    InvoiceRecipient.objects.create(profile=profile, email="books@acme.example", language="en")
    drawn = quotes.draw_up(
        ledger, [AddSeats("support", 11)], occasion=acting.occasion(by=people.user("olivia"), on=TODAY)
    )
    quotes.confirm(drawn.pk, occasion=acting.occasion(by=people.user("olivia"), on=TODAY))
    cancel(ledger)
    with acting.at(acting.now() + timedelta(days=89)):
        assert erasure.due(acting.now()) == []
    with acting.at(acting.now() + timedelta(days=90)):
        assert erasure.erase(ledger.pk, acting.now())
        assert not erasure.erase(ledger.pk, acting.now())
    assert not User.objects.filter(email__contains="acme").exists()
    assert User.objects.filter(email="stella@globex.example").exists()
    assert not Activity.objects.filter(account=ledger).exclude(actor_name="").exists()
    invoice = Invoice.objects.get()
    assert invoice.account_name == "Acme"
    # Who bought stays on the document, as the law wants it; the profile is gone.
    assert invoice.buyer["name"] == "Acme Inc."
    assert not BillingProfile.objects.exists()
    assert not PostalAddress.objects.exists()
    assert not InvoiceRecipient.objects.exists()


def test_olivia_takes_her_data_along(ledger: Account) -> None:
    User.objects.filter(email="leo@acme.example").update(name="=HYPERLINK(1)")
    kept = shop.profile(ledger)
    InvoiceRecipient.objects.create(profile=kept, email="books@acme.example", language="en")
    with pytest.raises(NotAllowed):
        data_export.ask(ledger, occasion=acting.occasion(by=people.user("bilal"), on=TODAY))
    asked = data_export.ask(ledger, occasion=acting.occasion(by=people.user("olivia"), on=TODAY))
    assert (
        data_export.ask(ledger, occasion=acting.occasion(by=people.user("olivia"), on=TODAY)).pk == asked.pk
    )
    assert data_export.prepare_waiting(acting.now()) == 1
    export = DataExport.objects.get()
    assert (export.state, export.progress) == ("ready", 100)
    archive = zipfile.ZipFile(io.BytesIO(bytes(export.content)))
    members = json.loads(archive.read("members.json"))
    assert {one["email"] for one in members} == {email for email, _, _ in people.CAST.values()}
    assert "'=HYPERLINK(1)" in archive.read("members.csv").decode()
    [profile] = json.loads(archive.read("billing_profile.json"))
    assert profile["sold_to"] == "1 Main Street, Springfield, 62701, US"
    assert profile["recipients"] == "books@acme.example"
    [method] = json.loads(archive.read("payment_methods.json"))
    assert (method["use"], method["last_four"], "reference" in method) == ("default", "4242", False)


def test_the_export_names_the_taxes_of_each_line(ledger: Account) -> None:
    """The credit is of what bore none; 37.97 × 20 % = 7.59."""
    taxed.rates()
    taxed.place(ledger, "FR")
    quote = quotes.draw_up(
        ledger, [AddSeats("support", 11)], occasion=acting.occasion(by=people.user("olivia"), on=TODAY)
    )
    quotes.confirm(quote.pk, occasion=acting.occasion(by=people.user("olivia"), on=TODAY))
    data_export.ask(ledger, occasion=acting.occasion(by=people.user("olivia"), on=TODAY))
    data_export.prepare_waiting(acting.now())
    archive = zipfile.ZipFile(io.BytesIO(bytes(DataExport.objects.get().content or b"")))
    rows = json.loads(archive.read("invoices.json"))
    assert [row["taxes"] for row in rows] == ["", "TVA 20"]
    assert {Decimal(row["tax_of_invoice"]) for row in rows} == {Decimal("7.59")}


def test_an_export_that_fails_says_so_and_stops_nobody(ledger: Account, globex: Account) -> None:
    """What the outbox still has to send goes out all the same."""
    data_export.ask(ledger, occasion=acting.occasion(by=people.user("olivia"), on=TODAY))
    with patch.dict(data_export._PARTS, {"members": Mock(side_effect=OSError("full"))}):
        assert data_export.prepare_waiting(acting.now()) == 1
    assert DataExport.objects.get().state == "failed"
    # Asked for again it is made anew.
    data_export.ask(ledger, occasion=acting.occasion(by=people.user("olivia"), on=TODAY))
    data_export.prepare_waiting(acting.now())
    assert DataExport.objects.latest("pk").state == "ready"


def test_where_costs_are_not_shown_no_export_holds_one(ledger: Account) -> None:
    Account.objects.filter(pk=ledger.pk).update(type="managed")
    told = {"amount": {"minor": 123456, "currency": "USD"}, "role": "admin"}
    activity.record(
        ledger, ActivityVerb.ROLE_CHANGED, acting.occasion(), subject="x", after=told, reason="for $1234.56"
    )
    data_export.ask(ledger, occasion=acting.occasion(by=people.user("olivia"), on=TODAY))
    data_export.prepare_waiting(acting.now())
    archive = zipfile.ZipFile(io.BytesIO(bytes(DataExport.objects.get().content or b"")))
    told = "".join(archive.read(name).decode() for name in archive.namelist())
    assert "1234" not in told
    assert json.loads(archive.read("activity.json"))[-2]["after"] == {"role": "admin"}
    assert json.loads(archive.read("invoices.json")) == []
    assert json.loads(archive.read("payment_methods.json")) == []
