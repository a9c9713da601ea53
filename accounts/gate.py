"""Asks whether a person may act on an account. The only reader of guardian.

The button and the verb ask the same object: hiding is courtesy, refusing is security. It fails
closed: an inactive person, a suspended or ended membership and a superuser hold nothing.
"""

from collections.abc import Callable
from datetime import date
from functools import cached_property

from accounts.models import Account, AccountPermission, Membership, User
from accounts.models.prepared_statements import Prepared
from accounts.rules.capabilities import AccountState, AccountType, Standing, standing
from accounts.rules.decision import Action, Decision, NotAllowed, decide
from accounts.rules.roles import Permission

# What guardian stores for the person itself, and no more: of guardian's own readers some give a
# superuser everything, and each writes its statement anew.
_HELD = Prepared(
    lambda user, account: AccountPermission.objects.filter(
        user_id=user, content_object_id=account
    ).values_list("permission__codename"),
    user=-1,
    account=-2,
)

WayOut = Callable[[Account, Standing, date], bool]


class Gate:
    """One person before one account, on one day: asks the database once, then answers from memory."""

    def __init__(
        self,
        user: User,
        account: Account,
        *,
        on: date | None = None,
        live: bool = False,
        way_out: WayOut | None = None,
    ) -> None:
        """Stand before an account.

        `on` is the day in the account's zone, which decides whether a trial is over; without it a
        trial counts as running. `live` says that the caller has just read a live membership (the
        door has); otherwise the gate reads it. `way_out` is asked, at most once, whether what would
        end a debt or an ended trial is there; without it the gate says that it is.
        """
        self.user = user
        self.account = account
        self.on = on
        self._live = live
        self._way_out = way_out

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
        rows = _HELD.rows(user=self.user.pk, account=self.account.pk)
        return frozenset(Permission(codename) for (codename,) in rows)

    @cached_property
    def standing(self) -> Standing:
        """The account's state as it counts on this day."""
        state = AccountState(self.account.state)
        return standing(
            state,
            trial_ends_on=self.account.trial_ends_on,
            on=self.on or date.min,
            by_vendor=self.account.suspended_by_vendor_at is not None,
        )

    @cached_property
    def way_out(self) -> bool:
        """Whether what opens this account again is there: an invoice to pay, or something to buy."""
        return self._way_out is None or self._way_out(self.account, self.standing, self.on or date.min)

    def may(self, action: Action) -> Decision:
        """Return the decision on an action: whether, and if not why, who can, and what to do next."""
        return decide(
            Action(action),
            held=self.held,
            account_type=AccountType(self.account.type),
            standing=self.standing,
            way_out=lambda: self.way_out,
        )

    def demand(self, action: Action) -> None:
        """Raise NotAllowed, with the decision, unless the action is allowed."""
        decision = self.may(action)
        if not decision:
            raise NotAllowed(decision)
