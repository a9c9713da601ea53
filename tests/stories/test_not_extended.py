"""An extension without a product whose removal waits: it ends on its day, or is kept by buying the rest.

Support Team × 10 at 1.00 and Guide Team × 3 at 6.00, annual until 27 October 2023, extended on 14 July.
"""

import csv
import io
import json
import zipfile
from datetime import date, timedelta

import pytest

from accounts import lifecycle
from accounts.models import Account, Activity, Letter
from accounts.rules.capabilities import AccountState
from accounts.rules.decision import NotAllowed
from billing import cancellation, data_export, invariants, quotes, renewal, seats, tasks
from billing.models import AgentSeat, DataExport, Invoice, Line, ScheduledChange, Subscription, TemporarySeats
from billing.rules.changes import (
    AddProduct,
    AddSeats,
    Answer,
    BuyTemporarySeats,
    Choice,
    Extend,
    KeepProduct,
    RemoveProduct,
)
from billing.rules.facts import ScheduledKind
from billing.rules.refusals import AlreadyBought, EndsEarlier
from tests import acting, people, shop
from tests.stories.telling import change, noon, open_account, renew, stored

pytestmark = pytest.mark.django_db(transaction=True)
JULY_14 = date(2023, 7, 14)
END, NEXT_END = date(2023, 10, 27), date(2024, 10, 27)
DAY = timedelta(days=1)
LET_END = Extend((Answer(ScheduledKind.REMOVAL, "guide", Choice.END),))


def total(invoice: Invoice | None) -> str:
    assert invoice is not None
    return f"{invoice.total.amount.normalize():f}"


@pytest.fixture
def acme() -> Account:
    """Acme, extended without its Guide, of which Adam and Agnes hold a seat."""
    account = open_account(
        {"support": ("team", 10, "1.00"), "guide": ("team", 3, "6.00")}, start=date(2022, 10, 27)
    )
    with acting.at(noon(JULY_14)):
        for name in ("adam", "agnes"):
            line, member = shop.line(account, "guide"), people.member(name, account)
            seats.assign(line.pk, member.pk, occasion=acting.occasion(by=people.user("olivia"), on=JULY_14))
    assert change(account, JULY_14, RemoveProduct("guide")) is None
    # 10 × 1.00 × 12; with Guide another 216.00.
    assert total(change(account, JULY_14, LET_END)) == "120"
    return account


def products(account: Account) -> list[str]:
    live = Line.objects.filter(subscription=account.pk, ended_on=None)
    return list(live.order_by("product__position").values_list("product__key", flat=True))


def test_it_ends_on_its_day_by_itself_and_is_told(acme: Account) -> None:
    assert renew(acme, END - DAY) == []
    assert products(acme) == ["support", "guide"]
    assert not Letter.objects.filter(kind="product_ended").exists()
    with acting.at(noon(END)):
        assert [*renewal.due(END - DAY), *renewal.due(END)] == [acme.pk]
    for _time in (1, 2):
        # Nothing is charged, and the second finds nothing to do.
        assert renew(acme, END) == []
    assert products(acme) == ["support"]
    ended = Line.objects.get(product__key="guide")
    assert (ended.ended_on, ended.in_use) == (END, 0)
    assert not AgentSeat.objects.filter(line=ended).exists()
    assert not ScheduledChange.objects.exists()
    entry = Activity.objects.get(verb="product_ended")
    assert (entry.before["scheduled"], entry.after["scheduled"]) == (
        [{"kind": "removal", "product": "guide", "takes_effect_on": str(END)}],
        [],
    )
    told = Letter.objects.filter(kind="product_ended").order_by("pk")
    assert sorted(told.values_list("to", flat=True)) == ["bilal@acme.example", "olivia@acme.example"]
    facts = told[0].facts
    assert facts["ended"] == [{"product": "Guide", "used": 2}]
    assert (facts["on"], facts["until"]) == ("2023-10-27", "2024-10-26")
    # The next renewal is a year later, of Support alone, and nothing of it is told as a difference.
    assert renew(acme, NEXT_END) == ["120"]
    assert Letter.objects.filter(kind="subscription_renewed").order_by("pk")[0].facts["differences"] == []


def test_a_late_tick_ends_it_before_it_renews(acme: Account) -> None:
    """Nothing ran for more than a year: the line ended on its day, then the rest renewed on its own."""
    assert renew(acme, NEXT_END + DAY) == ["120"]
    assert Line.objects.get(product__key="guide").ended_on == END
    assert list(Activity.objects.order_by("pk").values_list("verb", flat=True))[-2:] == [
        "product_ended",
        "subscription_renewed",
    ]


def test_the_tick_ends_it(acme: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks.clock, "now", lambda account=None: noon(END))
    assert tasks._renewals(noon(END)) == {"renewals": 0, "renewals_failed": 0}
    assert products(acme) == ["support"]


def test_undoing_it_for_nothing_is_refused_and_keeping_it_buys_the_rest(acme: Account) -> None:
    waits = ScheduledChange.objects.get()
    version = Subscription.objects.get().version
    with acting.at(noon(END - DAY)), pytest.raises(EndsEarlier):
        quotes.undo(waits.pk, occasion=acting.occasion(by=people.user("olivia"), on=END - DAY))
    assert (Subscription.objects.get().version, ScheduledChange.objects.get()) == (version, waits)
    # 3 × 6.00 × 12
    invoice = change(acme, END - DAY, KeepProduct("guide"))
    assert total(invoice) == "216"
    assert invoice is not None
    (line,) = invoice.lines.all()
    assert (line.covers_from, line.covers_until, line.because) == (END, NEXT_END, "keep_product")
    assert renew(acme, END) == []
    assert AgentSeat.objects.filter(line__product__key="guide").count() == 2
    # 120.00 and 216.00
    assert renew(acme, NEXT_END) == ["336"]


