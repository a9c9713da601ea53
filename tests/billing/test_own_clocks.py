"""The own clock of a sandbox account: what happens on the way happens in its order, once, on its day."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.exceptions import PermissionDenied

from accounts import clock, invitations
from accounts.models import Account, Activity, Invitation, Letter
from accounts.rules.roles import Role
from billing import change_requests, own_clock_steps, own_clocks, price_endings, tasks
from billing.models import ChangeRequest, Charge, ClockMove, Invoice
from billing.price_endings import EndedPrice
from billing.rules.changes import AddSeats
from billing.rules.periods import Cycle
from tests import acting, people, shop
from tests.billing import dunned

pytestmark = pytest.mark.django_db(transaction=True)
# The clock of `dunned.debtor`: noon of the day before its renewal.
FEB_28 = date(2026, 2, 28)
# When Vera moves it.
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def move(account: Account, until: date | None) -> ClockMove:
    """Let Vera move the clock."""
    account.refresh_from_db()
    assert account.clock is not None
    occasion = acting.occasion(by=people.vera(), on=account.clock.date(), at=account.clock)
    made = own_clocks.move(account.pk, until, reason="Shown to a customer", occasion=occasion, now=NOW)
    account.refresh_from_db()
    assert made.ended_at == account.clock
    return made


def told(move: ClockMove) -> list[tuple[str, list[str], list[str]]]:
    """Return each moment at which something happened: its day, what the trail says, which letters."""
    found = []
    for before, after in zip(move.stops, move.stops[1:], strict=False):
        entries = Activity.objects.filter(pk__gt=before["activity"], pk__lte=after["activity"])
        letters = Letter.objects.filter(pk__gt=before["letter"], pk__lte=after["letter"])
        acts = list(entries.order_by("pk").values_list("verb", flat=True))
        assert not after["failed"]
        at = datetime.fromisoformat(after["at"]).astimezone(ZoneInfo(move.account.timezone))
        found.append((at.date().isoformat(), acts, sorted(set(letters.values_list("kind", flat=True)))))
    return found


def test_a_month_that_is_not_paid_goes_its_way_to_the_suspension_in_order() -> None:
    """120.00 on 1 March, by a card that has no money: tried on +0, +2, +4 and +21, suspended on +22."""
    acme = dunned.debtor("test_declines_funds")
    assert told(move(acme, date(2026, 3, 25))) == [
        (
            "2026-03-01",
            ["subscription_renewed", "account_state_changed"],
            ["payment_failed", "subscription_renewed"],
        ),
        ("2026-03-03", ["invoice_tried_again"], ["payment_failed_again"]),
        ("2026-03-05", ["invoice_tried_again"], ["payment_failed_again"]),
        ("2026-03-22", ["invoice_tried_again"], ["suspension_warning"]),
        ("2026-03-23", ["account_state_changed"], ["account_suspended"]),
    ]
    assert acme.state == "suspended"
    assert clock.now(acme) == datetime(2026, 3, 25, 12, tzinfo=UTC)
    assert [str(one.total) for one in Invoice.objects.all()] == ["$120.00"]
    assert [one.created_at.date().day for one in Charge.objects.order_by("created_at")] == [1, 3, 5, 22]


def test_it_stops_at_the_next_event_and_goes_on_from_there() -> None:
    acme = dunned.debtor("test_approves")
    first = move(acme, None)
    assert told(first) == [
        ("2026-03-01", ["subscription_renewed"], ["payment_received", "subscription_renewed"])
    ]
    # The first moment of its day, because then it happens.
    assert first.ended_at == datetime(2026, 3, 1, tzinfo=UTC)
    assert told(move(acme, date(2026, 3, 2))) == []
    (april,) = told(move(acme, None))
    assert april[0] == "2026-04-01"
    assert [str(one.total) for one in Invoice.objects.all()] == ["$120.00", "$120.00"]


def test_it_stops_where_the_end_of_a_price_is_told_60_and_30_days_before() -> None:
    """10 seats at 9.00 a month, which end on 15 May 2026 for 12.00: told on 16 March and on 15 April."""
    acme = people.acme(timezone="UTC", is_sandbox=True, clock=dunned.NOON - timedelta(days=1))
    shop.subscribe(acme, {"support": ("team", 10, "9.00")}, start=date(2026, 2, 1), cycle="monthly")
    dunned.pays_by(acme, "test_approves")
    line = shop.line(acme, "support")
    price_endings.schedule(
        EndedPrice(line.edition, Cycle.MONTHLY, line.unit_price, date(2026, 5, 15)),
        reason="Costs rose.",
        occasion=acting.occasion(by=people.vera(), on=FEB_28),
    )
    stops = [told(move(acme, None)) for _event in range(4)]
    assert [[(day, "price_ending" in letters) for day, _acts, letters in stop] for stop in stops] == [
        [("2026-03-01", False)],
        [("2026-03-16", True)],
        [("2026-04-01", False)],
        [("2026-04-15", True)],
    ]
    move(acme, date(2026, 6, 1))
    assert [str(one.total) for one in Invoice.objects.order_by("pk")] == 3 * ["$90.00"] + ["$120.00"]


def test_each_month_renews_once_and_in_its_zone() -> None:
    """Kiritimati's day begins at 10:00 UTC of the day before."""
    zone = ZoneInfo("Pacific/Kiritimati")
    acme = dunned.debtor("test_approves", timezone="Pacific/Kiritimati")
    made = move(acme, date(2026, 5, 31))
    renewed = [day for day, acts, _letters in told(made) if "subscription_renewed" in acts]
    assert renewed == ["2026-03-01", "2026-04-01", "2026-05-01"]
    # The first was due already, at 02:00 there.
    hours = [one.issued_at.astimezone(zone).hour for one in Invoice.objects.order_by("pk")]
    assert hours == [2, 0, 0]
    assert made.ended_at.astimezone(zone).date() == date(2026, 5, 31)


