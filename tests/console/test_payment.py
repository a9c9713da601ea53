"""The payment page: brand, last four digits, expiry, and who may change it; never more."""

from datetime import UTC, date, datetime

import pytest

from accounts import roles
from accounts.models import Account, Membership
from accounts.rules.capabilities import AccountType
from accounts.rules.roles import Role
from billing.models import PaymentMethod, ScheduledChange, Subscription
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


@pytest.fixture
def three(db: None) -> dict[str, int]:
    """Acme is charged by Visa 4242, its backup is Mastercard 1881, SEPA 3000 is kept; it is 14 July 2023."""
    account = acme_at()
    with_method(account)
    for use, kind, brand, last_four in (
        ("backup", "card", "Mastercard", "1881"),
        ("spare", "direct_debit", "SEPA", "3000"),
    ):
        PaymentMethod.objects.create(
            subscription_id=account.pk,
            use=use,
            kind=kind,
            brand=brand,
            last_four=last_four,
            reference=f"test_{last_four}",
        )
    return dict(PaymentMethod.objects.values_list("last_four", "pk"))


def post(who: str, method: int, what: str, **typed: str) -> str:
    return text(signed_in(people.user(who)).post(f"{PAGE}methods/{method}/{what}/", typed, follow=True))


def test_several_methods_are_listed_with_what_each_is_for(three: dict[str, int]) -> None:
    shown = text(open_as("olivia", PAGE))
    assert "Visa •••• ending in 4242 Card, expires 07/2023 Charged first" in shown
    assert "Mastercard •••• ending in 1881 Card Backup" in shown
    assert "SEPA •••• ending in 3000 Direct debit Charge this one first" in shown
    assert "Mastercard 1881 is charged once in its place." in shown
    bilal = text(open_as("bilal", PAGE))
    assert "SEPA •••• ending in 3000 Direct debit" in bilal
    assert "Charge this one first" not in bilal
    assert "Only the account owner can change the payment details." in bilal


def test_olivia_says_which_is_charged_and_which_is_tried_then(three: dict[str, int]) -> None:
    assert "From now on SEPA 3000 is charged." in post("olivia", three["3000"], "use", use="default")
    assert "Visa 4242 is the backup now." in post("olivia", three["4242"], "use", use="backup")
    page = post("olivia", three["4242"], "use", use="spare")
    assert "Visa 4242 is kept on file." in page
    assert "Nothing else is tried: the invoice waits until somebody pays it." in page
    assert "let another one be charged first" in post("olivia", three["3000"], "use", use="spare")
    assert "Choose what the payment method is used for." in post("olivia", three["3000"], "use", use="all")


def test_what_is_removed_is_gone_and_what_must_stay_says_why(three: dict[str, int]) -> None:
    assert "let another one be charged first" in post("olivia", three["4242"], "remove")
    assert "Mastercard 1881 is removed." in post("olivia", three["1881"], "remove")
    page = post("olivia", three["3000"], "remove")
    assert "SEPA 3000 is removed." in page
    assert "The renewal will be charged to it: it can be replaced, not removed." in page
    assert "The renewal will be charged to it" in post("olivia", three["4242"], "remove")
    assert list(PaymentMethod.objects.values_list("last_four", flat=True)) == ["4242"]


def test_a_method_of_another_account_is_none(three: dict[str, int]) -> None:
    globex = people.globex()
    shop.subscribe(globex, {"support": ("team", 3, "12")}, start=date(2023, 7, 1))
    theirs = PaymentMethod.objects.create(subscription_id=globex.pk, kind="card", reference="test_theirs")
    olivia = signed_in(people.user("olivia"))
    for what, typed in (("use", {"use": "default"}), ("remove", {})):
        for method in (theirs.pk, 999_999_999):
            assert olivia.post(f"{PAGE}methods/{method}/{what}/", typed).status_code == 404
    for named in (str(theirs.pk), "x", "9" * 30, "-1"):
        assert olivia.post(f"{PAGE}replace/", {"method": named}).status_code == 404
    assert PaymentMethod.objects.get(pk=theirs.pk).use == "default"


@pytest.mark.parametrize(
    ("day", "use", "warned"),
    [
        (1, "default", "It can be charged until 31 July 2023."),
        (14, "backup", "It can be charged until 31 July 2023."),
        # Nothing is charged to it.
        (14, "spare", ""),
    ],
)
def test_a_card_that_expires_soon_is_warned_of_where_it_will_be_charged(
    three: dict[str, int], day: int, use: str, warned: str
) -> None:
    PaymentMethod.objects.filter(use="default").update(expires_year=2030)
    PaymentMethod.objects.filter(use=use).update(expires_month=7, expires_year=2023)
    Account.objects.update(clock=datetime(2023, 7, day, 12, tzinfo=UTC))
    shown = text(open_as("olivia", PAGE))
    assert ("This card expires soon" in shown) is bool(warned)
    assert warned in shown


def test_no_warning_where_the_account_ends_with_its_period(three: dict[str, int]) -> None:
    account = Account.objects.get(slug="acme")
    ScheduledChange.objects.create(
        subscription_id=account.pk,
        kind="cancellation",
        takes_effect_on=Subscription.objects.get().paid_until,
        created_at=datetime(2023, 7, 14, tzinfo=UTC),
    )
    assert "This card expires soon" not in text(open_as("olivia", PAGE))
