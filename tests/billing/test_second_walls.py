"""What a page keeps from coming up, the verbs of money behind it refuse by themselves."""

from datetime import date
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import Account, Letter
from billing import payment_links, payments, profile
from billing.models import InvoiceRecipient, PaymentLink
from tests import acting, people, shop

TODAY = date(2023, 7, 14)


@pytest.fixture
def firm(acme: Account) -> Account:
    shop.subscribe(acme, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    return acme


@pytest.mark.parametrize("address", ["nonsense", "o@א1.example", ""])
def test_an_address_that_no_letter_reaches_gets_no_invoice_and_no_link(firm: Account, address: str) -> None:
    with pytest.raises(ValidationError):
        profile.add_recipient(
            firm,
            email=address,
            name="",
            language="en",
            occasion=acting.occasion(people.user("olivia"), TODAY),
        )
    with pytest.raises(payment_links.MalformedAddress):
        payment_links.send(0, address, reason="They pay.", occasion=acting.occasion(people.vera(), TODAY))
    for nothing in (InvoiceRecipient, PaymentLink, Letter):
        assert not nothing._default_manager.exists()


def test_nothing_is_charged_inside_a_transaction(firm: Account) -> None:
    occasion = acting.occasion(people.user("olivia"), TODAY)
    with transaction.atomic(), pytest.raises(RuntimeError, match="no provider call inside a transaction"):
        payments.collect(uuid4(), occasion=occasion)
