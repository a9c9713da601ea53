"""The trail: newest first, in words, filtered, page by page, and as CSV that no spreadsheet runs."""

import ast
import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import activity
from accounts.models import Account, Activity
from accounts.rules.activity import ActivityField, ActivityVerb, fault
from accounts.rules.capabilities import AccountType
from accounts.spreadsheet import defused
from admin_center.presenters.activity_prose import as_data
from admin_center.wording.activity import ACTS, FIELDS
from tests import acting, people, shop
from tests.console.reading import JULY_14, acme_at, open_as, signed_in, text
from tests.console.test_invoices import invoice

PAGE = "/a/acme/activity/"
CSV = "/a/acme/activity.csv"
ROOT = Path(settings.BASE_DIR)


def note(account: Account, verb: str, at: datetime = JULY_14, **fields: Any) -> Activity:
    """Store an entry as it is, also one that only a former version would have recorded."""
    by = people.user(fields.pop("by")) if "by" in fields else None
    return Activity.objects.create(
        account=account, verb=verb, at=at, actor=by, actor_name=by.name if by else "", **fields
    )


def rows(response: Any) -> list[list[str]]:
    """Return the rows of a CSV as a spreadsheet reads them, without the headings."""
    body = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(body)))[1:]


def recorded_verbs() -> set[str]:
    """Return the members of the enum that the code of accounts and billing names."""
    files = [file for room in ("accounts", "billing") for file in (ROOT / room).rglob("*.py")]
    return {
        node.attr
        for file in files
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "ActivityVerb"
    }


def test_every_verb_is_recorded_somewhere() -> None:
    assert recorded_verbs() == {verb.name for verb in ActivityVerb}


def test_the_words_of_fields_stand_in_the_order_in_which_they_are_told() -> None:
    assert list(FIELDS) == list(ActivityField)


PROSE = (
    {"lines": {"support": "team × 10", "guide": "team × 1"}, "cycle": "monthly", "scheduled": []},
    {
        "lines": {"support": "professional × 1200", "guide": "team × 1"},
        "cycle": "annual",
        "scheduled": [
            *("quantity support 5", "edition guide team", "removal suite talk", "removal support"),
            *("removal guide 2023-10-27", "cycle annual", "cancellation"),
        ],
        "paid_until": "2024-07-14",
        "discounts": [],
        "temporary": ["support × 5 2023-08-01/2023-09-01"],
    },
)
DATA = (
    {
        "lines": {
            "support": {"edition": "team", "quantity": 10},
            "guide": {"edition": "team", "quantity": 1},
        },
        "cycle": "monthly",
        "scheduled": [],
    },
    {
        "lines": {
            "support": {"edition": "professional", "quantity": 1200},
            "guide": {"edition": "team", "quantity": 1},
        },
        "cycle": "annual",
        "scheduled": [
            {"kind": "quantity", "product": "support", "quantity": 5},
            {"kind": "edition", "product": "guide", "edition": "team"},
            {"kind": "removal", "product": "suite", "leaving": ["talk"]},
            {"kind": "removal", "product": "support"},
            {"kind": "removal", "product": "guide", "takes_effect_on": "2023-10-27"},
            {"kind": "cycle", "cycle": "annual"},
            {"kind": "cancellation"},
        ],
        "paid_until": "2024-07-14",
        "discounts": [],
        "temporary": [
            {
                "product": "support",
                "quantity": 5,
                "covers": {"start": "2023-08-01", "end": "2023-09-01"},
            }
        ],
    },
)


def test_what_was_recorded_as_prose_is_the_same_data() -> None:
    for prose, data in zip(PROSE, DATA, strict=True):
        assert as_data(prose) == data
        assert as_data(data) == data
        assert fault(data) == ""
    odd = {"lines": {"support": "many"}, "scheduled": ["", "quantity support x"], "temporary": ["?"]}
    assert as_data(odd) == odd


