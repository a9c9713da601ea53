"""Which rows of a queue raised: written to their accounts, and tried again after longer and longer waits."""

from datetime import datetime, timedelta

from django.db.models import F

from accounts.models import RowFailure

# How long after each failure in a row the next try comes; the last wait is that of all further ones.
WAITS = (
    *(timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 30)),
    *(timedelta(hours=hours) for hours in (1, 2, 6)),
)
# One that was not tried for so long is no longer due: it was mended or ended by somebody else.
KEPT_FOR = timedelta(days=14)
# What fails is tried more often than this.
FAILS_STILL = timedelta(days=1)
LONGEST_ERROR = 500


def error_text(fault: BaseException) -> str:
    """Return what is kept of an error: its words, and its kind where the words alone say little."""
    words = str(fault).replace("\0", "")
    kept = words if isinstance(fault, OSError) and words else f"{type(fault).__name__}: {words}"
    return kept[:LONGEST_ERROR]


def known(queue: str) -> dict[str, datetime | None]:
    """Return the rows of a queue that failed when they were last tried, with the moment of the next try."""
    return dict(RowFailure.objects.filter(queue=queue).values_list("row", "next_try_at"))


def is_waiting(until: datetime | None, at: datetime) -> bool:
    """Tell whether a row is left alone at a moment; a time beyond all waits is of a clock that jumped."""
    return until is not None and at < until <= at + max(WAITS)


def keep(queue: str, row: str, account_id: int | None, fault: BaseException, *, at: datetime) -> None:
    """Keep why a row failed at a moment, and when it is tried again."""
    failure, made = RowFailure.objects.get_or_create(
        queue=queue,
        row=row,
        defaults={
            "account_id": account_id,
            "error": error_text(fault),
            "failed_at": at,
            "tried_at": at,
            "next_try_at": at + WAITS[0],
        },
    )
    if not made:
        RowFailure.objects.filter(pk=failure.pk).update(
            error=error_text(fault),
            tries=F("tries") + 1,
            tried_at=at,
            next_try_at=at + WAITS[min(failure.tries, len(WAITS) - 1)],
        )


def forget(queue: str, row: str) -> None:
    """Forget a failure: its row is done."""
    RowFailure.objects.filter(queue=queue, row=row).delete()


def try_again(queue: str, row: str | None = None) -> int:
    """Let what failed in a queue, or one row of it, be tried again at once; return how many."""
    found = RowFailure.objects.filter(queue=queue)
    if row is not None:
        found = found.filter(row=row)
    return found.update(next_try_at=None)


def remove_old(at: datetime) -> int:
    """Remove failures that nobody tried for long at a moment; return how many."""
    return RowFailure.objects.filter(tried_at__lte=at - KEPT_FOR).delete()[0]
