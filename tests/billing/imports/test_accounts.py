"""A vendor's customers come in from a file: all of what it says of them, once, at the rules' amounts."""

import io
import time
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from django.core.management import call_command

from accounts.gate import Gate
from accounts.models import Account, Activity, Membership, User
from accounts.rules.decision import Action
from billing.imports.accounts import loading as accounts_import
from billing.imports.accounts.columns import COLUMNS
from billing.imports.accounts.listing import ListedAccount
from billing.imports.accounts.reading import read
from billing.models import AgentSeat, Discount, Line, PaidSegment, PaymentMethod, TemporarySeats
from billing.rules.changes import AddSeats
from billing.rules.quoting import quote
from billing.storage import loading
from tests import people, shop
from tests.billing.imports.customers import ACME, Record, as_csv, as_json_lines, load, rows, small

pytestmark = pytest.mark.django_db

ON = date(2023, 7, 14)


@pytest.fixture(autouse=True)
def _price_list() -> None:
    shop.catalogue()


def changed(*changes: tuple[str, dict[str, str]]) -> list[Record]:
    """Return Acme's records with cells of the first record of a kind changed."""
    records = [(record, dict(cells)) for record, cells in ACME]
    for kind, cells in changes:
        next(own for record, own in records if record == kind).update(cells)
    return records


def bring_in(tmp_path: Path, records: list[Record]) -> Account:
    """Load one customer and return its account."""
    file = tmp_path / "customers.csv"
    file.write_text(as_csv(("A-1", records)))
    assert load(file) == (0, "1 account: 1 new, 0 unchanged, 0 refused.", [])
    return Account.objects.get(external_id="A-1")


def test_all_that_a_file_says_is_stored(tmp_path: Path) -> None:
    account = bring_in(tmp_path, ACME)
    assert (account.slug, account.currency, account.timezone) == ("acme", "USD", "America/New_York")
    assert (account.vendor_contact_email, account.is_sandbox) == ("nadia@vendor.example", True)
    held = account.subscription
    assert (held.cycle, held.anchor, held.paid_until) == ("annual", date(2022, 10, 27), date(2023, 10, 27))
    roles = {m.user.email: (m.role, m.changes_payment) for m in account.memberships.select_related("user")}
    assert roles == {
        "olivia@acme.example": ("owner", False),
        "bilal@acme.example": ("billing_admin", True),
        "agnes@acme.example": ("agent", False),
        "leo@acme.example": ("light_agent", False),
    }
    seats = AgentSeat.objects.values_list("line__product__key", "membership__user__name")
    assert set(seats) == {("support", "Agnes Albert"), ("support", "Bilal Brahimi")}
    method = PaymentMethod.objects.get()
    assert (method.brand, method.last_four, method.expires_month, method.expires_year) == (
        "Visa",
        "4242",
        12,
        2034,
    )
    assert Discount.objects.get().percent == 10
    assert held.balance_entries.get().amount.amount == 25


def test_what_was_charged_is_what_the_rules_charge(tmp_path: Path) -> None:
    bring_in(tmp_path, ACME)
    charged = dict(PaidSegment.objects.values_list("line__product__key", "charged"))
    # 10 seats × 1.00 × 12 months, less 10 %; a flat item is charged per period, not per month.
    assert charged == {"support": Decimal("108.00"), "credits": Decimal("200.00")}
    # 2 seats × 12.00 × 12 months × 30 days / 365 = 23.67; temporary seats take no discount.
    assert TemporarySeats.objects.get().charged.amount == Decimal("23.67")


def test_one_seat_more_costs_what_a_real_invoice_says(tmp_path: Path) -> None:
    plain = [record for record in ACME if record[0] not in ("discount", "balance", "temporary")]
    account = bring_in(tmp_path, plain)
    held = loading.read(account, ON)
    assert held is not None
    # 10 → 11 seats at 1.00 on 14 July: −120.00 × 105/365 = −34.52, +132.00 × 105/365 = +37.97.
    priced = quote(held.facts, [AddSeats("support", 11)], ON)
    assert [line.amount for line in priced.lines] == [-3452, 3797]
    assert priced.due == 345


def test_a_line_that_began_later_is_paid_from_then(tmp_path: Path) -> None:
    records = changed(("line", {"began_on": "2023-04-28"}))
    bring_in(tmp_path, records)
    line = Line.objects.get(product__key="support")
    assert line.began_on == date(2023, 4, 28)
    segment = line.segments.get()
    assert (segment.covers_from, segment.term_start) == (date(2023, 4, 28), date(2022, 10, 27))
    # 182 of 365 days: 120.00 × 182/365 × 0.9 = 53.85.
    assert segment.charged.amount == Decimal("53.85")


def test_an_extension_gives_two_terms_each_with_its_own_divisor(tmp_path: Path) -> None:
    account = bring_in(tmp_path, changed(("subscription", {"paid_until": "2024-10-27"})))
    terms = PaidSegment.objects.filter(line__product__key="support").order_by("term_start")
    assert [(one.term_start.year, one.charged.amount) for one in terms] == [(2022, 108), (2023, 108)]
    held = loading.read(account, ON)
    assert held is not None
    assert held.facts.renews_on == date(2024, 10, 27)


