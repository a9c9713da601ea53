"""What the Manage form comes to: a price, questions to answer first, or a refusal that says what helps."""

from dataclasses import dataclass, field, replace
from datetime import date
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.rules.decision import Action
from admin_center.manage import changes as form_changes
from admin_center.manage import questions
from admin_center.manage.form import ManageForm
from admin_center.manage.options import ManageOptions
from admin_center.manage.questions import ConflictQuestion
from admin_center.pages import AccountRequest
from admin_center.presenters import contacts
from admin_center.presenters import quotes as quote_presenter
from admin_center.presenters.quotes import QuoteView
from admin_center.wording import refusals
from billing import promo_codes, quotes
from billing.models import AgentSeat, Quote
from billing.rules.changes import Change
from billing.rules.quoting import PricedQuote, Renewal, UndecidedConflict, renewal
from billing.rules.refusals import (
    BelowSeatsInUse,
    CancellationScheduled,
    HeldChange,
    LastProduct,
    NoChange,
    Refusal,
)

# How many of those who hold a seat are named.
MOST_HOLDERS = 20


@dataclass
class LivePreview:
    """What was typed, priced for one day; `left` says that it was only answered to leave what waits as it is.

    `at` names the field that a refusal concerns, empty where it concerns them all.
    `instead` is the renewal without the change; `invoice`, `held`,
    `holders` and `cancels` are what helps against a refusal: the invoice to pay, the change that
    waits for its payment, who holds the seats, and that cancelling is the way.
    """

    changes: tuple[Change, ...] = ()
    priced: QuoteView | None = None
    quote: PricedQuote | None = None
    questions: tuple[ConflictQuestion, ...] = ()
    instead: Renewal | None = None
    what_if: bool = False
    nothing: bool = False
    left: bool = False
    refusal: str = ""
    at: str = ""
    invoice: str = ""
    held: UUID | None = None
    holders: list[str] = field(default_factory=list)
    more_holders: int = 0
    undo_first: bool = False
    cancels: bool = False

    @property
    def unanswered(self) -> tuple[ConflictQuestion, ...]:
        """Return the questions that must be answered before this can be confirmed."""
        return tuple(one for one in self.questions if one.open)

    @property
    def stands(self) -> bool:
        """Tell whether it can be drawn up as it is."""
        return not (self.nothing or self.refusal or self.unanswered) and self.priced is not None


def of(request: AccountRequest, form: ManageForm) -> LivePreview:
    """Price what was typed, for the day that was chosen. Writes nothing but the count of tried codes."""
    if not form.is_valid():
        return LivePreview()
    found = LivePreview(changes=form_changes.changes_of(form))
    on = form.cleaned_data.get("on") or request.today
    found.what_if = on != request.today
    try:
        if not form.desk.first:
            found.questions = questions.of(form.desk, found.changes, form_changes.answers(form.data))
        _price(request, form, found, on)
    except NoChange:
        found.nothing, found.left = True, bool(form_changes.answers(form.data))
    except promo_codes.TooManyTries:
        form.add_error("promo", _("Too many codes were tried. Try again in an hour."))
    except Refusal as refusal:
        _refuse(request, form, found, refusal)
    return found


def _price(request: AccountRequest, form: ManageForm, found: LivePreview, on: date) -> None:
    if not found.changes:
        raise NoChange
    promo_codes.count_tries(request.account, found.changes, request.occasion.at)
    desk = form.desk
    try:
        quote = quotes.price(
            request.account,
            found.changes,
            occasion=replace(request.occasion, on=on),
            asking=desk.asking,
            reading=desk.reading,
        )
    except UndecidedConflict as undecided:
        # Shown as if each first choice were taken, until all are answered.
        quote = undecided.provisional
    found.quote = quote
    found.priced = quote_presenter.of(quote, desk.reading, costs_shown=desk.may[Action.SEE_COSTS])
    found.instead = _as_it_stands(desk, on)


def _as_it_stands(desk: ManageOptions, on: date) -> Renewal | None:
    """Return the renewal as things stand, None where nothing renews or it has no price."""
    if desk.first:
        return None
    try:
        coming = renewal(desk.facts, on)
    except Refusal:
        return None
    return None if coming is None or coming.ends else coming


def _refuse(request: AccountRequest, form: ManageForm, found: LivePreview, refusal: Refusal) -> None:
    """Put a refusal at the field it concerns, and say what helps."""
    found.refusal = refusals.explain(
        refusal, form.desk.reading.names, contacts.vendor_contact(request.account)
    )
    product = str(refusal.data.get("product") or "")
    found.at = form.field_of(refusal.code, product, found.changes)
    if found.at:
        form.add_error(found.at, found.refusal)
    found.invoice = str(refusal.data.get("invoice") or "")
    found.undo_first = isinstance(refusal, CancellationScheduled)
    found.cancels = isinstance(refusal, LastProduct)
    if isinstance(refusal, HeldChange):
        found.held = held_quote(request)
    if isinstance(refusal, BelowSeatsInUse):
        _name_holders(form.desk, found, product)


def held_quote(request: AccountRequest) -> UUID | None:
    """Return the quote of the account that waits for its payment, None where none does."""
    waiting = Quote.objects.filter(subscription_id=request.account.pk, state=Quote.State.HELD)
    return waiting.values_list("pk", flat=True).first()


def _name_holders(desk: ManageOptions, found: LivePreview, product: str) -> None:
    """Name those who hold seats of a line, or of the lines that a Suite would take the place of."""
    line = desk.facts.line(product)
    combined = None if line else desk.combines(desk.facts.product(product))
    lines = (line,) if line else combined.lines if combined else ()
    people = (
        AgentSeat.objects.filter(line_id__in=[one.id for one in lines])
        .order_by("membership__user__name")
        .values_list("membership__user__name", flat=True)
        .distinct()
    )
    found.holders = list(people[:MOST_HOLDERS])
    found.more_holders = max(people.count() - MOST_HOLDERS, 0) if len(found.holders) == MOST_HOLDERS else 0
