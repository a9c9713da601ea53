"""The Manage page: what is typed is priced line by line, asked about in place, and refused with a reason."""

import re
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from billing.models import (
    AgentSeat,
    PromoCode,
    Quote,
    ScheduledChange,
)
from tests import people, shop
from tests.console.changing import LIVE, MANAGE, PREVIEW, pay_by_card, review, wish
from tests.console.reading import acme_at, signed_in, text

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_more_seat_is_shown_with_its_arithmetic(olivia: Client) -> None:
    shown = text(olivia.post(PREVIEW, wish(seats_support=11)))
    # 10 × 1.00 × 12 × 105/365 = 34.52 back, 11 × 1.00 × 12 × 105/365 = 37.97 charged.
    assert "10 seats × $1.00 × 12 months × 105 of 365 days = $34.52" in shown
    assert "11 seats × $1.00 × 12 months × 105 of 365 days = $37.97" in shown
    assert "−$34.52" in shown
    assert "Due today $3.45" in shown
    assert "A year $132.00 as it stands now $120.00" in shown


@pytest.mark.parametrize(("day", "due"), [("2023-07-23", "$3.16"), ("2023-10-26", "$0.00")])
def test_what_if_on_another_day(olivia: Client, day: str, due: str) -> None:
    # In 9 days: (11 − 10) × 12 × 96/365 = 34.72 − 31.56; on the last day 0.03, too small to be collected.
    shown = text(olivia.post(PREVIEW, wish(seats_support=11) | {"on": day}))
    assert f"Due on that day {due}" in shown
    assert "A year $132.00" in shown
    refused = olivia.post(MANAGE, wish(seats_support=11) | {"on": day})
    assert refused.status_code == 422
    assert "go back to today to review it" in text(refused)
    assert not Quote.objects.exists()


@pytest.mark.parametrize(
    "day", ["2023-07-13", "2023-10-27", "0001-01-01", "9999-12-31", "tomorrow", "2023-02-30"]
)
def test_what_if_stays_between_today_and_the_renewal(olivia: Client, day: str) -> None:
    answer = olivia.post(MANAGE, wish(seats_support=11) | {"on": day})
    assert answer.status_code == 422
    assert 'name="on"' in answer.content.decode()


def test_the_preview_writes_nothing_in_a_few_queries(olivia: Client) -> None:
    olivia.post(PREVIEW, wish(seats_support=11), headers=LIVE)
    with CaptureQueriesContext(connection) as queries:
        fragment = olivia.post(PREVIEW, wish(seats_support=11), headers=LIVE)
    assert "<html" not in fragment.content.decode()
    assert len(queries) <= 8
    assert all(query["sql"].lstrip().startswith("SELECT") for query in queries)


@pytest.mark.parametrize(
    "typed", ["-1", "0", "1000000000", "10.5", "", "many", "1e3", "' OR 1=1", "٣x", "9" * 5000]
)
def test_a_number_that_is_none_gets_its_note_at_the_field(olivia: Client, typed: str) -> None:
    answer = olivia.post(MANAGE, wish(seats_support=typed))
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.content.decode()
    assert Quote.objects.count() == 0
    # Live, the note travels beside the panel, to the place beside the field.
    live = olivia.post(PREVIEW, wish(seats_support=typed), headers=LIVE).content.decode()
    note = live[live.index('id="id_seats-support_error"') :]
    assert re.search(r'hx-swap-oob="true">\s*<ul class="errorlist">', note[:140])


def test_arabic_indic_digits_are_shown_as_understood(olivia: Client) -> None:
    assert "11 seats" in text(olivia.post(PREVIEW, wish(seats_support="١١")))
    assert "Confirm and pay $3.45" in text(olivia.get(review(olivia, wish(seats_support="١١"))))


