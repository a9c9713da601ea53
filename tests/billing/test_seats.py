"""Seats are given out and freed; the last one is announced, and none is given that isn't there."""

from datetime import UTC, date, datetime

import pytest
from djmoney.money import Money

from accounts.models import Account, Letter, Membership
from accounts.rules.decision import NotAllowed
from billing import seats
from billing.models import AgentSeat, ScheduledChange, TemporarySeats
from tests import acting, people, shop

pytestmark = pytest.mark.usefixtures("acting")
TODAY = date(2023, 7, 14)


@pytest.fixture
def pair(acme: Account) -> Account:
    """Acme with two seats of Support."""
    shop.subscribe(acme, {"support": ("team", 2, "1.00")}, start=date(2022, 10, 27))
    return acme


def give(account: Account, name: str, by: str = "bilal", reduction: str = "") -> AgentSeat:
    line, member = shop.line(account, "support"), people.member(name, account)
    return seats.assign(
        line.pk, member.pk, occasion=acting.occasion(by=people.user(by), on=TODAY), reduction=reduction
    )


def test_the_last_seat_is_announced_and_a_third_is_refused(pair: Account) -> None:
    give(pair, "agnes")
    assert Letter.objects.count() == 0
    give(pair, "adam")
    assert set(Letter.objects.values_list("kind", "to")) == {
        ("last_seat_used", "olivia@acme.example"),
        ("last_seat_used", "bilal@acme.example"),
    }
    with pytest.raises(seats.NoSeatLeft) as refusal:
        give(pair, "bilal")
    assert refusal.value.bought == 2
    line = shop.line(pair, "support")
    seats.free(
        line.pk, people.member("adam", pair).pk, occasion=acting.occasion(by=people.user("olivia"), on=TODAY)
    )
    give(pair, "bilal")


def test_temporary_seats_count_on_their_days(pair: Account) -> None:
    TemporarySeats.objects.create(
        subscription_id=pair.pk, line=shop.line(pair, "support"), quantity=1, starts_on=TODAY,
        ends_on=date(2023, 7, 15), charged=Money(0, "USD"), created_at=datetime(2023, 7, 1, tzinfo=UTC),
    )  # fmt: skip
    for name in ("agnes", "adam", "bilal"):
        give(pair, name)
    assert seats.usable(shop.line(pair, "support"), date(2023, 7, 15)) == 2


@pytest.mark.parametrize(("choice", "left"), [("undo", None), ("raise", None)])
def test_one_more_than_a_waiting_reduction_asks(pair: Account, choice: str, left: int | None) -> None:
    ScheduledChange.objects.create(
        subscription_id=pair.pk, line=shop.line(pair, "support"), kind="quantity", quantity=1,
        takes_effect_on=date(2023, 10, 27),
    )  # fmt: skip
    give(pair, "agnes")
    with pytest.raises(seats.ReductionWaits):
        give(pair, "adam")
    give(pair, "adam", reduction=choice)
    assert ScheduledChange.objects.first() is left


def test_a_light_agent_holds_no_seat_and_adam_gives_none(pair: Account) -> None:
    with pytest.raises(seats.HoldsNoSeat):
        give(pair, "leo")
    with pytest.raises(NotAllowed):
        give(pair, "agnes", by="adam")


def test_removing_agnes_frees_her_seat_and_changes_nothing_that_is_paid(pair: Account) -> None:
    give(pair, "agnes")
    member = people.member("agnes", pair)
    assert seats.remove(member.pk, occasion=acting.occasion(by=people.user("bilal"), on=TODAY)) == ["Support"]
    assert not Membership.objects.filter(pk=member.pk).exists()
    assert shop.line(pair, "support").quantity == 2


def test_a_foreign_member_gets_no_seat(pair: Account, globex: Account) -> None:
    stella = globex.memberships.get()
    with pytest.raises(Membership.DoesNotExist):
        seats.assign(
            shop.line(pair, "support").pk,
            stella.pk,
            occasion=acting.occasion(by=people.user("olivia"), on=TODAY),
        )
