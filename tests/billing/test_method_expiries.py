"""Letters about cards that soon no longer work: whom, when, once, and never where nothing will be charged.

Acme's year ends on 27 October 2023; its card works until 31 July.
"""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from accounts import clock, mail
from accounts.models import Account, Letter
from accounts.occasion import Occasion
from billing import method_expiries, tasks
from billing.models import PaymentMethod, ScheduledChange
from tests import acting, people, shop
from tests.billing.test_letter_texts import written

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Account:
    account = people.acme(timezone="UTC")
    shop.subscribe(account, {"support": ("team", 10, "12")}, start=date(2022, 10, 27))
    with_card(account)
    return account


def with_card(
    account: Account, use: str = "default", last_four: str = "4242", **fields: object
) -> PaymentMethod:
    values = {"brand": "Visa", "reference": f"pm_{last_four}", "expires_month": 7, "expires_year": 2023}
    return PaymentMethod.objects.create(
        subscription_id=account.pk, use=use, kind="card", last_four=last_four, **values | fields
    )


def run(at: datetime) -> int:
    """Do the step at a moment; return to how many cards a letter was due."""
    told = 0
    for method_id, account_id in list(method_expiries.due(at)):
        zoned = Occasion.of(Account.objects.get(pk=account_id), at)
        told += method_expiries.warn(method_id, occasion=zoned.by_itself())
    return told


def noon(on: date) -> datetime:
    return datetime.combine(on, time(12), UTC)


def days_told(first: date = date(2023, 6, 20), days: int = 60) -> list[date]:
    """Let each day pass with its run; return on which of them letters went."""
    passed = (first + timedelta(days=day) for day in range(days))
    return [on for on in passed if run(noon(on))]


def test_owner_and_billing_admins_are_told_thirty_and_seven_days_before(acme: Account) -> None:
    assert days_told() == [date(2023, 7, 1), date(2023, 7, 24)]
    letters = Letter.objects.filter(kind="method_expiring").order_by("pk").select_related("account", "user")
    assert {one.to for one in letters} == {"olivia@acme.example", "bilal@acme.example"}
    assert len(letters) == 4
    made = mail.message(letters[0])
    assert made.subject == "Acme: Visa 4242 expires soon"
    for text in written(letters[0]):
        assert "Visa 4242, by which your subscription is paid, works until 31 July 2023." in " ".join(
            text.split()
        )
        assert "The next renewal is on 27 October 2023." in text
    assert "/a/acme/billing/payment/" in made.body


def test_it_is_said_in_french(acme: Account) -> None:
    people.User.objects.update(language="fr")
    run(noon(date(2023, 7, 1)))
    letter = Letter.objects.filter(kind="method_expiring").select_related("account", "user").order_by("pk")[0]
    assert "fonctionne jusqu’au 31 juillet 2023" in " ".join(mail.message(letter).body.split())


def test_days_are_those_of_the_account_and_what_was_missed_comes_once(acme: Account) -> None:
    Account.objects.update(timezone="Pacific/Kiritimati")
    # The 1st begins there at ten in the morning of 30 June, in UTC.
    assert run(datetime(2023, 6, 30, 9, 59, tzinfo=UTC)) == 0
    assert run(datetime(2023, 6, 30, 10, tzinfo=UTC)) == 1
    PaymentMethod.objects.update(expiry_warned=None)
    Letter.objects.all().delete()
    # Nobody ran for a month: the nearest is made up.
    assert run(noon(date(2023, 7, 29))) == 1
    assert run(noon(date(2023, 7, 29))) == 0


def test_what_has_expired_already_is_told_by_the_pages_alone(acme: Account) -> None:
    assert run(noon(date(2023, 8, 1))) == 0
    assert PaymentMethod.objects.get().expiry_warned == 0
    assert list(method_expiries.due(noon(date(2023, 8, 2)))) == []


def test_the_backup_is_told_of_and_what_is_only_kept_is_not(acme: Account) -> None:
    PaymentMethod.objects.update(expires_year=2030)
    with_card(acme, "backup", "4444")
    with_card(acme, "spare", "1111")
    assert run(noon(date(2023, 7, 1))) == 1
    letter = Letter.objects.filter(kind="method_expiring").select_related("account", "user").order_by("pk")[0]
    assert "Visa 4444, your backup payment method, works until 31 July 2023." in " ".join(
        mail.message(letter).body.split()
    )


def _ends(account: Account) -> None:
    ScheduledChange.objects.create(
        subscription_id=account.pk,
        kind="cancellation",
        takes_effect_on=date(2023, 10, 27),
        created_at=noon(date(2023, 6, 1)),
    )


def _by_invoice(account: Account) -> None:
    Account.objects.update(collection_method="send_invoice")


def _cancelled(account: Account) -> None:
    Account.objects.update(state="cancelled", cancelled_at=noon(date(2023, 6, 1)))


def _managed(account: Account) -> None:
    Account.objects.update(type="managed")


def _nothing_bought(account: Account) -> None:
    shop.line(account, "support").delete()


def _debit(account: Account) -> None:
    PaymentMethod.objects.update(kind="direct_debit", expires_month=None, expires_year=None)


@pytest.mark.breaks_invariants
@pytest.mark.parametrize("meanwhile", [_ends, _by_invoice, _cancelled, _managed, _nothing_bought, _debit])
def test_nobody_is_warned_where_nothing_will_be_charged(acme: Account, meanwhile: object) -> None:
    meanwhile(acme)  # type: ignore[operator]
    assert days_told() == []
    # Also by who asks without the list.
    occasion = acting.occasion(on=date(2023, 7, 10))
    assert method_expiries.warn(PaymentMethod.objects.get().pk, occasion=occasion) is False


def test_the_worker_does_it(acme: Account) -> None:
    # A card of this month has 30 days at the most.
    today = clock.now(acme).date()
    PaymentMethod.objects.update(expires_month=today.month, expires_year=today.year)
    tasks.work()
    assert Letter.objects.filter(kind="method_expiring").count() == 2
