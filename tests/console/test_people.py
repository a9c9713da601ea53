"""The people page: members by name, their role and seats, and the seats bought, used and left."""

from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from djmoney.money import Money

from accounts import roles
from accounts.models import Account, Membership, User
from accounts.rules.capabilities import AccountState
from accounts.rules.roles import Role
from billing.models import AgentSeat, TemporarySeats
from tests import people, shop
from tests.console.reading import JULY_14, acme_at, open_as, signed_in, text

PAGE = "/a/acme/people/"


def seated(account: Account, *names: str) -> None:
    shop.subscribe(account, {"support": ("team", 5, "12")}, start=date(2023, 7, 1))
    line = shop.line(account, "support")
    for name in names:
        AgentSeat.objects.create(
            subscription_id=account.pk, line=line, membership=people.member(name, account)
        )


def test_seats_bought_used_and_left_stand_on_top(db: None) -> None:
    account = acme_at()
    seated(account, "olivia", "agnes")
    TemporarySeats.objects.create(
        subscription_id=account.pk,
        line=shop.line(account, "support"),
        quantity=3,
        starts_on=date(2023, 7, 1),
        ends_on=date(2023, 8, 1),
        charged=Money(1, "USD"),
    )
    # 5 bought + 3 today − 2 in use
    told = "Support Team 2 of 8 seats used Bought 5 Temporary today 3 Used 2 Left 6"
    assert told in text(open_as("adam", PAGE))


def test_members_stand_by_name_with_role_seats_last_sign_in_and_state(db: None) -> None:
    account = acme_at()
    seated(account, "agnes")
    # Two in the morning of 1 June in Greenwich is 31 May in New York.
    User.objects.filter(email="agnes@acme.example").update(last_login=datetime(2023, 6, 1, 2, tzinfo=UTC))
    Membership.objects.filter(user__email="leo@acme.example").update(suspended_at=JULY_14)
    seen = text(open_as("olivia", PAGE))
    assert "Agnes Albert agnes@acme.example Agent Support 31 May 2023 Active" in seen
    assert "Leo Laurent leo@acme.example Light agent none never Suspended" in seen
    names = ["Adam Adler", "Agnes Albert", "Bilal Brahimi", "Leo Laurent", "Olivia Owens"]
    assert sorted(names, key=seen.index) == names


def test_search_and_filters_narrow_the_list(db: None) -> None:
    account = acme_at()
    Membership.objects.filter(user__email="leo@acme.example").update(suspended_at=JULY_14)

    def found(query: str) -> list[str]:
        return [row.user.name.split()[0] for row in open_as("adam", PAGE + query).context["rows"]]

    seated(account, "agnes")
    assert found("?seat=support") == ["Agnes"]
    assert found("?seat=NONE") == ["Adam", "Bilal", "Leo", "Olivia"]
    assert found("?q=albert") == ["Agnes"]
    assert found("?q=OLIVIA@") == ["Olivia"]
    assert found("?role=billing_admin") == ["Bilal"]
    assert found("?state=suspended") == ["Leo"]
    assert found("?state=active&role=agent") == ["Agnes"]
    assert len(found("?role=emperor&state=x")) == 5
    assert "No member fits" in text(open_as("adam", PAGE + "?q=nobody"))


def test_names_with_marks_stand_and_are_found_where_they_are_looked_for(db: None) -> None:
    account = acme_at()
    for address, name in (("e@acme.example", "Émile Éluard"), ("o@acme.example", "Ørjan Åse")):
        roles.enrol(account, [(people.person(address, name), Role.AGENT)])
    names = [row.user.name for row in open_as("olivia", PAGE).context["rows"]]
    assert names.index("Émile Éluard") == names.index("Bilal Brahimi") + 1
    for query in ("emile", "ÉMILE", "eluard"):
        assert [row.user.name for row in open_as("olivia", f"{PAGE}?q={query}").context["rows"]] == [
            "Émile Éluard"
        ]
    # Renamed, she moves.
    User.objects.filter(email="e@acme.example").update(name="Zoé Éluard")
    assert open_as("olivia", PAGE).context["rows"][-1].user.name == "Zoé Éluard"


def test_two_thousand_members_come_page_by_page_in_as_many_queries_as_five(db: None) -> None:
    account = acme_at()
    seated(account, "agnes")
    users = User.objects.bulk_create(
        # Many of one name: the id decides between them.
        User(email=f"m{number}@acme.example", name=f"Member {number % 7}")
        for number in range(2000)
    )
    roles.enrol(account, [(user, Role.AGENT) for user in users])
    client = signed_in(people.user("olivia"))
    seen, address, pages = [], PAGE, 0
    while address:
        context = client.get(address).context
        seen += [row.user.pk for row in context["rows"]]
        address, pages = (PAGE + context["listed"].next if context["listed"].next else ""), pages + 1
    assert len(seen) == len(set(seen)) == 2005
    # 2,005 members, 50 a page
    assert pages == 41
    with CaptureQueriesContext(connection) as asked:
        client.get(PAGE)
    # The door's four, the frame's list, members, two of the facts, the seats of the page, the
    # holders to look at, who is invited, what is promised.
    assert len(asked) == 12


@pytest.mark.parametrize("state", [AccountState.ACTIVE, AccountState.TRIAL])
def test_an_account_without_subscription_lists_its_members_all_the_same(db: None, state: str) -> None:
    acme_at(state=state)
    assert "Agnes Albert" in text(open_as("adam", PAGE))


def test_agents_are_refused_strangers_find_nothing_and_nobody_posts(db: None) -> None:
    acme_at()
    people.globex()
    assert open_as("agnes", PAGE).status_code == 403
    assert signed_in(people.person("stella@globex.example", "")).get(PAGE).status_code == 404
    adam = signed_in(people.user("adam"))
    assert (adam.head(PAGE).status_code, adam.post(PAGE).status_code) == (200, 405)
