"""What is scheduled stands in Manage's form as it will be, and is dropped by editing it back."""

import re
from datetime import date
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from accounts.models import Account
from billing.models import ChangeRequest, Quote, ScheduledChange
from tests import people, shop
from tests.console.changing import MANAGE, PREVIEW, pay_by_card, review
from tests.console.reading import acme_at, signed_in, text

pytestmark = pytest.mark.django_db(transaction=True)


def held(lines: dict[str, tuple[str, int, str]]) -> Client:
    """Let Acme hold lines, annually until 26 October 2023, and return Olivia's browser."""
    account = acme_at()
    shop.subscribe(account, lines, start=date(2022, 10, 27))
    pay_by_card(account)
    return signed_in(people.user("olivia"))


def shown(answer: HttpResponse) -> dict[str, Any]:
    """Return what a browser would send of a page as it is shown."""
    form = answer.context["form"]  # type: ignore[attr-defined]
    values = {name: form[name].value() for name in form.fields}
    mark = re.findall(r'name="typed_by"\s+value="([^"]+)"', answer.content.decode())[0]
    filled = {name: value for name, value in values.items() if value is not None and value is not False}
    return {name: "on" if value is True else value for name, value in filled.items()} | {"typed_by": mark}


def schedule(olivia: Client, **edits: Any) -> None:
    """Confirm edits of the page: what they schedule waits."""
    typed = shown(olivia.get(MANAGE)) | {name.replace("_", "-", 1): value for name, value in edits.items()}
    olivia.post(review(olivia, typed))


