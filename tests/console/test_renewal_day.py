"""The renewal day itself, at one in the morning and before any tick: what is due is renewed first, and told.

Acme pays 29.00 × 10 seats a month, paid until 28 February 2023.
"""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.test import Client

from accounts.models import Account
from billing import cancellation, change_requests, quotes, seats
from billing.models import AgentSeat, Charge, Invoice, Quote, ScheduledChange
from billing.rules.changes import AddSeats, ReduceSeats
from billing.rules.refusals import RenewalDue
from tests import acting, people, shop
from tests.console.changing import LIVE, MANAGE, PREVIEW, pay_by_card, wish
from tests.console.reading import acme_at, signed_in, text

pytestmark = pytest.mark.django_db(transaction=True)
DAY = date(2023, 2, 28)
ONE = datetime(2023, 2, 28, 1, tzinfo=UTC)
SUMMARY = "/a/acme/billing/subscription/"
RENEWED = "The subscription was due on 28 February 2023 and was renewed first: $290.00 was charged."


@pytest.fixture
def acme() -> Account:
    account = acme_at(ONE, timezone="UTC")
    shop.subscribe(account, {"support": ("team", 10, "29.00")}, start=date(2023, 1, 28), cycle="monthly")
    pay_by_card(account)
    return account


@pytest.fixture
def olivia(acme: Account) -> Client:
    return signed_in(people.user("olivia"))


def fewer() -> dict[str, Any]:
    return wish(cycle="monthly", seats_support=8)


def test_the_first_look_writes_nothing_and_says_that_it_renews(olivia: Client, acme: Account) -> None:
    for address in (SUMMARY, MANAGE, "/a/acme/billing/subscription/cancel/"):
        assert olivia.get(address).status_code == 200
    assert "renewing" in text(olivia.get(SUMMARY)).lower()
    assert not Invoice.objects.exists()


@pytest.mark.parametrize("live", [LIVE, {}], ids=["live", "page"])
def test_a_preview_renews_first_and_prices_after(olivia: Client, acme: Account, live: dict[str, str]) -> None:
    """Seen at 0.00 now and 232.00 at the renewal of the very day, with nothing renewed."""
    page = text(olivia.post(PREVIEW, fewer(), headers=live))
    assert RENEWED in page
    # 8 × 29.00 from 28 March on, which is a month later.
    assert "28 March 2023" in page
    assert "$232.00" in page
    assert Charge.objects.get().amount.amount == 290
    # And once only.
    assert RENEWED not in text(olivia.post(PREVIEW, fewer(), headers=live))


def test_a_change_is_looked_at_again_and_then_reviewed(olivia: Client, acme: Account) -> None:
    answer = olivia.post(MANAGE, fewer())
    assert answer.status_code == 422
    assert RENEWED in text(answer)
    review = olivia.post(MANAGE, fewer()).headers["Location"]
    olivia.post(review)
    change = ScheduledChange.objects.get()
    assert (change.quantity, change.takes_effect_on) == (8, date(2023, 3, 28))
    assert Invoice.objects.count() == Charge.objects.count() == 1


def test_confirming_a_quote_of_the_day_before_names_what_was_renewed(olivia: Client, acme: Account) -> None:
    """Seen charging 290.00 while the page said that nothing was charged."""
    with acting.at(datetime(2023, 2, 27, 23, tzinfo=UTC)):
        quote = quotes.draw_up(
            acme,
            [ReduceSeats("support", 8)],
            occasion=acting.occasion(by=people.user("olivia"), on=date(2023, 2, 27)),
        )
    answer = olivia.post(f"/a/acme/billing/quotes/{quote.pk}/")
    page = text(olivia.get(answer.headers["Location"]))
    assert RENEWED in page
    assert "Invoice INV-000001" in page
    assert "Your change was not made, and nothing was charged for it" in page
    assert shop.line(acme, "support").quantity == 10
    assert not ScheduledChange.objects.exists()


@pytest.mark.parametrize("how", ["again", "product", "approve", "end"])
def test_whatever_asks_for_a_quote_renews_first(olivia: Client, acme: Account, how: str) -> None:
    page = text(olivia.post(*ways(acme, how), follow=True))
    assert RENEWED in page
    assert Invoice.objects.get().reason == Invoice.Reason.RENEWAL
    assert not Quote.objects.filter(state=Quote.State.OPEN, on__lt=DAY).exclude(version=1).exists()


