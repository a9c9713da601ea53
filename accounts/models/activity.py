"""The trail: what was done, by whom, when; never changed afterwards."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.account import Account
from accounts.models.people import User


class Activity(models.Model):
    """One entry of an account's trail (domain.md 11)."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="activity")
    at = models.DateTimeField(_("when"))
    # The name is kept beside the person: an entry stays readable when the person is gone.
    actor = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    actor_name = models.CharField(_("who"), max_length=120)
    by_staff = models.BooleanField(_("by the vendor's staff"), default=False)
    address = models.GenericIPAddressField(_("from address"), null=True)
    verb = models.CharField(_("what"), max_length=60)
    # What it was done to, as a stable code, e.g. "line:support" or "member:12".
    subject = models.CharField(_("subject"), max_length=120, blank=True)
    before = models.JSONField(_("before"), null=True)
    after = models.JSONField(_("after"), null=True)
    reason = models.TextField(_("reason"), blank=True)
    quote = models.CharField(_("quote"), max_length=40, blank=True)
    invoice = models.CharField(_("invoice"), max_length=40, blank=True)

    account_path: ClassVar[str] = "account_id"

    class Meta:
        verbose_name = _("activity entry")
        verbose_name_plural = _("activity entries")
        default_permissions = ()
        indexes = [
            models.Index("account", models.F("at").desc(), models.F("id").desc(), name="activity_by_time"),
            models.Index("account", "verb", models.F("id").desc(), name="activity_by_verb"),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Trigger(
                name="append_only",
                operation=pgtrigger.Update | pgtrigger.Delete,
                when=pgtrigger.Before,
                # Only billing/erasure.py says so, in its own transaction, to take names out.
                func="""
                    IF TG_OP = 'UPDATE' AND current_setting('admin_center.erasing', true) = 'on' THEN
                        RETURN NEW;
                    END IF;
                    RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;
                """,
            ),
        ]

    def __str__(self) -> str:
        """Return what was done."""
        return f"{self.verb} {self.subject}".strip()
