"""The verbs of prices that the vendor's staff agree with one account: see `tests/sweeps/verbs.py`."""

from datetime import date

from billing import agreed_prices
from tests.sweeps.cases import STAFF, Verb, agreed_price, live_edition

PRICES: dict[str, Verb] = {
    "billing.agreed_prices.give": Verb(
        lambda c, made: agreed_prices.give(
            c.account.pk,
            agreed_prices.NewPrice(live_edition(c), 1, None),
            reason="They stay.",
            occasion=c.occasion,
        ),
        (STAFF,),
        staff="always",
        beyond=(agreed_prices.NotAgreed,),
    ),
    "billing.agreed_prices.end": Verb(
        lambda c, made: agreed_prices.end(made, date(2030, 1, 1), reason="They left.", occasion=c.occasion),
        (STAFF,),
        staff="always",
        make=agreed_price,
    ),
}
