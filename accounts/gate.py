"""Asks whether a person may act on an account. The only reader of guardian.

The button and the verb ask the same object: hiding is courtesy, refusing is security. It fails
closed: an inactive person, a suspended or ended membership and a superuser hold nothing.
"""

from datetime import date
from functools import cached_property

from guardian.core import ObjectPermissionChecker  # noqa: TID251 - this is the one

from accounts.models import Account, Membership, User
from accounts.rules.capabilities import AccountState, AccountType, Standing, standing
from accounts.rules.decision import Action, Decision, NotAllowed, decide
from accounts.rules.roles import Permission


class Gate:
    """One person before one account, on one day: asks the database once, then answers from memory."""

    def __init__(self, user: User, account: Account, *, on: date | None = None, live: bool = False) -> None:
        """Stand before an account.

        `on` is the day in the account's zone, which decides whether a trial is over; without it a
        trial counts as running. `live` says that the caller has just read a live membership (the
        door has); otherwise the gate reads it.
        """
        self.user = user
        self.account = account
        self.on = on
        self._live = live

    @cached_property
    def held(self) -> frozenset[Permission]:
        """The permissions that this person holds on this account."""
        if not self.user.is_active or self.user.pk is None:
            return frozenset()
        if (
            not self._live
            and not Membership.objects.live().filter(account=self.account, user=self.user).exists()
        ):
            return frozenset()
        # The codenames that guardian stores for the person itself. Never get_perms(): a superuser
        # gets everything from it.
        codenames = ObjectPermissionChecker(self.user).get_user_perms(self.account)
        return frozenset(Permission(codename) for codename in codenames)

    @cached_property
    def standing(self) -> Standing:
        """The account's state as it counts on this day."""
        state = AccountState(self.account.state)
        return standing(state, trial_ends_on=self.account.trial_ends_on, on=self.on or date.min)

    def may(self, action: Action) -> Decision:
        """Return the decision on an action: whether, and if not why, who can, and what to do next."""
        return decide(
            Action(action),
            held=self.held,
            account_type=AccountType(self.account.type),
            standing=self.standing,
        )

    def demand(self, action: Action) -> None:
        """Raise NotAllowed, with the decision, unless the action is allowed."""
        decision = self.may(action)
        if not decision:
            raise NotAllowed(decision)
