"""What a person typed and could not send: kept for a day, for them alone, to be sent by themselves."""

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.account import Account
from accounts.models.people import User


class Draft(models.Model):
    """The fields of one form as they were typed; at most one for a person, an account and an address."""

    # None: typed outside of accounts, in the back office or on a page of the person's own.
    account = models.ForeignKey(Account, models.CASCADE, null=True, related_name="+")
    person = models.ForeignKey(User, models.CASCADE, related_name="+")
    # The address of the page that holds the form, with its query.
    address = models.CharField(_("address"), max_length=500)
    # Texts by the names of their fields: {"seats-support": ["31"]}.
    fields = models.JSONField(_("fields"))
    typed_at = models.DateTimeField(_("typed at"))

    KEPT_FOR: ClassVar = timedelta(days=1)
    account_path: ClassVar[str] = "account_id"

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        default_permissions = ()
        indexes = [models.Index("typed_at", name="draft_by_time")]
        constraints = [
            models.UniqueConstraint(fields=["person", "account", "address"], name="draft_one_a_page"),
            models.UniqueConstraint(
                fields=["person", "address"],
                condition=models.Q(account=None),
                name="draft_one_a_page_outside",
            ),
        ]

    def __str__(self) -> str:
        """Return where it was typed."""
        return self.address