def ways(account: Account, how: str) -> tuple[str, dict[str, Any]]:
    """Return an address and what is posted to it."""
    before = datetime(2023, 2, 27, 12, tzinfo=UTC)
    with acting.at(before):
        if how == "again":
            more = [AddSeats("support", 11)]
            quote = quotes.draw_up(
                account, more, occasion=acting.occasion(by=people.user("olivia"), on=before.date())
            )
            return f"/a/acme/billing/quotes/{quote.pk}/again/", {}
        if how == "approve":
            more = [AddSeats("support", 11)]
            asked = change_requests.submit(
                account, more, note="", occasion=acting.occasion(by=people.user("adam"), on=before.date())
            )
            return f"/a/acme/billing/requests/{asked.pk}/approve/", {}
    if how == "product":
        return "/a/acme/billing/subscription/cancel/product/", {"product": "support"}
    mark = cancellation.consequences(account, DAY, at_end=True).mark
    return "/a/acme/billing/subscription/cancel/period-end/", {"mark": mark, "reason": "other", "text": ""}


def test_the_verbs_alone_do_so_too(acme: Account) -> None:
    olivia = people.user("olivia")
    with acting.at(ONE):
        with pytest.raises(RenewalDue):
            quotes.price(acme, [ReduceSeats("support", 8)], occasion=acting.occasion(by=olivia, on=DAY))
        mark = cancellation.consequences(acme, DAY, at_end=True).mark
        with pytest.raises(RenewalDue):
            cancellation.cancel_at_period_end(
                acme, mark=mark, reason="other", text="", occasion=acting.occasion(by=olivia, on=DAY)
            )
        assert not Invoice.objects.exists()
        quote = quotes.draw_up(acme, [ReduceSeats("support", 8)], occasion=acting.occasion(by=olivia, on=DAY))
    assert Invoice.objects.count() == 1
    assert quote.version == 2


def test_who_may_not_renews_nothing(acme: Account) -> None:
    with acting.at(ONE), pytest.raises(Exception, match="role"):
        quotes.draw_up(
            acme, [AddSeats("support", 11)], occasion=acting.occasion(by=people.user("adam"), on=DAY)
        )
    assert not Invoice.objects.exists()


def test_a_reduction_whose_day_has_come_is_not_undone_by_giving_out_a_seat(acme: Account) -> None:
    """Seen renewed with 10 seats: the choice took back what was to hold from that day on."""
    olivia = people.user("olivia")
    with acting.at(datetime(2023, 2, 27, 12, tzinfo=UTC)):
        quote = quotes.draw_up(
            acme, [ReduceSeats("support", 1)], occasion=acting.occasion(by=olivia, on=date(2023, 2, 27))
        )
        quotes.confirm(quote.pk, occasion=acting.occasion(by=olivia, on=date(2023, 2, 27)))
    line = shop.line(acme, "support")
    with acting.at(ONE):
        seats.assign(line.pk, people.member("agnes", acme).pk, occasion=acting.occasion(by=olivia, on=DAY))
        for choice in ("", "undo", "raise"):
            with pytest.raises(seats.NoSeatLeft):
                seats.assign(
                    line.pk,
                    people.member("adam", acme).pk,
                    occasion=acting.occasion(by=olivia, on=DAY),
                    reduction=choice,
                )
    assert ScheduledChange.objects.get().quantity == 1
    assert AgentSeat.objects.count() == 1


def test_where_the_account_ends_with_its_period_nothing_is_previewed(olivia: Client, acme: Account) -> None:
    by, before = people.user("olivia"), date(2023, 2, 27)
    mark = cancellation.consequences(acme, before, at_end=True).mark
    cancellation.cancel_at_period_end(
        acme, mark=mark, reason="other", text="", occasion=acting.occasion(by=by, on=before)
    )
    typed = wish(cycle="monthly", seats_support=10)
    assert olivia.post(PREVIEW, typed).status_code == 410
    acme.refresh_from_db()
    assert acme.state == "cancelled"


def test_the_sheet_of_the_periods_end_waits_for_the_renewal(olivia: Client, acme: Account) -> None:
    page = text(olivia.get("/a/acme/billing/subscription/cancel/period-end/", follow=True))
    assert "The subscription is renewing: renew it, then end it with its new period." in page
    assert "Renew it now and go on" in page
