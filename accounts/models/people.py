"""People, their membership in accounts, and their permissions on an account object."""

from typing import Any, ClassVar

import pgtrigger
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Collate, Lower
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from guardian.models import UserObjectPermissionBase

from accounts.models.account import Account
from accounts.models.prepared_statements import Prepared
from accounts.rules.roles import Role

# How many of an account's billing contacts a refusal names; the page of contacts names them all.
CONTACTS_NAMED = 6


def listed_as(person: str) -> str:
    """Return the SQL of the text by which lists of members sort and find a row of people."""
    return f"accounts_folded({person}.name || E'\\n' || {person}.email)"


def folded_field(field: str) -> models.Func:
    """Return a field as accounts/rules/folding.py folds texts, by the database's own function."""
    return models.Func(field, function="accounts_folded", output_field=models.TextField())


class UserManager(BaseUserManager["User"]):
    """Makes people."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create and return a person; without a password they must reset it before signing in."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create one of the vendor's staff, for Django's own command: nobody is more powerful than they."""
        return self.create_user(email, password, **fields | {"is_staff": True})

    def get_by_natural_key(self, username: str | None) -> "User":
        """Return the person with this e-mail address, however it is written."""
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person, who signs in by e-mail and may belong to several accounts."""

    # Kept in lower case, so that one address is one person.
    email = models.EmailField(_("e-mail address"), unique=True)
    name = models.CharField(_("name"), max_length=120)
    language = models.CharField(
        _("language"), max_length=2, choices={"en": "English", "fr": "Français"}, blank=True
    )
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("vendor's staff"), default=False)
    date_joined = models.DateTimeField(_("joined"), db_default=models.functions.Now())

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=Q(email=Lower("email")), name="user_email_in_lower_case"),
        ]
        indexes = [
            # In bytes, as for accounts.
            models.Index(Collate(folded_field("name"), "C"), "id", name="user_by_folding"),
            GinIndex(models.Func("name", function="accounts_words"), name="user_by_words"),
            models.Index("id", condition=Q(is_active=False), name="user_inactive"),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Trigger(
                name="listed_under_the_new_name",
                operation=pgtrigger.UpdateOf("name", "email"),  # type: ignore[no-untyped-call]
                when=pgtrigger.After,
                func=f"""
                    UPDATE accounts_membership SET listed_as = {listed_as("NEW")} WHERE user_id = NEW.id;
                    RETURN NULL;
                """,  # noqa: S608 - constants
            ),
            pgtrigger.Trigger(
                name="inactive_holds_nothing",
                operation=pgtrigger.UpdateOf("is_active"),  # type: ignore[no-untyped-call]
                when=pgtrigger.After,
                condition=pgtrigger.Q(new__is_active=False),
                func="DELETE FROM accounts_accountpermission WHERE user_id = NEW.id; RETURN NULL;",
            ),
        ]

    def __str__(self) -> str:
        """Return the person's name."""
        return self.name or self.email

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Tell whether a person holds a permission on an account, as the gate does.

        Nobody holds one on all accounts at once: without an account the answer is no.
        """
        return obj is not None and super().has_perm(perm, obj)

    def get_full_name(self) -> str:
        """Return the person's name."""
        return self.name

    def get_short_name(self) -> str:
        """Return the person's first name."""
        return self.name.split(" ")[0]

    def _get_session_auth_hash(self, secret: Any = None) -> str:
        """Return what a session is bound to: a new password ends every other one, a new address too."""
        salt = "accounts.models.people.User.get_session_auth_hash"
        bound = f"{self.password}\n{self.email}"
        return salted_hmac(salt, bound, secret=secret, algorithm="sha256").hexdigest()


class _Never:
    """A flag that is stored and never believed."""

    def __get__(self, person: object, owner: object = None) -> bool:
        """Return no."""
        return False

    def __set__(self, person: object, value: object) -> None:
        """Keep it as it is."""


# Django and guardian give whoever has this flag everything without asking further: nobody is that powerful.
# The vendor's staff are `is_staff`, and act on an account by verbs of their own.
User.is_superuser = _Never()  # type: ignore[assignment]


# Permissions are given by accounts/roles.py; that none outlives what it follows from, the database sees to.
_HOLDS_NOTHING = """
    DELETE FROM accounts_accountpermission
    WHERE user_id = {row}.user_id AND content_object_id = {row}.account_id;
    RETURN NULL;
"""


class MembershipQuerySet(models.QuerySet["Membership"]):
    """Reads of memberships."""

    def live(self) -> "MembershipQuerySet":
        """Return those that count: not suspended, and of a person who is active."""
        return self.filter(suspended_at__isnull=True, user__is_active=True)

    def of(self, user: User) -> "MembershipQuerySet":
        """Return the live memberships of a person with their accounts, by the account's name."""
        return (
            self.live()
            .filter(user=user)
            .select_related("account")
            .order_by(folded_field("account__name"), "pk")
        )

    def entering(self, user: User, slug: str) -> "Membership | None":
        """Return a person's live membership in the account of this slug, with the account."""
        return _ENTERING.first(user=user.pk, slug=slug)

    def first_contacts(self, account: Account) -> "list[Membership]":
        """Return the first few of the contacts: as many as a page names."""
        return _FIRST_CONTACTS.all(account=account.pk)

    def contacts(self, account: Account) -> "MembershipQuerySet":
        """Return who can act on billing: the owner first, then billing admins by name."""
        return (
            self.live()
            .filter(account=account, role__in=[Role.OWNER, Role.BILLING_ADMIN])
            .select_related("user")
            .order_by(models.Case(models.When(role=Role.OWNER, then=0), default=1), "listed_as", "pk")
        )


