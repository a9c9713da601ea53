"""What a serving process holds from its start on, and never gives up."""

import gc

from django.urls import get_resolver


def freeze() -> None:
    """Load all that the console consists of, and let the collector look at none of it again.

    It would walk over half a million objects whenever a page has made some tens of thousands: reading a
    statement of 10,000 invoices took four times as long.
    """
    assert get_resolver().url_patterns  # the pages, and what they import
    gc.collect()
    gc.freeze()
