"""The accounts app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from accounts import email_addresses

# Before any form or model is read: each takes its rules when it is made.
email_addresses.install()


class AccountsConfig(AppConfig):
    """WHO: companies, people, roles, what each may do."""

    name = "accounts"
    verbose_name = _("Customers")
    default_auto_field = "django.db.models.BigAutoField"