def test_what_ends_at_a_time_of_day_ends_then() -> None:
    """A request of noon is reminded of after 3 and 7 days, over after 30; an invitation after its time."""
    acme = dunned.debtor("test_approves")
    adam, bilal = people.user("adam"), people.user("bilal")
    at = datetime(2026, 2, 28, 12, tzinfo=UTC)
    change_requests.submit(
        acme, [AddSeats("support", 12)], note="", occasion=acting.occasion(by=adam, on=FEB_28, at=at)
    )
    invitations.invite(
        acme, email="new@acme.example", name="New", role=Role.AGENT,
        occasion=acting.occasion(by=bilal, on=FEB_28, at=at),
    )  # fmt: skip
    over = Invitation.objects.get().expires_at
    with time_machine.travel(datetime(2026, 11, 23, tzinfo=UTC), tick=False):
        # Months later here, and not a minute there.
        assert tasks.work()["requests_expired"] == 0
    assert ChangeRequest.objects.get().state == "open"
    made = told(move(acme, date(2026, 4, 1)))
    by_kind = {kind: day for day, _acts, letters in made for kind in letters}
    assert [day for day, _acts, letters in made if "request_reminder" in letters] == [
        "2026-03-03",
        "2026-03-07",
    ]
    assert by_kind["request_expired"] == "2026-03-30"
    assert by_kind["invitation_expired"] == over.date().isoformat()
    assert ChangeRequest.objects.get().decided_at == at + timedelta(days=30)