def test_a_fixed_discount_is_shared_and_a_used_up_code_holds_no_longer(tmp_path: Path) -> None:
    fixed = {"code": "TEN", "percent": "", "amount": "10.00", "products": "", "periods_left": "0"}
    account = bring_in(tmp_path, changed(("discount", fixed)))
    charged = dict(PaidSegment.objects.values_list("line__product__key", "charged"))
    # 10.00 off 120.00 and 200.00: 3.75 and 6.25.
    assert charged == {"support": Decimal("116.25"), "credits": Decimal("193.75")}
    held = loading.read(account, ON)
    assert held is not None
    assert held.facts.discounts == ()


def test_a_code_that_starts_later_lowers_nothing_yet(tmp_path: Path) -> None:
    later = {"source": "promo", "periods_left": "2", "in_current_period": "no"}
    account = bring_in(tmp_path, changed(("discount", later)))
    assert PaidSegment.objects.get(line__product__key="support").charged.amount == 120
    held = loading.read(account, ON)
    assert held is not None
    assert [discount.periods_left for discount in held.facts.discounts] == [2]


def test_both_formats_say_the_same(tmp_path: Path) -> None:
    accounts = (("A-1", ACME), small("A-2"))
    comma, lines = tmp_path / "a.csv", tmp_path / "a.jsonl"
    # As a spreadsheet saves it: with a byte order mark, and carriage returns.
    comma.write_bytes(b"\xef\xbb\xbf" + as_csv(*accounts).replace("\n", "\r\n").encode())
    lines.write_text(as_json_lines(*accounts))
    first, second = (tuple(read(file, currencies=("USD",))) for file in (comma, lines))
    assert all(isinstance(one, ListedAccount) for one in first)
    assert first == second


def test_the_same_file_again_writes_nothing(tmp_path: Path) -> None:
    bring_in(tmp_path, ACME)
    before = rows()
    # In another order, and from the other format: what it says is the same.
    again = tmp_path / "again.jsonl"
    again.write_text(as_json_lines(("A-1", [ACME[0], *reversed(ACME[1:])])))
    assert load(again) == (0, "1 account: 0 new, 1 unchanged, 0 refused.", [])
    assert rows() == before


def test_one_alone_comes_in_or_says_why_not(tmp_path: Path) -> None:
    file = tmp_path / "customers.csv"
    file.write_text(as_csv(("A-1", changed(("account", {"catalogue": "mall"})))))
    (listed,) = read(file, currencies=("USD",))
    assert isinstance(listed, ListedAccount)
    with pytest.raises(accounts_import.Refused, match="known: shop"):
        accounts_import.load(listed, at=datetime(2023, 7, 14, 12, tzinfo=UTC))


def test_a_loaded_account_is_not_changed_by_another_file(tmp_path: Path) -> None:
    bring_in(tmp_path, ACME)
    before = rows()
    file = tmp_path / "other.csv"
    file.write_text(as_csv(("A-1", changed(("line", {"quantity": "11"})))))
    code, told, (wrong,) = load(file)
    assert (code, told) == (1, "1 account: 0 new, 0 unchanged, 1 refused.")
    assert wrong.startswith("2: account: the account is loaded already")
    assert "(lines)" in wrong
    assert rows() == before


def test_an_account_that_did_not_come_from_a_file_is_left_alone(tmp_path: Path) -> None:
    people.acme(external_id="A-1")
    file = tmp_path / "a.csv"
    file.write_text(as_csv(("A-1", changed(("account", {"slug": "another"})))))
    code, _told, (wrong,) = load(file)
    assert code == 1
    assert "did not come from a file" in wrong


def test_a_dry_run_says_the_same_and_writes_nothing(tmp_path: Path) -> None:
    before = rows()
    file = tmp_path / "a.csv"
    file.write_text(as_csv(("A-1", ACME), ("A-2", changed(("line", {"quantity": "0"})))))
    code, told, wrong = load(file, "--dry-run")
    assert code == 1
    assert told == "2 accounts: 1 new, 0 unchanged, 1 refused. Dry run: nothing was written."
    assert len(wrong) == 1
    assert rows() == before


def test_people_are_one_person_by_address(tmp_path: Path) -> None:
    olivia = people.person("olivia@acme.example", "Olivia O.")
    EmailAddress.objects.filter(user=olivia).update(verified=False)
    bring_in(tmp_path, ACME)
    olivia.refresh_from_db()
    assert olivia.name == "Olivia O."
    # An address that she never confirmed is not confirmed by a file: who claimed it would get Acme.
    assert not EmailAddress.objects.get(user=olivia).verified
    assert olivia.check_password(people.PASSWORD)
    new = EmailAddress.objects.filter(verified=True, primary=True).values_list("email", flat=True)
    assert set(new) == {"bilal@acme.example", "agnes@acme.example", "leo@acme.example"}
    bilal = User.objects.get(email="bilal@acme.example")
    assert not bilal.has_usable_password()
    assert bilal.language == "fr"


