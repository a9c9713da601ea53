"""Lists of the back office stay fast: pages by key, search by indexes, a fixed number of statements."""

import json
import re
from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Account
from admin_center.back_office import site
from tests import people, shop

# The rows are made in bulk, not by the verbs that keep the books.
pytestmark = [pytest.mark.django_db, pytest.mark.breaks_invariants]

MANY = 50_000


@pytest.fixture
def vera(sign_in) -> Client:  # type: ignore[no-untyped-def]
    browser: Client = sign_in(people.vera())
    # The first page of a session also writes when it began.
    browser.get("/vendor/")
    return browser


def many_accounts(last: int, first: int = 1) -> None:
    """Write accounts with an owner, a subscription with a line, an entry and a letter each, in bulk."""
    shop.catalogue()
    with connection.cursor() as cursor:
        # Without the triggers that look at each row when the test ends.
        cursor.execute("SET LOCAL session_replication_role = replica")
        # No page writes them: as long as it takes on a busy machine.
        cursor.execute("SET LOCAL statement_timeout = 0")
        for statement in MANY_ROWS.split(";"):
            cursor.execute(statement.replace("{first}", str(first)).replace("{last}", str(last)))
        cursor.execute("SET LOCAL session_replication_role = origin")
        cursor.execute("ANALYZE")
        cursor.execute("SET LOCAL statement_timeout TO DEFAULT")


MANY_ROWS = """
DROP TABLE IF EXISTS made;
CREATE TEMP TABLE made ON COMMIT DROP AS
SELECT n, md5(n::text) AS code FROM generate_series({first}, {last}) n;
INSERT INTO accounts_user (id, email, name, password, language, is_active, is_staff, is_superuser)
SELECT 1000000 + n, code || '@many.example', initcap(code), '!', '', true, false, false FROM made;
INSERT INTO accounts_account (id, slug, name, external_id, type, state, currency, timezone, language,
    vendor_contact_name, vendor_contact_email, vendor_contact_phone, is_sandbox)
SELECT 1000000 + n, code, initcap(code), 'C-' || n, 'self_service',
    CASE WHEN n % 100 = 0 THEN 'past_due' ELSE 'active' END, 'USD', 'UTC', 'en', 'Sales',
    'sales@vendor.example', '', false FROM made;
INSERT INTO accounts_membership (account_id, user_id, role, changes_payment)
SELECT 1000000 + n, 1000000 + n, 'owner', false FROM made;
INSERT INTO billing_subscription (account_id, catalogue_id, currency, cycle, version, parked_because)
SELECT 1000000 + n, c.id, 'USD', 'annual', 1, '' FROM made, billing_catalogue c;
INSERT INTO billing_line (subscription_id, product_id, edition_id, quantity, unit_price,
    unit_price_currency, allowances, began_on)
SELECT 1000000 + n, e.product_id, e.id, 1, 12, 'USD', '{}', '2026-01-01' FROM made,
    (SELECT e.* FROM billing_edition e ORDER BY id LIMIT 1) e;
ANALYZE made;
ANALYZE billing_line;
ANALYZE accounts_membership;
INSERT INTO billing_agentseat (subscription_id, line_id, membership_id)
SELECT l.subscription_id, l.id, m.id FROM billing_line l
JOIN accounts_membership m ON m.account_id = l.subscription_id JOIN made ON 1000000 + n = l.subscription_id;
INSERT INTO accounts_activity (account_id, at, actor_name, by_staff, verb, subject, reason, quote, invoice)
SELECT 1000000 + n, now(), '', false, 'account_loaded', '', '', '', '' FROM made;
INSERT INTO accounts_letter (account_id, kind, "to", language, facts, key, attempts, error, sent_at)
SELECT 1000000 + n, CASE WHEN n % 10000 = 0 THEN 'invited' ELSE 'x' END, code || '@many.example', 'en', '{}',
    code, 1, '', CASE WHEN n % 1000 > 0 THEN now() END FROM made;
INSERT INTO billing_paymentmethod (subscription_id, kind, brand, last_four, reference)
SELECT 1000000 + n, 'card', 'Visa', '4242', '' FROM made
"""


def statements(browser: Client, address: str) -> list[str]:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert browser.get(address).status_code == 200, address
    return [one["sql"] for one in captured.captured_queries]


def nodes(plan: dict[str, object]) -> list[dict[str, object]]:
    return [plan, *(node for child in plan.get("Plans", []) for node in nodes(child))]  # type: ignore[attr-defined]


def scanned(sql: str) -> set[str]:
    """Return the tables that a statement reads from one end to the other."""
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (FORMAT JSON) " + sql)
        (document,) = cursor.fetchone()
    plan = document if isinstance(document, list) else json.loads(document)
    return {str(node["Relation Name"]) for node in nodes(plan[0]["Plan"]) if node["Node Type"] == "Seq Scan"}


SEARCHED = {
    "accounts_account": (
        "0cc1",
        "0cc175b9c0f1b6a831c399e269772661",
        "C-4711",
        "0cc175b9@many.example",
        "zzz",
    ),
    "accounts_membership": ("c4ca4238a0b923820dcc509a6f75849b", "c4ca4238a0b9@many.example", "c4ca"),
    "accounts_user": ("c4ca", "c4ca4238a0b923820dcc509a6f75849b@many.example"),
    "billing_subscription": ("c4ca4238a0b923820dcc509a6f75849b", "c4ca", "C-4711"),
    "billing_agentseat": ("c4ca4238a0b923820dcc509a6f75849b", "c4ca"),
    "billing_paymentmethod": ("c4ca4238a0b923820dcc509a6f75849b", "c4ca"),
    "billing_invoice": ("c4ca4238a0b923820dcc509a6f75849b",),
    "billing_changerequest": ("c4ca4238a0b923820dcc509a6f75849b",),
    "accounts_activity": ("c4ca4238a0b923820dcc509a6f75849b", "c4ca", "c4ca4238a0b9@many.example"),
    "accounts_letter": ("c4ca4238a0b923820dcc509a6f75849b", "c4ca"),
}

