"""The pages on which the staff credit lines of an invoice, and write off what is left of one."""

from datetime import UTC, date, datetime

import pytest
from django.test import Client

from billing.models import Invoice, WriteOff
from tests import acting, people
from tests.billing.test_credit_notes import renewed
from tests.console.reading import signed_in, text

pytestmark = pytest.mark.django_db(transaction=True)
INVOICES = "/vendor/billing/invoice/"
NOON = datetime(2023, 10, 27, 12, tzinfo=UTC)


@pytest.fixture
def vera(db: None) -> Client:
    return signed_in(people.vera())


def issued(method: str = "test_approves", **fields: str) -> Invoice:
    """Renew Acme for 120.00 and 24.00 of tax."""
    with acting.at(NOON):
        return renewed(method, **fields)


def test_a_part_of_a_line_is_credited_and_given_back(vera: Client) -> None:
    """50.00 and 10.00 of tax are 60.00, of 144.00 that Visa 4242 paid."""
    invoice = issued()
    page = f"{INVOICES}{invoice.pk}/credit/"
    assert "charged $120.00, left $120.00, before tax." in text(vera.get(page))
    posted = {"line-1": "50", "refunded": "on", "reason": "Two weeks of outages"}
    told = text(vera.post(page, posted, follow=True))
    assert "Credit note CN-000001 is issued." in told
    assert "$60.00 is given back." in told
    assert "Corrects INV-000001" in told
    olivia = signed_in(people.user("olivia"))
    seen = text(olivia.get("/a/acme/billing/invoices/CN-000001/"))
    for said in (
        "Corrects INV-000001",
        "The amount is given back: Visa 4242.",
        "Only a part of it is given back.",
    ):
        assert said in seen
    assert "Vera" not in seen
    assert "Two weeks of outages" in text(olivia.get("/a/acme/activity/"))
    pdf = olivia.get("/a/acme/billing/invoices/CN-000001/pdf/")
    assert pdf.status_code in (200, 404)
    assert "charged $120.00, left $70.00" in text(vera.get(page))


@pytest.mark.parametrize(
    ("posted", "why"),
    [
        ({}, "Say how much of a line is credited."),
        ({"line-1": "120.01"}, "That is more than the line charged less what was credited before."),
        ({"line-1": "-1"}, "greater than or equal to 0"),
        ({"line-1": "1.005"}, "no more than 2 decimal places"),
        ({"line-1": "1", "reason": ""}, "This field is required."),
        ({"everything": "on", "refunded": "on"}, "Nothing can be given back by the provider"),
    ],
)
def test_what_can_not_be_credited_is_told_at_its_field(
    vera: Client, posted: dict[str, str], why: str
) -> None:
    invoice = issued(method="", collection_method="send_invoice")
    answer = vera.post(f"{INVOICES}{invoice.pk}/credit/", {"reason": "Our fault"} | posted)
    assert answer.status_code == 422
    assert why in text(answer)
    assert Invoice.objects.count() == 1


def test_all_of_it_settles_what_is_open(vera: Client) -> None:
    invoice = issued("test_declines")
    page = f"{INVOICES}{invoice.pk}/credit/"
    assert "$144.00 of it are still to be paid" in text(vera.get(page))
    assert vera.post(page, {"everything": "on", "reason": "Never wanted"}).status_code == 302
    olivia = signed_in(people.user("olivia"))
    assert "set off against what was left to pay of invoice INV-000001" in text(
        olivia.get("/a/acme/billing/invoices/CN-000001/")
    )
    assert "Pay $144.00" not in text(olivia.get("/a/acme/billing/invoices/INV-000001/"))
    assert "Set off against what was left to pay" in text(olivia.get("/a/acme/billing/credit/"))


def test_what_is_left_is_written_off(vera: Client) -> None:
    invoice = issued("test_declines")
    page = f"{INVOICES}{invoice.pk}/write-off/"
    assert "Left to pay $144.00" in text(vera.get(page))
    assert vera.post(page, {"reason": ""}).status_code == 422
    told = text(vera.post(page, {"reason": "Insolvent"}, follow=True))
    assert "What was left of invoice INV-000001 is no longer owed." in told
    assert "Written off $144.00 (Vera Vance): Insolvent" in told
    assert "Left to pay $0.00" in text(vera.get(page))
    again = vera.post(page, {"reason": "Again"})
    assert again.status_code == 422
    assert "Nothing is left to pay on this invoice." in text(again)
    assert WriteOff.objects.count() == 1
    refused = vera.post(f"{INVOICES}{invoice.pk}/credit/", {"everything": "on", "reason": "x"})
    assert "was written off: it is not owed." in text(refused)
    olivia = signed_in(people.user("olivia"))
    statement = text(olivia.get(f"/a/acme/billing/statement/?first=2023-01-01&last={date(2099, 1, 1)}"))
    assert "Written off −$144.00" in statement


def test_nobody_else_gets_there(vera: Client) -> None:
    invoice = issued()
    olivia = signed_in(people.user("olivia"))
    for act in ("credit", "write-off"):
        assert olivia.get(f"{INVOICES}{invoice.pk}/{act}/").status_code == 404
        assert vera.get(f"{INVOICES}999999/{act}/").status_code == 404
