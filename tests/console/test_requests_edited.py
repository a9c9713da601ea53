"""A request says from what to what, and who asked is told what was edited before approval."""

import re
from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from accounts import mail
from accounts.models import Account, Activity, Letter, User
from billing.models import ChangeRequest, Line, Quote, ScheduledChange, Subscription
from tests import people, shop
from tests.console.changing import MANAGE, pay_by_card, wish
from tests.console.reading import acme_at, signed_in, text

pytestmark = pytest.mark.django_db(transaction=True)
TAB = "/a/acme/billing/subscription/?tab=requests"
FOURTEEN, FIFTEEN = "Support: 12 → 14 seats (+2)", "Support: 12 → 15 seats (+3)"


@pytest.fixture
def ledger() -> Account:
    """Twelve seats, annual; today is 14 July 2023."""
    account = acme_at()
    shop.subscribe(account, {"support": ("team", 12, "1.00")}, start=date(2022, 10, 27))
    pay_by_card(account)
    return account


def browser(name: str, language: str = "en") -> Client:
    return signed_in(people.user(name), language)


def ask(name: str = "adam", **fields: object) -> str:
    """Ask for fourteen seats or what is named, and return the request's address."""
    typed = wish(**({"seats_support": 14, "note": "For July"} | fields))
    answer = browser(name).post(MANAGE, typed)
    assert answer.status_code == 302, text(answer)
    return str(answer["Location"])


def approve(name: str = "bilal", **fields: object) -> None:
    """Edit the request, and approve it as it was edited."""
    decider, number = browser(name), ChangeRequest.objects.get(state="open").pk
    review = decider.post(MANAGE, wish(**fields) | {"request": number})
    assert review.status_code == 302, text(review)
    decider.post(review["Location"])
    assert Quote.objects.filter(request=number, state="confirmed").exists()


def wait(quantity: int) -> None:
    """Let a reduction of Support wait for the renewal."""
    ScheduledChange.objects.create(
        subscription=Subscription.objects.get(),
        line=Line.objects.get(product__key="support"),
        kind="quantity",
        quantity=quantity,
        takes_effect_on=date(2023, 10, 27),
        created_by=people.user("olivia"),
    )


def letter(kind: str, to: str) -> str:
    """Return the text of a letter, whose HTML says the same."""
    made = mail.message(Letter.objects.select_related("account", "user").get(kind=kind, to=to))
    html = re.sub(r"<[^>]+>", " ", str(made.alternatives[0][0]))
    said = [one.removeprefix("- ").strip() for one in made.body.splitlines() if one.startswith("- ")]
    assert all(one in html for one in said), (said, html)
    return str(made.body)


def test_fourteen_asked_fifteen_approved_on_page_list_trail_and_in_the_letter(ledger: Account) -> None:
    address = ask()
    for name in ("adam", "bilal", "olivia"):
        assert FOURTEEN in text(browser(name).get(address))
        assert FOURTEEN in text(browser(name).get(TAB))
    approve(seats_support=15)
    adam = browser("adam")
    for page in (adam.get(address), adam.get(TAB), browser("olivia").get(address)):
        seen = text(page)
        assert FOURTEEN in seen
        assert FIFTEEN in seen
    assert f"Edited, and approved as {FIFTEEN}" in text(adam.get(address))
    told = letter("request_decided", "adam@acme.example")
    assert "Bilal Brahimi edited your request and approved it. The change is made." in told
    assert told.index(FOURTEEN) < told.index("Edited, and approved as") < told.index(FIFTEEN)
    assert f"{address}receipt/" in told
    entry = Activity.objects.get(verb="request_approved")
    assert entry.quote == str(Quote.objects.get(state="confirmed").pk)
    trail = text(browser("olivia").get("/a/acme/activity/?more=1"))
    assert "Support: 14 seats" in trail
    assert "Support: 15 seats" in trail


def test_adam_reads_the_receipt_without_the_invoices(ledger: Account) -> None:
    """12 → 15 for 105 of 365 days: 3 × 1.00 × 12 × 105/365, as 51.78 − 41.42 = 10.36."""
    address = ask()
    approve(seats_support=15)
    receipt = browser("adam").get(f"{address}receipt/")
    assert "$10.36 was paid" in text(receipt)
    assert "/invoices/INV" not in receipt.content.decode()
    assert "/invoices/INV" in browser("olivia").get(f"{address}receipt/").content.decode()
    assert browser("agnes").get(f"{address}receipt/").status_code == 403
    stella = people.globex().memberships.get().user
    assert signed_in(stella).get(f"{address}receipt/").status_code == 404


def test_a_request_that_is_not_approved_has_no_receipt(ledger: Account) -> None:
    address = ask()
    assert browser("adam").get(f"{address}receipt/").status_code == 404
    assert "receipt" not in browser("adam").get(address).content.decode()
    browser("bilal").post(f"{address}reject/", {"reason": "Not now"})
    told = letter("request_decided", "adam@acme.example")
    assert FOURTEEN in told
    assert "receipt" not in told


def test_what_is_approved_as_asked_is_not_called_edited(ledger: Account) -> None:
    address = ask()
    approve(seats_support=14)
    assert "Edited" not in text(browser("adam").get(address))
    told = letter("request_decided", "adam@acme.example")
    assert "Bilal Brahimi approved your request." in told
    assert told.count(FOURTEEN) == 1


