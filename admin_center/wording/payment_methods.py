"""The words of payment methods: why one stays on file."""

from django.utils.translation import gettext_lazy as _

from billing.rules.kept_methods import KeptReason

KEPT = {
    KeptReason.PAYMENT_OPEN: _("A payment with it is still under way: it can be removed afterwards."),
    KeptReason.DEFAULT: _("It is charged first. To remove it, let another one be charged first."),
    KeptReason.INVOICE_OPEN: _("An invoice is still to be paid: it can be replaced, not removed."),
    KeptReason.RENEWAL: _("The renewal will be charged to it: it can be replaced, not removed."),
}
