"""An account on one page: what it has, the latest of what hangs from it, and what can be done to it."""

from dataclasses import dataclass

from django.db.models import Count

from accounts.models import Account, Membership
from admin_center.back_office import account_acts
from admin_center.back_office.account_acts import AccountAct
from admin_center.back_office.columns import amount
from admin_center.presenters.activity import ActivityPresenter, ActivityRow
from billing.models import ChangeRequest, Invoice, Line, Subscription

# So many of each are shown; the lists have all of them.
LATEST = 6

_total = amount("total", "")


@dataclass(frozen=True, slots=True)
class AccountOverview:
    """What stands above an account's particulars; an invoice comes with its total in words."""

    subscription: Subscription | None
    lines: list[Line]
    invoices: list[tuple[Invoice, str]]
    contacts: list[Membership]
    requests: list[ChangeRequest]
    activity: list[ActivityRow]
    acts: list[AccountAct]

    @property
    def dangerous(self) -> list[AccountAct]:
        """Return the acts that take something away."""
        return [act for act in self.acts if act.takes_away]

    @property
    def ordinary(self) -> list[AccountAct]:
        """Return the other acts."""
        return [act for act in self.acts if not act.takes_away]


def of(account: Account) -> AccountOverview:
    """Read it all, in a fixed number of statements."""
    subscription = Subscription.objects.filter(pk=account.pk).first()
    lines = Line.objects.filter(subscription=account.pk, ended_on=None).select_related("product", "edition")
    invoices = Invoice.objects.filter(subscription=account.pk).select_related("payment")
    requests = ChangeRequest.objects.filter(subscription=account.pk)
    entries = account.activity.select_related("actor").order_by("-pk")[:LATEST]
    return AccountOverview(
        subscription=subscription,
        lines=list(lines.annotate(held=Count("seats")).order_by("pk")),
        invoices=[(one, _total(one)) for one in invoices.order_by("-issued_at", "-pk")[:LATEST]],
        contacts=list(Membership.objects.contacts(account)[:LATEST]),
        requests=list(requests.order_by("-created_at", "-pk")[:LATEST]),
        activity=ActivityPresenter(account, costs_shown=True).tell(entries),
        acts=list(account_acts.of(account, subscription)),
    )
