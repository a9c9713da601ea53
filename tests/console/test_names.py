"""A name from right to left turns nothing beside it: on every page it stands in an element of its own."""

import re
from datetime import date
from html.parser import HTMLParser

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account, User
from admin_center.templatetags.names import bdi
from admin_center.wording.bidi import isolated
from billing.models import Product
from tests import people, shop
from tests.console.reading import acme_at, signed_in

# Where no element can stand: a browser isolates these, or shows them alone.
ALONE = {"bdi", "title", "option", "textarea", "script"}
NAMES = {"olivia": "אוליביה אוונס", "bilal": "بلال براهيمي", "agnes": "אגנס אלברט"}
COMPANY = "חברת אקמי"
PRODUCT = "תמיכה"
# A name in a sentence that Python made.
ISOLATED = re.compile("\u2068[^\u2069]*\u2069")


class Reader(HTMLParser):
    """Notes each text in which a name stands beside other text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loose: list[str] = []
        self.seen = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in ("meta", "link", "input", "br", "img", "use", "path", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            del self.open[len(self.open) - 1 - self.open[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        if any(name in data for name in (*NAMES.values(), COMPANY)):
            self.seen += 1
            bare = ISOLATED.sub("", data)
            if not ALONE & set(self.open) and any(name in bare for name in (*NAMES.values(), COMPANY)):
                self.loose.append(data.strip())


@pytest.fixture
def firm(db: None) -> Account:
    account = acme_at()
    Account.objects.filter(pk=account.pk).update(name=COMPANY)
    for who, name in NAMES.items():
        User.objects.filter(email=f"{who}@acme.example").update(name=name)
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    return account


PAGES = (
    "home",
    "people",
    "contacts",
    "activity",
    "subscription",
    "manage",
    "cancel",
    "ownership",
    "invoices",
    "payment",
)


def loose(client: Client, address: str) -> tuple[int, list[str]]:
    """Return how often a name stands on a page, and where it stands loose."""
    reader = Reader()
    reader.feed(client.get(address, follow=True).content.decode())
    return reader.seen, reader.loose


@pytest.mark.parametrize("page", PAGES)
def test_names_stand_in_an_element_of_their_own(page: str, firm: Account) -> None:
    """Seen to fail with the filter giving the name alone."""
    for who in ("olivia", "bilal", "agnes"):
        seen, found = loose(signed_in(people.user(who)), reverse(page, args=["acme"]))
        assert found == [], (who, page)
        assert seen, (who, page)


def test_the_pages_of_one_member_and_of_the_choice_do_too(firm: Account) -> None:
    olivia = signed_in(people.user("olivia"))
    member = firm.memberships.get(user__email="agnes@acme.example")
    for address in (reverse("chooser"), reverse("member", args=["acme", member.pk])):
        assert loose(olivia, address)[1] == []


def test_the_filter_escapes_and_shows_nothing_for_nobody() -> None:
    assert bdi("<b>") == "<bdi>&lt;b&gt;</bdi>"
    assert bdi("") == bdi(None) == ""


def test_a_name_in_a_sentence_of_python_is_isolated() -> None:
    assert isolated(COMPANY) == f"\u2068{COMPANY}\u2069"
    # Plain names stay plain: nothing unseen is copied with them.
    assert isolated("Agnès Albert") == "Agnès Albert"


def test_messages_about_people_and_products_do_too(firm: Account) -> None:
    """Each act of a member's page, with the message that follows it."""
    Product.objects.filter(key="support").update(name=PRODUCT)
    olivia = signed_in(people.user("olivia"))
    agnes = firm.memberships.get(user__email="agnes@acme.example")
    bilal = firm.memberships.get(user__email="bilal@acme.example")
    acts = [
        ("member_seat", agnes, {"product": "support", "act": "assign"}, "holds a seat of"),
        ("member_seat", agnes, {"product": "support", "act": "free"}, "A seat of"),
        ("member_role", agnes, {"role": "admin"}, "has the role"),
        ("member_delegate", bilal, {"changes_payment": "yes"}, "may change the payment details"),
        ("member_delegate", bilal, {"changes_payment": "no"}, "may no longer change"),
        ("member_suspend", agnes, {}, "is suspended"),
        ("member_resume", agnes, {}, "has access again"),
        ("member_remove", agnes, {}, "was removed"),
    ]
    for name, member, posted, words in acts:
        answer = olivia.post(reverse(name, args=["acme", member.pk]), posted, follow=True)
        page = answer.content.decode()
        said = next(one for one in re.findall(r'class="notice__body">\s*<p>(.*?)</p>', page) if words in one)
        assert not any(one in ISOLATED.sub("", said) for one in (*NAMES.values(), PRODUCT)), said
        assert ISOLATED.search(said), said
