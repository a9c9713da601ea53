"""Why an invoice gets no link to pay it, or a link is over."""

from django.utils.translation import gettext_lazy as _

from billing.payment_links import NoLinkReason

WHY_NO_LINK = {
    NoLinkReason.PAID: _("Nothing is left to pay on this invoice."),
    NoLinkReason.BY_VENDOR: _(
        "No costs are shown on this account, a part of the invoice was paid by transfer, or it is no longer "
        "owed: it is settled with the vendor, not by a link."
    ),
    NoLinkReason.EXPIRED: _("This link is too old already: nothing can be paid by it."),
    NoLinkReason.REVOKED: _("This link is revoked already."),
}
