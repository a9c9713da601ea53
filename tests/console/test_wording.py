"""Every code of the rules has its sentence: no notice and no refusal is left without words."""

from datetime import date

import pytest

from admin_center.wording import notices
from admin_center.wording import refusals as refusal_words
from billing.rules import refusals
from billing.rules.facts import ScheduledFacts, ScheduledKind
from billing.rules.notices import Notice, NoticeCode

WAITS = ScheduledFacts(ScheduledKind.QUANTITY, date(2026, 1, 1), "support", quantity=5)
DATA = {
    "product": "support", "suite": "suite", "products": ("talk",), "code": "SPRING", "scheduled": WAITS,
    "to": date(2027, 1, 1), "from": date(2026, 1, 1), "on": date(2026, 1, 1), "until": date(2026, 1, 1),
    "quantity": 2, "old": 100, "new": 200, "amount": 33, "lost": {"storage": ("5 GB", None)}, "used": 3,
}  # fmt: skip


@pytest.mark.parametrize("code", NoticeCode)
def test_every_notice_is_told(code: NoticeCode) -> None:
    (told,) = notices.sentences([Notice(code, DATA)], {"support": "Support"}, {}, costs_shown=True)
    assert told.sentence


def test_every_refusal_is_told() -> None:
    kinds = [kind for kind in vars(refusals).values() if isinstance(kind, type)]
    codes = {kind.code for kind in kinds if issubclass(kind, refusals.Refusal)} - {"refused"}
    assert codes == set(refusal_words._SENTENCES)
