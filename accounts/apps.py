"""The accounts app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """WHO: companies, people, roles, what each may do."""

    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"