FILTERED = {
    "accounts_account": ("?state__exact=past_due", "?state=active"),
    "accounts_letter": ("?kind=invited", "?state=sent", "?state=waiting", "?state=failed&kind=invited"),
    "billing_subscription": ("?parked=yes",),
    "billing_changerequest": ("?waits_for=staff", "?waits_for=customer", "?state__exact=open"),
    "billing_charge": ("", "?q=c4ca4238a0b923820dcc509a6f75849b"),
    "billing_promocode": ("", "?q=WELC"),
    "accounts_taskrun": ("", "?step=renewals"),
    "accounts_rowfailure": ("", "?q=c4ca4238a0b923820dcc509a6f75849b"),
}


def test_no_list_counts_or_reads_a_table_whole_at_50_000_accounts(vera: Client) -> None:
    """Every list, its second page and every way to search, as the planner sees them."""
    many_accounts(MANY)
    asked = [(name, "") for name in SEARCHED]
    asked += [(name, f"?q={term}") for name, terms in SEARCHED.items() for term in terms]
    asked += [(name, query) for name, queries in FILTERED.items() for query in queries]
    large = {
        "accounts_account",
        "accounts_user",
        "accounts_membership",
        "accounts_activity",
        "accounts_letter",
    }
    large |= {"billing_subscription", "billing_line", "billing_agentseat", "billing_paymentmethod"}
    for name, query in asked:
        address = reverse(f"vendor:{name}_changelist") + query
        told = statements(vera, address)
        body = vera.get(address).content.decode()
        following = re.search(r'href="(\?after=[^"]+|\?[^"]*after=[^"]+)" rel="next"', body)
        if following:
            told += statements(
                vera, reverse(f"vendor:{name}_changelist") + following[1].replace("&amp;", "&")
            )
        for sql in told:
            assert "COUNT(" not in sql.upper(), (address, sql)
            if sql.startswith("SELECT"):
                assert not scanned(sql) & large, (address, sql)


def test_the_watch_over_plans_can_bark(vera: Client) -> None:
    many_accounts(5000)
    assert scanned("SELECT * FROM accounts_account WHERE name LIKE '%x%'") == {"accounts_account"}


def test_search_finds_by_every_way(acme: Account, globex: Account, vera: Client) -> None:
    Account.objects.filter(pk=acme.pk).update(external_id="C-4711", name="Ärzte & Söhne")
    address = reverse("vendor:accounts_account_changelist")
    for term, found in {
        "acm": "acme",
        "ACME": "acme",
        "ärzte": "acme",
        "Ärzte &": "acme",
        "C-4711": "acme",
        "agnes@": "acme",
        "AGNES@ACME.EXAMPLE": "acme",
        "stella@globex": "globex",
        "C-47": "",
        "%": "",
        "_cme": "",
        "rzte": "",
    }.items():
        shown = {row.slug for row in vera.get(address, {"q": term}).context["cl"].result_list}
        assert shown == ({found} if found else set()), term


def test_pages_follow_each_other_without_gap_or_repetition(vera: Client) -> None:
    many_accounts(120)
    address = reverse("vendor:accounts_account_changelist")
    seen: list[int] = []
    query = ""
    for size in (50, 50, 20):
        shown = vera.get(address + query).context["cl"]
        assert len(shown.result_list) == size
        seen += [row.pk for row in shown.result_list]
        query = shown.next
    assert query == ""
    assert seen == sorted(Account.objects.values_list("pk", flat=True), reverse=True)


def test_an_address_cannot_ask_for_a_slow_filter(acme: Account, vera: Client) -> None:
    address = reverse("vendor:accounts_account_changelist")
    for query in ("name__contains=c", "memberships__user__email__contains=a", "vendor_contact_phone=1"):
        assert vera.get(f"{address}?{query}").status_code == 400, query
    for query in ("o=1", "p=9999", "all=", "after=nonsense", "after=&before=x", "state__exact=none"):
        assert vera.get(f"{address}?{query}").status_code in (200, 302), query


def test_every_list_needs_the_same_statements_for_one_row_and_for_many(vera: Client) -> None:
    many_accounts(1)
    names = [f"{model._meta.app_label}_{model._meta.model_name}" for model in site._registry]
    few = {name: len(statements(vera, reverse(f"vendor:{name}_changelist"))) for name in names}
    many_accounts(60, first=2)
    many = {name: len(statements(vera, reverse(f"vendor:{name}_changelist"))) for name in names}
    assert many == few
    assert max(few.values()) <= 8


def test_a_page_needs_the_same_statements_for_one_line_and_for_many(
    acme: Account, globex: Account, vera: Client
) -> None:
    start = date(2026, 1, 1)
    shop.subscribe(acme, {"support": ("team", 5, "12")}, start=start)
    lines = {"support": ("team", 5, "12"), "guide": ("team", 5, "6"), "copilot": ("standard", 5, "10")}
    shop.subscribe(globex, lines, start=start)
    # The first page of a model also reads its content type, once in a process.
    _first, few, many = (
        len(statements(vera, reverse("vendor:billing_subscription_change", args=[one.pk])))
        for one in (acme, acme, globex)
    )
    assert few == many
