"""One customer company, and the lock that every writing verb takes first."""

from datetime import datetime
from typing import ClassVar

import pgtrigger
from django.contrib.postgres.indexes import GinIndex
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Collate
from django.utils.translation import gettext_lazy as _

from accounts.rules.capabilities import (
    BY_TYPE,
    AccountState,
    AccountType,
    Capability,
    CollectionMethod,
    collection,
)
from accounts.rules.roles import Permission
from accounts.rules.time_zones import time_zones


def validate_time_zone(name: str) -> None:
    """Raise ValidationError unless `name` is a time zone of the IANA database."""
    if name not in time_zones():
        raise ValidationError(_("%(name)s is not a known time zone."), params={"name": name})


class AccountQuerySet(models.QuerySet["Account"]):
    """Reads of accounts."""

    def lock(self, pk: int) -> "Account":
        """Return the account, locked until the transaction ends.

        Every verb that writes anything of an account calls this first (security.md, "One lock").
        Without it, seat changes are lost and two transfers leave no owner. NO KEY: rows that
        only refer to the account need not wait.
        """
        return self.select_for_update(no_key=True, of=("self",)).get(pk=pk)

    def lock_for(self, model: type[models.Model], pk: object) -> "Account":
        """Lock and return the account that a row belongs to; raise the model's DoesNotExist.

        The model names the way to its account in `account_path`.
        """
        path: str = model.account_path  # type: ignore[attr-defined]
        account_id = model._default_manager.values_list(path, flat=True).get(pk=pk)
        return self.lock(account_id)


