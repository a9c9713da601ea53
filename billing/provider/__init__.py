"""Those who move the money. Only this package speaks to them."""

from django.conf import settings
from django.utils.module_loading import import_string

from billing.provider.base import Provider


def provider() -> Provider:
    """Return the provider that the settings name."""
    made: Provider = import_string(settings.PAYMENT_PROVIDER)()
    return made
