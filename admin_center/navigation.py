"""Where everything is: the sidebar, the breadcrumbs and the title of every page."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.template.loader import get_template
from django.urls import NoReverseMatch, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.gate import Gate
from accounts.rules.decision import Action
from admin_center.wording import labels


@dataclass(frozen=True, slots=True)
class Page:
    """A page as the frame knows it: its words, the page above it, and the article of help on it."""

    words: Any
    parent: str = ""
    article: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the sidebar: the URL name it leads to, its icon, and what its page asks the gate."""

    name: str
    icon: str
    action: Action


@dataclass(frozen=True, slots=True)
class Link:
    """An entry as this person sees it; `why` says in a few words why it is not theirs."""

    words: Any
    url: str
    icon: str
    current: str
    why: str


@dataclass(frozen=True, slots=True)
class Group:
    """Entries under one heading (an empty one: no heading)."""

    words: Any
    links: tuple[Link, ...]


def back_office_address() -> str:
    """Return where the vendor's staff work: on a host of its own where settings name one."""
    origin = urlsplit(settings.ORIGIN)
    host = settings.VENDOR_HOST or origin.netloc
    return f"{origin.scheme}://{host}{reverse('vendor:index')}"


# The articles of help that explain pages (admin_center/wording/help.py).
SEEING, CHANGING, RENEWALS = "seeing-a-subscription", "changing-a-subscription", "renewals"
AMOUNTS, CANCELLING, PEOPLE = "amounts", "cancelling", "buying-seats"

PAGES = {
    "home": Page(_("Home"), article=SEEING),
    "billing": Page(_("Billing"), "home"),
    "subscription": Page(_("Subscription"), "billing", SEEING),
    "manage": Page(_("Manage subscription"), "subscription", CHANGING),
    "quote": Page(_("Review and confirm"), "subscription", CHANGING),
    "request": Page(_("Change request"), "subscription", CHANGING),
    "limits": Page(_("Limits for change requests"), "subscription", CHANGING),
    "request_comment": Page(_("Change request"), "subscription", CHANGING),
    "request_receipt": Page(_("Receipt"), "subscription", CHANGING),
    "quote_keep": Page(_("Kept quotes"), "subscription", CHANGING),
    "kept_quotes": Page(_("Kept quotes"), "subscription", CHANGING),
    **dict.fromkeys(
        ("kept_quote", "kept_link", "kept_link_revoke"), Page(_("Kept quote"), "kept_quotes", CHANGING)
    ),
    "give_back": Page(_("Subscription"), "billing", CHANGING),
    "cancel": Page(_("Cancellations"), "subscription", CANCELLING),
    "cancel_product": Page(_("Cancellations"), "subscription", CANCELLING),
    "cancel_at_end": Page(_("End the account with its period"), "cancel", CANCELLING),
    "cancel_account": Page(_("Cancel the account at once"), "cancel", CANCELLING),
    "export": Page(_("Export of the account’s data"), "cancel", CANCELLING),
    "export_file": Page(_("Export of the account’s data"), "cancel", CANCELLING),
    "renewal": Page(_("Coming renewal"), "subscription", RENEWALS),
    "calendar_make": Page(_("Private calendar"), "renewal", RENEWALS),
    "forecast": Page(_("Twelve months ahead"), "subscription", RENEWALS),
    "payment": Page(_("Payment"), "billing", AMOUNTS),
    "payment_return": Page(_("The new payment method"), "payment", AMOUNTS),
    **dict.fromkeys(("payment_add", "method_use", "method_remove"), Page(_("Payment"), "billing", AMOUNTS)),
    "quote_return": Page(_("Back from the payment page"), "subscription", CHANGING),
    "profile": Page(_("Billing profile"), "billing", AMOUNTS),
    **dict.fromkeys(("recipient_add", "recipient_remove"), Page(_("Billing profile"), "billing", AMOUNTS)),
    "invoices": Page(_("Invoices"), "billing", AMOUNTS),
    "invoice": Page(_("Invoice"), "invoices", AMOUNTS),
    "invoice_links": Page(_("Links to pay an invoice"), "invoices", AMOUNTS),
    "payment_link_revoke": Page(_("Links to pay an invoice"), "invoices", AMOUNTS),
    "statement": Page(_("Statement of account"), "invoices", AMOUNTS),
    "credit": Page(_("Credit balance"), "invoices", AMOUNTS),
    "contacts": Page(_("Contacts"), "billing", PEOPLE),
    "people": Page(_("People"), "home", PEOPLE),
    "invite": Page(_("Invite somebody"), "people", PEOPLE),
    "invite_several": Page(_("Invite several people"), "people", PEOPLE),
    **dict.fromkeys(("planned_resume", "planned_discard"), Page(_("Invite somebody"), "people", PEOPLE)),
    "member": Page(_("Member"), "people", PEOPLE),
    **dict.fromkeys(
        ("member_role", "member_delegate", "member_seat", "member_suspend", "member_resume"),
        Page(_("Member"), "people", PEOPLE),
    ),
    "member_remove": Page(_("Remove a member"), "people", PEOPLE),
    "ownership": Page(_("Ownership"), "people", PEOPLE),
    "ownership_offer": Page(_("Offer the ownership"), "ownership", PEOPLE),
    "ownership_accept": Page(_("Become the owner"), "ownership", PEOPLE),
    "activity": Page(_("Activity"), "home", SEEING),
    "search": Page(pgettext_lazy("page", "Search"), "home"),
    "chooser": Page(_("Your accounts")),
    "account_help": Page(_("Help pages"), "home"),
    "account_help_page": Page(_("Help"), "account_help"),
    "search_everywhere": Page(pgettext_lazy("page", "Search"), "chooser"),
    "help": Page(_("Help")),
    "help_page": Page(_("Help"), "help"),
}


