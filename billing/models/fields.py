"""The one shape of an amount in the database."""

from typing import Any

from djmoney.models.fields import MoneyField


def AmountField(verbose_name: Any = None, **options: Any) -> MoneyField:  # noqa: N802 - reads as a field
    """Return a money field of 15 digits, 3 of them decimals (the dinar's); no default currency.

    Writes must name the currency column too: `save(update_fields=["price", "price_currency"])`.
    """
    return MoneyField(
        verbose_name, max_digits=18, decimal_places=3, default_currency=None, currency_max_length=3, **options
    )