SUPPORT = {"support": ("professional", 10, "30.00"), "guide": ("team", 4, "6.00")}
SUITE = {"suite": ("team", 5, "40.00")}
CASES = {
    "quantity": (
        SUPPORT,
        {"seats-support": 5},
        'name="seats-support" value="5"',
        "10 paid until 26 October 2023, 0 used, 5 from then",
        {"seats-support": 10},
        "Support: stays at 10 seats",
    ),
    "edition": (
        SUPPORT,
        {"edition-support": "team"},
        '<option value="team" selected>',
        "Professional until 26 October 2023, Team from then",
        {"edition-support": "professional"},
        "Support: stays Professional",
    ),
    "removal": (
        SUPPORT,
        {"remove-guide": "on"},
        'name="remove-guide" id="id_remove-guide" checked',
        "Paid until 26 October 2023, removed then",
        {"remove-guide": None},
        "Keep Guide",
    ),
    "leaving": (
        SUITE,
        {"leave-guide": "on"},
        'name="leave-guide" id="id_leave-guide" checked',
        "Whole until 26 October 2023, without Guide from then",
        {"leave-guide": None},
        "Keep Suite",
    ),
    "cycle": (
        SUPPORT,
        {"cycle": "monthly"},
        'value="monthly" id="id_cycle_0" required checked',
        "as it is now, until 26 October 2023",
        {"cycle": "annual"},
        "Billing cycle: stays annual",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_scheduled_is_shown_and_dropped_by_editing_it_back(db: None, case: str) -> None:
    lines, first, field, sentence, back, words = CASES[case]
    olivia = held(lines)
    untouched = text(olivia.post(PREVIEW, shown(olivia.get(MANAGE)) | {"seats-credits": 1}))
    olivia.post(review(olivia, shown(olivia.get(MANAGE)) | first))
    waits = ScheduledChange.objects.get()
    page = olivia.get(MANAGE)
    body = " ".join(
        page.content.decode().replace(' aria-describedby="id_seats-support_helptext"', "").split()
    )
    assert field.replace(" required", "") in body.replace(" required", "")
    assert sentence in text(page)
    # As it stands it is no edit, beside another neither: and nothing is asked.
    assert "There is nothing to change yet" in text(olivia.post(MANAGE, shown(page)))
    assert "Which one should apply?" not in text(olivia.post(PREVIEW, shown(page) | {"promo": "NONE"}))
    assert ScheduledChange.objects.get() == waits
    # Back to what holds today it no longer waits: nothing is asked, nothing is due, and the review says so.
    edited = {name: value for name, value in (shown(page) | back).items() if value is not None}
    address = review(olivia, edited)
    seen = text(olivia.get(address))
    assert words in seen
    assert "No longer scheduled for the renewal" in seen
    assert ScheduledChange.objects.get() == waits
    olivia.post(address)
    assert Quote.objects.get(pk=address.split("/")[-2]).state == "confirmed"
    assert not ScheduledChange.objects.exists()
    again = text(olivia.post(PREVIEW, shown(olivia.get(MANAGE)) | {"seats-credits": 1}))
    assert again == untouched


@pytest.fixture
def five(db: None) -> Client:
    """Olivia's browser: of ten seats of Support five are to renew, and Guide is to go."""
    olivia = held(SUPPORT)
    schedule(olivia, seats_support=5, remove_guide="on")
    return olivia


def waiting() -> set[tuple[str, int | None]]:
    return set(ScheduledChange.objects.values_list("kind", "quantity"))


def test_another_number_takes_its_place_unasked(five: Client) -> None:
    typed = shown(five.get(MANAGE)) | {"seats-support": 7}
    five.post(review(five, typed))
    assert waiting() == {("quantity", 7), ("removal", None)}
    # More than today is bought now: what the line renews with is asked, as ever.
    asked = five.post(MANAGE, shown(five.get(MANAGE)) | {"seats-support": 12})
    assert text(asked).count("Which one should apply?") == 1
    assert " autofocus>" in asked.content.decode().split('id="asks-support"')[1]


def test_a_page_of_before_drops_nothing(five: Client) -> None:
    """Ten seats and no tick were shown before anything was scheduled: they are no edit now."""
    stale = shown(five.get(MANAGE)) | {"version": 1, "seats-support": 10}
    del stale["remove-guide"]
    assert "There is nothing to change yet" in text(five.post(MANAGE, stale))
    del stale["version"]
    assert "There is nothing to change yet" in text(five.post(MANAGE, stale))
    five.post(review(five, stale | {"temporary_seats": 1, "temporary_last": "2023-07-20"}))
    assert waiting() == {("quantity", 5), ("removal", None)}


def test_undo_beside_what_was_typed_leaves_the_others_as_they_are(five: Client) -> None:
    """The five seats that were shown are no edit once their reduction is undone; what was typed is."""
    typed = shown(five.get(MANAGE)) | {"seats-guide": 6, "next": "manage"}
    one = ScheduledChange.objects.get(kind="quantity")
    page = five.post(f"/a/acme/billing/subscription/scheduled/{one.pk}/undo/", typed, follow=True)
    after = shown(page)
    assert (after["seats-support"], after["seats-guide"], after["remove-guide"]) == ("10", "6", "on")
    plain = shown(five.get(MANAGE)) | {"next": "manage"}
    one = ScheduledChange.objects.get(kind="removal")
    page = five.post(f"/a/acme/billing/subscription/scheduled/{one.pk}/undo/", plain, follow=True)
    assert "remove-guide" not in shown(page)


def test_two_products_leave_together_or_stay_together(db: None) -> None:
    olivia = held(SUITE)
    schedule(olivia, leave_guide="on")
    schedule(olivia, leave_talk="on")
    assert ScheduledChange.objects.get().leaving == ["guide", "talk"]
    half = shown(olivia.get(MANAGE))
    del half["leave-guide"]
    refused = olivia.post(MANAGE, half)
    assert (
        "They are scheduled together" in refused.content.decode().split('id="id_leave-guide_error"')[1][:200]
    )
    # One for the other: Guide stays, Support goes.
    swapped = {name: value for name, value in half.items() if name != "leave-talk"} | {"leave-support": "on"}
    olivia.post(review(olivia, swapped))
    assert ScheduledChange.objects.get().leaving == ["support"]


def test_who_may_not_remove_a_product_drops_no_removal(five: Client) -> None:
    bilal = signed_in(people.user("bilal"))
    page = bilal.get(MANAGE)
    assert 'name="remove-guide"' not in page.content.decode()
    assert "Paid until 26 October 2023, removed then" in text(page)
    bilal.post(review(bilal, shown(page) | {"seats-support": 6}))
    assert waiting() == {("quantity", 6), ("removal", None)}


def test_adam_asks_to_keep_what_is_to_go(five: Client) -> None:
    adam = signed_in(people.user("adam"))
    typed = shown(adam.get(MANAGE))
    del typed["remove-guide"]
    adam.post(MANAGE, typed)
    asked = ChangeRequest.objects.get()
    assert asked.changes[0]["change"] == "keep_product"
    edited = five.get(f"{MANAGE}?request={asked.pk}")
    assert "remove-guide" not in shown(edited)
    five.post(review(five, shown(edited)))
    assert waiting() == {("quantity", 5)}


def test_combining_asks_once_for_each_that_waits(five: Client) -> None:
    typed = shown(five.get(MANAGE)) | {"combine-suite": "on"}
    asked = text(five.post(MANAGE, typed))
    assert asked.count("Which one should apply?") == 2
    answers = {"answer-quantity-support": "carry", "answer-removal-guide": "drop"}
    assert "/quotes/" in review(five, typed | answers)


def test_an_extension_beside_an_edit_that_keeps_is_not_asked_about(five: Client) -> None:
    typed = shown(five.get(MANAGE)) | {"extend": "on", "seats-support": 10}
    del typed["remove-guide"]
    seen = five.post(PREVIEW, typed)
    assert "Which one should apply?" not in text(seen)
    five.post(review(five, typed))
    assert waiting() == set()
    assert Account.objects.get().subscription.paid_until == date(2024, 10, 27)