def test_seats_in_use_are_named_with_who_holds_them(ledger: Account, olivia: Client) -> None:
    line = shop.line(ledger, "support")
    for name in ("agnes", "adam"):
        AgentSeat.objects.create(subscription_id=ledger.pk, line=line, membership=people.member(name, ledger))
    answer = olivia.post(MANAGE, wish(seats_support=1))
    assert answer.status_code == 422
    assert "Seats are held by: Adam Adler, Agnes Albert. Free seats" in text(answer)
    # In the card of what was typed, and nowhere else.
    page = answer.content.decode()
    assert "Seats are held by" in note(page, "seats-support")
    assert page.count("Seats are held by") == 1
    assert "This can’t be done as it is" not in text(answer)
    assert focused(page) == ["seats-support"]


def note(page: str, name: str) -> str:
    """Return what stands as errors at a field."""
    return page.split(f'id="id_{name}_error"')[1].split("</div>")[0]


def focused(page: str) -> list[str]:
    """Return the names, or ids, of what takes the focus when the page opens."""
    tags = re.findall(r"<[^>]* autofocus[^>]*>", page)
    return [re.findall(r'(?:name|id)="([^"]+)"', tag)[0] for tag in tags]


@pytest.mark.parametrize(
    ("typed", "at", "says", "links"),
    [
        ({"seats_support": 0}, "seats-support", "Choose a number from 1 to", ["Seats of Support"]),
        (
            {"seats_support": 0, "temporary_seats": 2, "promo": "x" * 41},
            "seats-support",
            "Choose a number from 1 to",
            ["Seats of Support", "Last day", "Promo code"],
        ),
        # Refused by the rules: at the field that was filled in, not at another of the same product.
        (
            {"temporary_seats": 20_000, "temporary_last": "2023-08-01"},
            "temporary_seats",
            "from 1 to 10,000",
            ["Extra seats"],
        ),
        ({"remove_support": "on"}, "remove-support", "leave nothing", ["Remove Support at the renewal"]),
        ({"promo": "NONE"}, "promo", "This promo code does not work here", ["Promo code"]),
        ({"cycle": "weekly"}, "cycle", "Select a valid choice", ["Billing cycle"]),
    ],
)
def test_an_error_stands_in_its_card_alone_and_has_the_focus(
    olivia: Client, typed: dict[str, Any], at: str, says: str, links: list[str]
) -> None:
    fields = {name: value for name, value in typed.items() if not name.startswith("temporary")}
    sent = wish(**fields) | {name: value for name, value in typed.items() if name.startswith("temporary")}
    page = olivia.post(MANAGE, sent).content.decode()
    assert says in note(page, at)
    assert page.count(says) == 1
    assert focused(page) == [at]
    panel = page.split('id="panel"')[1].split('class="form__actions"')[0]
    assert re.findall(r'<a href="#[^"]+">([^<]+)</a>', panel) == links
    for anchor in re.findall(r'<a href="#([^"]+)">', panel):
        assert f'id="{anchor}"' in page


def test_without_an_edit_the_summary_says_so_and_has_the_focus(olivia: Client) -> None:
    page = olivia.post(MANAGE, wish()).content.decode()
    assert focused(page) == ["panel"]
    assert page.count("There is nothing to change yet") == 1


def test_what_is_typed_into_a_suite_that_is_not_ticked_counts_for_nothing(olivia: Client) -> None:
    seen = olivia.post(PREVIEW, wish(seats_support=11) | {"seats-suite": "0"})
    assert "Due today $3.45" in text(seen)
    assert olivia.post(MANAGE, wish() | {"seats-suite": "0", "combine-suite": "on"}).status_code == 422


def test_unknown_names_smuggled_prices_and_foreign_editions_change_nothing(olivia: Client) -> None:
    smuggled = wish() | {
        "price": "1",
        "unit_price": "0",
        "seats-nothing": 5,
        "state": "active",
        "currency": "JPY",
    }
    assert olivia.post(MANAGE, smuggled).status_code == 422
    assert olivia.post(MANAGE, wish(edition_support="standard")).status_code == 422
    assert olivia.post(MANAGE, wish(edition_support="enterprise")).status_code == 422
    assert Quote.objects.count() == 0


