"""What waits for the renewal comes in with the account: nobody is renewed and charged who had said no."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from accounts.models import Account
from billing import renewal
from billing.imports.accounts import loading as accounts_import
from billing.imports.accounts.listing import ListedAccount
from billing.imports.accounts.reading import read
from billing.models import AgentSeat, Cancellation, Invoice, Line, ScheduledChange
from billing.storage import loading
from tests import acting, shop
from tests.billing.imports.customers import ACME, Record, as_csv, load

pytestmark = pytest.mark.django_db

OWN = ("account", "subscription", "member", "line", "seat")
RENEWAL = date(2023, 10, 27)


@pytest.fixture(autouse=True)
def _price_list() -> None:
    shop.catalogue()


def acme(*more: Record, **changes: dict[str, str]) -> list[Record]:
    """Return the most of Acme, with cells of a record changed, and more records."""
    records = [(kind, dict(cells)) for kind, cells in ACME if kind in OWN]
    for kind, cells in changes.items():
        next(own for record, own in records if record == kind).update(cells)
    return [*records, *more]


def bring_in(tmp_path: Path, records: list[Record]) -> tuple[str, ...]:
    """Load one customer; return what is wrong with it."""
    file = tmp_path / "a.csv"
    file.write_text(as_csv(("A-1", records)))
    return tuple(line.split(": ", 1)[1] for line in load(file)[2])


def scheduled(kind: str, **cells: str) -> Record:
    return "scheduled", {"kind": kind, **cells}


def test_a_subscription_that_ends_is_not_renewed_and_not_charged(tmp_path: Path) -> None:
    assert bring_in(tmp_path, acme(subscription={"cancel_at_period_end": "yes"})) == ()
    account = Account.objects.get()
    waits = ScheduledChange.objects.get()
    assert (waits.kind, waits.takes_effect_on) == ("cancellation", RENEWAL)
    assert Cancellation.objects.get().at_period_end
    account.clock = datetime(2023, 10, 27, 12, tzinfo=UTC)
    account.save()
    with acting.at(account.clock):
        renewal.renew(account.pk, occasion=acting.occasion(on=RENEWAL, at=account.clock))
    account.refresh_from_db()
    assert account.state == "cancelled"
    assert not Invoice.objects.exists()


WAITING = {
    "fewer seats": (scheduled("quantity", product="support", quantity="4"), {"quantity": 4}),
    "a lower edition": (scheduled("edition", product="support", edition="team"), {"edition__key": "team"}),
    "a removal": (scheduled("removal", product="credits"), {"kind": "removal"}),
    "another cycle": (scheduled("cycle", cycle="monthly"), {"cycle": "monthly"}),
}


@pytest.mark.parametrize("which", WAITING)
def test_what_waits_comes_in_and_is_read_as_the_consoles_own(which: str, tmp_path: Path) -> None:
    record, stored = WAITING[which]
    higher = {"edition": "professional", "unit_price": "2.00"} if which == "a lower edition" else {}
    assert bring_in(tmp_path, acme(record, line=higher)) == ()
    assert ScheduledChange.objects.filter(takes_effect_on=RENEWAL, **stored).count() == 1
    held = loading.read(Account.objects.get(), date(2023, 7, 14))
    assert held is not None
    assert [one.kind.value for one in held.facts.scheduled] == [record[1]["kind"]]


WRONG = {
    "more seats": (scheduled("quantity", product="support", quantity="12"), "kind: can't wait"),
    "as many seats": (scheduled("quantity", product="support", quantity="10"), "kind: can't wait"),
    "fewer than are held": (scheduled("quantity", product="support", quantity="1"), "kind: can't wait"),
    "an upgrade": (
        scheduled("edition", product="support", edition="professional"),
        "would take effect at once",
    ),
    "nothing bought": (scheduled("removal", product="guide"), "kind: can't wait"),
    "an unknown product": (scheduled("removal", product="chat"), "kind: can't wait"),
    "no number": (scheduled("quantity", product="support"), "quantity: is missing"),
    "a number too many": (scheduled("removal", product="credits", quantity="1"), "quantity: is not for"),
    "the end as a change": (scheduled("cancellation"), "kind: an end of the whole subscription"),
    "an unknown kind": (scheduled("pause"), "kind: “pause” is not known"),
    "a column of another record": (scheduled("cycle", cycle="monthly", name="x"), "name: is no column of"),
}


@pytest.mark.parametrize("which", WRONG)
def test_what_the_console_would_refuse_is_refused(which: str, tmp_path: Path) -> None:
    record, words = WRONG[which]
    (wrong,) = bring_in(tmp_path, acme(record))
    assert words in wrong
    assert not Account.objects.exists()


def test_the_end_of_all_stands_alone_and_needs_a_renewal(tmp_path: Path) -> None:
    end = {"cancel_at_period_end": "yes"}
    (wrong,) = bring_in(tmp_path, acme(scheduled("removal", product="credits"), subscription=end))
    assert "nothing else can wait" in wrong
    (wrong,) = bring_in(tmp_path, acme(subscription=end, account={"state": "suspended"}))
    assert "has no renewal" in wrong
    both = [scheduled("removal", product=one) for one in ("credits", "support")]
    (wrong,) = bring_in(tmp_path, acme(*both))
    assert "cancel_at_period_end" in wrong
    twice = [scheduled("quantity", product="support", quantity=one) for one in ("4", "5")]
    assert all("waits already" in one for one in bring_in(tmp_path, acme(*twice)))


def test_a_trials_chosen_plan_comes_in_and_costs_nothing(tmp_path: Path) -> None:
    own = {"state": "trial", "trial_ends_on": "2023-08-01", "trial_cycle": "annual"}
    records = [one for one in acme(account=own) if one[0] != "subscription"]
    (wrong,) = bring_in(tmp_path, records)
    assert wrong == "unit_price: is for what was bought; a trial tries at the list price"
    next(cells for kind, cells in records if kind == "line").pop("unit_price")
    assert bring_in(tmp_path, records) == ()
    line = Line.objects.get(product__key="support")
    assert (line.quantity, line.edition.key, line.segments.count()) == (10, "team", 0)
    assert line.subscription.cycle == "annual"
    assert AgentSeat.objects.count() == 2
    held = loading.read(Account.objects.get(), date(2023, 7, 14))
    assert held is not None
    assert not held.facts.has_bought


def test_a_file_of_before_has_the_digests_of_before(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text(as_csv(("A-1", ACME)))
    (one,) = read(file, currencies=("USD",))
    assert isinstance(one, ListedAccount)
    # As they were before files had the columns of this module: else each account would count as changed.
    assert {part: digest[:8] for part, digest in accounts_import.digests(one).items()} == {
        "account": "8a2e5da7",
        "members": "0d54dfd3",
        "subscription": "851da739",
        "lines": "ddec9ae0",
        "seats": "2ce33661",
        "discounts": "9e1b8641",
        "temporary": "b68e6e80",
        "payment": "ffec550d",
    }
