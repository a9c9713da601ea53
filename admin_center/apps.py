"""The console app: it has no models of its own, but templates' tags and translations."""

from django.apps import AppConfig


class AdminCenterConfig(AppConfig):
    """THE CONSOLE: everything with a request in its hand."""

    name = "admin_center"

    def ready(self) -> None:
        """Register the checks, and what hangs on letters."""
        from admin_center.documents import attached
        from admin_center.server import checks  # noqa: F401

        attached.register()