def test_a_page_whose_person_is_signed_out_or_refused_reloads_whole(ledger: Account, olivia: Client) -> None:
    away = Client().post(PREVIEW, wish(seats_support=11), headers=LIVE)
    assert (away.status_code, away.headers["HX-Refresh"], away.content) == (204, "true", b"")
    agnes = signed_in(people.user("agnes")).post(PREVIEW, wish(seats_support=11), headers=LIVE)
    assert (agnes.status_code, agnes.headers["HX-Refresh"], agnes.content) == (403, "true", b"")


# --- What waits -------------------------------------------------------------------------------------


@pytest.fixture
def five_from_renewal(olivia: Client) -> ScheduledChange:
    """A reduction from ten seats to five waits for the renewal."""
    olivia.post(review(olivia, wish(seats_support=5)))
    return ScheduledChange.objects.get()


def test_a_purchase_meets_what_waits_and_the_question_stands_at_the_line(
    olivia: Client, five_from_renewal: ScheduledChange
) -> None:
    asked = olivia.post(MANAGE, wish(seats_support=12))
    assert asked.status_code == 422
    assert "Already scheduled for 27 October 2023: Support: from 10 to 5 seats." in text(asked)
    place = asked.content.decode().split('id="asks-support"')[1][:2000]
    for value, words in {
        "keep": "Keep it: renew with 5 seats",
        "raise": "Raise it by what is bought now: renew with 7 seats",
        "drop": "Drop it: renew with 12 seats",
    }.items():
        assert f'value="{value}"' in place
        assert words in place
    answered = wish(seats_support=12) | {"answer-quantity-support": "raise"}
    olivia.post(review(olivia, answered))
    assert ScheduledChange.objects.get().quantity == 7


def test_an_answer_stays_with_its_question_while_other_things_are_edited(
    olivia: Client, five_from_renewal: ScheduledChange
) -> None:
    open_question = olivia.post(PREVIEW, wish(seats_support=12), headers=LIVE).content.decode()
    assert " checked" not in open_question
    assert "Please choose first" in open_question
    answered = wish(seats_support=12) | {"answer-quantity-support": "raise"}
    later = olivia.post(PREVIEW, answered, headers=LIVE).content.decode()
    assert 'value="raise" checked' in later
    assert "Please choose first" not in later


def test_nonsense_as_an_answer_is_as_if_nothing_was_chosen(
    olivia: Client, five_from_renewal: ScheduledChange
) -> None:
    for name, value in [
        ("answer-quantity-support", "carry"),
        ("answer-quantity-support", "<b>"),
        ("answer-quantity-guide", "drop"),
        ("answer-everything-support", "drop"),
    ]:
        assert olivia.post(MANAGE, wish(seats_support=12) | {name: value}).status_code == 422
    assert ScheduledChange.objects.get().quantity == 5


def test_extending_says_what_moves_and_offers_to_drop_it(
    olivia: Client, five_from_renewal: ScheduledChange
) -> None:
    shown = text(olivia.post(PREVIEW, wish() | {"extend": "on"}))
    assert "Buys 27 October 2023 – 26 October 2024 now" in shown
    assert "The scheduled change moves to the new renewal day, 27 October 2024: Support: 5 seats." in shown
    assert "Move it to the new renewal day" in shown
    dropped = review(olivia, wish() | {"extend": "on", "answer-quantity-support": "drop"})
    # 10 × 1.00 × 12 for the coming year
    assert "Confirm and pay $120.00" in text(olivia.get(dropped))
    olivia.post(dropped)
    assert not ScheduledChange.objects.exists()


