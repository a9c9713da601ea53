"""Every code of the rules has its sentence: no notice and no refusal is left without words."""

from datetime import date

import pytest
from django.utils import translation

from admin_center.wording import cycles, notices
from admin_center.wording import refusals as refusal_words
from billing.models.fields import cycle_choices
from billing.rules import refusals
from billing.rules.facts import ScheduledFacts, ScheduledKind
from billing.rules.names import Names
from billing.rules.notices import Notice, NoticeCode
from billing.rules.periods import Cycle

WAITS = ScheduledFacts(ScheduledKind.QUANTITY, date(2026, 1, 1), "support", quantity=5)
DATA = {
    "product": "support", "suite": "suite", "products": ("talk",), "code": "SPRING", "scheduled": WAITS,
    "to": date(2027, 1, 1), "from": date(2026, 1, 1), "on": date(2026, 1, 1), "until": date(2026, 1, 1),
    "quantity": 2, "old": 100, "new": 200, "amount": 33, "lost": {"storage": ("5 GB", None)}, "used": 3,
    "was": (), "now": ({"name": "TVA", "rate": "20"},),
}  # fmt: skip


@pytest.mark.parametrize("code", NoticeCode)
def test_every_notice_is_told(code: NoticeCode) -> None:
    (told,) = notices.sentences([Notice(code, DATA)], Names({"support": "Support"}), {}, costs_shown=True)
    assert told.sentence


def test_the_models_call_a_cycle_what_pages_call_it() -> None:
    for language in ("en", "fr"):
        with translation.override(language):
            words = {cycle.value: cycles.of(cycle).name for cycle in Cycle}
            assert dict(cycle_choices()) == words
    assert words == {"monthly": "Mensuel", "annual": "Annuel"}


@pytest.mark.parametrize(
    ("language", "old", "new", "said"),
    [
        ("en", Cycle.MONTHLY, Cycle.ANNUAL, "for a year instead of a month"),
        ("en", Cycle.ANNUAL, Cycle.MONTHLY, "for a month instead of a year"),
        ("fr", Cycle.MONTHLY, Cycle.ANNUAL, "pour un an au lieu d’un mois"),
        ("fr", Cycle.ANNUAL, Cycle.MONTHLY, "pour un mois au lieu d’un an"),
    ],
)
def test_another_cycle_says_what_it_is_instead_of(language: str, old: Cycle, new: Cycle, said: str) -> None:
    with translation.override(language):
        assert cycles.instead(old, new) == said


def test_every_refusal_is_told() -> None:
    kinds = [kind for kind in vars(refusals).values() if isinstance(kind, type)]
    codes = {kind.code for kind in kinds if issubclass(kind, refusals.Refusal)} - {"refused"}
    assert codes == set(refusal_words._SENTENCES)
