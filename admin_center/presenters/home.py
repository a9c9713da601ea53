"""What waits on the home page of an account, and who acts: the most urgent first."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import assert_never

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.gate import Gate
from accounts.models import Account
from accounts.rules.capabilities import Standing
from accounts.rules.decision import Action, Decision
from accounts.rules.roles import Permission
from admin_center.presenters import dunning, profile, subscription
from admin_center.presenters import payment as payment_methods
from admin_center.wording import phrases
from billing import payments
from billing.debts import OWING
from billing.models import PaymentMethod
from billing.rules.dunning import DunningStep
from billing.rules.facts import ScheduledKind
from billing.storage.loading import LoadedFacts

# Unpaid invoices that stand there; the Payment page lists all.
MOST_DEBTS = 3
_OWING = (Standing.PAST_DUE, Standing.SUSPENDED)


@dataclass(frozen=True, slots=True)
class Card:
    """One thing to know or do; `refused` explains a missing link.

    `acts` is the action of who sees to it; what is `automatic` waits for nobody.
    """

    tone: str
    title: str
    text: str = ""
    url: str = ""
    label: str = ""
    # What is to be paid, minor units and currency.
    owed: tuple[int, str] | None = None
    refused: Decision | None = None
    # Only the vendor can help: the page names whom to ask.
    ask: bool = False
    acts: Action | None = None
    automatic: bool = False

    @property
    def urgent(self) -> bool:
        """Tell whether it comes before everything else of the page."""
        return self.tone == "danger"


def cards(
    account: Account,
    gate: Gate,
    reading: LoadedFacts | None,
    summed: subscription.Summary | None,
    on: date,
) -> list[Card]:
    """Return the cards for one person on one day; `reading` is None for who may not see the subscription.

    `summed` is its summary, None where nothing was bought.
    """
    told = _debts(account, gate, on)
    if not told or gate.standing not in _OWING:
        told += _standing(account, gate, on)
    if reading is not None and summed is not None:
        told += _renewal(account, summed)
        told += _payment(account, gate, summed)
        told += _gaps(account, gate)
        told += _seats(account, gate, summed)
        told += _waiting(account, gate, reading, summed)
    return told


def _debts(account: Account, gate: Gate, on: date) -> list[Card]:
    """Return what is to be paid, for who may see invoices: how much, what comes next and what stops when."""
    if not gate.may(Action.VIEW_INVOICES):
        return []
    method = PaymentMethod.objects.default_of(account.pk)
    return [
        _debt(account, gate, one)
        for one in dunning.of_account(account, method, on)[:MOST_DEBTS]
        # What is on its way, or was only just sent, waits for nobody.
        if one.waits_for_confirmation or account.own_state in OWING or _is_reminded(one)
    ]


def _is_reminded(one: dunning.Timeline) -> bool:
    return one.by_transfer and one.coming[:1] != () and one.coming[0].step is not DunningStep.FIRST_REMINDER


def _debt(account: Account, gate: Gate, one: dunning.Timeline) -> Card:
    number = one.invoice.number
    title, more = _("An invoice is to be paid"), ""
    if gate.standing is Standing.SUSPENDED:
        title = _("The account is suspended: an invoice is unpaid")
    elif gate.standing is Standing.PAST_DUE:
        title = _("An invoice is unpaid")
        more = _("Everything goes on working; nothing that is due at once can be bought until it is paid.")
    return Card(
        "danger" if gate.standing in _OWING else "warning",
        title,
        " ".join(filter(None, (one.outlook, more))),
        reverse("invoice", args=[account.slug, number]),
        _("See invoice %(number)s") % {"number": number},
        owed=one.left,
        acts=Action.PAY_INVOICE,
    )


def _standing(account: Account, gate: Gate, on: date) -> Iterator[Card]:
    """Yield what the account's state asks for where no invoice says it: one card at most."""
    match gate.standing:
        case Standing.PAST_DUE:
            yield _past_due(account, gate)
        case Standing.SUSPENDED | Standing.TRIAL_ENDED if not gate.way_out:
            ended = gate.standing is Standing.TRIAL_ENDED
            title = _("The trial has ended") if ended else _("The account is suspended")
            refused = gate.may(Action.VIEW_SUBSCRIPTION)
            yield Card("warning" if ended else "danger", title, refused=refused)
        case Standing.SUSPENDED:
            # The payment page names what is owed, with the way to pay it.
            text = _("An invoice stayed unpaid for too long. Everything opens again as soon as it is paid.")
            title, label = _("The account is suspended"), _("See what is owed")
            yield _card(account, gate, Action.VIEW_PAYMENT, "payment", label, "danger", title, text)
        case Standing.SUSPENDED_BY_VENDOR:
            yield _suspended(account, gate)
        case Standing.TRIAL_ENDED:
            text = _("Choose what to keep working with, and everything opens again at once.")
            title, label = _("The trial has ended"), _("Choose what to buy")
            yield _card(account, gate, Action.CHANGE_SUBSCRIPTION, "manage", label, "warning", title, text)
        case Standing.TRIAL if account.trial_ends_on is not None:
            yield _trial(account, gate, account.trial_ends_on, on)
        case Standing.TRIAL | Standing.ACTIVE | Standing.CANCELLED:
            pass
        case _:
            assert_never(gate.standing)