@pytest.mark.parametrize(("before", "after"), [PROSE, DATA], ids=["prose", "data"])
def test_an_entry_says_when_who_from_where_what_before_and_after(
    db: None, before: dict[str, Any], after: dict[str, Any]
) -> None:
    account = acme_at()
    shop.catalogue()
    shop.subscribe(account, {"support": ("team", 12, "12")}, start=JULY_14.date())
    note(
        account,
        "subscription_changed",
        by="bilal",
        address="192.0.2.7",
        before=before,
        after=after,
        invoice="2023-000007",
    )
    seen = text(open_as("adam", PAGE))
    # 14:00 UTC is ten in the morning in New York.
    assert "Bilal Brahimi from 192.0.2.7 14 July 2023, 10:00" in seen
    assert "When (America/New York)" in seen
    # 1,200 − 10 = 1,190.
    assert (
        "Bilal Brahimi changed the subscription:"
        " Support Team → Professional, 10 → 1,200 seats (+1,190) · Monthly → Annual ·"
        " Support: 5 seats; Guide: edition Team; Talk leaves Suite; Support: removed;"
        " Guide: removed on 27 October 2023; Billing cycle: annual; The account ends (scheduled) ·"
        " Support: 5 seats from 1 August 2023 to 31 August 2023 Renews on: 14 July 2024"
    ) in seen
    assert "Guide Team" not in seen, "what stayed the same is not told"
    assert "Discounts" not in seen, "nothing before and nothing after"
    assert "Invoice: 2023-000007" in seen


def test_of_a_list_only_what_came_and_went_is_told(db: None) -> None:
    account = acme_at()
    note(
        account,
        "change_undone",
        before={"discounts": ["LOYAL", "WELCOME"], "scheduled": ["cancellation"]},
        after={"discounts": ["LOYAL", "SUMMER"], "scheduled": []},
    )
    seen = text(open_as("olivia", PAGE))
    assert "Scheduled changes: The account ends nothing" in seen
    assert "Discounts: WELCOME SUMMER" in seen
    assert "LOYAL" not in seen


def test_people_products_and_reasons_are_named(db: None) -> None:
    account = acme_at()
    shop.subscribe(account, {"support": ("team", 12, "12")}, start=JULY_14.date())
    agnes = people.user("agnes")
    note(
        account,
        "role_changed",
        by="olivia",
        subject=f"member:{agnes.pk}",
        before={"role": "agent", "suspended": False},
        after={"role": "admin", "suspended": True},
    )
    note(account, "seat_freed", by="olivia", subject="seats:support", before={"used": 2}, after={"used": 1})
    note(account, "request_closed", subject="request:5", after={"state": "closed"}, reason="already_bought")
    note(
        account,
        "account_state_changed",
        before={"state": "past_due"},
        after={"state": "active"},
        reason="paid",
    )
    note(account, "price_overridden", by="olivia", after="not a mapping", reason="Contract 12")
    seen = text(open_as("olivia", PAGE))
    assert "Olivia Owens changed a role: Agnes Albert · Agent → Administrator Suspended: no yes" in seen
    assert "Olivia Owens freed a seat: Support Seats in use: 2 1" in seen
    assert "Change request closed automatically: request 5" in seen
    assert "Reason: what it asks for is so already, or can’t be done any more" in seen
    assert "Account state changed: Past due → Active Reason: the invoice was paid Automatic" in seen
    assert "Price overridden Reason: Contract 12" in seen, "a verb without words is shown plainly"


