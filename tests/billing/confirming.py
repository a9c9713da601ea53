"""A process of its own that confirms quotes one after another, to be killed at any moment.

`python -m tests.billing.confirming QUOTE …` prints "ready" before the first.
"""

import os
import sys
from datetime import UTC, date, datetime

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "admin_center.settings")
os.environ.setdefault("TESTING", "1")
TODAY = date(2023, 7, 14)
NOON = datetime(2023, 7, 14, 12, tzinfo=UTC)


def main() -> None:
    """Confirm the quotes named on the command line, each as the person it was drawn up for."""
    import django

    django.setup()
    from accounts.occasion import Occasion
    from billing import quotes
    from billing.models import Quote

    found = list(
        Quote.objects.filter(pk__in=sys.argv[1:]).select_related("person").order_by("created_at", "pk")
    )
    print("ready", flush=True)  # noqa: T201 - the parent waits for it
    for quote in found:
        quotes.confirm(quote.pk, occasion=Occasion(by=quote.person, on=TODAY, at=NOON))


if __name__ == "__main__":
    main()
