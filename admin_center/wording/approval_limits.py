"""Why a request is decided by people, in a sentence."""

from django.utils.translation import gettext_lazy as _

from billing.rules.approval_limits import NotAutomatic

WHY = {
    # Nobody wonders: nothing is approved automatically, or the page says it already.
    NotAutomatic.OFF: "",
    NotAutomatic.TWO_NEEDED: "",
    NotAutomatic.OWN: _("The owner asked for it, so that somebody else decides."),
    NotAutomatic.NOT_OWNERS: _(
        "It was not approved automatically, because the owner could not make it directly."
    ),
    NotAutomatic.PRODUCT_REMOVED: _("It was not approved automatically, because it removes a product."),
    NotAutomatic.NOT_SEATS: _(
        "It was not approved automatically, because the limit is for seats of what you have already."
    ),
    NotAutomatic.PRICE_LOST: _("It was not approved automatically, because a kept price would be lost."),
    NotAutomatic.SEATS: _(
        "It was not approved automatically, because it adds more seats than were left of the month’s limit."
    ),
    NotAutomatic.AMOUNT: _(
        "It was not approved automatically, because it costs more than was left of the month’s limit."
    ),
    NotAutomatic.GROWTH: _(
        "It was not approved automatically, because the renewal would grow by more than the limit."
    ),
    NotAutomatic.BEING_PAID: _("It was not approved automatically, because another change was being paid."),
    NotAutomatic.NO_METHOD: _("It was not approved automatically, because no payment method was on file."),
    NotAutomatic.NOT_PAID: _("It was not approved automatically, because the payment did not go through."),
}


def why(code: str) -> str:
    """Return why a request was not approved automatically; nothing for what is no news, or of before."""
    known = {one.value for one in NotAutomatic}
    return str(WHY[NotAutomatic(code)]) if code in known else ""
