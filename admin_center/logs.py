"""What log lines say, and what they must not."""

import logging
from typing import Any

from django.conf import settings
from django.http import HttpRequest

# An address that leads to no page.
UNKNOWN = "unknown"


def route(request: HttpRequest) -> str:
    """Return the pattern of a request's address, such as `a/<slug:slug>/billing/invoices/`."""
    match = request.resolver_match
    if match:
        return f"/{match.route}"
    return settings.STATIC_URL if request.path_info.startswith(settings.STATIC_URL) else UNKNOWN


class HideAddresses(logging.Filter):
    """Puts the pattern in place of the address in what Django logs of a request.

    A link of an invitation, or one that resets a password, lets in whoever reads it in a log.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record; every record is logged."""
        request: Any = getattr(record, "request", None)
        if isinstance(request, HttpRequest) and isinstance(record.args, tuple):
            shown = (request.path, request.get_full_path())
            record.args = tuple(route(request) if part in shown else part for part in record.args)
        return True
