"""A price ends for everybody who has it: who is told when, by how much, and how it is stopped.

Acme has ten seats of Support Team, annual until 27 October 2023, at its own 1.00; the list price is 12.00.
It is 14 July; the price ends on 1 October.
"""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from djmoney.money import Money

from accounts import clock, mail
from accounts.models import Account, Letter
from accounts.occasion import Occasion
from billing import price_endings, tasks
from billing.models import Edition, PriceEnding, PriceEndingNotice, ScheduledChange
from billing.price_endings import EndedPrice, NotEnded, PriceEndingRefusal
from billing.rules.periods import Cycle
from billing.storage import loading
from tests import acting, people, shop
from tests.billing.test_letter_texts import written

pytestmark = pytest.mark.django_db
TODAY, ENDS, RENEWS = date(2023, 7, 14), date(2023, 10, 1), date(2023, 10, 27)
NOON = datetime(2023, 7, 14, 12, tzinfo=UTC)


@pytest.fixture
def acme() -> Account:
    account = people.acme(timezone="UTC")
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    return account


def edition(key: str = "team") -> Edition:
    return Edition.objects.select_related("product").get(product__key="support", key=key)


def price(amount: str = "1.00", currency: str = "USD", ends_on: date = ENDS) -> EndedPrice:
    return EndedPrice(edition(), Cycle.ANNUAL, Money(amount, currency), ends_on)


def end(asked: EndedPrice | None = None, reason: str = "Costs rose.") -> PriceEnding:
    return price_endings.schedule(
        asked or price(), reason=reason, occasion=acting.occasion(by=people.vera(), on=TODAY)
    )


def stop(ending: PriceEnding, on: date = date(2023, 9, 1)) -> PriceEnding:
    return price_endings.stop(
        ending.pk, reason="Decided otherwise.", occasion=acting.occasion(by=people.vera(), on=on)
    )


def noon(on: date) -> datetime:
    return datetime.combine(on, time(12), UTC)


def run(at: datetime) -> int:
    told = 0
    for (ending_id, account_id), _account in list(price_endings.due(at)):
        zoned = Occasion.of(Account.objects.get(pk=account_id), at)
        told += price_endings.tell(ending_id, account_id, occasion=zoned.by_itself())
    return told


def days_told(first: date = TODAY, days: int = 90) -> list[date]:
    passed = (first + timedelta(days=day) for day in range(days))
    return [on for on in passed if run(noon(on))]


def letters(kind: str = "price_ending") -> list[Letter]:
    return list(Letter.objects.filter(kind=kind).select_related("account", "user").order_by("pk"))


def test_before_it_is_done_the_list_says_whom_it_concerns_and_by_how_much(acme: Account) -> None:
    globex = people.globex(timezone="UTC")
    shop.subscribe(globex, {"support": ("team", 3, "1.00")}, start=date(2023, 3, 1))
    initech = people.account("initech", "Initech", [(people.person("i@initech.example", "Ina"), "owner")])
    shop.subscribe(initech, {"support": ("team", 3, "12.00")}, start=date(2023, 3, 1))
    found = list(price_endings.concerned(price(), NOON))
    # 10 × (12.00 − 1.00) × 12, and 3 × 11.00 × 12
    assert [(one.account.slug, one.rise.on, one.rise.difference) for one in found] == [
        ("acme", RENEWS, 132000),
        ("globex", date(2024, 3, 1), 39600),
    ]
    assert [one.account.slug for one in price_endings.concerned(price(), NOON, after=acme.pk)] == ["globex"]
    assert PriceEnding.objects.count() == 0
    Account.objects.filter(pk=globex.pk).update(state="cancelled", cancelled_at=NOON)
    assert [one.account.slug for one in price_endings.concerned(price(), NOON)] == ["acme"]


