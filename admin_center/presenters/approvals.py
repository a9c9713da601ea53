"""Under which of the owner's limits a request falls, for its page."""

from dataclasses import dataclass

from accounts.models import Account
from admin_center.wording import approval_limits as words
from admin_center.wording.bidi import isolated
from billing import approvals
from billing.models import ChangeRequest, FirstApproval
from billing.rules.approval_limits import Limits, needs_two, use_of
from billing.rules.facts import Facts
from billing.rules.quoting import PricedQuote


@dataclass(frozen=True, slots=True)
class RuleView:
    """The rule of a request: automatic, one person or two; `first` is the first approval of two.

    `seconds` are the names of those who can approve next, `alone` says that there is nobody; `why`
    is a sentence on why it was not approved automatically.
    """

    limits: Limits
    automatic: bool = False
    being_paid: bool = False
    two: bool = False
    first: FirstApproval | None = None
    first_counts: bool = False
    seconds: tuple[str, ...] = ()
    why: str = ""

    @property
    def alone(self) -> bool:
        """Tell whether nobody is there who could approve next."""
        return not self.seconds


def rule_of(account: Account, one: ChangeRequest, quote: PricedQuote | None, held: Facts) -> RuleView:
    """Return the rule that a request falls under, at today's quote where it is open."""
    limits = approvals.limits_of(account)
    first = FirstApproval.objects.select_related("person").filter(request=one).first()
    if one.automatic_on is not None:
        approved = one.state == ChangeRequest.State.APPROVED
        return RuleView(limits, automatic=approved, being_paid=not approved)
    if one.state != ChangeRequest.State.OPEN or quote is None:
        return RuleView(limits, first=first, two=first is not None, why=words.why(one.not_automatic))
    two = needs_two(limits, use_of(quote, held))
    counting = first is not None and approvals.counts(account, first, quote, quote.on)
    gone = first.person_id if first is not None and counting else None
    seconds = approvals.seconds_of(account, one, gone) if two else []
    return RuleView(
        limits,
        two=two,
        first=first,
        first_counts=counting,
        seconds=tuple(isolated(member.user.name) for member in seconds),
        why=words.why(one.not_automatic),
    )
