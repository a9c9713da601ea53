"""What staff see of prices in time: whom an end concerns, page and CSV, how it is stopped, agreed prices."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.test import Client

from accounts import clock
from accounts.models import Account
from admin_center.back_office import price_endings as page
from billing.models import AgreedPrice, Edition, PriceEnding
from tests import people, shop
from tests.console.reading import acme_at, open_as, signed_in, text

pytestmark = pytest.mark.django_db
NOW = datetime(2023, 7, 14, 14, tzinfo=UTC)


@pytest.fixture
def vera(monkeypatch: pytest.MonkeyPatch) -> Client:
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda account=None: NOW if account is None else real(account))
    return signed_in(people.vera())


@pytest.fixture
def acme(db: None) -> Account:
    account = acme_at()
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    return account


def edition() -> Edition:
    return Edition.objects.get(product__key="support", key="team")


def address(name: str = "") -> str:
    return f"/vendor/billing/edition/{edition().pk}/end-price{name or '/'}"


ASKED = {"cycle": "annual", "currency": "USD", "amount": "1.00", "ends_on": "2023-10-01"}


def test_before_it_is_done_vera_reads_whom_it_concerns_and_by_how_much(acme: Account, vera: Client) -> None:
    seen = text(vera.get(address(), ASKED))
    # 10 × (12.00 − 1.00) × 12
    assert "Acme 10 $1.00 $12.00 27 October 2023 $1,320.00 Together $1,320.00" in seen
    assert PriceEnding.objects.count() == 0
    answer = vera.get(address(".csv"), ASKED)
    listed = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    assert listed.splitlines()[1] == "acme,Acme,self_service,10,USD,1.00,12.00,2023-10-27,1320.00"
    assert answer["Content-Disposition"] == 'attachment; filename="price-end-2023-10-01.csv"'


def test_nobody_is_said_so(acme: Account, vera: Client) -> None:
    seen = text(vera.get(address(), ASKED | {"amount": "3.00"}))
    assert "Nobody: no account pays more by it." in seen


def test_a_long_list_has_pages_and_no_sum_of_a_part(
    acme: Account, vera: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "PAGE_SIZE", 1)
    globex = people.globex()
    shop.subscribe(globex, {"support": ("team", 3, "1.00")}, start=date(2023, 3, 1))
    first = vera.get(address(), ASKED)
    assert "Together" not in text(first)
    assert f"after={acme.pk}" in first.content.decode()
    second = text(vera.get(address(), ASKED | {"after": str(acme.pk)}))
    assert "Globex 3 $1.00 $12.00 1 March 2024 $396.00" in second
    assert "Acme" not in second


def test_vera_ends_it_with_a_reason_and_stops_it_again(acme: Account, vera: Client) -> None:
    refused = vera.post(address(), ASKED)
    assert refused.status_code == 422
    answer = vera.post(address(), ASKED | {"reason": "Costs rose."})
    ending = PriceEnding.objects.get()
    assert answer.headers["Location"] == f"/vendor/billing/priceending/{ending.pk}/change/"
    assert (ending.reason, ending.ends_on) == ("Costs rose.", date(2023, 10, 1))
    seen = text(vera.get(answer.headers["Location"]))
    assert "Let customers keep the price" in seen
    listed = vera.get(f"/vendor/billing/priceending/{ending.pk}/concerned.csv")
    assert b"acme,Acme" in b"".join(listed.streaming_content)  # type: ignore[attr-defined]
    stop = f"/vendor/billing/priceending/{ending.pk}/stop/"
    assert "Everybody keeps the price." in text(vera.get(stop))
    assert vera.post(stop, {"reason": ""}).status_code == 422
    assert vera.post(stop, {"reason": "Decided otherwise."}).status_code == 302
    ending.refresh_from_db()
    assert ending.stopped_because == "Decided otherwise."
    again = vera.post(stop, {"reason": "x"})
    assert again.status_code == 422
    assert "It was stopped already." in text(again)
    assert "Let customers keep the price" not in text(vera.get(answer.headers["Location"]))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"ends_on": "2023-08-01"}, "A price ends 60 days after its end is decided, or later."),
        ({"ends_on": "2033-08-01"}, "That is more than three years ahead."),
        ({"amount": "12.00"}, "On that day the edition has no other price"),
        ({"amount": "1.001"}, "This currency has fewer decimals."),
        ({"amount": "-1"}, "greater than or equal to 0"),
        ({"ends_on": "x"}, "Enter a valid date."),
        ({"cycle": "weekly"}, "Select a valid choice."),
    ],
)
def test_what_can_not_be_is_said_at_its_field(
    acme: Account, vera: Client, asked: dict[str, str], said: str
) -> None:
    for answer in (vera.get(address(), ASKED | asked), vera.post(address(), ASKED | asked | {"reason": "x"})):
        assert answer.status_code == 422
        assert said in text(answer)
    assert vera.get(address(".csv"), ASKED | asked).status_code == 422
    assert PriceEnding.objects.count() == 0


def test_the_way_there_stands_on_edition_and_price(acme: Account, vera: Client) -> None:
    one = edition()
    price = one.prices.get(cycle="annual", amount_currency="USD")
    for path in (f"/vendor/billing/edition/{one.pk}/change/", f"/vendor/billing/price/{price.pk}/change/"):
        assert "End a price that customers have" in text(vera.get(path))
    assert vera.get(address()).status_code == 200
    assert "12.00" in vera.get(f"{address()}?cycle=annual&currency=USD&amount=12.00").content.decode()


def test_nobody_else_finds_any_of_it(acme: Account, vera: Client) -> None:
    vera.post(address(), ASKED | {"reason": "x"})
    ending = PriceEnding.objects.get()
    for path in (
        address(),
        address(".csv"),
        f"/vendor/billing/priceending/{ending.pk}/stop/",
        f"/vendor/billing/priceending/{ending.pk}/concerned.csv",
        f"/vendor/billing/subscription/{acme.pk}/agree-price/",
        "/vendor/billing/subscription/agreed-price/1/end/",
    ):
        assert open_as("olivia", path).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/vendor/billing/edition/0/end-price/",
        "/vendor/billing/edition/0/end-price.csv",
        "/vendor/billing/priceending/0/stop/",
        "/vendor/billing/priceending/0/concerned.csv",
        "/vendor/billing/subscription/0/agree-price/",
        "/vendor/billing/subscription/agreed-price/0/end/",
    ],
)
def test_what_is_not_there_is_not_found(acme: Account, vera: Client, path: str) -> None:
    assert vera.get(path).status_code == 404


def test_vera_agrees_a_price_and_sets_its_end(acme: Account, vera: Client) -> None:
    agree = f"/vendor/billing/subscription/{acme.pk}/agree-price/"
    seen = text(vera.get(agree))
    assert "Support Team $1.00 Billing cycle Annual Renews on 27 October 2023" in seen
    asked: dict[str, Any] = {
        "edition": edition().pk,
        "amount": "0.80",
        "ends_on": "2024-10-27",
        "reason": "They stay.",
    }
    for wrong, said in (
        ({"amount": "1.20"}, "The account would pay less without it."),
        ({"amount": "0.805"}, "This currency has fewer decimals."),
        ({"ends_on": "2023-07-14"}, "It has to end later"),
        ({"reason": ""}, "This field is required."),
        ({"edition": Edition.objects.get(key="enterprise").pk}, "This edition has no price"),
        ({"edition": "0"}, "Select a valid choice."),
    ):
        refused = vera.post(agree, asked | wrong)
        assert refused.status_code == 422
        assert said in text(refused)
    assert vera.post(agree, asked).status_code == 302
    agreed = AgreedPrice.objects.get()
    subscription = text(vera.get(f"/vendor/billing/subscription/{acme.pk}/change/"))
    assert "They stay." in subscription
    assert "Set its end" in subscription
    end = f"/vendor/billing/subscription/agreed-price/{agreed.pk}/end/"
    assert "Earliest day 14 July 2023" in text(vera.get(end))
    early = vera.post(end, {"ends_on": "2023-07-13", "reason": "x"})
    assert early.status_code == 422
    assert "It has to end later" in text(early)
    assert vera.post(end, {"ends_on": "2023-07-14", "reason": "They left."}).status_code == 302
    agreed.refresh_from_db()
    assert agreed.ends_on == date(2023, 7, 14)
    assert "Set its end" not in text(vera.get(f"/vendor/billing/subscription/{acme.pk}/change/"))
