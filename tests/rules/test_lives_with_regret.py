"""Random lives in which seats are bought and given back: money and days stay whole (see test_lives.py)."""

from datetime import timedelta

from hypothesis import event, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from billing.rules.changes import AddSeats, GiveBackSeats
from tests.rules.test_lives import LIVES, begin, decided, go_on, step


@settings(max_examples=LIVES)
@given(data=st.data())
def test_regret_gives_back_what_a_purchase_charged_and_days_and_money_stay_whole(data: DataObject) -> None:
    """Seats are bought, other things happen, and some or all are given back within the days, or refused."""
    life, today = begin(data)
    for _turn in range(data.draw(st.integers(1, 3))):
        line = data.draw(st.sampled_from(life.facts.lines))
        more = data.draw(st.integers(1, 9))
        found = decided(data, life.facts, [AddSeats(line.product, line.quantity + more)], today)
        if found is None:
            return
        before, charged = life.facts, found.settlement.subtotal
        step(life, found)
        life.holds()
        if data.draw(st.booleans()):
            last = go_on(data, life, today, most=1)
            if last is None:
                return
            today = last
        today += timedelta(days=data.draw(st.integers(0, 8)))
        back = data.draw(st.integers(1, more))
        now = life.facts.line(line.product)
        if now is None or today >= life.facts.due_on:
            return
        given_back = decided(data, life.facts, [GiveBackSeats(line.product, now.quantity - back)], today)
        if given_back is None:
            continue
        event(f"given back: {'all' if back == more else 'some'}")
        untouched = life.facts.version == before.version + 1
        assert given_back.settlement.subtotal <= 0
        if untouched:
            assert -given_back.settlement.subtotal <= charged
            assert back < more or -given_back.settlement.subtotal == charged
        step(life, given_back)
        life.holds()
        again = decided(data, life.facts, [GiveBackSeats(line.product, max(now.quantity - more, 1))], today)
        assert again is None, "once for each purchase"
    go_on(data, life, today)