def _suspended(account: Account, gate: Gate) -> Card:
    """Say that the vendor's staff suspended the account; who changes the subscription reads their reason."""
    told = {"vendor": settings.VENDOR_NAME, "reason": account.suspension_reason}
    title = _("%(vendor)s has suspended the account") % told
    text = _(
        "Only Payment, Invoices, Contacts and cancelling work, and nothing renews. People, seats and data "
        "stay as they are, and days of suspension are not charged."
    )
    if Permission.CHANGE_SUBSCRIPTION in gate.held:
        text = _("Reason: %(reason)s") % told + "\n" + text
    return Card("danger", title, text, ask=True)


def _past_due(account: Account, gate: Gate) -> Card:
    """Say that something is unpaid; who may not see invoices learns who can."""
    if not gate.way_out:
        text = _(
            "It is past due for a debt that has no invoice here. Until it is settled, nothing that is due "
            "at once can be bought; everything else keeps working."
        )
        return Card("danger", _("The account is past due"), text, ask=True)
    text = _("Everything goes on working; nothing that is due at once can be bought until it is paid.")
    title, label = _("An invoice is unpaid"), _("See the invoices")
    return _card(account, gate, Action.VIEW_INVOICES, "invoices", label, "danger", title, text)


def _trial(account: Account, gate: Gate, ends_on: date, on: date) -> Card:
    days = (ends_on - on).days
    title = ngettext("%(days)s day left in the trial", "%(days)s days left in the trial", days)
    title %= {"days": phrases.number(days)}
    text = _("The trial ends on %(day)s.") % {"day": phrases.day(ends_on)}
    if not gate.way_out:
        nothing = _("Nothing is on sale here that could be bought: ask how to go on.")
        return Card("info", title, f"{text} {nothing}", ask=True)
    label = _("Choose what to buy")
    return _card(account, gate, Action.CHANGE_SUBSCRIPTION, "manage", label, "info", title, text)


def _card(
    account: Account, gate: Gate, action: Action, page: str, label: str, tone: str, title: str, text: str
) -> Card:
    """Return a card with its link, or with the reason why this person has none."""
    decision = gate.may(action)
    if decision:
        return Card(tone, title, text, url=reverse(page, args=[account.slug]), label=label, acts=action)
    return Card(tone, title, text, refused=decision)


def _renewal(account: Account, summed: subscription.Summary) -> Iterator[Card]:
    url, label = reverse("subscription", args=[account.slug]), _("See the subscription")
    on = phrases.day(summed.renews_on)
    if any(one.kind == ScheduledKind.CANCELLATION for one in summed.waiting):
        title = _("The account ends on %(day)s") % {"day": on}
        text = _("The owner has scheduled its cancellation. It can be undone until that day.")
        yield Card("warning", title, text, url, label, automatic=True)
    elif summed.is_parked:
        text = _("It was due on %(day)s. Something is being checked first, and nothing is charged meanwhile.")
        title = _("The renewal is being checked by the vendor")
        yield Card("warning", title, text % {"day": on}, url, label, ask=True)
    elif summed.is_due:
        title, text = _("The subscription is renewing"), _("It was due on %(day)s.") % {"day": on}
        yield Card("info", title, text, url, label, automatic=True)


