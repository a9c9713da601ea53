"""The console's own tags: money, actions with their refusals, badges, notices, dates (docs/components.md)."""

import re
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, assert_never
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from babel.numbers import format_currency
from django import template
from django.forms import BaseForm
from django.template.context import Context
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from moneyed import Money

from accounts.rules.capabilities import BY_TYPE, AccountType, Capability
from accounts.rules.decision import Action, Contact, Decision, DenialReason, NextStep
from accounts.rules.roles import Role
from admin_center import drafts
from admin_center.constant_folding import constant
from admin_center.wording import cycles, labels, phrases
from billing.rules.money import to_decimal
from billing.rules.periods import Cycle

register = template.Library()

MINUS = "\N{MINUS SIGN}"
BEHAVIOURS = ("stepper", "submit-once", "print", "quiet", "go-on", "fold", "keys")
STYLES = ("tokens", "base", "layout")
COMPONENTS = (
    *("button", "badge", "card", "facts", "table", "notice", "refusal", "menu", "tabs"),
    *(
        "form",
        "choice",
        "stepper",
        "summary",
        "compare",
        "timeline",
        "people",
        "empty",
        "more",
        "chart",
        "manage",
        "keys",
    ),
)


@register.filter
def in_cycle(code: str, words: str) -> str:
    """Return how pages speak of a billing cycle: `words` is a field of its words."""
    text: str = getattr(cycles.of(Cycle(code)), words)
    return text


@register.simple_tag(takes_context=True)
def cost(
    context: Context, amount: Money | tuple[int, str] | int | None, currency: str = "", sign: bool = False
) -> str:
    """Return an amount for the reader, or nothing where costs are not shown.

    `amount` is a Money, a pair (minor units, currency), or minor units with the currency beside
    it. The only way from an amount to a page (domain.md 3, "Where costs are not shown").
    """
    if amount is None or not _costs_shown(context):
        return ""
    if isinstance(amount, Money):
        value, code = amount.amount, amount.currency.code
    else:
        minor, code = amount if isinstance(amount, tuple) else (amount, currency)
        value = to_decimal(minor, code)
    return _amount(value, code, get_language() or "en", sign)


def _costs_shown(context: Context) -> bool:
    """Return what the gate says; in a letter, which has no gate, what the account's type says."""
    if "request" in context:
        return "frame" in context and context["frame"].costs_shown
    account = context.get("account")
    return account is not None and Capability.COSTS in BY_TYPE[AccountType(account.type)]


@lru_cache(maxsize=4096)
def _amount(value: Decimal, code: str, language: str, sign: bool) -> SafeString:
    # A currency without a sign of its own stands apart from the figures.
    text = re.sub(
        r"^([A-Z]{3})(?=\d)", "\\1\N{NO-BREAK SPACE}", format_currency(abs(value), code, locale=language)
    )
    before = MINUS if value < 0 else "+" if sign and value > 0 else ""
    return format_html("<bdi>{}{}</bdi>", before, text)


@register.simple_tag
@constant
@lru_cache(maxsize=1)
def stylesheets() -> SafeString:
    """Return the links to the mark, the type and the style: one component a file, in the order of layers."""
    paths = [f"css/{name}.css" for name in STYLES] + [f"css/components/{name}.css" for name in COMPONENTS]
    return format_html(
        '<link rel="icon" href="{}" type="image/svg+xml">\n'
        '  <link rel="preload" href="{}" as="font" type="font/woff2" crossorigin>\n'
        '{}\n  <link rel="stylesheet" href="{}" media="print">',
        static("favicon.svg"),
        static("fonts/inter-latin.woff2"),
        format_html_join("\n", '  <link rel="stylesheet" href="{}">', ((static(path),) for path in paths)),
        static("css/print.css"),
    )


@register.simple_tag
@constant
@lru_cache(maxsize=1)
def scripts() -> SafeString:
    """Return the behaviours that every page has."""
    paths = ((static(f"js/{name}.js"),) for name in BEHAVIOURS)
    return format_html_join("\n  ", '<script type="module" src="{}"></script>', paths)


@register.simple_tag
@constant
def icon(name: str, label: str = "") -> str:
    """Return an icon of the sprite: decoration, unless it has a label."""
    return _icon(name, str(label))


