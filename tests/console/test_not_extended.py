"""Extending while something is to go, on the pages: the question, what it comes to, and keeping it after all.

Acme pays Support Team × 10 at 1.00 and Guide Team × 3 at 6.00 a month, annually until 27 October 2023; today
is 14 July. Guide's removal waits, and Adam holds a seat of it.
"""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.test import Client

from accounts.models import Account
from billing import seats
from billing.models import ChangeRequest, Invoice, Line, Quote, ScheduledChange
from tests import acting, people, shop
from tests.console.changing import MANAGE, PREVIEW, pay_by_card, review, wish
from tests.console.reading import JULY_14, acme_at, signed_in, text

pytestmark = pytest.mark.django_db(transaction=True)
SUMMARY = "/a/acme/billing/subscription/"
KEPT = "Nothing was changed: what is scheduled stays as it is."
ANSWER = "answer-removal-guide"


@pytest.fixture
def acme(db: None) -> Account:
    account = acme_at()
    lines = {"support": ("team", 10, "1.00"), "guide": ("team", 3, "6.00")}
    shop.subscribe(account, lines, start=date(2022, 10, 27))
    pay_by_card(account)
    adam = people.member("adam", account)
    with acting.at(JULY_14):
        seats.assign(
            shop.line(account, "guide").pk,
            adam.pk,
            occasion=acting.occasion(by=people.user("olivia"), on=JULY_14.date()),
        )
    return account


@pytest.fixture
def olivia(acme: Account) -> Client:
    """Olivia's browser, who had Guide removed at the renewal."""
    client = signed_in(people.user("olivia"))
    client.post(review(client, both() | {"remove-guide": "on"}))
    return client


def both(**fields: Any) -> dict[str, Any]:
    return wish(**{"seats_guide": 3, "edition_guide": "team"} | fields)


def confirmed(client: Client, typed: dict[str, Any]) -> str:
    """Review and confirm; return the text of the receipt."""
    address = review(client, typed)
    client.post(address)
    return text(client.get(address))


def at(account: Account, day: datetime) -> None:
    Account.objects.filter(pk=account.pk).update(clock=day)


def test_nothing_is_bought_of_what_is_to_go_without_an_answer(olivia: Client) -> None:
    extend = both(extend="on")
    asked = text(olivia.post(PREVIEW, extend))
    assert "Extend it too: one more period of it is bought, and it ends on the new renewal day" in asked
    assert "Let it end as planned on 27 October 2023: only the rest is extended" in asked
    assert olivia.post(MANAGE, extend).status_code == 422
    assert not Quote.objects.filter(state="open").exists()
    # 10 × 1.00 × 12 + 3 × 6.00 × 12
    assert "Confirm and pay $336.00" in text(olivia.get(review(olivia, extend | {ANSWER: "move"})))
    assert "Confirm and pay $336.00" in text(olivia.get(review(olivia, extend | {ANSWER: "drop"})))
    assert ScheduledChange.objects.get().takes_effect_on == date(2023, 10, 27)


def test_the_rest_is_extended_and_every_page_says_when_guide_ends(olivia: Client) -> None:
    address = review(olivia, both(extend="on") | {ANSWER: "end"})
    shown = text(olivia.get(address))
    # 10 × 1.00 × 12
    assert "Confirm and pay $120.00" in shown
    assert (
        "Guide is not extended: it ends on 27 October 2023. Until then it can be kept by buying the rest. "
        "1 person holds a seat of it until then."
    ) in shown
    olivia.post(address)
    assert "Guide" not in [line.product_name for line in Invoice.objects.get().lines.all()]
    summary = text(olivia.get(SUMMARY))
    assert "Renews on 27 October 2024" in summary
    assert "Ends on 27 October 2023" in summary
    assert "It was not extended: until 26 October 2023 it can be bought for the rest" in summary
    # 216.00 less than with it, at the renewal of 2024.
    assert "−$216.00" in summary
    manage = olivia.get(MANAGE)
    assert "It was not extended, and ends on 27 October 2023" in text(manage)
    assert "27 October 2023 – 26 October 2024" in text(manage)
    assert 'name="keep-guide"' in manage.content.decode()
    assert 'name="remove-guide"' not in manage.content.decode()
    trail = text(olivia.get("/a/acme/activity/"))
    assert "Guide: removed on 27 October 2023" in trail
    products = text(olivia.get("/a/acme/billing/subscription/cancel/"))
    assert "Its end is scheduled already" in products


def test_undo_leads_to_keeping_it_which_buys_the_rest(acme: Account, olivia: Client) -> None:
    confirmed(olivia, both(extend="on") | {ANSWER: "end"})
    waits = ScheduledChange.objects.get()
    assert f'href="{MANAGE}?keep-guide=on#id_keep-guide"' in olivia.get(SUMMARY).content.decode()
    # On the page itself what is typed stays.
    assert 'href="#id_keep-guide"' in olivia.get(MANAGE).content.decode()
    # A stale page's Undo is told what helps.
    stale = olivia.post(f"/a/acme/billing/subscription/scheduled/{waits.pk}/undo/", follow=True)
    assert (
        "Guide was left out of an extension and ends on 27 October 2023. To go on with it, keep it under "
        "Manage: that buys it until the renewal on 27 October 2024."
    ) in text(stale)
    assert ScheduledChange.objects.get() == waits
    # 3 × 6.00 × 12
    linked = text(olivia.get(f"{MANAGE}?keep-guide=on"))
    assert "$216.00" in linked
    receipt = confirmed(olivia, both() | {"keep-guide": "on"})
    assert "Keep Guide" in receipt
    assert "$216.00" in receipt
    assert not ScheduledChange.objects.exists()
    invoice = Invoice.objects.order_by("number").last()
    assert invoice is not None
    assert "Product kept" in text(olivia.get(f"/a/acme/billing/invoices/{invoice.number}/"))
    at(acme, datetime(2023, 10, 27, 12, tzinfo=UTC))
    assert "Ends on" not in text(olivia.get(SUMMARY))


