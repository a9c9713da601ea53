"""Every state of an account × every page: no next step leads nowhere.

Where something is closed, a notice or a refusal says what opens it again. Where that is an invoice to
pay or something to buy, following it ends at the invoice or at the form; where neither is there, the
page names the vendor's contact and advises nothing else.
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from html import unescape
from urllib.parse import unquote

import lxml.html
import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from billing import renewal
from billing.models import Edition, Invoice, Line, PaidSegment, Product, ScheduledChange, Subscription
from tests import acting, people, shop
from tests.console.reading import acme_at, signed_in
from tests.sweeps import routes

# The books of a parked account are broken on purpose.
pytestmark = [pytest.mark.django_db, pytest.mark.breaks_invariants]
NOON = datetime(2023, 10, 27, 16, tzinfo=UTC)
TODAY = NOON.date()
CONTACT = "sales-acme@vendor.example"
PEOPLE = ("olivia", "bilal", "adam", "agnes")
PAGES = [
    name for name, route in routes.ACCOUNT.items() if route.get and not route.child and not route.download
]
PAY = ("as soon as it is paid", "pay first", "See what is owed", "until it is paid", "Pay invoice")
RENEWING = ("is renewing", "Renewing", "in a moment", "Renew it now", "being carried out")
BUY = ("Choose what to buy", "as soon as something is bought", "buy first")


def bought(start: date = date(2023, 3, 1)) -> Account:
    account = acme_at(NOON)
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=start)
    return account


def owing(state: str, invoice: bool) -> Account:
    account = bought(date(2022, 10, 27) if invoice else date(2023, 3, 1))
    if invoice:
        with acting.at(NOON):
            renewal.renew(account.pk, occasion=acting.occasion(on=TODAY, at=NOON))
        assert Invoice.objects.filter(due__gt=0, payment=None).exists()
    Account.objects.update(state=state)
    return account


def trial(ended: bool, *, subscription: bool = True, on_sale: bool = True) -> Account:
    ends = TODAY + timedelta(days=-9 if ended else 9)
    account = acme_at(NOON, state="trial", trial_ends_on=ends)
    if subscription:
        Subscription.objects.create(
            account=account, catalogue=shop.catalogue(), currency="USD", cycle="annual"
        )
    if not on_sale:
        Edition.objects.update(availability="sales_only")
        Product.objects.update(withdrawn=True)
    return account


def parked() -> Account:
    account = bought(date(2022, 10, 27))
    PaidSegment.objects.update(covers_until=date(2023, 10, 26))
    with acting.at(NOON):
        assert renewal.renew(account.pk, occasion=acting.occasion(on=TODAY, at=NOON)) == []
    assert Subscription.objects.get().parked_at
    return account


def without_subscription() -> Account:
    return acme_at(NOON)


# How it is made, whether the customer's people can open it again by themselves, and what may not be read.
STATES: dict[str, tuple[Callable[[], Account], bool, tuple[str, ...]]] = {
    "active": (bought, True, (*PAY, *RENEWING, *BUY)),
    "past due with its invoice": (lambda: owing("past_due", True), True, (*RENEWING, *BUY)),
    "past due for an old debt": (lambda: owing("past_due", False), False, (*PAY, *RENEWING, *BUY)),
    "suspended with its invoice": (lambda: owing("suspended", True), True, (*RENEWING, *BUY)),
    "suspended for an old debt": (lambda: owing("suspended", False), False, (*PAY, *RENEWING, *BUY)),
    "trial": (lambda: trial(False), True, (*PAY, *RENEWING)),
    "trial with nothing on sale": (lambda: trial(False, on_sale=False), False, (*PAY, *RENEWING, *BUY)),
    "trial ended": (lambda: trial(True), True, (*PAY, *RENEWING)),
    "trial ended, nothing on sale": (lambda: trial(True, on_sale=False), False, (*PAY, *RENEWING, *BUY)),
    "trial ended, no subscription": (lambda: trial(True, subscription=False), False, (*PAY, *RENEWING, *BUY)),
    "no subscription": (without_subscription, False, (*PAY, *RENEWING, *BUY)),
    "parked": (parked, False, (*PAY, *RENEWING, *BUY)),
}
# Where the state itself is spoken of: there the contact must be named.
SPOKEN = {
    "past due for an old debt": {"home", "subscription", "manage", "payment", "invoices"},
    "parked": {"home", "subscription", "manage"},
    "no subscription": {"subscription", "manage"},
    "trial with nothing on sale": {"home", "subscription", "manage"},
}


@pytest.mark.parametrize("kind", ["self_service", "assisted", "managed"])
@pytest.mark.parametrize("state", STATES)
def test_no_next_step_leads_nowhere(state: str, kind: str) -> None:
    make, by_themselves, unsaid = STATES[state]
    account = make()
    Account.objects.update(type=kind)
    bad = []
    for name in PEOPLE:
        browser = signed_in(people.user(name))
        for page in PAGES:
            bad += [f"{name} {page}: {fault}" for fault in faults(browser, account, page, state, unsaid)]
    assert not bad, "\n".join(bad)
    assert by_themselves or state in SPOKEN or state.startswith(("suspended", "trial ended"))


def faults(browser: Client, account: Account, page: str, state: str, unsaid: tuple[str, ...]) -> list[str]:
    """Return what leads nowhere on one page for one person."""
    address = reverse(page, kwargs={"slug": account.slug, **dict(routes.ACCOUNT[page].parts)})
    answer = browser.get(address, follow=True)
    body = unquote(unescape(answer.content.decode()))
    found = [f"says “{text}”" for text in unsaid if text in body]
    nobody_can = not STATES[state][1]
    closed = answer.status_code == 403 and any(
        text in body for text in ("is suspended for a debt", "nothing is on sale")
    )
    spoken = page in SPOKEN.get(state, ()) and answer.status_code == 200 and "agent of this" not in body
    seen_by_agent = "Who can help" in body
    if nobody_can and (closed or spoken) and not seen_by_agent and CONTACT not in body:
        found.append("names nobody to ask")
    for link in set(advised(answer.content.decode())):
        found += leads(browser, address, *link)
    return found


def advised(body: str) -> Iterator[tuple[str, str]]:
    """Yield address and words of every link inside a notice, a refusal or an empty place of a page."""
    tree = lxml.html.document_fromstring(body)
    for part in tree.iterfind(".//main//*[@class]"):
        if {"notice", "refusal", "empty"} & set(part.get("class", "").split()):
            for link in part.iterfind(".//a[@href]"):
                if link.get("href", "").startswith("/"):
                    yield link.get("href", ""), re.sub(r"\s+", " ", "".join(link.itertext())).strip()


def leads(browser: Client, address: str, href: str, words: str) -> list[str]:
    """Return why a link of a notice or refusal leads nowhere."""
    answer = browser.get(href, follow=True)
    body = answer.content.decode()
    ends = answer.redirect_chain[-1][0] if answer.redirect_chain else href
    if answer.status_code != 200:
        return [f"“{words}” answers {answer.status_code}"]
    if ends == address and "#" not in href:
        return [f"“{words}” leads back to itself"]
    if words == "See what is owed" and "/invoices/INV" not in body:
        return [f"“{words}” shows nothing to pay"]
    if words == "Choose what to buy" and 'name="seats-' not in body:
        return [f"“{words}” offers nothing"]
    return []


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_refusal_that_meets_a_parked_renewal_names_whom_to_ask(language: str) -> None:
    parked()
    olivia = signed_in(people.user("olivia"), language)
    manage, wish = reverse("manage", args=["acme"]), {"seats-support": 11, "edition-support": "team"}
    preview = reverse("manage_preview", args=["acme"])
    cancel = reverse("cancel_product", args=["acme"])
    for address, typed in (
        (manage, wish),
        (preview, wish),
        (cancel, {"product": "support"}),
        (manage, {"renew": "1"}),
    ):
        answer = olivia.post(address, typed, follow=True)
        body = unquote(unescape(answer.content.decode()))
        assert CONTACT in body, address
        assert not [text for text in RENEWING if text in body], address
    waits = ScheduledChange.objects.create(
        subscription=Subscription.objects.get(),
        line=Line.objects.get(),
        kind="quantity",
        quantity=9,
        takes_effect_on=TODAY,
        created_by=people.user("olivia"),
    )
    undone = olivia.post(reverse("undo", args=["acme", waits.pk]), follow=True)
    assert ScheduledChange.objects.exists()
    assert "took effect already" not in undone.content.decode()
    assert unquote(unescape(undone.content.decode())).count(CONTACT) > 1
    assert not Invoice.objects.exists()
    page = unescape(olivia.get(reverse("subscription", args=["acme"])).content.decode())
    said = "Nothing is charged meanwhile" if language == "en" else "rien n’est prélevé"
    assert said.lower() in page.lower()


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("state", ["past_due", "suspended"])
def test_what_an_old_debt_refuses_names_whom_to_ask(state: str, language: str) -> None:
    owing(state, invoice=False)
    for name in ("olivia", "adam"):
        browser = signed_in(people.user(name), language)
        answer = browser.post(
            reverse("manage", args=["acme"]), {"seats-support": 11, "edition-support": "team"}, follow=True
        )
        body = unquote(unescape(answer.content.decode()))
        assert answer.status_code in (403, 422), answer
        assert CONTACT in body
        assert "None" not in body
