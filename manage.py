"""Django's command line, with the embedded PostgreSQL started where no other server is named."""

import os
import sys

# Commands that only read settings: they must work without a database.
WITHOUT_DATABASE = {
    "check",
    "collectstatic",
    "compilemessages",
    "makemessages",
    "help",
    "version",
    "--help",
    "--version",
}


def main() -> None:
    """Run the command that was typed."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "admin_center.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.db import connection
    from django.db.utils import OperationalError

    try:
        _run()
    except ImproperlyConfigured as refusal:
        # What may not start says why, and not where in the program that was found out.
        sys.exit(str(refusal))
    except OperationalError as fault:
        if connection.connection is not None:
            raise
        sys.exit(f"The database can't be reached: {fault}")


def _run() -> None:
    if len(sys.argv) > 1 and sys.argv[1] not in WITHOUT_DATABASE:
        # Read first: what may not start starts no database either.
        from django.conf import settings

        from admin_center.server import database

        assert settings.DATABASES
        database.start()
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
