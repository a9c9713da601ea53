"""Prices that the vendor's staff agree with one account: from when they count, until when, and never more.

Acme has ten seats of Support Team, annual until 27 October 2023, at the list price of 12.00. It is 14 July.
"""

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied

from accounts.models import Account, Activity
from billing import agreed_prices, renewal
from billing.agreed_prices import AgreedPriceRefusal, NewPrice, NotAgreed
from billing.models import AgreedPrice, Edition, Invoice, Line
from tests import acting, people, shop

pytestmark = pytest.mark.django_db
TODAY, RENEWS = date(2023, 7, 14), date(2023, 10, 27)


@pytest.fixture
def acme() -> Account:
    account = people.acme(timezone="UTC")
    shop.subscribe(account, {"support": ("team", 10, "12.00")}, start=date(2022, 10, 27))
    Account.objects.update(collection_method="send_invoice")
    return account


def edition(key: str = "team", product: str = "support") -> int:
    return Edition.objects.get(product__key=product, key=key).pk


def give(
    account: Account, unit: int = 900, ends_on: date | None = None, of: int | None = None, on: date = TODAY
) -> AgreedPrice:
    new = NewPrice(of or edition(), unit, ends_on)
    return agreed_prices.give(
        account.pk, new, reason="They stay.", occasion=acting.occasion(by=people.vera(), on=on)
    )


def end(agreed: AgreedPrice, ends_on: date, on: date = TODAY) -> AgreedPrice:
    return agreed_prices.end(
        agreed.pk, ends_on, reason="They left.", occasion=acting.occasion(by=people.vera(), on=on)
    )


def renew(account: Account, on: date) -> None:
    renewal.renew(account.pk, occasion=acting.occasion(on=on))


def total(account: Account, on: date) -> str:
    """Renew an account on a day; return what its invoice charges."""
    renew(account, on)
    return f"{Invoice.objects.order_by('-pk')[0].subtotal.amount:.2f}"


def test_it_counts_from_the_next_renewal_until_its_end_then_the_list_price(acme: Account) -> None:
    give(acme, 900, date(2024, 10, 27))
    assert str(shop.line(acme, "support").unit_price.amount) == "12.000"
    # 10 × 9.00 × 12
    assert total(acme, RENEWS) == "1080.00"
    line = shop.line(acme, "support")
    assert (str(line.unit_price.amount), line.price_ends_on) == ("9.000", date(2024, 10, 27))
    # 10 × 12.00 × 12
    assert total(acme, date(2024, 10, 27)) == "1440.00"
    assert shop.line(acme, "support").price_ends_on is None


def test_it_is_recorded_with_its_reason_and_who(acme: Account) -> None:
    agreed = give(acme, 900, date(2024, 10, 27))
    assert (agreed.given_by_name, agreed.reason) == (people.vera().name, "They stay.")
    entry = Activity.objects.get(verb="price_agreed")
    assert (entry.reason, entry.by_staff) == ("They stay.", True)
    assert entry.after == {
        "product": "support",
        "amount": {"minor": 900, "currency": "USD"},
        "price_until": "2024-10-27",
    }


def test_another_takes_the_place_of_the_one_before(acme: Account) -> None:
    first = give(acme, 900)
    give(acme, 800, on=date(2023, 8, 1))
    first.refresh_from_db()
    assert first.ends_on == date(2023, 8, 1)
    # And again on the same day: the one of before has no day left.
    give(acme, 700, on=date(2023, 8, 1))
    # 10 × 7.00 × 12
    assert total(acme, RENEWS) == "840.00"


@pytest.mark.parametrize(
    ("unit", "ends_on", "why"),
    [
        (1201, None, AgreedPriceRefusal.HIGHER),
        (900, TODAY, AgreedPriceRefusal.ENDS_TOO_SOON),
    ],
)
def test_what_can_not_be_agreed_says_why(
    acme: Account, unit: int, ends_on: date | None, why: AgreedPriceRefusal
) -> None:
    with pytest.raises(NotAgreed) as no:
        give(acme, unit, ends_on)
    assert no.value.why is why
    assert AgreedPrice.objects.count() == 0


def test_it_is_never_more_than_the_price_that_the_account_keeps(acme: Account) -> None:
    Line.objects.update(unit_price="8.00")
    with pytest.raises(NotAgreed) as no:
        give(acme, 900)
    assert no.value.why is AgreedPriceRefusal.HIGHER
    give(acme, 800)


def test_for_what_is_not_bought_yet_the_list_price_is_the_most(acme: Account) -> None:
    with pytest.raises(NotAgreed):
        give(acme, 3001, of=edition("professional"))
    give(acme, 2500, of=edition("professional"))
    with pytest.raises(NotAgreed) as no:
        give(acme, 100, of=edition("enterprise"))
    assert no.value.why is AgreedPriceRefusal.NOT_SOLD


def test_before_anything_was_charged_at_it_it_ends_today(acme: Account) -> None:
    agreed = give(acme, 900)
    assert agreed_prices.earliest_end(agreed, TODAY) == TODAY
    end(agreed, TODAY)
    assert total(acme, RENEWS) == "1440.00"


def test_once_it_was_charged_sixty_days_lie_before_its_end(acme: Account) -> None:
    agreed = give(acme, 900)
    renew(acme, RENEWS)
    day = date(2023, 11, 1)
    with pytest.raises(NotAgreed) as no:
        end(agreed, date(2023, 12, 30), on=day)
    assert no.value.why is AgreedPriceRefusal.ENDS_TOO_SOON
    end(agreed, date(2023, 12, 31), on=day)
    assert shop.line(acme, "support").price_ends_on == date(2023, 12, 31)
    assert Activity.objects.get(verb="agreed_price_ended").after["price_until"] == "2023-12-31"
    # 10 × 12.00 × 12
    assert total(acme, date(2024, 10, 27)) == "1440.00"
    with pytest.raises(NotAgreed) as no:
        end(agreed, date(2025, 1, 1), on=date(2024, 10, 28))
    assert no.value.why is AgreedPriceRefusal.OVER


def test_staff_alone_and_with_a_reason(acme: Account) -> None:
    agreed = give(acme)
    olivia = acting.occasion(by=people.user("olivia"), on=TODAY)
    with pytest.raises(PermissionDenied):
        agreed_prices.give(acme.pk, NewPrice(edition(), 1, None), reason="x", occasion=olivia)
    with pytest.raises(PermissionDenied):
        agreed_prices.end(agreed.pk, RENEWS, reason="x", occasion=olivia)
    with pytest.raises(ValueError, match="why"):
        agreed_prices.end(agreed.pk, RENEWS, reason=" ", occasion=acting.occasion(by=people.vera(), on=TODAY))


def test_an_edition_of_another_price_list_is_none(acme: Account) -> None:
    shop.catalogue("other")
    other = Edition.objects.get(product__key="support", key="team", product__catalogue__slug="other")
    with pytest.raises(Edition.DoesNotExist):
        give(acme, 900, of=other.pk)
