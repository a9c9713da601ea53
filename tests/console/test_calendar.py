"""A member's private calendar: a secret link, made and revoked, and a file that RFC 5545 allows."""

import re
from datetime import date
from typing import Any

import pytest
from django.test import Client
from djmoney.money import Money

from accounts import roles
from accounts.models import Account, Activity, User
from accounts.rules.roles import Role
from billing import seats
from billing.models import CalendarLink, Discount, Line, TemporarySeats
from tests import acting, people, shop
from tests.console.reading import acme_at, signed_in, text
from tests.console.test_subscription import schedule

PAGE = "/a/acme/billing/subscription/renewal/"
MAKE, REVOKE = f"{PAGE}calendar/", f"{PAGE}calendar/revoke/"
# A year of Support Team × 10 at 12.00 ends on 27 October 2023; today is 14 July 2023.
NAME = "Support; a\\b, „ö“ " + "é" * 60


def link(name: str = "olivia") -> str:
    """Let one of the cast make their link; return its path."""
    made = signed_in(people.user(name)).post(MAKE)
    found = re.search(r"https?://[^/]+(/calendar/[\w-]{43}\.ics)", made.content.decode())
    assert found is not None
    return found[1]


def read(path: str, status: int = 200) -> str:
    """Return what a calendar program gets, which signs in nowhere."""
    response = Client().get(path)
    assert response.status_code == status, response.content
    return str(response.content.decode())


def events(body: str) -> list[dict[str, str]]:
    """Return the events of a file, read by the letter of RFC 5545 3.1, 3.3.11 and 3.6.1."""
    assert body.endswith("\r\n")
    assert all(len(line.encode()) <= 75 for line in body.split("\r\n"))
    assert "\n" not in body.replace("\r\n", "")
    lines = body.replace("\r\n ", "").split("\r\n")[:-1]
    assert lines[0] == "BEGIN:VCALENDAR"
    assert lines[-1] == "END:VCALENDAR"
    assert {"VERSION:2.0", "CALSCALE:GREGORIAN"} <= set(lines)
    assert sum(line.startswith("PRODID:") for line in lines) == 1
    found: list[dict[str, str]] = []
    inside = False
    for line in lines:
        if line == "BEGIN:VEVENT":
            assert not inside
            found.append({})
            inside = True
        elif line == "END:VEVENT":
            assert {"UID", "DTSTAMP", "DTSTART", "SUMMARY"} <= set(found[-1])
            inside = False
        elif inside:
            name, value = line.split(":", 1)
            name, *parameters = name.split(";")
            assert name not in found[-1]
            assert parameters == (["VALUE=DATE"] if name in ("DTSTART", "DTEND") else [])
            found[-1][name] = value
    for one in found:
        assert re.fullmatch(r"\d{8}", one["DTSTART"])
        assert re.fullmatch(r"\d{8}T\d{6}Z", one["DTSTAMP"])
        assert re.fullmatch(r"[\da-f]{32}@[\w.-]+", one["UID"])
        for told in ("SUMMARY", "DESCRIPTION"):
            assert not re.search(r"(?<!\\)(?:\\\\)*[;,]", one[told]), one[told]
    assert len({one["UID"] for one in found}) == len(found)
    return found


def unescaped(value: str) -> str:
    """Return a text as its reader sees it."""
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], value)


def coming(**fields: Any) -> Account:
    """Make Acme with something of every kind ahead."""
    account = acme_at(**fields)
    shop.subscribe(account, {"support": ("team", 10, "12")}, start=date(2022, 10, 27))
    schedule(account, "quantity", "support", quantity=8)
    Line.objects.filter(subscription_id=account.pk).update(unit_price=10, price_ends_on=date(2023, 10, 1))
    Discount.objects.create(
        subscription_id=account.pk, source="promo", kind="fixed", code="WELCOME", amount=Money(20, "USD"),
        periods_left=1,
    )  # fmt: skip
    TemporarySeats.objects.create(
        subscription_id=account.pk, line=shop.line(account, "support"), quantity=3,
        starts_on=date(2023, 8, 1), ends_on=date(2023, 9, 1), charged=Money("1.23", "USD"),
    )  # fmt: skip
    return account


