"""The occasion of what a request asks for: asked of the clock by the doors alone."""

from django.http import HttpRequest

from accounts import clock
from accounts.models import Account
from accounts.occasion import Occasion
from admin_center.sign_in.adapters import client_address


def occasion_of(request: HttpRequest, account: Account | None = None, *, by_staff: bool = False) -> Occasion:
    """Return the occasion of an act in an account, in its own clock; without one that of a person's own."""
    by = request.user if request.user.is_authenticated else None
    return Occasion.of(account, clock.now(account), by=by, address=client_address(request), by_staff=by_staff)


def staff_occasion(request: HttpRequest, account: Account | None = None) -> Occasion:
    """Return the occasion of an act of the vendor's staff, in the clock of the account that it is about."""
    return occasion_of(request, account, by_staff=True)