def test_rights_follow_from_roles_and_a_suspended_member_has_none(tmp_path: Path) -> None:
    account = bring_in(tmp_path, ACME)
    olivia, bilal, agnes = (
        User.objects.get(email=f"{name}@acme.example") for name in ("olivia", "bilal", "agnes")
    )
    assert Gate(olivia, account).may(Action.CANCEL_ACCOUNT)
    assert Gate(bilal, account).may(Action.CHANGE_PAYMENT)
    assert not Gate(bilal, account).may(Action.CANCEL_ACCOUNT)
    assert not Membership.objects.live().filter(user=agnes).exists()


def test_the_trail_begins_with_what_was_loaded(tmp_path: Path) -> None:
    account = bring_in(tmp_path, ACME)
    entry = Activity.objects.get(account=account)
    assert (entry.verb, entry.subject, entry.before) == ("account_loaded", "subscription", None)
    assert entry.by_staff
    # At the moment that the sandbox account lives in.
    assert entry.at == datetime(2023, 7, 14, 12, tzinfo=UTC)
    assert entry.after["lines"] == {
        "support": {"edition": "team", "quantity": 10},
        "credits": {"edition": "standard", "quantity": 1},
    }


@pytest.mark.parametrize(
    ("own", "kept"),
    [
        ({"state": "trial", "trial_ends_on": "2023-07-20"}, ("account", "member")),
        ({"state": "cancelled", "cancelled_on": "2023-07-01"}, ("account", "subscription", "member", "line")),
        ({"state": "suspended"}, ("account", "subscription", "member", "line", "payment")),
        ({"state": "active"}, ("account", "member")),
    ],
)
def test_every_state_comes_in(own: dict[str, str], kept: tuple[str, ...], tmp_path: Path) -> None:
    records = [record for record in changed(("account", own)) if record[0] in kept]
    account = bring_in(tmp_path, records)
    assert account.state == own["state"]
    assert Line.objects.exists() is ("line" in kept)


def test_a_yen_account_has_no_decimals(tmp_path: Path) -> None:
    yen = changed(
        ("account", {"currency": "JPY", "time_zone": "Asia/Tokyo"}),
        ("line", {"unit_price": "1500"}),
        ("temporary", {"unit_price": "1500"}),
        ("balance", {"amount": "0"}),
    )
    bring_in(tmp_path, yen)
    # 10 × 1,500 × 12, less 10 %.
    assert PaidSegment.objects.get(line__product__key="support").charged.amount == 162_000


def test_two_thousand_members_come_in_within_seconds(
    tmp_path: Path, django_assert_max_num_queries: object
) -> None:
    members: list[Record] = [
        ("member", {"email": f"agent{n}@acme.example", "name": f"Agent {n}", "role": "agent"})
        for n in range(2000)
    ]
    seats: list[Record] = [
        ("seat", {"product": "support", "email": f"agent{n}@acme.example"}) for n in range(2000)
    ]
    file = tmp_path / "many.csv"
    file.write_text(as_csv(("A-1", [*changed(("line", {"quantity": "2100"})), *members, *seats])))
    began = time.monotonic()
    with django_assert_max_num_queries(60):  # type: ignore[operator]
        assert load(file)[0] == 0
    assert time.monotonic() - began < 20
    assert AgentSeat.objects.count() == 2002


def test_two_commands_at_once_make_one_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second finds out when it writes: seen by letting it believe that nothing is there yet."""
    bring_in(tmp_path, ACME)
    before = rows()
    monkeypatch.setattr(accounts_import._StoredAccounts, "is_loaded", lambda there, listed: False)
    code, _told, (wrong,) = load(tmp_path / "customers.csv")
    assert code == 1
    assert "the database refuses it" in wrong
    assert rows() == before


def test_every_column_is_described() -> None:
    page = Path("docs/loading-accounts.md").read_text()
    for record, columns in COLUMNS.items():
        section = page.split(f"### `{record}`")[1].split("###")[0]
        missing = [name for name in columns if f"| `{name}` |" not in section]
        assert missing == [], record


def test_the_example_of_the_page_can_be_loaded(tmp_path: Path) -> None:
    page = Path("docs/loading-accounts.md").read_text()
    call_command("load_catalogue", "billing/catalogues/northwind-desk.toml", stdout=io.StringIO())
    comma, lines = (page.split(f"```{kind}\n")[1].split("```")[0] for kind in ("csv", "json"))
    (tmp_path / "a.csv").write_text(comma)
    (tmp_path / "a.jsonl").write_text("".join(lines.split("\n")))
    found = [*read(tmp_path / "a.csv", currencies=("USD",)), *read(tmp_path / "a.jsonl", currencies=("USD",))]
    first, second = found
    assert isinstance(first, ListedAccount)
    assert first == second
    assert accounts_import.load(first, at=datetime(2026, 11, 23, 12, tzinfo=UTC)) == "new"