def test_paid_used_and_then_stand_at_the_line_and_undo_beside_it(
    ledger: Account, olivia: Client, five_from_renewal: ScheduledChange
) -> None:
    page = olivia.get(MANAGE)
    assert "10 paid until 26 October 2023, 0 used, 5 from then" in text(page)
    # 5 seats less: 5 × 1.00 × 12
    assert "−$60.00 on the renewal" in text(page)
    # Enter in a field presses the form's first button: that one leads to the review.
    form = page.content.decode()
    undo = f'formaction="/a/acme/billing/subscription/scheduled/{five_from_renewal.pk}/undo/"'
    assert 0 < form.index('form="wish" tabindex="-1"') < form.index(undo)
    undo = f"/a/acme/billing/subscription/scheduled/{five_from_renewal.pk}/undo/"
    back = olivia.post(undo, {"next": "manage"}, follow=True)
    assert back.redirect_chain[-1][0] == MANAGE
    assert "Undone." in back.content.decode()
    assert not ScheduledChange.objects.exists()
    assert "is no longer scheduled" in olivia.post(undo, follow=True).content.decode()


# --- Products ---------------------------------------------------------------------------------------


def test_combining_is_proposed_with_the_largest_line_and_counts_only_when_ticked(db: None) -> None:
    account = acme_at()
    lines = {"support": ("team", 4, "12.00"), "guide": ("team", 9, "6.00")}
    shop.subscribe(account, lines, start=date(2023, 7, 1), cycle="monthly")
    pay_by_card(account)
    olivia = signed_in(people.user("olivia"))
    page = olivia.get(MANAGE)
    assert "Takes the place of Support, Guide at once" in text(page)
    assert 'name="seats-suite" value="9"' in page.content.decode()
    typed = {"seats-support": 4, "seats-guide": 9, "seats-suite": 9, "edition-suite": "team"}
    assert olivia.post(MANAGE, typed).status_code == 422
    shown = text(olivia.post(PREVIEW, typed | {"combine-suite": "on"}))
    # 18 of 31 days: 9 × 40.00 = 209.03, less 4 × 12.00 = 27.87 and 9 × 6.00 = 31.35
    assert "9 seats × $40.00 × 18 of 31 days = $209.03" in shown
    assert "−$27.87" in shown
    assert "−$31.35" in shown
    assert "Due today $149.81" in shown


def test_one_product_leaves_a_suite(db: None) -> None:
    account = acme_at()
    shop.subscribe(account, {"suite": ("team", 5, "40.00")}, start=date(2023, 7, 1), cycle="monthly")
    pay_by_card(account)
    olivia = signed_in(people.user("olivia"))
    address = review(olivia, {"seats-suite": 5, "edition-suite": "team", "leave-guide": "on"})
    shown = text(olivia.get(address))
    # From August on Support alone, 5 × 12.00; Talk is not sold singly.
    assert "Not sold outside of Suite, and therefore lost: Talk." in shown
    assert "To be charged then $60.00" in shown
    olivia.post(address)
    assert ScheduledChange.objects.get().leaving == ["guide"]


def test_editions_stand_side_by_side(olivia: Client) -> None:
    page = text(olivia.get(MANAGE))
    assert "Compare editions – Support Team Current Professional Enterprise" in page
    assert "List price per seat and month $12.00 $30.00 Talk to us" in page
    assert "$1.00 a seat and month; the list price is $12.00." in page


