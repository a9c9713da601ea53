"""The only ways to an amount: the quote of a change, and the next renewal."""

from billing.rules.renewing import Effect, Renewal, renewal, resumption
from billing.rules.succession import becomes

__all__ = ["Effect", "Renewal", "becomes", "renewal", "resumption"]
