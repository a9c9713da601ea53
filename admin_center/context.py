"""What every template may ask about the frame around it. Lazy: a page that asks nothing reads nothing."""

from functools import cached_property
from typing import Any

from django.conf import settings
from django.db.models import CharField, F, QuerySet, Value
from django.http import HttpRequest
from django.utils.translation import get_language

from accounts.models import Account, Membership
from accounts.rules.capabilities import AccountState
from accounts.rules.decision import Action, Decision, Who
from admin_center import navigation
from billing.models import Line, Product

# How many of a person's accounts the top bar lists; the chooser lists them all.
ACCOUNTS_LISTED = 7
CONTACTS_NAMED = 6
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
        """Whether this person sees costs here: never outside of an account."""
        gate = getattr(self.request, "gate", None)
        return gate is not None and bool(gate.may(Action.SEE_COSTS))

    @cached_property
    def sidebar(self) -> list[navigation.Group]:
        """The sidebar's groups; none outside of an account."""
        if self.account is None:
            return []
        return navigation.sidebar(self.request.gate, self.account.slug, self.here)

    @cached_property
    def crumbs(self) -> list[tuple[Any, str]]:
        """Words and addresses of the pages above this one."""
        return navigation.crumbs(self.here, self.account.slug if self.account else "")

    @cached_property
    def title(self) -> Any:
        """The title of a page that has none of its own."""
        return navigation.title(self.here)

    @cached_property
    def _lists(self) -> list[tuple[str, str, str]]:
        """The person's accounts, and the products of this page's account, in one query."""
        person = self.request.user
        if not person.is_authenticated:
            return []
        rows = _rows("account", _accounts(person), "account__name", "account__slug")
        if self.account is not None:
            products = _rows("product", _products(self.account), "product__name", "edition__name")
            rows = rows.union(products, all=True)
        return list(rows)

    @property
    def accounts(self) -> list[tuple[str, str]]:
        """Name and slug of the first of the person's accounts, by name."""
        return [(name, slug) for kind, name, slug in self._lists if kind == "account"][:ACCOUNTS_LISTED]

    @property
    def more_accounts(self) -> bool:
        """Whether the person has more accounts than are listed."""
        return sum(kind == "account" for kind, _name, _slug in self._lists) > ACCOUNTS_LISTED

    @property
    def products(self) -> list[tuple[str, str]]:
        """Name and edition of what the account has bought, in the catalogue's order."""
        return [(name, edition) for kind, name, edition in self._lists if kind == "product"]

    @cached_property
    def contacts(self) -> list[Membership]:
        """Who can act on billing in this account, with their people: the owner first."""
        if self.account is None:
            return []
        return list(Membership.objects.contacts(self.account)[:CONTACTS_NAMED])

    def who_can(self, decision: Decision) -> list[Membership]:
        """Return the people of the account who can do what a decision refuses."""
        if not {Who.OWNER, Who.BILLING_ADMIN} & set(decision.who_can):
            return []
        delegated = decision.action is Action.CHANGE_PAYMENT
        return [
            one
            for one in self.contacts
            if one.role in decision.who_can or (delegated and one.changes_payment)
        ]


def _accounts(person: Any) -> QuerySet[Membership]:
    listed = Membership.objects.of(person).exclude(account__state=AccountState.CANCELLED.value)
    return listed.select_related(None)[: ACCOUNTS_LISTED + 1]


def _products(account: Account) -> QuerySet[Line]:
    kinds = [Product.Kind.PRODUCT, Product.Kind.SUITE]
    lines = Line.objects.filter(subscription=account.pk, ended_on__isnull=True, product__kind__in=kinds)
    return lines.order_by("product__position", "product_id")[:12]


def _rows(kind: str, rows: QuerySet[Any], name: str, second: str) -> QuerySet[Any, tuple[str, str, str]]:
    """Return rows of three texts, so that two lists can come in one query."""
    return rows.annotate(
        frame_kind=Value(kind, output_field=CharField()), frame_name=F(name), frame_second=F(second)
    ).values_list("frame_kind", "frame_name", "frame_second")
