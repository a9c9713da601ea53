"""Those who move the money. Only this package speaks to them."""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from billing.provider.base import Provider


def provider() -> Provider:
    """Return the provider that the settings name."""
    made: Provider = import_string(settings.PAYMENT_PROVIDER)()
    return made


def is_sandbox() -> bool:
    """Return whether the provider is the one of the demo and the tests, or made from it."""
    from billing.provider.sandbox import Sandbox

    return isinstance(provider(), Sandbox)


def demand() -> None:
    """Raise ImproperlyConfigured, with the cure, where the settings name no provider for here."""
    named = settings.PAYMENT_PROVIDER
    try:
        made: object = import_string(named)()
    except ImproperlyConfigured:
        # The class says itself what it lacks.
        raise
    except Exception as fault:
        raise ImproperlyConfigured(
            f"PAYMENT_PROVIDER names {named!r}, which can't be imported and made ({fault}): "
            "set it to the dotted "
            "path of a class, as in shop.payments.Provider."
        ) from fault
    if not isinstance(made, Provider):
        lacking = sorted(
            name for name, asked in vars(Provider).items() if callable(asked) and not hasattr(made, name)
        )
        raise ImproperlyConfigured(
            f"PAYMENT_PROVIDER names {named!r}, which is no payment provider: give it what "
            f"billing.provider.base.Provider asks for ({', '.join(lacking)})."
        )
    if is_sandbox() and not (settings.DEMO or settings.TESTING):
        raise ImproperlyConfigured(
            f"PAYMENT_PROVIDER names {named!r}, which is the sandbox under another name: set "
            "it to the class of "
            "your payment provider, or DEMO=1 for the demo."
        )
