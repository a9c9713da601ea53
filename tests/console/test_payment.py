"""The payment page: brand, last four digits, expiry, and who may change it; never more."""

from datetime import date

from accounts import roles
from accounts.models import Account, Membership
from accounts.rules.capabilities import AccountType
from accounts.rules.roles import Role
from billing.models import PaymentMethod
from tests import people, shop
from tests.console.reading import acme_at, open_as, signed_in, text

PAGE = "/a/acme/billing/payment/"


def with_method(account: Account, **fields: object) -> None:
    shop.subscribe(account, {"support": ("team", 5, "12")}, start=date(2023, 7, 1))
    values = {
        "kind": "card",
        "brand": "Visa",
        "last_four": "4242",
        "expires_month": 7,
        "expires_year": 2023,
        "reference": "pm_secret_name",
    }
    PaymentMethod.objects.create(subscription_id=account.pk, **values | fields)


def test_a_card_shows_brand_last_four_and_expiry_and_nothing_else(db: None) -> None:
    with_method(acme_at())
    response = open_as("bilal", PAGE)
    assert "Visa •••• ending in 4242 Card, expires 07/2023" in text(response)
    assert "pm_secret_name" not in response.content.decode()


def test_a_card_is_valid_until_the_end_of_its_month(db: None) -> None:
    with_method(acme_at())
    assert "This card has expired" not in text(open_as("olivia", PAGE))
    PaymentMethod.objects.update(expires_month=6)
    assert "This card has expired" in text(open_as("olivia", PAGE))


def test_other_ways_to_pay_have_their_words(db: None) -> None:
    account = acme_at()
    with_method(account, kind="direct_debit", expires_month=None, expires_year=None)
    assert "Direct debit" in text(open_as("olivia", PAGE))
    Account.objects.filter(pk=account.pk).update(collection_method="send_invoice")
    by_invoice = text(open_as("olivia", PAGE))
    assert "By invoice You pay each invoice by transfer." in by_invoice
    assert account.vendor_contact_name in by_invoice
    assert "Replace the payment method" not in by_invoice


def test_who_may_change_it_is_named_and_others_are_told_so(db: None) -> None:
    account = acme_at()
    with_method(account)
    bilal = text(open_as("bilal", PAGE))
    assert "Only the account owner can change the payment details." in bilal
    assert "Olivia Owens olivia@acme.example Account owner" in bilal
    member = people.member("bilal", account)
    member.changes_payment = True
    member.save(update_fields=["changes_payment"])
    roles.derive(Membership.objects.get(pk=member.pk))
    bilal = text(open_as("bilal", PAGE))
    assert "Only the account owner" not in bilal
    assert "Bilal Brahimi bilal@acme.example Billing admin" in bilal
    assert member.role == Role.BILLING_ADMIN


def test_without_a_method_the_page_says_so(db: None) -> None:
    acme_at()
    assert "No payment method is on file" in text(open_as("olivia", PAGE))


def test_admins_strangers_and_managed_accounts_do_not_get_in(db: None) -> None:
    account = acme_at()
    people.globex()
    assert open_as("adam", PAGE).status_code == 403
    assert signed_in(people.person("stella@globex.example", "")).get(PAGE).status_code == 404
    olivia = signed_in(people.user("olivia"))
    assert (olivia.head(PAGE).status_code, olivia.delete(PAGE).status_code) == (200, 405)
    Account.objects.filter(pk=account.pk).update(type=AccountType.MANAGED)
    refused = olivia.get(PAGE)
    assert refused.status_code == 403
    assert "Sales of Acme" in text(refused)