def test_an_answer_of_who_asked_is_shown_to_who_decides(ledger: Account) -> None:
    """A reduction to five waits; Adam asks for fourteen now and answers: renew with five."""
    wait(5)
    address = ask(**{"answer_quantity-support": "keep"})
    for name in ("adam", "bilal"):
        for page in (address, TAB):
            seen = text(browser(name).get(page))
            assert "Scheduled: Support: 5 seats. Chosen: Keep it: renew with 5 seats" in seen
    assert "Keep it: renew with 5 seats" in letter("request_submitted", "bilal@acme.example")
    approve(seats_support=14, **{"answer_quantity-support": "raise"})
    seen = text(browser("adam").get(address))
    assert "Edited, and approved as" in seen
    assert "Raise it by what is bought now: renew with 7 seats" in seen


def test_a_base_that_moved_warns_on_the_page_and_the_tab(ledger: Account) -> None:
    address = ask()
    assert "changed since" not in text(browser("bilal").get(address)).lower()
    bilal = browser("bilal")
    bilal.post(bilal.post(MANAGE, wish(seats_support=13))["Location"])
    moved = "Support Team × 12 then, Support Team × 13 now"
    for name in ("adam", "bilal"):
        page = text(browser(name).get(address))
        assert f"The subscription has changed since this was asked {moved}" in page
        assert f"Changed since {moved}" in text(browser(name).get(TAB))
    # Approved as it was asked; what it was approved on is what was there.
    approve(seats_support=14)
    assert "Edited" not in text(browser("adam").get(address))
    assert ChangeRequest.objects.get().approved_base["lines"]["support"]["quantity"] == 13


def test_a_schedule_that_came_or_went_since_warns_too(ledger: Account) -> None:
    address = ask()
    wait(5)
    assert "Scheduled since: Support: 5 seats" in text(browser("bilal").get(address))
    ScheduledChange.objects.update(quantity=6)
    ChangeRequest.objects.update(state="withdrawn", decided_at="2023-07-14T12:00Z")
    address = ask(**{"answer_quantity-support": "keep"})
    ScheduledChange.objects.all().delete()
    assert "No longer scheduled: Support: 6 seats" in text(browser("bilal").get(address))


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"seats_support": 9}, "Support: 12 → 9 seats (−3)"),
        ({"seats_support": 12, "edition_support": "professional"}, "Support: Team → Professional"),
        ({"seats_support": 12, "cycle": "monthly"}, "Billing cycle: annual → monthly"),
        ({"seats_support": 12, "extend": "on"}, "Extend by one period from 27 October 2023 on"),
        ({"seats_support": 12, "seats_guide": 3}, "Add Guide Team × 3"),
        (
            {"seats_support": 12, "combine_suite": "on", "seats_suite": 12},
            "Combine Support Team × 12 into Suite Team × 12",
        ),
    ],
)
def test_every_kind_of_change_says_from_what_to_what(
    ledger: Account, typed: dict[str, object], said: str
) -> None:
    address = ask(**typed)
    assert said in text(browser("bilal").get(address))
    assert said in text(browser("bilal").get(TAB))
    assert said in letter("request_submitted", "bilal@acme.example")


def test_requests_from_before_bases_were_kept_stay_readable(ledger: Account) -> None:
    address = ask()
    approve(seats_support=15)
    ChangeRequest.objects.update(base=None, approved_changes=None, approved_base=None)
    seen = text(browser("adam").get(address))
    assert "Support: 14 seats" in seen
    assert "Edited, and approved as Support: 15 seats" in seen
    assert "See the receipt" in seen
    assert "Approved as: Support: 15 seats" in text(browser("adam").get(TAB))
    ask(seats_support=20)
    ChangeRequest.objects.filter(state="open").update(base=None)
    assert "Support: 20 seats" in text(browser("bilal").get(TAB))
    assert browser("bilal").get(address).status_code == 200


def test_a_letter_from_before_the_list_of_changes_is_still_sent(ledger: Account) -> None:
    facts = {"request": 1, "decision": "approved", "by": "Bilal"}
    mail.post("request_decided", ledger, to=[people.user("adam")], facts=facts, key="old")
    told = letter("request_decided", "adam@acme.example")
    assert "Bilal approved your request." in told
    assert "Asked for" not in told


def test_in_french_too(ledger: Account) -> None:
    User.objects.update(language="fr")
    address = ask()
    approve(seats_support=15)
    seen = text(browser("adam", "fr").get(address))
    assert "Support: 12 → 14 licences (+2)" in seen
    assert "Modifiée, puis approuvée ainsi Support: 12 → 15 licences (+3)" in seen
    assert "a modifié votre demande et l’a approuvée" in letter("request_decided", "adam@acme.example")


@pytest.mark.parametrize("kind", ["assisted", "managed"])
def test_veras_queue_says_the_same(kind: str) -> None:
    account = acme_at(type=kind)
    shop.subscribe(account, {"support": ("team", 12, "1.00")}, start=date(2022, 10, 27))
    ask()
    one, vera = ChangeRequest.objects.get(), signed_in(people.vera())
    decide = reverse("vendor:billing_changerequest_decide", args=[one.pk])
    change = reverse("vendor:billing_changerequest_change", args=[one.pk])
    listed = reverse("vendor:billing_changerequest_changelist")
    for page in (decide, change, listed):
        assert FOURTEEN in text(vera.get(page))
    assert FOURTEEN in letter("request_submitted", "sales-acme@vendor.example")
    Line.objects.update(quantity=13)
    for page in (decide, change):
        assert "Support Team × 12 then, Support Team × 13 now" in text(vera.get(page))