class Membership(models.Model):
    """One person in one account, with a role. Written only by accounts/roles.py."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.PROTECT, related_name="memberships")
    role = models.CharField(
        _("role"),
        max_length=20,
        choices={
            Role.OWNER.value: _("Account owner"),
            Role.BILLING_ADMIN.value: _("Billing admin"),
            Role.ADMIN.value: _("Administrator"),
            Role.FINANCE_READER.value: _("Finance reader"),
            Role.AGENT.value: _("Agent"),
            Role.LIGHT_AGENT.value: _("Light agent"),
        },
    )
    # The owner's delegation to this one billing admin: to change payment details (domain.md 3).
    changes_payment = models.BooleanField(_("may change payment details"), default=False)
    suspended_at = models.DateTimeField(_("suspended at"), null=True, blank=True)
    joined_at = models.DateTimeField(_("joined at"), db_default=models.functions.Now())
    # The person's name and address, kept here by triggers: a list of 100,000 members is read in the
    # order of an index, and searched without asking for each person.
    listed_as = models.TextField(_("listed as"), editable=False, db_default="", db_collation="C")

    objects = MembershipQuerySet.as_manager()

    account_path: ClassVar[str] = "account_id"

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["account", "user"], name="membership_once"),
            # At most one owner here; at least one by the deferred trigger below.
            models.UniqueConstraint(
                fields=["account"], condition=Q(role=Role.OWNER.value), name="membership_one_owner"
            ),
            models.CheckConstraint(
                condition=Q(role__in=[role.value for role in Role]), name="membership_role_known"
            ),
            models.CheckConstraint(
                condition=Q(changes_payment=False) | Q(role=Role.BILLING_ADMIN.value),
                name="membership_delegation_to_billing_admin",
            ),
            models.CheckConstraint(
                condition=Q(suspended_at__isnull=True) | ~Q(role=Role.OWNER.value),
                name="membership_owner_not_suspended",
            ),
            # The target of the composite keys by which children of two parents stay in one account.
            models.UniqueConstraint(fields=["id", "account"], name="membership_with_account"),
        ]
        indexes = [models.Index(fields=["account", "listed_as", "id"], name="membership_as_listed")]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Trigger(
                name="listed_under_the_name",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func=f"""
                    SELECT {listed_as("u")} INTO NEW.listed_as FROM accounts_user u WHERE u.id = NEW.user_id;
                    RETURN NEW;
                """,  # noqa: S608 - constants
            ),
            pgtrigger.Trigger(
                name="suspended_holds_nothing",
                operation=pgtrigger.UpdateOf("suspended_at"),  # type: ignore[no-untyped-call]
                when=pgtrigger.After,
                condition=pgtrigger.Q(new__suspended_at__isnull=False),
                func=_HOLDS_NOTHING.format(row="NEW"),
            ),
            pgtrigger.Trigger(
                name="former_holds_nothing",
                operation=pgtrigger.Delete,
                when=pgtrigger.After,
                func=_HOLDS_NOTHING.format(row="OLD"),
            ),
            pgtrigger.Trigger(
                name="an_owner_remains",
                operation=pgtrigger.Update | pgtrigger.Delete,
                when=pgtrigger.After,
                timing=pgtrigger.Deferred,
                condition=pgtrigger.Q(old__role=Role.OWNER.value),
                func="""
                    IF EXISTS (SELECT 1 FROM accounts_account
                               WHERE id = OLD.account_id AND erased_at IS NULL)
                       AND NOT EXISTS (
                           SELECT 1 FROM accounts_membership
                           WHERE account_id = OLD.account_id AND role = 'owner') THEN
                        RAISE EXCEPTION 'account % would be left without an owner', OLD.account_id
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        """Return who is what."""
        return f"{self.user_id} {self.role} @ {self.account_id}"


_ENTERING = Prepared(
    lambda user, slug: (
        Membership.objects.live().select_related("account").filter(user_id=user, account__slug=slug)
    ),
    user=-1,
    slug="-",
)
_FIRST_CONTACTS = Prepared(
    lambda account: Membership.objects.contacts(Account(pk=account))[:CONTACTS_NAMED], account=-1
)


class AccountPermission(UserObjectPermissionBase):
    """One permission of one person on one account: read by the gate, written by accounts/roles.py."""

    # guardian finds this model by the way back: it must have one.
    content_object = models.ForeignKey(Account, models.CASCADE, related_name="permission_rows")

    class Meta(UserObjectPermissionBase.Meta):
        verbose_name = _("account permission")
        verbose_name_plural = _("account permissions")
        default_permissions = ()
