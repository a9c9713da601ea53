"""Explain my bill: an invoice beside the one before it, with who changed what."""

from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import mail, roles
from accounts.models import Account, Letter, Membership
from accounts.rules.roles import Role
from billing.models import Invoice
from billing.rules.changes import AddSeats
from tests import people
from tests.console.reading import open_as, signed_in, text
from tests.console.test_documents import pdf_text
from tests.stories.telling import change, open_account, renew

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/a/acme/billing/invoices/"


@pytest.fixture
def acme() -> Account:
    """Support Team × 10 at 12.00 a month, with 20 % of tax: it renews on 1 August 2023 for 144.00."""
    account = open_account(
        {"support": ("team", 10, "12.00")},
        start=date(2023, 7, 1),
        cycle="monthly",
        tax_percent=20,
        is_sandbox=True,
        clock=datetime(2023, 9, 2, 12, tzinfo=UTC),
    )
    assert renew(account, date(2023, 8, 1)) == ["144"]
    return account


def page(invoice: Invoice, name: str = "olivia", language: str = "en") -> str:
    return text(open_as(name, f"{PAGE}{invoice.number}/", language))


def paper(invoice: Invoice) -> str:
    return pdf_text(open_as("olivia", f"{PAGE}{invoice.number}.pdf").content)


def test_the_first_is_beside_none(acme: Account) -> None:
    assert "Beside the invoice before it" not in page(Invoice.objects.get())


def test_a_month_like_the_one_before_says_so(acme: Account) -> None:
    renew(acme, date(2023, 9, 1))
    first, second = Invoice.objects.order_by("pk")
    seen = page(second)
    assert f"The same as {first.number} of 1 August 2023." in seen
    assert f"{first.number}, 1 August 2023 $144.00 Nothing differs. $0.00" in seen
    assert f"Invoice {second.number} Northwind Desk The same as {first.number} of 1 August 2023." in paper(
        second
    )


def test_two_seats_more_are_the_difference_with_who_added_them(acme: Account) -> None:
    between = change(acme, date(2023, 8, 15), AddSeats("support", 12))
    assert between is not None
    assert renew(acme, date(2023, 9, 1)) == ["172.8"]
    first, _change, second = Invoice.objects.order_by("pk")
    seen = page(second)
    # 2 × 12.00, and 20 % of it: 144.00 + 24.00 + 4.80 = 172.80. What the change cost in August is on neither.
    assert f"$28.80 more than {first.number} of 1 August 2023: Support: from 10 to 12 seats" in seen
    assert (
        f"{first.number}, 1 August 2023 $144.00 Support: from 10 to 12 seats changed by Olivia Owens on "
        "15 August 2023, 12:00 (UTC) · View the change +$24.00 Tax (20 %) +$4.80 "
        f"{second.number}, 1 September 2023 $172.80"
    ) in seen
    assert "de plus que" in page(second, language="fr")
    assert f"{first.number} of 1 August 2023: Support: from 10 to 12 seats" in paper(second)
    # The change stands beside the invoice before it: 10 × 12.00 and its tax there, 2 × 12.00 × 17/31 here.
    beside = page(between)
    assert "change within a period, only on this invoice" in beside
    assert "+$13.16" in beside
    assert "more than" not in beside
    # Its first sentence says what the change did.
    assert "View the change Support: 10 → 12 seats (+2). Lines" in beside


def test_a_finance_reader_reads_why_and_gets_no_way_to_the_change(acme: Account) -> None:
    change(acme, date(2023, 8, 15), AddSeats("support", 12))
    renew(acme, date(2023, 9, 1))
    frida = people.person("frida@acme.example", "Frida Finance")
    roles.enrol(acme, [(frida, Role.FINANCE_READER)])
    assert Membership.objects.filter(user=frida).exists()
    seen = text(signed_in(frida).get(f"{PAGE}{Invoice.objects.latest('pk').number}/"))
    assert "changed by Olivia Owens" in seen
    assert "View the change" not in seen


def test_it_takes_three_statements_whatever_changed_in_between(acme: Account) -> None:
    first = Invoice.objects.get()
    alone = asked(first)
    for seats in range(11, 15):
        change(acme, date(2023, 8, 15), AddSeats("support", seats))
    renew(acme, date(2023, 9, 1))
    # The invoice before it, its lines, and the changes in between; alone it only finds that there is none.
    assert asked(Invoice.objects.latest("pk")) == alone + 2


def test_the_letter_of_a_change_says_what_it_costs_from_when(acme: Account) -> None:
    change(acme, date(2023, 8, 15), AddSeats("support", 12))
    letter = Letter.objects.filter(kind="change_confirmed", user=people.user("olivia")).get()
    # 2 × 12.00, and 20 % of it
    assert letter.facts["renewal_more"] == {
        "amount": 2880,
        "less": False,
        "on": "2023-09-01",
        "cycle": "monthly",
    }
    assert "From 1 September 2023 it costs $28.80 a month more." in written(letter)
    Account.objects.update(type="managed")
    assert "it costs" not in written(Letter.objects.get(pk=letter.pk))


def written(letter: Letter) -> str:
    """Return the letter's text and HTML, each space a plain one."""
    message = mail.message(letter)
    return " ".join(f"{message.body} {message.alternatives[0][0]}".replace("\u00a0", " ").split())


def asked(invoice: Invoice) -> int:
    """Return how many statements the page takes."""
    client = signed_in(people.user("olivia"))
    client.get(f"{PAGE}{invoice.number}/")
    with CaptureQueriesContext(connection) as found:
        client.get(f"{PAGE}{invoice.number}/")
    return len(found)
