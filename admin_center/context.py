"""What every template may ask about the frame around it. Lazy: a page that asks nothing reads nothing."""

from functools import cached_property, lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.template.loader import get_template
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from accounts.gate import Gate
from accounts.models import Account, Membership
from accounts.rules.decision import NEEDS, Action, Contact, Decision
from accounts.rules.roles import Permission, holders
from admin_center import navigation
from admin_center.wording.help import ARTICLES, Article
from billing.storage import statements

# How many of a person's accounts the top bar lists; the chooser lists them all.
ACCOUNTS_LISTED = 7
# Raw, because every page pays for it: the same through the ORM takes three times as long.
THEMES = ("auto", "light", "dark")


def frame(request: HttpRequest) -> dict[str, object]:
    """Give templates `frame`."""
    return {"frame": Frame(request)}


class Frame:
    """The frame around one page for one person."""

    languages = settings.LANGUAGES
    vendor_name = settings.VENDOR_NAME

    def __init__(self, request: Any) -> None:
        """Remember the request; read nothing yet."""
        self.request = request

    @cached_property
    def account(self) -> Account | None:
        """The account of this page; None outside of one."""
        return getattr(self.request, "account", None)

    @cached_property
    def here(self) -> str:
        """The URL name of the page shown."""
        match = getattr(self.request, "resolver_match", None)
        return (match.url_name or "") if match else ""

    @property
    def language(self) -> str:
        """The code of the language spoken."""
        return get_language() or settings.LANGUAGE_CODE

    @property
    def theme(self) -> str:
        """The theme that the person chose: auto, light or dark."""
        chosen = self.request.COOKIES.get("theme", "")
        return chosen if chosen in THEMES else "auto"

    @cached_property
    def costs_shown(self) -> bool:
        """Whether this person sees costs here: outside of an account only what a link is to pay."""
        if paid_for := getattr(self.request, "paid_for", None):
            return bool(paid_for.shows_costs)
        gate = getattr(self.request, "gate", None)
        return gate is not None and sees_costs(gate)

    @cached_property
    def crumbs(self) -> list[tuple[Any, str]]:
        """Words and addresses of the pages above this one."""
        return navigation.crumbs(self.here, self.account.slug if self.account else "")

    @cached_property
    def title(self) -> Any:
        """The title of a page that has none of its own."""
        return navigation.title(self.here)

    @cached_property
    def article(self) -> Article | None:
        """The article of help that explains this page of an account."""
        page = navigation.PAGES.get(self.here) if self.account else None
        return ARTICLES[page.article] if page and page.article else None

    @cached_property
    def article_url(self) -> str:
        """Where that article is."""
        return self.help_url(navigation.PAGES[self.here].article)

    def help_url(self, article: str = "") -> str:
        """Return where help, or an article of it, is for who comes from this page.

        To what a form answered nobody comes back by its address.
        """
        slug = self.account.slug if self.account else ""
        came_from = self.request.path if self.request.method in ("GET", "HEAD") else ""
        return navigation.help_address(slug, article, came_from)

    @cached_property
    def topbar(self) -> SafeString:
        """The top bar, written anew only where something in it differs."""
        person, account = self.request.user, self.account
        return write_topbar(
            language=self.language,
            theme=self.theme,
            person=(person.name or person.email, person.email) if person.is_authenticated else None,
            account=(account.name, account.slug) if account else None,
            lists=self._lists,
        )

    @cached_property
    def sidebar(self) -> SafeString:
        """The sidebar; empty outside of an account."""
        if self.account is None:
            return SafeString("")
        return navigation.sidebar(self.request.gate, self.account.slug, self.here, self.language)

    @cached_property
    def _lists(self) -> tuple[statements.TopbarRow, ...]:
        """The person's accounts, and the products of this page's account, in one statement."""
        person = self.request.user
        if not person.is_authenticated:
            return ()
        return statements.topbar_rows(person.pk, self.account.pk if self.account else None)

    @cached_property
    def contacts(self) -> list[Membership]:
        """Who can act on billing in this account, with their people: the owner first."""
        if self.account is None:
            return []
        return Membership.objects.first_contacts(self.account)

    def who_can(self, decision: Decision) -> list[Membership]:
        """Return the people of the account who can do what a decision refuses."""
        if not {Contact.OWNER, Contact.BILLING_ADMIN} & set(decision.who_can):
            return []
        delegated = decision.action is Action.CHANGE_PAYMENT
        return [
            one
            for one in self.contacts
            if one.role in decision.who_can or (delegated and one.changes_payment)
        ]

    def who_may(self, action: Action) -> list[Membership]:
        """Return the people of the account who may act where its type and state let somebody."""
        permission, _capability = NEEDS[action]
        if permission is None:
            return self.contacts
        delegated, roles = permission is Permission.CHANGE_PAYMENT, holders(permission)
        return [one for one in self.contacts if one.role in roles or (delegated and one.changes_payment)]


def sees_costs(gate: Gate) -> bool:
    """Tell whether a person sees amounts: those of the subscription, or only those of its invoices."""
    return bool(gate.may(Action.SEE_COSTS) or gate.may(Action.VIEW_INVOICES))


@lru_cache(maxsize=1024)
def write_topbar(
    *,
    language: str,
    theme: str,
    person: tuple[str, str] | None,
    account: tuple[str, str] | None,
    lists: tuple[statements.TopbarRow, ...],
) -> SafeString:
    """Return the top bar of these facts and no others, so that the same facts need not be written twice.

    `person` is name and address, `account` name and slug. The template sees nothing of the request,
    and its forms stand outside of it: a request's own token must never be kept.
    """
    accounts = [row[1:3] for row in lists if row[0] == "account"]
    facts = {
        "languages": settings.LANGUAGES,
        "vendor_name": settings.VENDOR_NAME,
        "language": language,
        "theme": theme,
        "person": person,
        "account": account,
        "accounts": accounts[:ACCOUNTS_LISTED],
        "more_accounts": len(accounts) > ACCOUNTS_LISTED,
        "products": [row[1:] for row in lists if row[0] == "product"],
    }
    return SafeString(get_template("components/topbar.html").render(facts))
