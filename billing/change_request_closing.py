"""Ends change requests that nobody approves, also by themselves where they have become moot."""

from accounts import activity, mail
from accounts.models import Account
from accounts.occasion import Occasion
from accounts.rules.activity import ActivityVerb
from accounts.rules.letters import LetterKind
from billing import change_request_letters
from billing.models import ChangeRequest, Quote
from billing.rules import quoting, refusals
from billing.rules.change_json import changes_from_plain
from billing.rules.change_requests import open_to_asking
from billing.storage import loading

# Refusals that pass by themselves: a request waits on. Any other closes it.
PASSING = (
    refusals.PastDue,
    refusals.HeldChange,
    refusals.RenewalDue,
    refusals.RenewalParked,
    refusals.StateForbids,
    refusals.CancellationScheduled,
)

_VERBS = {
    ChangeRequest.State.REJECTED: ActivityVerb.REQUEST_REJECTED,
    ChangeRequest.State.WITHDRAWN: ActivityVerb.REQUEST_WITHDRAWN,
    ChangeRequest.State.EXPIRED: ActivityVerb.REQUEST_EXPIRED,
    ChangeRequest.State.CLOSED: ActivityVerb.REQUEST_CLOSED,
}


def close_moot(account: Account, occasion: Occasion) -> None:
    """Close requests whose changes have become so, or impossible, with the reason.

    Called under the account's lock after its subscription was changed.
    """
    waiting = ChangeRequest.objects.filter(subscription_id=account.pk, state=ChangeRequest.State.OPEN)
    if not waiting:
        return
    reading = loading.read(account, occasion.on, holders=True)
    assert reading is not None  # requests refer to the subscription
    # What only the vendor's staff can open may be asked for, and waits for them.
    held = open_to_asking(reading.facts)
    for request in waiting.exclude(quotes__state=Quote.State.HELD).order_by("pk"):
        try:
            quoting.quote(held, changes_from_plain(request.changes), occasion.on)
        except (quoting.UndecidedConflict, *PASSING):
            continue
        except refusals.Refusal as refusal:
            close(
                account,
                request,
                ChangeRequest.State.CLOSED,
                occasion=occasion.by_itself(),
                reason=refusal.code,
            )


def close(
    account: Account,
    request: ChangeRequest,
    state: ChangeRequest.State,
    *,
    occasion: Occasion,
    reason: str = "",
) -> ChangeRequest:
    """End a request without approving it, close its quotes, and tell who asked."""
    by = occasion.by
    request.state, request.decided_at, request.reason = state, occasion.at, reason
    request.decided_by, request.decided_by_name = by, by.name if by else ""
    request.save(update_fields=["state", "decided_at", "reason", "decided_by", "decided_by_name"])
    request.quotes.filter(state=Quote.State.OPEN).update(state=Quote.State.CLOSED)
    activity.record(
        account,
        _VERBS[state],
        occasion,
        subject=f"request:{request.pk}",
        before={"state": "open"},
        after={"state": state.value},
        reason=reason,
    )
    if request.requester is not None and state != ChangeRequest.State.WITHDRAWN:
        expired = state == ChangeRequest.State.EXPIRED
        letter = change_request_letters.letter(account, request) | {
            "decision": state.value,
            "by": request.decided_by_name,
            "reason": reason,
        }
        kind = LetterKind.REQUEST_EXPIRED if expired else LetterKind.REQUEST_DECIDED
        mail.post(kind, account, to=[request.requester], facts=letter, key=str(request.pk))
    return request
