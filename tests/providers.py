"""A payment provider that production settings accept, for tools and tests that move no money."""

import os
import time
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from billing.provider.base import (
    Method,
    PaymentOutcome,
    PaymentReference,
    ProviderUnreachable,
    RefundOutcome,
    Setup,
)
from billing.provider.sandbox import Sandbox


class Unreachable:
    """Never answers."""

    def charge(self, *, key: str, amount: int, currency: str, method: str, return_url: str) -> PaymentOutcome:
        raise ProviderUnreachable

    def look_up(self, payment: PaymentReference) -> PaymentOutcome | None:
        raise ProviderUnreachable

    def abandon(self, payment: PaymentReference) -> PaymentOutcome | None:
        raise ProviderUnreachable

    def unasked(self, since: datetime) -> Iterable[tuple[str, PaymentOutcome]]:
        raise ProviderUnreachable

    def refund(self, payment: PaymentReference, *, key: str, amount: int) -> RefundOutcome:
        raise ProviderUnreachable

    def look_up_refund(self, payment: PaymentReference, *, key: str) -> RefundOutcome | None:
        raise ProviderUnreachable

    def begin_setup(self, *, return_url: str, currency: str, account: str, replaces: str) -> Setup:
        raise ProviderUnreachable

    def finish_setup(self, reference: str) -> Method | None:
        raise ProviderUnreachable


class Slow(Sandbox):
    """The sandbox, after so many seconds of thought."""

    def charge(self, **payment: Any) -> PaymentOutcome:
        time.sleep(float(os.environ.get("SECONDS_OF_THOUGHT", "1")))
        return super().charge(**payment)
