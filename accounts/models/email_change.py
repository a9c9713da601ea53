"""Changes of a person's e-mail address, from being asked for until both mailboxes have confirmed."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.models.people import User


class EmailChange(models.Model):
    """One address is to become another; nothing changes before the new one is confirmed by its mailbox."""

    class State(models.TextChoices):
        """Where it stands."""

        OPEN = "open", _("Open")
        DONE = "done", _("Done")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        EXPIRED = "expired", _("Expired")
        # Somebody else had the new address when both had confirmed.
        TAKEN = "taken", _("Taken")

    person = models.ForeignKey(User, models.CASCADE, related_name="email_changes", verbose_name=_("person"))
    old_email = models.EmailField(_("old address"))
    new_email = models.EmailField(_("new address"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.OPEN)
    # Only hashes are kept: who reads the table can't confirm. None where no such link was sent.
    old_token_hash = models.CharField(max_length=64, unique=True, null=True)  # noqa: DJ001 - none is sent
    new_token_hash = models.CharField(max_length=64, unique=True, null=True)  # noqa: DJ001 - none is sent
    old_confirmed_at = models.DateTimeField(_("confirmed by the old address at"), null=True)
    new_confirmed_at = models.DateTimeField(_("confirmed by the new address at"), null=True)
    created_at = models.DateTimeField(_("asked for at"))
    expires_at = models.DateTimeField(_("expires at"))
    # A correction by the vendor's staff: two of them, and a reason.
    by_staff = models.BooleanField(_("by the vendor’s staff"), default=False)
    reason = models.TextField(_("reason"), blank=True)
    proposed_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("proposed by")
    )
    approved_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("approved by")
    )

    class Meta:
        verbose_name = _("change of address")
        verbose_name_plural = _("changes of address")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["person", "by_staff"], condition=Q(state="open"), name="email_change_one_open"
            ),
            models.CheckConstraint(
                condition=Q(new_email=Lower("new_email")) & ~Q(new_email=F("old_email")),
                name="email_change_to_another_in_lower_case",
            ),
            models.CheckConstraint(
                condition=Q(by_staff=False, proposed_by=None, approved_by=None)
                | (Q(by_staff=True, proposed_by__isnull=False) & ~Q(reason="")),
                name="email_change_by_staff_says_why",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("proposed_by")),
                name="email_change_needs_two_of_staff",
            ),
            models.CheckConstraint(
                condition=~Q(state="done")
                | Q(new_confirmed_at__isnull=False, by_staff=False, old_confirmed_at__isnull=False)
                | Q(new_confirmed_at__isnull=False, by_staff=True, approved_by__isnull=False),
                name="email_change_done_when_confirmed",
            ),
        ]

    def __str__(self) -> str:
        """Return which address becomes which."""
        return f"{self.old_email} → {self.new_email}"