def test_many_are_read_in_batches(acme: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(price_endings, "AT_ONCE", 2)
    for number in range(4):
        one = people.account(
            f"c{number}", f"C{number}", [(people.person(f"o@c{number}.example", "O"), "owner")]
        )
        shop.subscribe(one, {"support": ("team", number + 1, "1.00")}, start=date(2023, 3, 1))
    found = [one.rise.quantity for one in price_endings.concerned(price(), NOON)]
    assert found == [10, 1, 2, 3, 4]


def test_owner_and_billing_admins_are_told_sixty_and_thirty_days_before(acme: Account) -> None:
    end()
    assert days_told() == [date(2023, 8, 2), date(2023, 9, 1)]
    told = letters()
    assert {one.to for one in told} == {"olivia@acme.example", "bilal@acme.example"}
    assert len(told) == 4
    assert mail.message(told[0]).subject == "Acme: your price of Support Team ends on 1 October 2023"
    for text in written(told[0]):
        words = " ".join(text.split())
        assert "Until 27 October 2023, your first renewal from then on, nothing changes" in words
        # 10 × (12.00 − 1.00) × 12
        assert "From 27 October 2023 on it is $12.00 instead of $1.00." in words
        assert "As it is today, that renewal changes by +$1,320.00, before tax." in words
    assert "/a/acme/billing/subscription/renewal/" in mail.message(told[0]).body


def test_it_is_said_in_french(acme: Account) -> None:
    end()
    people.User.objects.update(language="fr")
    run(noon(date(2023, 8, 2)))
    assert "1er octobre 2023" in " ".join(mail.message(letters()[0]).body.split())


@pytest.mark.parametrize("kind", ["assisted", "managed"])
def test_no_amount_where_costs_are_not_shown(acme: Account, kind: str) -> None:
    Account.objects.update(type=kind)
    end()
    run(noon(date(2023, 8, 2)))
    for text in written(letters()[0]):
        assert "$" not in text
        assert "The vendor’s contact of your account" in text


def test_days_are_those_of_the_account_and_what_was_missed_comes_once(acme: Account) -> None:
    end()
    Account.objects.update(timezone="Pacific/Kiritimati")
    # 2 August begins there at ten in the morning of the 1st, in UTC.
    assert run(datetime(2023, 8, 1, 9, 59, tzinfo=UTC)) == 0
    PriceEnding.objects.update(looked_at=None)
    assert run(datetime(2023, 8, 1, 10, tzinfo=UTC)) == 1
    PriceEndingNotice.objects.all().delete()
    Letter.objects.all().delete()
    # Nobody ran for weeks: the nearest is made up, and none comes from its day on.
    assert days_told(date(2023, 9, 20)) == [date(2023, 9, 20)]
    PriceEndingNotice.objects.all().delete()
    assert days_told(ENDS) == []


def test_whom_it_does_not_concern_is_told_nothing_and_looked_at_once(acme: Account) -> None:
    ScheduledChange.objects.create(
        subscription_id=acme.pk, kind="cancellation", takes_effect_on=RENEWS, created_at=NOON
    )
    end()
    assert days_told() == []
    assert list(price_endings.due(noon(date(2023, 9, 2)))) == []
    assert Letter.objects.count() == 0


def test_everybody_is_asked_for_once_an_hour_and_not_by_every_tick(acme: Account) -> None:
    end()
    at = noon(date(2023, 8, 2))
    assert run(at) == 1
    PriceEndingNotice.objects.all().delete()
    assert list(price_endings.due(at + timedelta(minutes=59))) == []
    assert len(list(price_endings.due(at + timedelta(minutes=60)))) == 1


def test_it_is_stopped_until_its_day_and_who_was_told_is_told_so(acme: Account) -> None:
    ending = end()
    run(noon(date(2023, 8, 2)))
    stopped = stop(ending)
    assert (stopped.stopped_by_name, stopped.stopped_because) == (people.vera().name, "Decided otherwise.")
    assert list(price_endings.concerned(price(), NOON)) != []
    reading = loading.read(acme, TODAY)
    assert reading is not None
    assert reading.facts.edition("support", "team").price_ends == ()
    assert days_told(date(2023, 9, 1)) == [date(2023, 9, 1)]
    told = letters("price_stays")
    assert {one.to for one in told} == {"olivia@acme.example", "bilal@acme.example"}
    for text in written(told[0]):
        assert (
            "It does not end: it stays yours until you change the edition or the billing cycle."
            in " ".join(text.split())
        )
    with pytest.raises(NotEnded) as no:
        stop(ending)
    assert no.value.why is PriceEndingRefusal.STOPPED_ALREADY
    # It can be ended anew.
    assert end().pk != ending.pk


@pytest.mark.parametrize(("at", "stops"), [("09:59", True), ("10:00", False)])
def test_from_the_first_moment_of_its_day_anywhere_it_is_too_late(
    acme: Account, at: str, stops: bool
) -> None:
    ending = end()
    # In Kiritimati the 1st begins at ten in the morning of 30 September, in UTC.
    moment = datetime.fromisoformat(f"2023-09-30T{at}+00:00")
    assert price_endings.may_stop(ending, moment) is stops
    if not stops:
        occasion = acting.occasion(by=people.vera(), at=moment)
        with pytest.raises(NotEnded) as no:
            price_endings.stop(ending.pk, reason="No.", occasion=occasion)
        assert no.value.why is PriceEndingRefusal.TOO_LATE


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"ends_on": date(2023, 9, 11)}, PriceEndingRefusal.TOO_SOON),
        ({"ends_on": date(2027, 7, 14)}, PriceEndingRefusal.TOO_FAR),
        ({"amount": "12.00"}, PriceEndingRefusal.NO_OTHER_PRICE),
        ({"currency": "GBP"}, PriceEndingRefusal.NO_OTHER_PRICE),
    ],
)
def test_what_can_not_be_ended_says_why(
    acme: Account, asked: dict[str, object], why: PriceEndingRefusal
) -> None:
    with pytest.raises(NotEnded) as no:
        end(price(**asked))  # type: ignore[arg-type]
    assert no.value.why is why
    assert PriceEnding.objects.count() == 0


def test_it_ends_once(acme: Account) -> None:
    end(price(ends_on=date(2023, 9, 12)))
    with pytest.raises(NotEnded) as no:
        end()
    assert no.value.why is PriceEndingRefusal.ENDS_ALREADY


def test_staff_alone_and_with_a_reason(acme: Account) -> None:
    ending = end()
    olivia = acting.occasion(by=people.user("olivia"), on=TODAY)
    with pytest.raises(PermissionDenied):
        price_endings.schedule(price("2.00"), reason="x", occasion=olivia)
    with pytest.raises(PermissionDenied):
        price_endings.stop(ending.pk, reason="x", occasion=olivia)
    with pytest.raises(ValueError, match="why"):
        end(price("2.00"), reason=" ")


def test_the_worker_does_it(acme: Account) -> None:
    end()
    Account.objects.update(is_sandbox=True, clock=noon(date(2023, 8, 2)))
    PriceEnding.objects.update(ends_on=date(2027, 1, 1))
    Account.objects.update(clock=noon(date(2026, 11, 5)))
    assert tasks.work()["price_endings"] == 1
    assert tasks.work()["price_endings"] == 0
    assert clock.now(Account.objects.get()) == noon(date(2026, 11, 5))
