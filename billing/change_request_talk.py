"""What is said about a change request: comments of both sides, and reminders of those still open."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from accounts import activity, mail
from accounts.gate import Gate
from accounts.models import Account, Membership, User
from accounts.occasion import Occasion
from accounts.rules.activity import ActivityVerb
from accounts.rules.capabilities import AccountState
from accounts.rules.decision import Action
from accounts.rules.letters import LetterKind
from accounts.rules.roles import Permission, holders
from billing import change_request_letters
from billing.change_requests import LONGEST_NOTE, NoteTooLong, RequestOver, decided_by_staff
from billing.models import ChangeRequest, Quote, RequestComment
from billing.rules.change_requests import REMIND_AFTER, reminder

# More is no conversation; each comment is a letter to everybody in it.
MOST_COMMENTS = 100
# There nobody decides anything.
CLOSED_STATES = (AccountState.SUSPENDED, AccountState.CANCELLED)


class TooManyComments(Exception):
    """A request has as many comments as it may have."""


@transaction.atomic
def comment(request_id: int, *, text: str, occasion: Occasion) -> RequestComment:
    """Say something about an open request, and tell the others who are in the conversation.

    Whoever may ask for changes may, and the vendor's staff where they decide. Raises NotAllowed,
    RequestOver, NoteTooLong (also for no text at all), TooManyComments.
    """
    account = Account.objects.lock_for(ChangeRequest, request_id)
    by = occasion.person
    if not _speaks_as_staff(by, account):
        Gate(by, account, on=occasion.on).demand(Action.REQUEST_CHANGE)
    request = ChangeRequest.objects.select_related("requester").get(pk=request_id)
    if request.state != ChangeRequest.State.OPEN:
        raise RequestOver(request)
    text = text.strip()
    if not text or len(text) > LONGEST_NOTE:
        raise NoteTooLong
    if request.comments.count() >= MOST_COMMENTS:
        raise TooManyComments
    made = RequestComment.objects.create(
        request=request,
        author=by,
        author_name=by.name,
        by_staff=occasion.by_staff,
        text=text,
        written_at=occasion.at,
    )
    activity.record(account, ActivityVerb.REQUEST_COMMENTED, occasion, subject=f"request:{request.pk}")
    told = change_request_letters.letter(account, request) | {"by": by.name, "note": text}
    listeners = _listeners(account, request, but=by)
    mail.post(LetterKind.REQUEST_COMMENTED, account, to=listeners, facts=told, key=str(made.pk))
    if decided_by_staff(account) and not occasion.by_staff:
        change_request_letters.tell_vendor(LetterKind.REQUEST_COMMENTED, account, told, key=str(made.pk))
    return made


def _speaks_as_staff(by: User, account: Account) -> bool:
    return by.is_staff and by.is_active and decided_by_staff(account)


def _listeners(account: Account, request: ChangeRequest, *, but: User) -> Iterable[User]:
    """Return who is told: who asked, who spoke before, and where who asked speaks also who decides."""
    people = {request.requester_id, *request.comments.values_list("author", flat=True)}
    seeing = Membership.objects.live().filter(
        account=account, user__in=people, role__in=holders(Permission.VIEW_SUBSCRIPTION)
    )
    found = [member.user for member in seeing.select_related("user")]
    if request.requester_id == but.pk:
        found += [member.user for member in Membership.objects.contacts(account)]
    return [one for one in found if one.pk != but.pk]


def unanswered(at: datetime) -> list[tuple[int, int]]:
    """Return the open requests that may have to be reminded of at a moment, each with its account.

    A sandbox's clock may be ahead of or behind it: of those every open one is looked at.
    """
    waiting = ChangeRequest.objects.filter(
        state=ChangeRequest.State.OPEN, reminded_after__lt=REMIND_AFTER[-1]
    ).exclude(subscription__account__state__in=CLOSED_STATES)
    old = Q(created_at__lte=at - timedelta(days=REMIND_AFTER[0])) | Q(subscription__account__is_sandbox=True)
    return list(waiting.filter(old).order_by("pk").values_list("pk", "subscription_id"))


@transaction.atomic
def remind(request_id: int, *, occasion: Occasion) -> bool:
    """Remind who decides of a request after 3 and after 7 days; return whether a letter was written.

    None where it is being paid already, or while the account is suspended: then nobody can decide it.
    """
    account = Account.objects.lock_for(ChangeRequest, request_id)
    request = ChangeRequest.objects.get(pk=request_id)
    days = reminder(request.created_at, request.reminded_after, occasion.at)
    if (
        request.state != ChangeRequest.State.OPEN
        or days is None
        or account.state in CLOSED_STATES
        or occasion.at >= request.expires_at
        or request.quotes.filter(state=Quote.State.HELD).exists()
    ):
        return False
    request.reminded_after = days
    request.save(update_fields=["reminded_after"])
    told = change_request_letters.letter(account, request) | {
        "by": request.requester_name,
        "note": request.note,
        "days": days,
        "until": request.expires_at.isoformat(),
    }
    key = f"{request.pk}:{days}"
    deciders = [
        one.user for one in Membership.objects.contacts(account) if one.user_id != request.requester_id
    ]
    mail.post(LetterKind.REQUEST_REMINDER, account, to=deciders, facts=told, key=key)
    if decided_by_staff(account):
        change_request_letters.tell_vendor(LetterKind.REQUEST_REMINDER, account, told, key=key)
    return True