@pytest.mark.breaks_invariants
def test_an_entry_begins_with_who_did_what_and_for_how_much(db: None) -> None:
    """Olivia adds 2 seats of Support and Guide for 6.90; where an act has an amount it is that one, 5.00."""
    account = acme_at()
    shop.subscribe(account, {"support": ("team", 12, "12")}, start=JULY_14.date())
    invoice(account, "INV-000001", "6.90")
    held = {"edition": "team", "quantity": 10}
    note(
        account,
        "subscription_changed",
        by="olivia",
        before={"lines": {"support": held, "talk": held}},
        after={"lines": {"support": held | {"quantity": 12}, "guide": held | {"quantity": 1}}},
        invoice="INV-000001",
    )
    note(account, "subscription_renewed", invoice="INV-000001, INV-000002")
    booked = {"amount": {"minor": 500, "currency": "USD"}}
    note(account, "bank_payment_booked", after=booked, invoice="INV-000001")
    note(account, "member_joined", by="adam", subject=f"member:{people.user('adam').pk}")
    seen = text(open_as("olivia", PAGE))
    assert (
        "Olivia Owens changed the subscription:"
        " Talk Team × 10 removed · Support 10 → 12 seats (+2) · Guide Team × 1 added · $6.90 Invoice:"
    ) in seen
    assert "Subscription renewed Invoice:" in seen, "two invoices have no amount together"
    assert "Bank transfer booked: $5.00 Invoice:" in seen
    assert "Adam Adler joined Adam Adler 14 July" in seen, (
        "whom one did it to is not said where it is oneself"
    )
    account.type = AccountType.MANAGED
    account.save(update_fields=["type"])
    assert "$" not in text(open_as("olivia", PAGE))


def test_the_state_of_a_request_is_not_the_one_of_an_invoice(db: None) -> None:
    note(acme_at(), "request_submitted", by="adam", subject="request:4", after={"state": "open"})
    seen = text(open_as("olivia", PAGE, "fr"))
    assert "demande 4 État: Ouvert" in seen


def test_every_act_names_who_did_it() -> None:
    assert all("%(who)s " in str(words) for words in ACTS.values())


def test_what_the_vendors_staff_did_is_shown_as_theirs(db: None) -> None:
    account = acme_at()
    with acting.at(JULY_14):
        activity.record(account, ActivityVerb.ACCOUNT_STATE_CHANGED, acting.occasion(by=people.vera()))
    assert "Vera Vance (vendor’s staff)" in text(open_as("olivia", PAGE))


@pytest.mark.parametrize("account_type", [AccountType.ASSISTED, AccountType.MANAGED])
def test_where_costs_are_hidden_the_trail_names_no_amount(db: None, account_type: str) -> None:
    account = acme_at(type=account_type)
    note(
        account,
        "price_overridden",
        by="olivia",
        before={"unit_price": "83.17", "quantity": 7},
        after={"unit_price": "61.40", "quantity": 8, "total": {"amount": "736.80"}},
        reason="now 61.40 USD a seat",
        invoice="2023-000007",
    )
    page = open_as("olivia", PAGE)
    whole = page.content.decode() + str(page.headers) + str(rows(open_as("olivia", CSV)))
    for amount in ("83.17", "61.40", "736.80", "2023-000007"):
        assert amount not in whole
    assert "Quantity: 7 8" in text(page)


def test_the_filters_find_by_act_person_and_day_of_the_accounts_zone(db: None) -> None:
    account = acme_at()
    note(account, "role_changed", by="olivia", at=datetime(2023, 7, 1, 3, tzinfo=UTC))  # 30 June, 23:00
    note(account, "role_changed", by="bilal", at=datetime(2023, 7, 2, 3, tzinfo=UTC))  # 1 July, 23:00
    note(account, "subscription_renewed", at=datetime(2023, 7, 2, 12, tzinfo=UTC))

    def found(query: str) -> list[str]:
        return [row[0][:10] for row in rows(open_as("adam", f"{CSV}?{query}"))]

    assert found("") == ["2023-07-02", "2023-07-01", "2023-06-30"]
    assert found("verb=role_changed") == ["2023-07-01", "2023-06-30"]
    assert found("person=BRAHIMI") == ["2023-07-01"]
    assert found("first=2023-07-01") == ["2023-07-02", "2023-07-01"]
    assert found("last=2023-07-01") == ["2023-07-01", "2023-06-30"]
    assert found("first=2023-07-01&last=2023-07-01&verb=role_changed&person=bilal") == ["2023-07-01"]
    assert "No entry fits these filters." in text(open_as("adam", f"{PAGE}?person=nobody"))


