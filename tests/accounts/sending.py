"""A process of its own that sends the letters that wait, to be killed on the way.

`python -m tests.accounts.sending` sends to where EMAIL_URL says; KILL_AT names the step it dies at.
"""

import os
from datetime import UTC, datetime

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "admin_center.settings")
os.environ.setdefault("TESTING", "1")
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def main() -> None:
    """Send what waits, as the worker does."""
    import django

    django.setup()
    from accounts import mail

    mail.send_waiting(NOON)


if __name__ == "__main__":
    main()