def test_once_it_ended_it_is_bought_again(acme: Account) -> None:
    with acting.at(noon(END - DAY)), pytest.raises(AlreadyBought):
        quotes.draw_up(
            acme,
            [AddProduct("guide", "team", 3)],
            occasion=acting.occasion(by=people.user("olivia"), on=END - DAY),
        )
    # Drawn up on the day itself, nobody having ticked: it ended first. 3 × 6.00 × 12 × 361/366.
    assert total(change(acme, date(2023, 11, 1), AddProduct("guide", "team", 3))) == "213.05"
    assert Line.objects.filter(product__key="guide").count() == 2
    assert invariants.broken() == []


def test_its_seats_are_bought_for_its_own_days(acme: Account) -> None:
    keep = AddSeats("guide", 5, (Answer(ScheduledKind.REMOVAL, "guide", Choice.KEEP),))
    # 5 × 6.00 × 12 × 105/365 = 103.56, less 62.14
    assert total(change(acme, JULY_14, keep)) == "41.42"
    assert stored(acme, JULY_14).ends_early("guide") == END


def test_temporary_seats_end_with_it(acme: Account) -> None:
    change(acme, JULY_14, BuyTemporarySeats("guide", 1, END - 9 * DAY, 9))
    change(acme, JULY_14, BuyTemporarySeats("support", 1, END - 9 * DAY, 30))
    # Brought in with days beyond its product's end.
    TemporarySeats.objects.filter(line__product__key="guide").update(ends_on=END + 5 * DAY)
    renew(acme, END)
    assert {one.line.product.key: one.ends_on for one in TemporarySeats.objects.all()} == {
        "guide": END,
        "support": END + 21 * DAY,
    }


def test_the_sheet_counts_its_own_days_and_the_export_names_its_day(acme: Account) -> None:
    with acting.at(noon(JULY_14)):
        sheet = cancellation.consequences(acme, JULY_14)
        # 120.00 × 105/365 and the year ahead; of Guide 216.00 × 105/365 alone.
        assert {one.product: (one.amount, one.until) for one in sheet.forfeits} == {
            "support": (3452 + 12000, NEXT_END),
            "guide": (6214, END),
        }
        made = data_export.ask(acme, occasion=acting.occasion(by=people.user("olivia"), on=JULY_14))
        data_export.prepare_waiting(acting.now())
    content = DataExport.objects.get(pk=made.pk).content
    assert content is not None
    with zipfile.ZipFile(io.BytesIO(bytes(content))) as archive:
        (row,) = csv.DictReader(io.StringIO(archive.read("subscription.csv").decode()))
    (removal,) = json.loads(row["scheduled"])
    assert removal == {"kind": "removal", "product": "guide", "takes_effect_on": "2023-10-27"}
    assert row["paid_until"] == "2024-10-27"


def test_an_account_that_does_not_renew_ends_nothing_until_it_does(acme: Account) -> None:
    """Suspended in July: its lines stay as they are until somebody pays, also beyond the day."""
    with acting.at(noon(JULY_14)):
        lifecycle.move(acme, AccountState.SUSPENDED, occasion=acting.occasion(), reason="unpaid")
    assert renew(acme, END) == []
    assert list(renewal.due(END)) == []
    assert products(acme) == ["support", "guide"]
    with acting.at(noon(date(2023, 11, 20))):
        lifecycle.move(acme, AccountState.ACTIVE, occasion=acting.occasion(), reason="paid")
    assert renew(acme, date(2023, 11, 20)) == []
    assert products(acme) == ["support"]


def test_a_restored_account_ends_it_on_its_return(acme: Account) -> None:
    with acting.at(noon(date(2023, 10, 1))):
        mark = cancellation.consequences(acme, date(2023, 10, 1)).mark
        cancellation.cancel_now(
            acme,
            mark=mark,
            reason="not_needed",
            text="",
            occasion=acting.occasion(by=people.user("olivia"), on=date(2023, 10, 1)),
        )
    back = date(2023, 11, 5)
    with acting.at(noon(back)):
        assert list(renewal.due(back)) == []
        cancellation.restore(acme.pk, reason="a mistake", occasion=acting.occasion(by=people.vera(), on=back))
    assert products(acme) == ["support", "guide"]
    assert renew(acme, back) == []
    assert products(acme) == ["support"]
    assert invariants.broken() == []


@pytest.mark.breaks_invariants
def test_a_line_whose_paid_days_are_wrong_is_not_ended(acme: Account) -> None:
    shop.line(acme, "guide").segments.update(covers_until=END - DAY)
    assert [one.name for one in invariants.broken()] == [
        "a live line is paid without a gap from the period's start or its own to the paid end"
    ]
    assert renew(acme, END) == []
    assert products(acme) == ["support", "guide"]
    assert Subscription.objects.get().parked_because == "paid_end guide"


@pytest.mark.parametrize("name", ["adam", "agnes"])
def test_who_may_not_change_may_not_keep(acme: Account, name: str) -> None:
    with acting.at(noon(JULY_14)), pytest.raises(NotAllowed):
        quotes.draw_up(
            acme, [KeepProduct("guide")], occasion=acting.occasion(by=people.user(name), on=JULY_14)
        )


@pytest.mark.parametrize("kind", ["assisted", "managed"])
def test_keeping_is_extending_and_open_where_that_is(acme: Account, kind: str) -> None:
    Account.objects.update(type=kind)
    acme.refresh_from_db()
    with acting.at(noon(JULY_14)), pytest.raises(NotAllowed):
        quotes.draw_up(
            acme, [KeepProduct("guide")], occasion=acting.occasion(by=people.user("olivia"), on=JULY_14)
        )
