"""The billing app."""

from django.apps import AppConfig


class BillingConfig(AppConfig):
    """WHAT IS OWED: catalogue, subscription, quotes, invoices, payments."""

    name = "billing"
    default_auto_field = "django.db.models.BigAutoField"