def _payment(account: Account, gate: Gate, summed: subscription.Summary) -> Iterator[Card]:
    """Tell whoever sees payment details that the next charge has nothing to be charged to."""
    if not payments.is_charged(account) or not gate.may(Action.VIEW_PAYMENT):
        return
    method, url, label = summed.payment, reverse("payment", args=[account.slug]), _("See the payment details")
    acts = Action.CHANGE_PAYMENT
    if method is None:
        title = _("No payment method is on file")
        yield Card("warning", title, _("The next charge would fail without one."), url, label, acts=acts)
        return
    if any(one.kind == ScheduledKind.CANCELLATION for one in summed.waiting):
        # Nothing more is charged.
        return
    soon = payment_methods.warned(account, summed.on)
    for one in soon:
        yield Card("warning", _expiry(one, summed.on), _("Replace it in time."), url, label, acts=acts)
    if not soon and subscription.expires_by(method, summed.renews_on):
        title = _("The card on file expires before the renewal")
        text = _("Replace it in time, so that the renewal can be charged.")
        yield Card("warning", title, text, url, label, acts=acts)


def _expiry(method: PaymentMethod, on: date) -> str:
    """Say until when a card works, or that it no longer does."""
    last = method.last_day
    if last is None or last < on:
        return _("%(method)s has expired") % {"method": method}
    return _("%(method)s expires on %(day)s") % {"method": method, "day": phrases.day(last)}


def _gaps(account: Account, gate: Gate) -> Iterator[Card]:
    """Tell whoever sees payment details what the next invoice would lack, with the way there or who can."""
    if not gate.may(Action.VIEW_PAYMENT):
        return
    for gap in profile.gaps(account):
        label = _("Complete the billing profile")
        yield _card(account, gate, Action.CHANGE_PAYMENT, "profile", label, "warning", gap.title, gap.why)


def _seats(account: Account, gate: Gate, summed: subscription.Summary) -> Iterator[Card]:
    for line in summed.lines:
        if line.seats is None or not line.seats.nearly_used:
            continue
        told = {"product": line.name, "used": line.seats.used, "seats": line.seats.usable}
        if line.seats.left == 0:
            title = _("%(product)s: all %(seats)s seats are in use") % told
        else:
            title = _("%(product)s: %(used)s of %(seats)s seats are in use") % told
        url, acts = reverse("manage", args=[account.slug]), Action.ADD_SEATS
        if gate.may(Action.ADD_SEATS):
            yield Card("warning", title, "", url, _("Add seats"), acts=acts)
        elif gate.may(Action.REQUEST_CHANGE):
            yield Card("warning", title, "", url, _("Request more seats"), acts=acts)


def _waiting(
    account: Account, gate: Gate, reading: LoadedFacts, summed: subscription.Summary
) -> Iterator[Card]:
    page = reverse("subscription", args=[account.slug])
    if reading.open_requests:
        title = ngettext(
            "%(count)s change request waits for a decision",
            "%(count)s change requests wait for a decision",
            reading.open_requests,
        ) % {"count": phrases.number(reading.open_requests)}
        label = _("Decide") if gate.may(Action.DECIDE_REQUESTS) else _("See the requests")
        yield Card("info", title, "", f"{page}?tab=requests", label, acts=Action.DECIDE_REQUESTS)
    changes = [one for one in summed.waiting if one.kind != ScheduledKind.CANCELLATION]
    if changes:
        title = ngettext("%(count)s change is scheduled", "%(count)s changes are scheduled", len(changes)) % {
            "count": phrases.number(len(changes))
        }
        told = " · ".join(one.sentence for one in changes)
        yield Card("info", title, told, page, _("See what changes"), automatic=True)