@lru_cache(maxsize=512)
def _icon(name: str, label: str) -> SafeString:
    sprite = static("icons.svg")
    if label:
        return format_html(
            '<svg class="icon" role="img" aria-label="{}"><use href="{}#{}"/></svg>', label, sprite, name
        )
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>', sprite, name)


@register.simple_tag(takes_context=True)
def help_url(context: Context, article: str = "") -> str:
    """Return where help, or an article of it, is: in the account's frame, with the way back to this page."""
    address: str = context["frame"].help_url(article)
    return address


@register.simple_tag
def status(code: str) -> str:
    """Return the badge of a code; KeyError for a code without words (admin_center/wording/labels.py)."""
    known = labels.STATUSES[str(code)]
    return format_html('<span class="badge badge--{}">{}</span>', known.tone, known.words)


@register.simple_tag
def role(code: str) -> str:
    """Return the words for a role."""
    return str(labels.ROLES[Role(code)])


@register.simple_block_tag
def notice(content: str, kind: str = "info", title: str = "") -> str:
    """Return a message on the page: info, success, warning or danger (also by the framework's names)."""
    kind = {"error": "danger", "debug": "info"}.get(kind, kind)
    heading = format_html('<p class="notice__title">{}</p>', title) if title else ""
    return format_html(
        '<div class="notice notice--{}">{}<div class="notice__body">{}{}</div></div>',
        kind,
        icon(kind),
        heading,
        mark_safe(content),  # noqa: S308 - rendered by the template, escaped there
    )


@register.simple_tag
def day(when: date | None) -> str:
    """Return a date in the reader's language."""
    return "" if when is None else _day(when, get_language() or "en")


@lru_cache(maxsize=4096)
def _day(when: date, language: str) -> SafeString:
    """Return a date's words; the language is the one of the moment, named for the cache."""
    return format_html('<time datetime="{}">{}</time>', when.isoformat(), phrases.day(when))


@register.simple_tag(takes_context=True)
def zoned(context: Context, when: date | datetime | None) -> str:
    """Return a date with the account's time zone beside it; a datetime in that zone, with its time.

    Outside of accounts that is UTC.
    """
    if when is None:
        return ""
    account = getattr(context.get("request"), "account", None) or context.get("account")
    zone = account.timezone if account else "UTC"
    if isinstance(when, datetime):
        when = when.astimezone(ZoneInfo(zone))
        text = phrases.moment(when)
    else:
        text = phrases.day(when)
    return format_html(
        '<time datetime="{}">{}</time> <span class="muted small nowrap">({})</span>',
        when.isoformat(),
        text,
        zone.replace("_", " "),
    )


@register.simple_tag(takes_context=True)
def action(context: Context, code: str, url: str, label: str, **looks: Any) -> str:
    """Return a link (or, with `post`, a form) that acts, or in its place why not, who can and what to do."""
    decision = context["request"].gate.may(Action(code))
    if not decision:
        return refusal(context, decision)
    return _part(context, "action", {"url": url, "label": label, **looks})


@register.simple_tag(takes_context=True)
def invoice_link(context: Context, number: str) -> str:
    """Return an invoice's number as the way to it; alone for who may not see invoices.

    In a letter, which goes to who may, the way is a whole address.
    """
    request = context.get("request")
    gate = getattr(request, "gate", None)
    if request is not None and not (gate and gate.may(Action.VIEW_INVOICES) and _costs_shown(context)):
        return conditional_escape(number)
    address = f"{context.get('origin') or ''}{reverse('invoice', args=[_account(context).slug, number])}"
    return format_html('<a href="{}">{}</a>', address, number)


@register.simple_tag(takes_context=True)
def with_invoice(context: Context, text: str, number: str) -> str:
    """Return a text in which an invoice's number, where there is one, is the way to it."""
    if not number:
        return conditional_escape(text)
    before, found, after = text.partition(number)
    return format_html("{}{}{}", before, invoice_link(context, number) if found else "", after)


@register.simple_tag(takes_context=True)
def refusal(context: Context, decision: Decision, page: bool = False) -> str:
    """Return why a decision is a no, who can act (named, with their address), and the next step.

    `page` is for the page that refuses as a whole; the same in larger type.
    """
    account, frame = _account(context), context["frame"]
    subject = labels.subject(decision, account.name)
    parts = {
        "why": labels.why_not(decision, account.type),
        "people": [(one, _mailto(one.user.email, subject)) for one in frame.who_can(decision)],
        "vendor": account if Contact.VENDOR_CONTACT in decision.who_can else None,
        "vendor_mailto": _mailto(account.vendor_contact_email, subject),
        "step": _next_step(decision, account.slug),
        "page": page,
    }
    return _part(context, "refusal", parts)