def test_a_cycle_without_a_price_is_not_offered_and_says_why(db: None) -> None:
    account = acme_at()
    lines = {"support": ("team", 4, "12.00"), "copilot": ("standard", 2, "10.00")}
    shop.subscribe(account, lines, start=date(2023, 7, 1))
    page = signed_in(people.user("olivia")).get(MANAGE)
    assert "Monthly isn’t offered: Copilot has no such price." in text(page)
    assert 'name="cycle"' not in page.content.decode()


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"temporary_seats": 2}, "Choose the last day."),
        ({"temporary_last": "2023-08-01"}, "Type a number."),
        (
            {"temporary_seats": 2, "temporary_first": "2023-08-02", "temporary_last": "2023-08-01"},
            "lies before",
        ),
        (
            {"temporary_seats": 2, "temporary_first": "2023-07-13", "temporary_last": "2023-08-01"},
            "today or later",
        ),
        ({"temporary_seats": 2, "temporary_last": "2024-07-13"}, "1 to 365 days"),
        (
            {"temporary_seats": 2, "temporary_first": "9998-01-01", "temporary_last": "9998-01-02"},
            "three years",
        ),
        ({"temporary_seats": 0, "temporary_last": "2023-08-01"}, "greater than or equal to 1"),
    ],
)
def test_temporary_seats_need_a_number_and_their_days(
    olivia: Client, typed: dict[str, Any], says: str
) -> None:
    answer = olivia.post(MANAGE, wish() | typed)
    assert answer.status_code == 422
    assert says in text(answer)


def test_temporary_seats_are_charged_by_the_day_at_list_price(olivia: Client) -> None:
    typed = {"temporary_seats": 2, "temporary_first": "2023-08-01", "temporary_last": "2023-08-30"}
    # 2 × 12.00 × 12 × 30/365 = 23.67
    assert "Due today $23.67" in text(olivia.post(PREVIEW, wish() | typed))
    assert "Support: 2 seats from 1 August 2023 to 30 August 2023" in text(
        olivia.get(review(olivia, wish() | typed))
    )


def test_a_promo_code_is_tried_ten_times_an_hour(olivia: Client) -> None:
    for number in range(10):
        seen = text(olivia.post(PREVIEW, wish() | {"promo": f"no-{number}"}))
        assert "This promo code does not work here" in seen
    assert "Too many codes were tried" in text(olivia.post(PREVIEW, wish() | {"promo": "no-10"}))


def test_a_promo_code_counts_from_the_renewal(olivia: Client, ledger: Account) -> None:
    PromoCode.objects.create(catalogue=ledger.subscription.catalogue, code="SPRING", percent=10, periods=2)
    address = review(olivia, wish() | {"promo": "spring"})
    # 10 × 1.00 × 12 = 120.00, less 10 %
    assert "$108.00" in text(olivia.get(address))
    olivia.post(address)
    assert PromoCode.objects.get().used == 1
    # It can't be undone, and nothing says so.
    receipt = text(olivia.get(address))
    assert "undone" not in receipt
    assert "It is kept, and takes effect on the day named below." in receipt
    assert "on 27 October 2023" in receipt
    # What stands today is not lowered by what begins later.
    summary = text(olivia.get("/a/acme/billing/subscription/"))
    assert (
        "Discount SPRING (10 %) −$12.00 from the renewal on 27 October 2023 · for 2 whole periods" in summary
    )
    assert "Total per year before tax $120.00" in summary
    assert "Renewal amount $108.00" in summary


def test_what_stands_names_the_period_it_is_for(db: None) -> None:
    """Seen as "a month" of what is a year's: monthly now, annual scheduled, then two seats more."""
    account = acme_at()
    shop.subscribe(account, {"support": ("team", 10, "12.00")}, start=date(2023, 7, 1), cycle="monthly")
    pay_by_card(account)
    olivia = signed_in(people.user("olivia"))
    annual = text(olivia.post(PREVIEW, wish(cycle="annual")))
    assert "A year $1,440.00 as it stands now $120.00 a month" in annual
    olivia.post(review(olivia, wish(cycle="annual")))
    # 10 × 12.00 × 12 = 1,440.00 a year as it stands; 12 × 12.00 × 12 = 1,728.00
    shown = text(olivia.post(PREVIEW, wish(cycle="monthly", seats_support=12)))
    assert "A year $1,728.00 as it stands now $1,440.00" in shown
    assert "a month" not in shown.split("as it stands now")[1].split("Takes effect")[0]
