"""Whoever is shown is found: as shown, without marks, in capitals, with the words in any order."""

import sys
import unicodedata
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.urls import reverse

from accounts import activity, roles
from accounts.models import Account, Activity, Membership, User
from accounts.rules.activity import ActivityVerb
from accounts.rules.folding import folded
from accounts.rules.roles import Role
from tests import acting, people
from tests.console.reading import acme_at, signed_in, text

pytestmark = pytest.mark.django_db

NAMES = {
    "İpek Yıldız": ("İpek Yıldız", "ipek", "YILDIZ İPEK", "yildiz", "Ipek yildiz"),
    "Łukasz Żółć": ("lukasz", "Łukasz", "zolc lukasz", "ŁUKASZ"),
    "Jürgen Groß": ("gross", "Groß jurgen", "GROSS"),
    "Seán O’Neil": ("o'neil", "O’NEIL sean", "sean o’neil"),
    "Søren Ærø": ("soren", "aero", "ÆRØ Søren"),
    "山田 太郎": ("山田\u3000太郎", "太郎 山田", "太郎"),
    "Zoë Nuñez": ("zoe", "Zoe\u0308", "nunez zoë"),
}


@pytest.fixture
def firm(db: None) -> Account:
    account = acme_at()
    with acting.at(datetime(2023, 7, 14, tzinfo=UTC)):
        made = [people.person(f"p{n}@acme.example", name) for n, name in enumerate(NAMES)]
        roles.enrol(account, [(one, Role.BILLING_ADMIN) for one in made])
        for one in made:
            activity.record(
                account,
                ActivityVerb.ROLE_CHANGED,
                acting.occasion(by=one),
                before={"role": "agent"},
                after={"role": "admin"},
            )
    return account


@pytest.mark.parametrize("name", NAMES)
def test_who_is_shown_is_found_everywhere(name: str, firm: Account) -> None:
    olivia, vera = signed_in(people.user("olivia")), signed_in(people.vera())
    Account.objects.filter(pk=firm.pk).update(name=f"Maison {name}")
    others = [other for other in NAMES if other != name]
    for typed in NAMES[name]:
        for address, asked in (("people", "q"), ("contacts", "q"), ("activity", "person")):
            page = text(olivia.get(reverse(address, args=["acme"]), {asked: typed}))
            assert name in page, (address, typed)
            assert not [other for other in others if other in page], (address, typed)
        for listed in ("accounts_user", "accounts_account"):
            page = vera.get(reverse(f"vendor:{listed}_changelist"), {"q": typed}).content.decode()
            assert name in page, (listed, typed)


def test_lists_are_sorted_as_they_are_searched(firm: Account) -> None:
    listed = list(
        Membership.objects.filter(account=firm).order_by("listed_as").values_list("user__name", flat=True)
    )
    assert listed == sorted(listed, key=folded)
    contacts = [one.user.name for one in Membership.objects.contacts(firm)][1:]
    assert contacts == sorted(contacts, key=folded)


def test_a_new_name_is_found_at_once(firm: Account) -> None:
    User.objects.filter(email="p0@acme.example").update(name="Đorđe")
    assert Membership.objects.get(user__email="p0@acme.example").listed_as == "dorde\np0@acme.example"


def test_the_database_folds_as_python_does() -> None:
    """A sweep over every character of Unicode that both know; the database's tables may be newer or older."""
    known = [
        chr(number)
        for number in range(1, sys.maxunicode + 1)
        if unicodedata.category(chr(number)) not in ("Cn", "Cs", "Co")
    ]
    wrong = []
    with connection.cursor() as cursor:
        for first in range(0, len(known), 5000):
            texts = [f"A{one}b" for one in known[first : first + 5000]]
            cursor.execute("SELECT t, accounts_folded(t) FROM unnest(%s::text[]) t", [texts])
            wrong += [(t, plain, folded(t)) for t, plain in cursor if plain != folded(t)]
    assert wrong == []
    assert Activity.objects.count() == 0