SIDEBAR = (
    ("", (Entry("home", "home", Action.ENTER),)),
    (
        _("Billing"),
        (
            Entry("subscription", "subscription", Action.VIEW_SUBSCRIPTION),
            Entry("payment", "payment", Action.VIEW_PAYMENT),
            Entry("profile", "account", Action.VIEW_PAYMENT),
            Entry("invoices", "invoice", Action.VIEW_INVOICES),
            Entry("contacts", "contacts", Action.VIEW_CONTACTS),
        ),
    ),
    (
        pgettext_lazy("people of an account", "Team"),
        (
            Entry("people", "people", Action.VIEW_PEOPLE),
            Entry("activity", "activity", Action.VIEW_ACTIVITY),
        ),
    ),
    (_("Help"), (Entry("account_help", "help", Action.ENTER),)),
)


def sidebar(gate: Gate, slug: str, here: str, language: str) -> SafeString:
    """Return the sidebar of one person in one account; `here` is the URL name of the page shown.

    An entry that is not theirs stays, with the reason in a few words; its page says the rest.
    """
    whys = []
    for _words, entries in SIDEBAR:
        for entry in entries:
            decision = gate.may(entry.action)
            whys.append("" if decision else labels.why_not_briefly(decision))
    return write_sidebar(slug=slug, here=here, language=language, whys=tuple(whys))


@lru_cache(maxsize=1024)
def write_sidebar(*, slug: str, here: str, language: str, whys: tuple[str, ...]) -> SafeString:
    """Return the sidebar of these facts and no others; `whys` are the reasons, entry by entry."""
    above, reasons = set(_above(here)), iter(whys)
    groups = [
        Group(heading, tuple(_link(entry, slug, here, above, next(reasons)) for entry in entries))
        for heading, entries in SIDEBAR
    ]
    return SafeString(
        get_template("components/sidebar.html").render({"groups": groups, "language": language})
    )


def _link(entry: Entry, slug: str, here: str, above: set[str], why: str) -> Link:
    current = "page" if entry.name == here else "true" if entry.name in above and entry.name != "home" else ""
    return Link(PAGES[entry.name].words, reverse(entry.name, args=[slug]), entry.icon, current, why)


def _above(here: str) -> Iterator[str]:
    """Yield the pages above a page, the nearest first."""
    page = PAGES.get(here)
    while page is not None and page.parent:
        yield page.parent
        page = PAGES[page.parent]


def crumbs(here: str, slug: str) -> list[tuple[Any, str]]:
    """Return words and address of the pages above a page, the highest first; "" is no page of its own."""
    return [(PAGES[name].words, _address(name, slug)) for name in reversed(list(_above(here)))]


def _address(name: str, slug: str) -> str:
    try:
        return reverse(name, args=[slug]) if slug else reverse(name)
    except NoReverseMatch:
        return ""


def help_address(slug: str, article: str = "", came_from: str = "") -> str:
    """Return the address of help, or of an article of it; in the frame of the account that has the slug.

    `came_from` is the address of the page of that account to which it leads back.
    """
    name, parts = ("help_page", [article]) if article else ("help", [])
    address = reverse(f"account_{name}", args=[slug, *parts]) if slug else reverse(name, args=parts)
    return f"{address}?from={quote(came_from)}" if slug and came_from else address


def title(here: str) -> Any:
    """Return the title of a page that has none of its own."""
    page = PAGES.get(here)
    return page.words if page else ""
