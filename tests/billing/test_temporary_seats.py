"""Temporary seats on their days: who is told when, who loses a seat at their end, and that nobody else does.

Acme has two seats of Support, and two temporary ones from 1 August until the end of 30 August 2023.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from djmoney.money import Money

from accounts import clock, mail
from accounts.models import Account, Activity, Letter, Membership
from accounts.occasion import Occasion
from billing import renewal, seats, tasks, temporary_seats
from billing.models import AgentSeat, ScheduledChange, TemporarySeats
from billing.storage import loading
from tests import acting, people, shop
from tests.billing.test_letter_texts import written

pytestmark = pytest.mark.django_db
START, END = date(2023, 8, 1), date(2023, 8, 31)


def noon(on: date) -> datetime:
    return datetime.combine(on, time(12), UTC)


@pytest.fixture
def acme() -> Account:
    account = people.acme(timezone="UTC")
    shop.subscribe(
        account, {"support": ("team", 2, "12"), "guide": ("team", 1, "6")}, start=date(2022, 10, 27)
    )
    buy(account)
    return account


def buy(
    account: Account, quantity: int = 2, start: date = START, end: date = END, **more: Any
) -> TemporarySeats:
    return TemporarySeats.objects.create(
        subscription_id=account.pk, line=shop.line(account, "support"), quantity=quantity, starts_on=start,
        ends_on=end, charged=Money(0, "USD"), created_at=noon(date(2023, 7, 1)), **more,
    )  # fmt: skip


def give(account: Account, *names: str, product: str = "support") -> None:
    """Give seats on 2 August, one an hour, in the order of the names."""
    for hour, name in enumerate(names):
        at = datetime(2023, 8, 2, 8 + hour, tzinfo=UTC)
        line, member = shop.line(account, product), people.member(name, account)
        seats.assign(line.pk, member.pk, occasion=acting.occasion(by=people.user("olivia"), at=at))


def run(at: datetime) -> int:
    """Do the step at a moment; return how often something was done."""
    done = 0
    while waiting := list(temporary_seats.due(at)):
        for temporary_id, account_id in waiting:
            zoned = Occasion.of(Account.objects.get(pk=account_id), at)
            assert temporary_seats.take_step(temporary_id, occasion=zoned.by_itself())
            done += 1
    return done


def days_told(first: date = date(2023, 7, 20), days: int = 60) -> list[date]:
    passed = (first + timedelta(days=day) for day in range(days))
    return [on for on in passed if run(noon(on))]


def holders(account: Account, product: str = "support") -> set[str]:
    held = AgentSeat.objects.filter(line=shop.line(account, product))
    return {one.split("@")[0] for one in held.values_list("membership__user__email", flat=True)}


def letters(kind: str) -> list[Letter]:
    return list(Letter.objects.filter(kind=kind).select_related("account", "user").order_by("pk"))


def test_they_are_told_of_a_day_before_they_begin_and_seven_and_one_before_they_end(acme: Account) -> None:
    assert days_told() == [date(2023, 7, 31), date(2023, 8, 24), date(2023, 8, 30), END]
    assert {one.to for one in Letter.objects.all()} == {"olivia@acme.example", "bilal@acme.example"}
    kinds = [one.kind for one in Letter.objects.filter(to__startswith="olivia").order_by("pk")]
    assert kinds == ["temporary_starting", "temporary_ending", "temporary_ending", "temporary_ended"]
    for text in written(letters("temporary_starting")[0]):
        words = " ".join(text.split())
        assert (
            "You bought 2 temporary seats of Support. "
            "They can be given out from 1 August 2023 to 30 August 2023." in words
        )
    for text in written(letters("temporary_ending")[0]):
        words = " ".join(text.split())
        assert "2 temporary seats of Support end: their last day is 30 August 2023." in words
        assert "As it is today, nobody loses a seat." in words


def test_four_people_with_two_seats_and_two_temporary_ones_leave_the_last_two_without(acme: Account) -> None:
    give(acme, "adam", "agnes", "bilal", "olivia")
    give(acme, "adam", product="guide")
    run(noon(date(2023, 8, 24)))
    # Named before it happens: 4 people − 2 seats, the last to get one first.
    for text in written(letters("temporary_ending")[0]):
        words = " ".join(text.split())
        assert "After that there are 2 seats. Seats held today: 4." in words
        assert words.index("Olivia Owens", 40) < words.index("Bilal")
        assert "Adam" not in words
    facts = loading.read(acme, date(2023, 8, 24)).facts  # type: ignore[union-attr]
    named = temporary_seats.surplus(acme, facts)
    assert [one.people for one in named] == [("Olivia Owens", people.user("bilal").name)]
    before = Membership.objects.filter(account=acme).values_list("pk", "role").order_by("pk")
    roles = list(before)
    run(noon(END - timedelta(days=1)))
    assert holders(acme) == {"adam", "agnes", "bilal", "olivia"}
    run(noon(END))
    assert holders(acme) == {"adam", "agnes"}
    # Nobody is removed, no role changes, and seats of other products stay.
    assert list(before.all()) == roles
    assert holders(acme, "guide") == {"adam"}
    entries = Activity.objects.filter(verb="seat_freed").order_by("pk")
    assert [(one.actor, one.reason, one.before["used"], one.after["used"]) for one in entries] == [
        (None, "seat_too_many", 4, 3),
        (None, "seat_too_many", 3, 2),
    ]
    ended = letters("temporary_ended")
    assert {one.to for one in ended} == {"olivia@acme.example", "bilal@acme.example"}
    assert "These people no longer hold a seat" in mail.message(ended[0]).body
    assert [one.to for one in letters("seat_ended")] == ["olivia@acme.example", "bilal@acme.example"]
    assert "Your seat was freed" in mail.message(letters("seat_ended")[0]).body
    # Nothing more on a second run.
    assert run(noon(END)) == 0


def test_it_is_said_in_french(acme: Account) -> None:
    give(acme, "adam", "agnes", "bilal")
    people.User.objects.update(language="fr")
    run(noon(date(2023, 8, 24)))
    text = " ".join(mail.message(letters("temporary_ending")[0]).body.split())
    assert "30 août 2023" in text
    assert people.user("bilal").name in text


def test_days_are_those_of_the_account(acme: Account) -> None:
    TemporarySeats.objects.update(end_warned=1, start_told=True)
    Account.objects.update(timezone="Pacific/Kiritimati")
    give(acme, "adam", "agnes", "bilal")
    # The 31st begins there at ten in the morning of the 30th, in UTC.
    assert run(datetime(2023, 8, 30, 9, 59, tzinfo=UTC)) == 0
    assert run(datetime(2023, 8, 30, 10, tzinfo=UTC)) == 1
    assert holders(acme) == {"adam", "agnes"}


def test_what_was_missed_for_a_month_is_made_up_by_its_end_alone(acme: Account) -> None:
    give(acme, "adam", "agnes", "bilal")
    assert days_told(date(2023, 9, 20)) == [date(2023, 9, 20)]
    assert holders(acme) == {"adam", "agnes"}
    assert {one.kind for one in Letter.objects.exclude(kind="last_seat_used")} == {
        "temporary_ended",
        "seat_ended",
    }


def test_two_that_end_together_are_told_of_once_and_those_that_go_on_count(acme: Account) -> None:
    buy(acme, 1)
    buy(acme, 1, START, END + timedelta(days=30))
    give(acme, "adam", "agnes", "bilal", "olivia")
    run(noon(date(2023, 8, 24)))
    assert len(letters("temporary_ending")) == 2  # Olivia's and Bilal's
    assert "3 temporary seats of Support end" in mail.message(letters("temporary_ending")[0]).body
    run(noon(END))
    # 2 + 1 seats are left for four people.
    assert holders(acme) == {"adam", "agnes", "bilal"}


def test_of_a_product_that_ends_before_them_nothing_is_told(acme: Account) -> None:
    TemporarySeats.objects.update(starts_on=date(2023, 10, 1), ends_on=date(2023, 10, 29), start_told=True)
    ScheduledChange.objects.create(
        subscription_id=acme.pk, line=shop.line(acme, "support"), kind="removal",
        takes_effect_on=date(2023, 10, 27), created_at=noon(START),
    )  # fmt: skip
    run(noon(date(2023, 10, 22)))
    assert Letter.objects.count() == 0


def test_where_a_suite_becomes_single_products_whoever_has_no_seat_of_them_is_set_back_too() -> None:
    """Its temporary seats end with it on the renewal day: four people, two seats of Support."""
    account = people.acme(timezone="UTC", collection_method="send_invoice")
    shop.subscribe(account, {"suite": ("team", 2, "40")}, start=date(2022, 10, 27))
    suite, renews = shop.line(account, "suite"), date(2023, 10, 27)
    TemporarySeats.objects.create(
        subscription_id=account.pk, line=suite, quantity=2, starts_on=START, ends_on=date(2023, 12, 1),
        charged=Money(0, "USD"), created_at=noon(START),
    )  # fmt: skip
    give(account, "olivia", "bilal", "agnes", "adam", product="suite")
    ScheduledChange.objects.create(
        subscription_id=account.pk, line=suite, kind="removal", leaving=["guide"], takes_effect_on=renews,
        created_at=noon(START),
    )  # fmt: skip
    renewal.renew(account.pk, occasion=acting.occasion(on=renews))
    assert len(holders(account)) == 4
    run(noon(renews))
    # Who had the Suite's seats first keeps one.
    assert holders(account) == {"olivia", "bilal"}
    assert len(letters("seat_ended")) == 2


def test_of_a_cancelled_account_nothing_is_told_and_nobody_loses_a_seat(acme: Account) -> None:
    give(acme, "adam", "agnes", "bilal")
    Account.objects.update(state="cancelled", cancelled_at=noon(START))
    assert days_told() == []
    occasion = acting.occasion(on=END)
    assert temporary_seats.take_step(TemporarySeats.objects.get().pk, occasion=occasion) is False
    assert len(holders(acme)) == 3


def test_the_worker_does_it(acme: Account) -> None:
    Account.objects.update(is_sandbox=True, clock=noon(END))
    assert tasks.work()["temporary_seats"] == 1
    assert tasks.work()["temporary_seats"] == 0
    assert clock.now(Account.objects.get()) == noon(END)


def test_on_the_day_of_a_renewal_the_worker_ends_them_after_it(acme: Account) -> None:
    """Both are due on 27 October: the renewal may bring the seats that are missing, or end the product."""
    day = date(2023, 10, 27)
    TemporarySeats.objects.update(starts_on=date(2023, 10, 1), ends_on=day, start_told=True, end_warned=1)
    Account.objects.update(is_sandbox=True, clock=noon(day))
    at = clock.now(Account.objects.get())
    assert tasks.STEPS["temporary_seats"].act(at) == {"temporary_seats": 0}
    assert tasks.STEPS["renewals"].act(at)["renewals"] == 1
    assert tasks.STEPS["temporary_seats"].act(at) == {"temporary_seats": 1}


def test_thirty_people_are_not_all_named_in_the_letter(acme: Account) -> None:
    TemporarySeats.objects.update(quantity=40)
    for number in range(30):
        person = people.User.objects.create(email=f"p{number}@acme.example", name=f"Person {number}")
        member = Membership.objects.create(account=acme, user=person, role="agent")
        AgentSeat.objects.create(
            subscription_id=acme.pk, line=shop.line(acme, "support"), membership=member,
            assigned_at=noon(START + timedelta(days=number)),
        )  # fmt: skip
    run(noon(date(2023, 8, 24)))
    body = mail.message(letters("temporary_ending")[0]).body
    # 30 people − 2 seats = 28, of whom 20 are named
    assert "and 8 more" in body
    assert body.count("- Person") == 20