def test_it_has_what_is_coming_each_for_a_whole_day_with_what_will_be_charged(db: None) -> None:
    coming()
    found = [(one["DTSTART"], unescaped(one["SUMMARY"])) for one in events(read(link()))]
    assert found == [
        ("20230801", "Support: 3 temporary seats begin"),
        ("20230901", "Support: 3 temporary seats have ended"),
        ("20231027", "Renewal for 27 October 2023 to 26 October 2024"),
        ("20231027", "Support: from 10 to 8 seats"),
        ("20231027", "Support: your own price ends, and the list price applies."),
    ]
    (renewal,) = [one for one in events(read(link())) if one["SUMMARY"].startswith("Renewal")]
    # 8 × 12.00 × 12 − 20.00
    assert unescaped(renewal["DESCRIPTION"]) == "Acme\nTo be charged: $1,132.00"
    assert renewal["DTEND"] == "20231028"
    assert renewal["URL"].endswith(PAGE)


def test_reading_it_again_names_the_same_events(db: None) -> None:
    coming()
    path = link()
    first, again = (sorted(one["UID"] for one in events(read(path))) for _time in (1, 2))
    assert first == again
    assert events(read(path)) == events(read(path))


def test_long_and_odd_names_are_escaped_and_folded_between_letters(db: None) -> None:
    account = coming()
    account.subscription.catalogue.products.filter(key="support").update(name=NAME)
    told = [unescaped(one["SUMMARY"]) for one in events(read(link()))]
    assert f"{NAME}: from 10 to 8 seats" in told


def test_it_speaks_its_members_language(db: None) -> None:
    coming()
    User.objects.filter(email="olivia@acme.example").update(language="fr")
    assert any(one["SUMMARY"].startswith("Renouvellement du 27") for one in events(read(link())))


@pytest.mark.parametrize("kind", ["assisted", "managed"])
def test_where_costs_are_not_shown_it_has_days_and_quantities(db: None, kind: str) -> None:
    coming(type=kind)
    body = read(link())
    assert "$" not in body
    assert "price" not in body
    assert len(events(body)) == 4


def test_a_new_link_takes_the_place_of_the_old_and_a_revoked_one_gives_nothing(db: None) -> None:
    coming()
    old = link()
    new = link()
    read(old, 404)
    read(new)
    seen = text(signed_in(people.user("olivia")).get(PAGE))
    assert "Made on 14 July 2023. Last read 14 July 2023" in seen
    assert new not in signed_in(people.user("olivia")).get(PAGE).content.decode()
    answer = signed_in(people.user("olivia")).post(REVOKE, follow=True)
    assert "The link is revoked" in text(answer)
    read(new, 404)
    assert list(Activity.objects.order_by("pk").values_list("verb", flat=True))[-3:] == [
        *("calendar_link_made", "calendar_link_made", "calendar_link_revoked")
    ]
    assert not CalendarLink.objects.filter(token_hash=new).exists()


def test_each_member_has_their_own(db: None) -> None:
    coming()
    olivias, adams = link("olivia"), link("adam")
    signed_in(people.user("adam")).post(REVOKE)
    read(olivias)
    read(adams, 404)


def test_who_leaves_or_loses_the_role_reads_nothing_more_also_after_coming_back(db: None) -> None:
    account = coming()
    path = link("adam")
    adam = people.member("adam", account)
    by_olivia = acting.occasion(by=people.user("olivia"), on=date(2023, 7, 14))
    roles.suspend(adam.pk, occasion=by_olivia)
    read(path, 404)
    roles.resume(adam.pk, occasion=by_olivia)
    read(path)
    roles.give(adam.pk, Role.AGENT, occasion=by_olivia)
    read(path, 404)
    roles.give(adam.pk, Role.ADMIN, occasion=by_olivia)
    read(path)
    User.objects.filter(pk=adam.user_id).update(is_active=False)
    read(path, 404)
    User.objects.filter(pk=adam.user_id).update(is_active=True)
    seats.remove(adam.pk, occasion=by_olivia)
    read(path, 404)
    roles.enrol(account, [(people.user("adam"), Role.ADMIN)])
    read(path, 404)


def test_an_agent_makes_none(db: None) -> None:
    coming()
    assert signed_in(people.user("agnes")).post(MAKE).status_code == 403
    assert not CalendarLink.objects.exists()


def test_a_suspended_account_has_nothing_coming_and_a_cancelled_one_is_gone(db: None) -> None:
    account = coming()
    path = link()
    Account.objects.filter(pk=account.pk).update(state="suspended")
    assert events(read(path)) == []
    Account.objects.filter(pk=account.pk).update(state="cancelled", cancelled_at=account.clock)
    assert read(path, 410) == ""


def test_what_is_no_link_is_not_found_and_one_that_is_read_too_often_waits(db: None) -> None:
    coming()
    read("/calendar/nothing.ics", 404)
    path = link()
    answers = [Client().get(path).status_code for _time in range(61)]
    assert answers == [200] * 60 + [429]
    assert "BEGIN" in read(link("adam"))
