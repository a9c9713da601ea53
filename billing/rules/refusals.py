"""Why a change cannot be priced: one exception a reason, with a code and its data, no sentence."""

from typing import ClassVar


class Refusal(Exception):
    """A change that cannot be made; `code` names the reason and `data` what its sentence needs."""

    code: ClassVar[str] = "refused"

    def __init__(self, **data: object) -> None:
        """Keep the data that the sentence needs."""
        self.data = data
        super().__init__(f"{self.code}: {data}" if data else self.code)


class UnknownProduct(Refusal):
    """The catalogue has no such product (`product`)."""

    code = "unknown_product"


class NotInEdition(Refusal):
    """The product has no such edition (`product`, `edition`)."""

    code = "unknown_edition"


class NoSuchLine(Refusal):
    """The subscription has no line of this product (`product`)."""

    code = "no_such_line"


class NoChange(Refusal):
    """What is asked for is so already (`product` where it concerns one)."""

    code = "no_change"


class AlreadyBought(Refusal):
    """The product is a line already, or part of a Suite that is (`product`, `line`)."""

    code = "already_bought"


class AlreadyScheduled(Refusal):
    """The same change waits for renewal already (`kind`, `product`)."""

    code = "already_scheduled"


class WrongKind(Refusal):
    """The product is of another kind than the change is for (`product`, `kind`)."""

    code = "wrong_kind"


class Contradiction(Refusal):
    """Two of the changes cannot be made together (`first`, `second`, `product`)."""

    code = "contradiction"


class WrongDirection(Refusal):
    """A quantity to add is not higher, or one to reduce not lower (`product`, `quantity`, `now`)."""

    code = "wrong_direction"


class QuantityOutOfRange(Refusal):
    """The quantity is not between what may be bought (`product`, `quantity`, `least`, `most`)."""

    code = "quantity_out_of_range"


class RegretOver(Refusal):
    """Nothing of the product can be given back any more (`product`)."""

    code = "regret_over"


class BelowSeatsInUse(Refusal):
    """Fewer seats than people who hold one (`product`, `quantity`, `used`)."""

    code = "below_seats_in_use"


class NotSold(Refusal):
    """The vendor no longer sells this product (`product`)."""

    code = "not_sold"


class SalesOnly(Refusal):
    """The edition is sold by talking to the vendor (`product`, `edition`)."""

    code = "sales_only"


class IncludedOnly(Refusal):
    """The edition comes only in a Suite (`product`, `edition`)."""

    code = "included_only"


class NoPriceInCycle(Refusal):
    """The edition has no price in this cycle (`product`, `edition`, `cycle`)."""

    code = "no_price_in_cycle"


class NotOpenToAccountType(Refusal):
    """The vendor does not open this product to this account type (`product`, `account_type`)."""

    code = "not_open_to_account_type"


class Requires(Refusal):
    """An add-on would stand without a product it needs (`product`, `requires`)."""

    code = "requires_product"


class LastProduct(Refusal):
    """Nothing would be left at renewal: that is cancelling the account."""

    code = "last_product"


class FirstPurchaseNeeded(Refusal):
    """Nothing has been bought yet, so there is nothing to change."""

    code = "first_purchase_needed"


class NotFirstPurchase(Refusal):
    """Something has been bought already."""

    code = "not_first_purchase"


class ExtensionAhead(Refusal):
    """One extension lies ahead already (`until`)."""

    code = "extension_ahead"


class CancellationScheduled(Refusal):
    """The subscription ends at the end of its period; that must be undone first (`on`)."""

    code = "cancellation_scheduled"


class TemporaryNotSupported(Refusal):
    """The edition has no temporary seats (`product`, `edition`)."""

    code = "temporary_not_supported"


class TemporaryLength(Refusal):
    """Temporary seats are for 1 to 365 days (`days`)."""

    code = "temporary_length"


class StartInPast(Refusal):
    """Temporary seats start today or later (`start`, `today`)."""

    code = "start_in_past"


class PromoNotValid(Refusal):
    """The promo code does not work here (`promo`); `reason` is for the vendor's staff only."""

    code = "promo_not_valid"


class PastDue(Refusal):
    """Something would be due now while an invoice is past due (`invoice`)."""

    code = "past_due"


class EndsEarlier(Refusal):
    """An extension was made without the product: keeping it buys the rest (`product`, `on`, `until`)."""

    code = "ends_earlier"


class StateForbids(Refusal):
    """Nothing can be changed in this state of the account (`state`, `invoice`)."""

    code = "state_forbids"


class HeldChange(Refusal):
    """A change waits for its payment; it must be paid or withdrawn first."""

    code = "held_change"


class RenewalDue(Refusal):
    """The subscription is due and must be renewed before it is changed (`due`)."""

    code = "renewal_due"


class RenewalParked(Refusal):
    """The renewal is due and on hold: the vendor's staff mend something first (`due`)."""

    code = "renewal_parked"


class OutsidePeriod(Refusal):
    """The day lies before the current period (`on`, `start`)."""

    code = "outside_period"
