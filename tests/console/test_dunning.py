"""The timeline of an unpaid invoice on its page, on Payment and on Home: tries, reasons, what comes."""

import pytest

from accounts.models import Account
from billing.models import Invoice, Subscription
from tests import people
from tests.billing.dunned import debtor, noon, pays_by, run, run_days, state
from tests.console.reading import open_as, signed_in, text

pytestmark = pytest.mark.django_db(transaction=True)
PAYMENT, INVOICE, HOME = "/a/acme/billing/payment/", "/a/acme/billing/invoices/INV-000001/", "/a/acme/"
STOPS = "If it is still unpaid on 23 March 2026, the account is suspended."


def seen(path: str, who: str = "bilal", language: str = "en") -> str:
    """Return what somebody reads of a page, without the invisible marks around names."""
    return text(open_as(who, path, language)).replace("\u2068", "").replace("\u2069", "")


def test_declined_twice_it_says_why_what_comes_and_what_stops() -> None:
    acme = debtor("test_declines_funds")
    run_days(acme, 0, 2)
    for page in (PAYMENT, INVOICE):
        told = seen(page)
        assert told.count("Declined. The bank says that the funds are not sufficient.") == 2, page
        assert f"We try again on 5 March 2026. {STOPS}" in told
        assert "5 March 2026 (UTC) Next try, by Visa 9995" in told
        assert "22 March 2026 (UTC) Last try, by Visa 9995" in told
        assert "23 March 2026 (UTC) The account is suspended: until it is paid, only Payment" in told
        assert "Pay $120.00 with Visa 9995" in told
    assert "Still to be paid: $120.00, invoice INV-000001" in seen(PAYMENT)
    home = seen(HOME)
    assert f"An invoice is unpaid Still to be paid: $120.00 We try again on 5 March 2026. {STOPS}" in home
    assert "nothing that is due at once can be bought until it is paid. Who acts: you or Olivia Owens" in home
    assert "See invoice INV-000001" in home
    assert "Still to be paid" not in seen(HOME, "adam")


def test_in_french() -> None:
    acme = debtor("test_declines_funds")
    run_days(acme, 0)
    for page in (PAYMENT, INVOICE, HOME):
        told = seen(page, "bilal", "fr")
        assert "Nouvelle tentative le 3 mars 2026." in told, page
        assert "Si elle reste impayée le 23 mars 2026, le compte sera suspendu." in told, page


def test_a_renewal_that_waits_for_3d_secure_is_there_from_its_first_minute() -> None:
    acme = debtor("test_asks_3ds")
    run(acme, noon(0))
    assert state(acme) == "active"
    for page in (PAYMENT, INVOICE):
        told = seen(page)
        assert "Waits to be confirmed with the bank Confirm the payment" in told
        assert f"The bank waits for the payment to be confirmed. {STOPS}" in told
        assert "Pay $120.00" not in told
    assert "An invoice is to be paid Still to be paid: $120.00 The bank waits" in seen(HOME)


def test_a_debit_on_its_way_threatens_nobody() -> None:
    acme = debtor("test_debit_later")
    run(acme, noon(0))
    assert Invoice.objects.get().charges.get().state == "processing"
    assert "suspended" not in seen(PAYMENT) + seen(INVOICE) + seen(HOME)


def test_without_a_method_the_way_is_to_enter_one() -> None:
    acme = debtor()
    run_days(acme, 0)
    for page in (PAYMENT, INVOICE):
        told = seen(page, "olivia")
        assert "Not tried: no payment method was on file." in told
        assert "Next try: it needs a payment method on file." in told
        assert "Enter a payment method" in told
    pays_by(acme, "test_approves")
    assert "Pay $120.00 with Visa 4242" in seen(PAYMENT)


def test_suspended_the_payment_pages_stay_open_and_paying_opens_everything() -> None:
    acme = debtor("test_declines_funds")
    run_days(acme, 0, 2, 4, 21, 22)
    assert "The account is suspended: an invoice is unpaid Still to be paid: $120.00" in seen(HOME)
    told = seen(PAYMENT)
    assert "Everything opens again as soon as it is paid." in told
    assert "The account was suspended." in told
    assert "Next try" not in told
    opened = {page: open_as("olivia", f"/a/acme/{page}").status_code for page in PAGES}
    assert opened == PAGES
    pays_by(acme, "test_approves")
    done = signed_in(people.user("bilal")).post(f"{INVOICE}pay/", follow=True)
    assert "Paid. Thank you." in text(done)
    assert state(acme) == "active"
    assert "Still to be paid" not in seen(PAYMENT)
    assert "The account was suspended." in seen(INVOICE), "what happened stays on the paid invoice"


# What a suspended account may open (domain.md 5, "Account states"): the way out, and nothing besides.
PAGES = {
    "": 200, "billing/payment/": 200, "billing/invoices/": 200, "billing/invoices/INV-000001/": 200,
    "billing/invoices/INV-000001.pdf": 200, "billing/statement/": 200, "billing/contacts/": 200,
    "billing/profile/": 200, "billing/subscription/cancel/": 200,
    "billing/subscription/": 403, "billing/subscription/manage/": 403, "people/": 403, "activity/": 403,
}  # fmt: skip


def test_by_transfer_it_is_calm_until_the_first_reminder() -> None:
    acme = debtor(collection_method="send_invoice")
    Subscription.objects.update(cycle="annual")
    run_days(acme, 0)
    for page in (PAYMENT, INVOICE):
        told = seen(page)
        assert "To be paid by transfer by 31 March 2026." in told
        assert "still unpaid on" not in told
        assert "Pay $" not in told
    assert "suspended" not in seen(HOME)
    run_days(acme, 15)
    stops = "If it is still unpaid on 5 May 2026, the account is suspended."
    for page in (PAYMENT, INVOICE, HOME):
        assert f"To be paid by transfer by 31 March 2026. {stops}" in seen(page), page
    assert "16 March 2026, 12:00 (UTC) Reminder sent by e-mail" in seen(INVOICE)
    assert "31 March 2026 (UTC) Reminder by e-mail" in seen(INVOICE)


def test_where_costs_are_not_shown_no_page_says_it() -> None:
    acme = debtor(type="assisted")
    run_days(acme, 0, 15)
    assert Account.objects.get(pk=acme.pk).state == "active"
    assert "INV-" not in seen(HOME)
    assert "120" not in seen(HOME)
