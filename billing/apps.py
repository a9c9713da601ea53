"""The billing app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BillingConfig(AppConfig):
    """WHAT IS OWED: catalogue, subscription, quotes, invoices, payments."""

    name = "billing"
    verbose_name = _("Catalogue and billing")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Refuse to start where nobody could be paid through; say which links in letters still pay."""
        from accounts import resending
        from accounts.rules.letters import LetterKind
        from billing import payment_links, provider

        provider.demand()
        resending.LINKS[LetterKind.INVOICE_PAYABLE] = payment_links.find