def test_the_background_work_goes_by_the_clock_also_where_it_is_ahead() -> None:
    """Put on a clock of 2027, the account is due for what was to come by then, though nobody moves it."""
    acme = dunned.debtor("test_approves")
    Account.objects.update(clock=datetime(2027, 3, 1, 12, tzinfo=UTC))
    shop.subscribe(
        people.globex(timezone="UTC"),
        {"support": ("team", 1, "12.00")},
        start=date(2026, 2, 1),
        cycle="monthly",
    )
    with time_machine.travel(datetime(2026, 2, 10, tzinfo=UTC), tick=False):
        assert tasks.work()["own_clocks_failed"] == 0
    # 13 months from March 2026 on, and of Globex none: there it is February.
    assert {one.subscription_id for one in Invoice.objects.all()} == {acme.pk}
    assert Invoice.objects.count() == 13


def test_a_step_that_breaks_is_named_and_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    acme = dunned.debtor("test_approves")

    def broken(account: Account, occasion: object) -> None:
        raise ValueError("a broken fact")

    monkeypatch.setitem(own_clock_steps.STEPS, "reminders", broken)  # type: ignore[arg-type]
    made = move(acme, date(2026, 3, 1))
    assert [stop["failed"] for stop in made.stops] == [[], *3 * [["reminders"]]]
    assert Invoice.objects.count() == 1


@pytest.mark.parametrize(
    ("until", "why"),
    [
        (FEB_28, own_clocks.NotForward),
        (date(2020, 1, 1), own_clocks.NotForward),
        (FEB_28 + timedelta(days=367), own_clocks.TooFar),
    ],
)
def test_it_goes_forward_and_a_year_at_most(until: date, why: type[Exception]) -> None:
    acme = dunned.debtor()
    with pytest.raises(why):
        move(acme, until)
    assert not ClockMove.objects.exists()
    assert not Activity.objects.exists()


def test_only_the_staff_and_with_a_reason() -> None:
    acme = dunned.debtor()
    with pytest.raises(PermissionDenied):
        own_clocks.move(
            acme.pk,
            None,
            reason="x",
            occasion=acting.occasion(by=people.user("olivia"), on=FEB_28),
            now=NOW,
        )
    with pytest.raises(ValueError, match="say why"):
        own_clocks.move(
            acme.pk, None, reason=" ", occasion=acting.occasion(by=people.vera(), on=FEB_28), now=NOW
        )


def test_who_goes_by_everybodys_clock_is_put_on_one_only_in_the_demo(settings) -> None:  # type: ignore[no-untyped-def]
    acme = people.acme()
    by_vera = acting.occasion(by=people.vera(), on=FEB_28)
    with pytest.raises(own_clocks.NotASandbox):
        own_clocks.start(acme.pk, reason="x", occasion=by_vera)
    with pytest.raises(own_clocks.NoOwnClock):
        own_clocks.move(acme.pk, None, reason="x", occasion=by_vera, now=NOW)
    settings.DEMO = True
    own_clocks.start(acme.pk, reason="x", occasion=by_vera)
    acme.refresh_from_db()
    assert (acme.is_sandbox, acme.clock) == (True, by_vera.at)
    with pytest.raises(own_clocks.OnItsClock):
        own_clocks.start(acme.pk, reason="x", occasion=by_vera)


def test_nothing_is_moved_where_a_card_would_be_charged_in_earnest(monkeypatch: pytest.MonkeyPatch) -> None:
    acme = dunned.debtor("test_approves")
    monkeypatch.setattr(own_clocks, "is_sandbox", lambda: False)
    with pytest.raises(own_clocks.RealMoney):
        move(acme, None)


def test_who_comes_second_at_the_same_time_finds_it_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    acme = dunned.debtor("test_approves")
    take = own_clock_steps.take

    def moved_elsewhere(*given):  # type: ignore[no-untyped-def]
        Account.objects.update(clock=datetime(2026, 6, 1, tzinfo=UTC))
        return take(*given)

    monkeypatch.setattr(own_clock_steps, "take", moved_elsewhere)
    with pytest.raises(own_clocks.MovedMeanwhile):
        move(acme, date(2026, 4, 1))
    made = ClockMove.objects.get()
    assert made.ended_at == made.began_at