class Account(models.Model):
    """One customer company; all of its data hangs from it."""

    slug = models.SlugField(_("address name"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=120)
    # The vendor's own number for this customer: what makes loading accounts idempotent.
    external_id = models.CharField(_("external id"), max_length=80, blank=True)
    type = models.CharField(
        _("type"),
        max_length=20,
        choices={
            AccountType.SELF_SERVICE.value: _("Self-service"),
            AccountType.ASSISTED.value: _("Online-assisted"),
            AccountType.MANAGED.value: _("Managed"),
        },
    )
    state = models.CharField(
        _("state"),
        max_length=20,
        choices={
            AccountState.TRIAL.value: _("Trial"),
            AccountState.ACTIVE.value: _("Active"),
            AccountState.PAST_DUE.value: _("Past due"),
            AccountState.SUSPENDED.value: _("Suspended"),
            AccountState.CANCELLED.value: _("Cancelled"),
        },
        default=AccountState.ACTIVE.value,
    )
    # What was chosen; `collects` says how it is, because not every type may have each.
    collection_method = models.CharField(
        _("collection method"),
        max_length=20,
        choices={
            CollectionMethod.CHARGE_AUTOMATICALLY.value: _("Charged automatically"),
            CollectionMethod.SEND_INVOICE.value: _("By invoice"),
        },
        default=CollectionMethod.CHARGE_AUTOMATICALLY.value,
        db_default=CollectionMethod.CHARGE_AUTOMATICALLY.value,
        help_text=_("Online-assisted and managed accounts pay by invoice, whatever is chosen here."),
    )
    currency = models.CharField(_("currency"), max_length=3, validators=[RegexValidator(r"^[A-Z]{3}$")])
    timezone = models.CharField(_("time zone"), max_length=60, default="UTC", validators=[validate_time_zone])
    language = models.CharField(
        _("language"), max_length=2, choices={"en": "English", "fr": "Français"}, default="en"
    )
    # Whom the customer reaches at the vendor when something is not theirs to do.
    vendor_contact_name = models.CharField(_("vendor contact"), max_length=120)
    vendor_contact_email = models.EmailField(_("vendor contact's e-mail"))
    vendor_contact_phone = models.CharField(_("vendor contact's phone"), max_length=40, blank=True)
    # While the vendor has suspended the account: since when, why, and the state that it has beneath, in which
    # it goes on by itself (a debt is paid, a charge fails) and to which it comes back.
    suspended_by_vendor_at = models.DateTimeField(_("suspended by the vendor"), null=True, blank=True)
    suspension_reason = models.CharField(
        _("reason of the suspension"), max_length=500, blank=True, default="", db_default=""
    )
    state_beneath = models.CharField(
        _("state beneath the suspension"), max_length=20, blank=True, default="", db_default=""
    )
    trial_ends_on = models.DateField(_("trial ends on"), null=True, blank=True)
    cancelled_at = models.DateTimeField(_("cancelled at"), null=True, blank=True)
    # When personal data was erased, 90 days after the cancellation.
    erased_at = models.DateTimeField(_("erased at"), null=True, blank=True)
    is_sandbox = models.BooleanField(_("sandbox"), default=False)
    # A sandbox account may carry its own time; accounts/clock.py is the only reader.
    clock = models.DateTimeField(_("own clock"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), db_default=models.functions.Now())

    objects = AccountQuerySet.as_manager()

    account_path: ClassVar[str] = "pk"

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        default_permissions = ()
        # Granted one by one on the account object when a role is given (domain.md 3).
        permissions = [(permission.value, permission.value) for permission in Permission]
        indexes = [
            # In bytes, whatever the server's own order is: the back office searches by how names begin.
            models.Index(
                Collate(models.Func("name", function="accounts_folded"), "C"),
                "id",
                name="account_by_folding",
            ),
            GinIndex(models.Func("name", function="accounts_words"), name="account_by_words"),
            models.Index(fields=["state", "id"], name="account_by_state"),
            models.Index(fields=["id"], condition=Q(clock__isnull=False), name="account_on_own_clock"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["external_id"], condition=~Q(external_id=""), name="account_external_id_once"
            ),
            models.CheckConstraint(
                condition=Q(type__in=[one.value for one in AccountType]), name="account_type_known"
            ),
            models.CheckConstraint(
                condition=Q(collection_method__in=[one.value for one in CollectionMethod]),
                name="account_collection_method_known",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[one.value for one in AccountState]), name="account_state_known"
            ),
            models.CheckConstraint(
                condition=Q(clock__isnull=True) | Q(is_sandbox=True), name="account_clock_only_in_sandbox"
            ),
            models.CheckConstraint(
                condition=~Q(state=AccountState.TRIAL.value) | Q(trial_ends_on__isnull=False),
                name="account_trial_has_an_end",
            ),
            models.CheckConstraint(
                condition=Q(state=AccountState.CANCELLED.value, cancelled_at__isnull=False)
                | (~Q(state=AccountState.CANCELLED.value) & Q(cancelled_at__isnull=True)),
                name="account_cancelled_says_when",
            ),
            models.CheckConstraint(
                condition=Q(suspended_by_vendor_at__isnull=True, state_beneath="", suspension_reason="")
                | Q(
                    ~Q(suspension_reason=""),
                    suspended_by_vendor_at__isnull=False,
                    state__in=[AccountState.SUSPENDED.value, AccountState.CANCELLED.value],
                    state_beneath__in=[
                        one.value for one in AccountState if one is not AccountState.CANCELLED
                    ],
                ),
                name="account_suspended_by_vendor_says_why",
            ),
            # The target of the composite key by which a subscription is in its account's currency.
            models.UniqueConstraint(fields=["id", "currency"], name="account_with_currency"),
        ]
        # At least one owner: at the commit that makes an account, and (on the membership) ever after.
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Trigger(
                name="has_an_owner",
                operation=pgtrigger.Insert,
                when=pgtrigger.After,
                timing=pgtrigger.Deferred,
                func="""
                    IF EXISTS (SELECT 1 FROM accounts_account WHERE id = NEW.id)
                       AND NOT EXISTS (
                           SELECT 1 FROM accounts_membership
                           WHERE account_id = NEW.id AND role = 'owner') THEN
                        RAISE EXCEPTION 'account % has no owner', NEW.id
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        """Return the company's name."""
        return self.name

    def moment(self, at: datetime) -> datetime:
        """Return the moment that it is here at a moment elsewhere: a sandbox may carry its own."""
        return self.clock if self.is_sandbox and self.clock is not None else at

    @property
    def own_state(self) -> AccountState:
        """The state but for a suspension by the vendor: what its debts and its trial make of it."""
        return AccountState(self.state_beneath or self.state)

    @property
    def collects(self) -> CollectionMethod:
        """How the account's invoices are collected (domain.md 3)."""
        return collection(AccountType(self.type), CollectionMethod(self.collection_method))

    @property
    def shows_costs(self) -> bool:
        """Whether the account's people see amounts (domain.md 3)."""
        return Capability.COSTS in BY_TYPE[AccountType(self.type)]