def test_on_its_day_the_page_ends_it_before_anything_else(acme: Account, olivia: Client) -> None:
    confirmed(olivia, both(extend="on") | {ANSWER: "end"})
    at(acme, datetime(2023, 10, 27, 12, tzinfo=UTC))
    # Looking writes nothing; the what-if ended the day before.
    due = olivia.get(MANAGE)
    assert "It was due on 27 October 2023" in text(due)
    assert Line.objects.filter(ended_on=None).count() == 2
    done = olivia.post(MANAGE, {"renew": "1"}, follow=True)
    assert "still being carried out" not in text(done)
    assert Line.objects.get(product__key="guide").ended_on == date(2023, 10, 27)
    # Of what was typed before it ended, what is left is priced: 12.00 for each of the days that are left.
    assert olivia.post(MANAGE, both(seats_support=11)).status_code == 302
    assert "Product ended, as it was scheduled" in text(olivia.get("/a/acme/activity/"))


def test_a_what_if_ends_the_day_before_it_does(olivia: Client) -> None:
    confirmed(olivia, both(extend="on") | {ANSWER: "end"})
    typed = both(seats_support=11)
    assert "Choose a day from today" in text(olivia.post(PREVIEW, typed | {"on": "2023-10-27"}))
    # 0.36 − 0.33 for the last day, and 12.00 for the year ahead
    assert "$12.03" in text(olivia.post(PREVIEW, typed | {"on": "2023-10-26"}))


def test_one_question_stands_for_seats_and_extension_alike(olivia: Client) -> None:
    """Two seats of Guide are added and all is extended: one question, and its answer holds for both."""
    typed = both(seats_guide=5, extend="on")
    page = olivia.post(PREVIEW, typed)
    assert page.content.decode().count(f'name="{ANSWER}"') == 3
    # 41.42 for its own days, and 120.00.
    assert "Confirm and pay $161.42" in text(olivia.get(review(olivia, typed | {ANSWER: "end"})))


# --- Answered alone -----------------------------------------------------------------------------------


def test_an_answer_without_anything_else_leaves_all_as_it_is(olivia: Client) -> None:
    """No extension is typed any more, but its answer still comes with the form: nothing is wrong."""
    for choice in ("end", "move", "drop"):
        back = olivia.post(MANAGE, both() | {ANSWER: choice}, follow=True)
        assert back.redirect_chain == [(SUMMARY, 302)]
        assert KEPT in text(back)
    assert ScheduledChange.objects.count() == 1


def test_a_change_that_is_answered_with_leaving_what_waits_is_no_error(olivia: Client) -> None:
    """Fewer seats of Guide while it is to go: "leave what waits as it is" was a page of errors (422)."""
    typed = both(seats_guide=2) | {ANSWER: "leave"}
    assert KEPT in text(olivia.post(MANAGE, typed, follow=True))
    # Beside another change it is simply not made: 3.45.
    assert "Confirm and pay $3.45" in text(olivia.get(review(olivia, typed | {"seats-support": 11})))
    # Nothing at all is still told at the page itself.
    assert olivia.post(MANAGE, both()).status_code == 422


def test_a_suite_that_a_product_leaves_is_not_extended_and_that_is_no_error(db: None) -> None:
    account = acme_at()
    shop.subscribe(account, {"suite": ("team", 4, "40.00")}, start=date(2022, 10, 27))
    pay_by_card(account)
    olivia = signed_in(people.user("olivia"))
    typed = {"seats-suite": 4, "edition-suite": "team", "cycle": "annual"}
    olivia.post(review(olivia, typed | {"leave-guide": "on"}))
    extend = typed | {"extend": "on"}
    asked = text(olivia.post(PREVIEW, extend))
    assert (
        "Let it leave as planned on 27 October 2023: nothing is extended now, it can be after that day"
        in asked
    )
    assert olivia.post(MANAGE, extend).status_code == 422
    assert KEPT in text(olivia.post(MANAGE, extend | {"answer-removal-suite": "leave"}, follow=True))
    assert not Quote.objects.filter(state="open").exists()


def test_who_may_only_ask_asks_for_the_same(acme: Account, olivia: Client) -> None:
    """Adam asks to extend without Guide, and after that to keep it; alone, his answer submits nothing."""
    adam = signed_in(people.user("adam"))
    assert KEPT in text(adam.post(MANAGE, both(note="") | {ANSWER: "end"}, follow=True))
    assert not ChangeRequest.objects.exists()
    asked = adam.post(MANAGE, both(extend="on", note="Please") | {ANSWER: "end"}, follow=True)
    assert "Chosen: Let it end as planned, without extending it" in text(asked)
    confirmed(olivia, both(extend="on") | {ANSWER: "end"})
    kept = adam.post(MANAGE, both(note="") | {"keep-guide": "on"}, follow=True)
    assert "Keep Guide" in text(kept)
    # Edited again the page is filled with it.
    number = ChangeRequest.objects.order_by("pk").last()
    assert number is not None
    assert 'name="keep-guide" id="id_keep-guide" checked' in olivia.get(
        f"{MANAGE}?request={number.pk}"
    ).content.decode().replace('" type="checkbox', "")