@register.simple_tag(takes_context=True)
def whom_to_ask(context: Context) -> str:
    """Return the vendor's contact, with the ways to reach it: where nobody of the account can help."""
    account = _account(context)
    mailto = _mailto(account.vendor_contact_email, context.get("subject") or account.name)
    return _part(context, "whom_to_ask", {"account": account, "mailto": mailto})


@register.simple_tag(takes_context=True)
def who_acts(context: Context, action: Action) -> str:
    """Return who sees to a thing that needs an action: "you or Bilal Brahimi", or the vendor's contact."""
    request, frame = context["request"], context["frame"]
    decision = request.gate.may(action)
    if Contact.VENDOR_CONTACT in decision.who_can:
        return phrases.any_of([_account(context).vendor_contact_name or frame.vendor_name])
    others = [str(one.user) for one in frame.who_may(action) if one.user_id != request.user.pk]
    return phrases.any_of(others, you=bool(decision))


def _next_step(decision: Decision, slug: str) -> tuple[str, str] | None:
    """Return words and address of what to do instead, where that is a page."""
    match decision.next_step:
        case NextStep.REQUEST_CHANGE:
            # On assisted accounts the page changes at once what is open there, and asks for the rest.
            chosen = "?as=request" if decision.reason is DenialReason.ACCOUNT_TYPE else ""
            return _("Request a change"), reverse("manage", args=[slug]) + chosen
        case NextStep.BUY:
            return _("Choose what to buy"), reverse("manage", args=[slug])
        case NextStep.PAY_INVOICE:
            return _("See what is owed"), reverse("payment", args=[slug])
        case NextStep.NONE | NextStep.ASK_WHO_CAN | NextStep.CONTACT_VENDOR:
            return None
        case _:
            assert_never(decision.next_step)


def _mailto(address: str, subject: str) -> str:
    return f"mailto:{quote(address)}?{urlencode({'subject': subject}, quote_via=quote)}"


def _account(context: Context) -> Any:
    """Return the account of this page, or of this letter."""
    request = context.get("request")
    return getattr(request, "account", None) or context["account"]


def _part(context: Context, name: str, parts: dict[str, Any]) -> SafeString:
    """Render a component with nothing of the page's context but its token for forms."""
    engine = context.template.engine  # type: ignore[union-attr]
    inner = Context({"csrf_token": context.get("csrf_token"), **parts})
    return engine.get_template(f"components/{name}.html").render(inner)


@register.inclusion_tag("components/person.html")
def person(user: Any, note: str = "", url: str = "") -> dict[str, object]:
    """Show a person: initials, name, address, and a line under it.

    With `url` the name leads there, and the address is no link: two would lie too close to touch.
    """
    return {"person": user, "note": note, "url": url, "initials": initials(str(user))}


@register.filter
def initials(name: str) -> str:
    """Return the first letters of the first and the last part of a name."""
    parts = name.split()
    return "".join(part[0] for part in (parts[:1] + parts[1:][-1:])).upper()


@register.inclusion_tag("components/meter.html")
def meter(used: int, bought: int, label: str = "") -> dict[str, object]:
    """Show seats used of seats bought; nearly full from nine tenths on."""
    level = "full" if used >= bought else "near" if used * 10 >= bought * 9 else "free"
    return {"used": used, "bought": bought, "label": label or labels.used_of(used, bought), "level": level}


@register.simple_tag
def fields(form: BaseForm) -> str:
    """Return all fields of a form, with labels instead of placeholders that repeat them."""
    for field in form.fields.values():
        field.widget.attrs.pop("placeholder", None)
    return form.render("forms/form.html")


_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


@register.filter
def browser(agent: str) -> str:
    """Return the browser and the system that a user agent names, or the agent's own text."""
    name = next((name for mark, name in _BROWSERS if mark in agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    return ", ".join(filter(None, (name, system))) or agent


@register.simple_tag(takes_context=True)
def typed_by(context: Context) -> SafeString:
    """Mark a form whose typed work is kept where something comes between (admin_center/drafts.py)."""
    return format_html(
        '<input type="hidden" name="{}" value="{}">', drafts.MARK, drafts.mark(context["request"])
    )