@pytest.mark.parametrize(
    "query",
    [
        "first=yesterday",
        "first=0001-01-01",
        "last=9999-12-31",
        "verb=no_such",
        "person=" + "x" * 500,
        "first=٢٠٢٣-٠٧-٠١",
    ],
)
def test_a_filter_that_can_not_be_read_is_refused_at_its_field(db: None, query: str) -> None:
    note(acme_at(), "role_changed", by="olivia")
    page = open_as("olivia", f"{PAGE}?{query}")
    assert page.status_code == 200
    assert b"errorlist" in page.content or "2023-07-01" in page.content.decode()
    export_of_it = open_as("olivia", f"{CSV}?{query}")
    if export_of_it.status_code == 302:
        assert export_of_it.url.startswith(PAGE + "?")
    else:
        assert export_of_it.status_code == 200


@pytest.mark.parametrize("place", ["", "x", "W10=", "WyJ4IiwgMV0=", "WyIyMDIzLTA3LTAxIiwgMV0=", "9" * 1000])
def test_a_place_that_no_page_wrote_shows_the_first_page(db: None, place: str) -> None:
    note(acme_at(), "role_changed", by="olivia")
    for way in ("after", "before"):
        assert "changed a role" in text(open_as("olivia", f"{PAGE}?{way}={place}"))


def test_pages_follow_each_other_without_a_gap_forwards_and_back(db: None) -> None:
    account = acme_at()
    for number in range(120):
        # Three entries a moment: the id decides between them.
        note(account, "seat_freed", at=JULY_14 + timedelta(minutes=number // 3), subject=f"n{number}")
    client = signed_in(people.user("adam"))
    seen, address = [], PAGE
    pages = []
    while address:
        response = client.get(address)
        listed = response.context["entries"]
        seen += [entry.subject for entry in listed.rows]
        pages.append(address)
        address = PAGE + listed.next if listed.next else ""
    assert seen == [f"n{number}" for number in reversed(range(120))]
    assert len(pages) == 3
    back = client.get(pages[2]).context["entries"].previous
    middle = client.get(PAGE + back).context["entries"]
    assert [entry.subject for entry in middle.rows] == [f"n{number}" for number in range(69, 19, -1)]
    first = client.get(PAGE + middle.previous).context["entries"]
    assert first.rows[0].subject == "n119"
    assert first.previous == ""
    with CaptureQueriesContext(connection) as asked:
        client.get(pages[2])
    # Session, person, membership, permissions, lists of the frame, entries, names of products.
    assert len(asked) == 7


def test_the_csv_keeps_texts_and_defuses_formulas(db: None) -> None:
    account = acme_at()
    texts = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", 'plain, with "quotes" and\nlines', "é"]
    for number, reason in enumerate(texts):
        note(account, "role_changed", by="olivia", at=JULY_14 + timedelta(hours=number), reason=reason)
    response = open_as("adam", CSV)
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="activity-acme-2023-07-14.csv"'
    assert response["Cache-Control"] == "no-store"
    assert response.streaming
    reasons = [row[7] for row in reversed(rows(response))]
    assert reasons == ["'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\tx", "'\rx", texts[6], "é"]
    assert all(cell == defused(cell) or cell[0] == "'" for row in rows(open_as("adam", CSV)) for cell in row)


def test_the_csv_speaks_the_readers_language_to_the_last_line(db: None) -> None:
    from django.utils import translation

    note(acme_at(), "account_state_changed", after={"paid_until": "2024-07-01"})
    response = open_as("adam", CSV, language="fr")
    with translation.override("en"):
        assert "juillet 2024" in rows(response)[0][6]


def test_only_who_may_see_the_trail_gets_it_by_get_and_head(db: None) -> None:
    acme_at()
    people.globex()
    stella = signed_in(people.person("stella@globex.example", "Stella Stern"))
    for address in (PAGE, CSV):
        assert open_as("agnes", address).status_code == 403
        assert stella.get(address).status_code == 404
        adam = signed_in(people.user("adam"))
        assert adam.head(address).status_code == 200
        assert adam.post(address).status_code == 405


def test_another_accounts_entries_are_not_among_them(db: None) -> None:
    account, other = acme_at(), people.globex()
    note(account, "role_changed", reason="ours")
    note(other, "role_changed", reason="theirs")
    assert [row[7] for row in rows(open_as("adam", CSV))] == ["ours"]
