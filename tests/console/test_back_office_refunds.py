"""The staff's pages of charges and refunds: found, asked about, given back, decided by a second person."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.test import Client
from djmoney.money import Money

from billing import renewal
from billing.models import BalanceEntry, Charge, PaymentMethod, Refund
from tests import acting, people, shop
from tests.console.reading import signed_in, text

pytestmark = pytest.mark.django_db(transaction=True)
RENEWS = date(2023, 10, 27)
NOON = datetime(2023, 10, 27, 12, tzinfo=UTC)
CHARGES, REFUNDS = "/vendor/billing/charge/", "/vendor/billing/refund/"


def renewed(method: str = "test_approves") -> Charge:
    """Charge Acme's renewal: 10 × 12 × 1.00 = 120.00; then 50.00 of credit are brought in."""
    account = people.acme(timezone="UTC")
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    PaymentMethod.objects.create(
        subscription_id=account.pk, kind="card", brand="Visa", last_four="4242", reference=method
    )
    with acting.at(NOON):
        renewal.renew(account.pk, occasion=acting.occasion(on=RENEWS))
    BalanceEntry.objects.create(
        subscription_id=account.pk, amount=Money("50", "USD"), reason="brought_in", created_at=NOON
    )
    return Charge.objects.get()


@pytest.fixture
def vera(db: None) -> Client:
    return signed_in(people.vera())


def second() -> Client:
    return signed_in(people.person("victor@vendor.example", "Victor Vale", is_staff=True))


def test_a_charge_is_found_by_state_reference_and_invoice(vera: Client) -> None:
    charge = renewed()
    for query, found in {
        "": False,
        "?state=succeeded": True,
        "?state=failed": False,
        "?state=all": True,
        f"?q={charge.reference}": True,
        "?q=inv-000001": True,
        "?q=INV-000009": False,
        "?q=acme": True,
        "?q=acme&state=failed": False,
    }.items():
        listed = vera.get(CHARGES + query).context["cl"].result_list
        assert (len(listed) == 1) is found, query
    page = text(vera.get(f"{CHARGES}{charge.pk}/change/"))
    assert charge.reference in page
    assert str(charge.pk) in page
    assert "test_approves" not in page


def test_a_part_is_given_back_and_stands_on_every_page(vera: Client) -> None:
    """20.00 of 120.00, of a credit of 50.00: 30.00 of it are left."""
    charge = renewed()
    address = f"{CHARGES}{charge.pk}/refund/"
    asked = text(vera.get(address))
    for fact in ("Charged $120.00", "Left of it $120.00", "Credit balance $50.00"):
        assert fact in asked
    answer = vera.post(address, {"amount": "20.00", "reason": "Two days of outages"}, follow=True)
    assert "$20.00 is given back." in text(answer)
    assert "Refunded $20.00" in text(answer)
    refund = Refund.objects.get()
    page = text(vera.get(f"{REFUNDS}{refund.pk}/change/"))
    assert "Two days of outages" in page
    assert "Given back" in page
    olivia = signed_in(people.user("olivia"))
    assert "Two days of outages" in text(olivia.get("/a/acme/activity/"))
    credit = text(olivia.get("/a/acme/billing/credit/"))
    assert "Refunded" in credit
    assert "−$20.00 $30.00" in credit
    statement = text(olivia.get("/a/acme/billing/statement/?first=2023-01-01&last=2099-01-01"))
    assert "Refunded $20.00" in statement


@pytest.mark.parametrize(
    ("posted", "why"),
    [
        ({"amount": "120.01"}, "That is more than is left of the charge, or nothing."),
        ({"amount": "0"}, "That is more than is left of the charge, or nothing."),
        ({"amount": "50.01"}, "The credit balance is lower than that."),
        ({"amount": "1.005"}, "The currency has fewer decimals."),
        ({"amount": "-1"}, "greater than or equal to 0"),
        ({"amount": ""}, "This field is required."),
        ({"amount": "1.00", "reason": ""}, "This field is required."),
    ],
)
def test_what_can_not_be_given_back_is_told_at_its_field(
    vera: Client, posted: dict[str, str], why: str
) -> None:
    charge = renewed()
    answer = vera.post(f"{CHARGES}{charge.pk}/refund/", {"reason": "Our fault"} | posted)
    assert answer.status_code == 422
    assert why in text(answer)
    assert not Refund.objects.exists()


def test_a_second_person_decides_on_the_refunds_page(vera: Client, settings: Any) -> None:
    settings.REFUND_LIMITS = {"USD": 1000}
    charge = renewed()
    answer = vera.post(f"{CHARGES}{charge.pk}/refund/", {"amount": "20", "reason": "Our fault"}, follow=True)
    assert "$20.00 waits for a second person, who approves or rejects it." in text(answer)
    refund = Refund.objects.get()
    assert vera.get(REFUNDS).context["cl"].result_list[0] == refund
    address = f"{REFUNDS}{refund.pk}/decide/"
    own = vera.post(address, {"act": "approve", "reason": "I am sure"})
    assert own.status_code == 422
    assert "Nobody decides what they asked for themselves: a second person does." in text(own)
    done = second().post(address, {"act": "approve", "reason": "Seen"}, follow=True)
    assert "$20.00 is given back." in text(done)
    assert "Victor Vale" in text(done)
    again = second().post(address, {"act": "reject", "reason": "Too late"})
    assert "It is decided already." in text(again)
    assert not vera.get(REFUNDS).context["cl"].result_list


def test_a_second_person_rejects_and_a_change_lets_it_lapse(vera: Client, settings: Any) -> None:
    settings.REFUND_LIMITS = {"USD": 1000}
    charge = renewed()
    refund_page = f"{CHARGES}{charge.pk}/refund/"
    vera.post(refund_page, {"amount": "20", "reason": "Our fault"})
    first = Refund.objects.get()
    told = text(second().post(f"{REFUNDS}{first.pk}/decide/", {"act": "reject", "reason": "No"}, follow=True))
    assert "The refund is rejected: nothing is given back." in told
    vera.post(refund_page, {"amount": "20", "reason": "Still our fault"})
    waits = Refund.objects.get(state="requested")
    vera.post(refund_page, {"amount": "1", "reason": "A little"})
    told = text(
        second().post(f"{REFUNDS}{waits.pk}/decide/", {"act": "approve", "reason": "Yes"}, follow=True)
    )
    assert "The refund has lapsed, nothing is given back. More of the charge was refunded" in told


def test_the_provider_is_asked_at_once(vera: Client) -> None:
    charge = renewed("test_debit_later")
    assert charge.state == "processing"
    address = f"{CHARGES}{charge.pk}/ask/"
    assert "Being collected" in text(vera.get(address))
    assert vera.post(address, {"reason": ""}).status_code == 422
    told = text(vera.post(address, {"reason": "They called"}, follow=True))
    assert "The charge is now: Paid." in told
    assert "Nothing has changed: Paid." in text(vera.post(address, {"reason": "Again"}, follow=True))


def test_nobody_else_gets_there(vera: Client) -> None:
    charge = renewed()
    olivia = signed_in(people.user("olivia"))
    nowhere = "11111111-1111-1111-1111-111111111111"
    for address in (f"{CHARGES}%s/refund/", f"{CHARGES}%s/ask/", f"{REFUNDS}%s/decide/"):
        assert olivia.get(address % charge.pk).status_code == 404
        assert vera.get(address % nowhere).status_code == 404
