"""The trail as CSV: the same words as on its page, a row an entry, made line by line."""

import csv
from collections.abc import Iterator
from itertools import islice

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.models import Account, Activity
from accounts.spreadsheet import defused
from admin_center.presenters import activity as activity_presenter

# Without this mark a spreadsheet misreads accents.
BYTE_ORDER_MARK = "\ufeff"
CHUNK = 1000


class Echo:
    """A file that hands back what is written into it."""

    def write(self, text: str) -> str:
        """Return the text."""
        return text


def activity_csv(
    account: Account, entries: QuerySet[Activity], *, costs_shown: bool, language: str
) -> Iterator[str]:
    """Yield a trail as CSV in one language; cells that would begin a formula are defused.

    The language is named because the lines are made after the page that asked for them is done.
    """
    writer = csv.writer(Echo())
    with override(language):
        headings = _headings(account)
    yield BYTE_ORDER_MARK + writer.writerow(headings)
    teller = activity_presenter.ActivityPresenter(account, costs_shown=costs_shown)
    rows = entries.iterator(chunk_size=CHUNK)
    while chunk := list(islice(rows, CHUNK)):
        with override(language):
            rows_told = [_cells(one) for one in teller.tell(chunk)]
        for cells in rows_told:
            yield writer.writerow([defused(cell) for cell in cells])


def _headings(account: Account) -> list[str]:
    return [
        _("When (%(zone)s)") % {"zone": account.timezone},
        _("Who"),
        _("From address"),
        _("What"),
        _("Code"),
        _("Subject"),
        _("Changes"),
        _("Reason"),
        _("Quote"),
        _("Invoice"),
    ]


def _cells(told: activity_presenter.ActivityRow) -> list[str]:
    entry = told.entry
    changes = "; ".join(
        _("%(field)s: %(before)s → %(after)s")
        % {"field": one.field, "before": one.before or "–", "after": one.after or "–"}
        for one in told.differences
    )
    return [
        told.at.isoformat(timespec="seconds"),
        told.who,
        entry.address or "",
        told.sentence,
        entry.verb,
        told.about or entry.subject,
        changes,
        told.reason,
        entry.quote,
        told.invoice,
    ]
