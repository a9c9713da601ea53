"""What Django's `check` asks beyond its own, and what servers ask before they serve."""

import os
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured

from admin_center.server import refund_limits, seller
from admin_center.server.deployment import KNOWN_KEYS


def demand_own_key() -> None:
    """Raise ImproperlyConfigured where tests would serve, or work, with the key that everybody knows."""
    if settings.TESTING and settings.SECRET_KEY in KNOWN_KEYS:
        raise ImproperlyConfigured(
            "TESTING=1 without a SECRET_KEY would serve with a key that everybody knows: set one, or leave "
            "TESTING out."
        )


@register(Tags.security, deploy=True)
def nothing_to_deploy(**_options: Any) -> list[CheckMessage]:
    """Say that the demo and the tests are nothing to deploy."""
    return [
        Error(
            f"{name}=1 is nothing to deploy: leave {name} out, and set what production needs.",
            id="admin_center.E001",
        )
        for name in ("DEMO", "TESTING")
        if getattr(settings, name)
    ]


@register(deploy=True)
def seller_is_whole(**_options: Any) -> list[CheckMessage]:
    """Say what is missing, or can't be right, of who sells: it stands on every document."""
    if settings.DEMO or settings.TESTING:
        return []
    return [Error(fault, id="admin_center.E002") for fault in seller.faults(settings.SELLER, os.environ)]


@register(deploy=True)
def refund_limits_are_read(**_options: Any) -> list[CheckMessage]:
    """Say what of the limits of refunds can't be read: until it is mended two decide."""
    return [
        Error(fault, id="admin_center.E003")
        for fault in refund_limits.faults(os.environ.get("REFUND_LIMITS", ""))
    ]
