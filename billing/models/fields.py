"""The one shape of an amount in the database, and what is chosen from the rules' own lists."""

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy
from djmoney.models.fields import MoneyField
from djmoney.money import Money

from billing.rules.periods import Cycle


def cycle_choices() -> list[tuple[str, Any]]:
    """Return the cycles of the rules; the words are those of `admin_center.wording.cycles`, by their name."""
    return [(cycle.value, gettext_lazy(cycle.name.capitalize())) for cycle in Cycle]


class AmountField(MoneyField):
    """A money field of 15 digits and 3 decimals (the dinar's), without a default currency.

    Writes must name the currency column too: `save(update_fields=["price", "price_currency"])`.
    """

    if TYPE_CHECKING:  # What the type checker takes and gives; the parent would say Decimal.
        _pyi_private_set_type: Money | Any  # type: ignore[assignment]
        _pyi_private_get_type: Money  # type: ignore[assignment]

    def __init__(self, verbose_name: Any = None, **options: Any) -> None:
        shape = {"max_digits": 18, "decimal_places": 3, "default_currency": None, "currency_max_length": 3}
        super().__init__(verbose_name, **(shape | options))  # type: ignore[no-untyped-call]

    def deconstruct(self) -> Any:
        """Return what migrations keep: the library's own field with every number written out."""
        name, _path, positional, named = super().deconstruct()  # type: ignore[no-untyped-call]
        return name, "djmoney.models.fields.MoneyField", positional, named
