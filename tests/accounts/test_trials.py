"""A trial's end is told a week and a day before, and once it has come; each once, missed or not."""

from datetime import UTC, date, datetime, timedelta

import pytest

from accounts import mail, trials
from accounts.models import Account, Activity, Letter
from accounts.rules.trials import TrialNotice, notice
from billing import tasks
from tests import people

ENDS = date(2026, 3, 20)
WEEK, DAY, ENDED = TrialNotice


@pytest.mark.parametrize(
    ("days_left", "expected"),
    [(8, None), (7, WEEK), (2, WEEK), (1, DAY), (0, ENDED), (-7, ENDED), (-8, None)],
)
def test_what_is_told_on_which_day(days_left: int, expected: TrialNotice | None) -> None:
    assert notice(ENDS, ENDS - timedelta(days=days_left)) is expected


def told(runs: list[int], **fields: object) -> list[tuple[int, str]]:
    """Run twice on each day, so many before the end; return what Olivia was told on which."""
    acme = people.acme(state="trial", trial_ends_on=ENDS, is_sandbox=True, timezone="UTC", **fields)
    found = []
    for left in runs:
        at = datetime(2026, 3, 20, 12, tzinfo=UTC) - timedelta(days=left)
        Account.objects.filter(pk=acme.pk).update(clock=at)
        counts = [tasks._trials(at)["trials"], tasks._trials(at)["trials"]]
        assert counts[1] == 0
        if counts[0]:
            found.append((left, Letter.objects.filter(to="olivia@acme.example").latest("pk").kind))
    assert Letter.objects.count() == 2 * len(found), "Olivia and Bilal"
    return found


@pytest.mark.django_db
def test_day_by_day_each_once() -> None:
    """Also where nothing runs on the seventh day before, or on the last."""
    assert told(list(range(10, -10, -1))) == [(7, "trial_ending"), (1, "trial_ending"), (0, "trial_ended")]
    entry = Activity.objects.get(verb="trial_ended")
    assert (entry.actor, entry.at.date()) == (None, ENDS)


@pytest.mark.django_db
def test_what_was_missed_is_made_up_and_never_two_at_once() -> None:
    assert told([9, 4, 3, -2, -3]) == [(4, "trial_ending"), (-2, "trial_ended")]


@pytest.mark.django_db
def test_who_has_bought_is_told_nothing() -> None:
    acme = people.acme(state="trial", trial_ends_on=ENDS, timezone="UTC")
    Account.objects.update(state="active")
    at = datetime(2026, 3, 19, 12, tzinfo=UTC)
    assert list(trials.ending(at)) == []
    assert not trials.tell(acme.pk, occasion=tasks.Occasion.of(acme, at))


@pytest.mark.django_db
def test_the_letter_says_the_day_and_leads_to_what_can_be_bought() -> None:
    told([1])
    letter = Letter.objects.select_related("account", "user").filter(to="olivia@acme.example").get()
    message = mail.message(letter)
    assert message.subject == "The trial of Acme ends on 20 March 2026"
    assert "Choose what to keep working with until then, and nothing stops." in message.body
    assert "/a/acme/billing/subscription/manage/" in message.body
