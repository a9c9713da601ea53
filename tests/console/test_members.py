"""What Olivia and Bilal do to members: seats, roles, suspending, removing; and what nobody can."""

from datetime import UTC, date, datetime

import pytest
from django.test import Client

from accounts.models import Account, Activity, Letter, Membership, User
from billing.models import AgentSeat, ScheduledChange
from tests import people, shop
from tests.console.reading import JULY_14, acme_at, open_as, signed_in, text

PAGE = "/a/acme/people/"


@pytest.fixture
def pair(db: None) -> Account:
    """Acme with two seats of Support; Olivia holds one of them."""
    account = acme_at()
    shop.subscribe(account, {"support": ("team", 2, "1.00")}, start=date(2022, 10, 27))
    hold(account, "olivia")
    return account


def hold(account: Account, name: str) -> None:
    AgentSeat.objects.create(
        subscription_id=account.pk,
        line=shop.line(account, "support"),
        membership=people.member(name, account),
    )


def at(name: str, part: str = "") -> str:
    return f"{PAGE}{Membership.objects.get(user=people.user(name), account__slug='acme').pk}/{part}"


def browser(name: str) -> Client:
    return signed_in(people.user(name))


def holders() -> set[str]:
    return {name.split()[0] for name in AgentSeat.objects.values_list("membership__user__name", flat=True)}


# --- Seats ---------------------------------------------------------------------------------------


def test_bilal_gives_agnes_the_last_seat_and_frees_it(pair: Account) -> None:
    bilal = browser("bilal")
    assert "One seat is left." in text(bilal.get(at("agnes")))
    done = bilal.post(at("agnes", "seat/"), {"product": "support", "act": "assign"}, follow=True)
    assert "Agnes Albert holds a seat of Support." in text(done)
    assert holders() == {"Olivia", "Agnes"}
    assert set(Letter.objects.values_list("kind", flat=True)) == {"last_seat_used"}
    freed = bilal.post(at("agnes", "seat/"), {"product": "support", "act": "free"}, follow=True)
    assert "What is paid stays as it is." in text(freed)
    assert holders() == {"Olivia"}
    again = bilal.post(at("agnes", "seat/"), {"product": "support", "act": "free"}, follow=True)
    assert "That seat was free already." in text(again)


def test_without_a_seat_left_bilal_is_led_to_one_more_with_its_quote(pair: Account) -> None:
    hold(pair, "adam")
    bilal = browser("bilal")
    full = bilal.post(at("agnes", "seat/"), {"product": "support", "act": "assign"})
    assert full.status_code == 422
    assert "All 2 seats of Support are held." in text(full)
    # 2 bought + 1
    link = "/a/acme/billing/subscription/manage/?seats-support=3"
    assert link in full.content.decode()
    assert link in bilal.get(PAGE).content.decode()
    quoted = text(bilal.get(link))
    # 3 × 12 × 105/365 − 2 × 12 × 105/365 = 10.36 − 6.90
    assert "$3.46" in quoted
    # Adam can only ask.
    assert "Ask for one more" in text(open_as("adam", PAGE))


@pytest.mark.parametrize(("choice", "left"), [("undo", []), ("raise", [])])
def test_a_reduction_that_waits_is_asked_about(pair: Account, choice: str, left: list[int]) -> None:
    ScheduledChange.objects.create(
        subscription_id=pair.pk, line=shop.line(pair, "support"), kind="quantity", quantity=1,
        takes_effect_on=date(2023, 10, 27),
    )  # fmt: skip
    bilal, seat = browser("bilal"), {"product": "support", "act": "assign"}
    asked = bilal.post(at("agnes", "seat/"), seat)
    assert asked.status_code == 422
    assert "Support is to be reduced to 1 seats on 27 October 2023." in text(asked)
    assert holders() == {"Olivia"}
    bilal.post(at("agnes", "seat/"), seat | {"reduction": choice})
    assert holders() == {"Olivia", "Agnes"}
    assert list(ScheduledChange.objects.values_list("quantity", flat=True)) == left


def test_a_light_agent_holds_no_seat_and_forged_fields_do_nothing(pair: Account) -> None:
    bilal = browser("bilal")
    light = bilal.post(at("leo", "seat/"), {"product": "support", "act": "assign"})
    assert (light.status_code, "Light agents and finance readers hold no seat." in text(light)) == (422, True)
    for forged in (
        {},
        {"product": "guide", "act": "assign"},
        {"product": "support", "act": "steal"},
        {"product": "support", "act": "assign", "reduction": "ignore"},
        {"product": "x" * 500, "act": "assign"},
    ):
        assert bilal.post(at("agnes", "seat/"), forged).status_code == 422, forged
    assert holders() == {"Olivia"}


# --- Roles ---------------------------------------------------------------------------------------


def test_olivia_gives_a_role_and_it_works_from_the_next_request_on(pair: Account) -> None:
    agnes = browser("agnes")
    assert agnes.get(PAGE).status_code == 403
    olivia = browser("olivia")
    assert "Sees the subscription, the contacts and the activity" in text(olivia.get(at("agnes")))
    done = olivia.post(at("agnes", "role/"), {"role": "admin"}, follow=True)
    assert "Agnes Albert has the role: Administrator. They are notified by e-mail." in text(done)
    assert agnes.get(PAGE).status_code == 200
    olivia.post(at("agnes", "role/"), {"role": "agent"})
    assert agnes.get(PAGE).status_code == 403
    assert list(Letter.objects.order_by("pk").values_list("kind", flat=True)) == ["role_given", "role_taken"]


def test_olivia_delegates_payment_details_to_bilal_and_takes_them_back(pair: Account) -> None:
    olivia, bilal = browser("olivia"), browser("bilal")
    assert bilal.post("/a/acme/billing/payment/replace/").status_code == 403
    olivia.post(at("bilal", "payment-details/"), {"changes_payment": "yes"})
    assert bilal.post("/a/acme/billing/payment/replace/").status_code == 302
    taken = olivia.post(at("bilal", "payment-details/"), {"changes_payment": "no"}, follow=True)
    assert "may no longer change the payment details" in text(taken)
    assert bilal.post("/a/acme/billing/payment/replace/").status_code == 403
    assert olivia.post(at("adam", "payment-details/"), {"changes_payment": "yes"}).status_code == 422


@pytest.mark.parametrize(
    ("who", "whom", "role", "status"),
    [
        ("olivia", "agnes", "owner", 422),
        ("olivia", "agnes", "emperor", 422),
        ("olivia", "agnes", "", 422),
        ("olivia", "olivia", "admin", 403),
        ("bilal", "bilal", "admin", 403),
        ("bilal", "agnes", "admin", 403),
        ("adam", "adam", "billing_admin", 403),
    ],
)
def test_forged_roles_change_nothing(pair: Account, who: str, whom: str, role: str, status: int) -> None:
    before = list(Membership.objects.order_by("pk").values_list("user__name", "role"))
    assert browser(who).post(at(whom, "role/"), {"role": role}).status_code == status
    assert list(Membership.objects.order_by("pk").values_list("user__name", "role")) == before
    assert not Activity.objects.exists()


# --- A place in the account ----------------------------------------------------------------------


def test_a_suspended_member_gets_nothing_and_comes_back(pair: Account) -> None:
    olivia, adam = browser("olivia"), browser("adam")
    assert adam.get(PAGE).status_code == 200
    olivia.post(at("adam", "suspend/"))
    assert adam.get(PAGE).status_code == 404
    assert "Restore access" in text(olivia.get(at("adam")))
    olivia.post(at("adam", "resume/"))
    assert adam.get(PAGE).status_code == 200


def test_removing_says_what_becomes_free_and_that_what_is_paid_stays(pair: Account) -> None:
    hold(pair, "agnes")
    bilal, agnes = browser("bilal"), browser("agnes")
    before = text(bilal.get(at("agnes", "remove/")))
    assert "Their seat of Support becomes free." in before
    assert "What is paid stays as it is: removing a person reduces nothing." in before
    assert agnes.get("/a/acme/").status_code == 200
    done = bilal.post(at("agnes", "remove/"), follow=True)
    assert "Agnes Albert was removed. A seat is free now: Support. What is paid stays as it is." in text(done)
    # 2 bought, 1 in use: one click away.
    assert "Reduce to 1 at the renewal" in text(done)
    assert "/manage/?seats-support=1" in done.content.decode()
    assert shop.line(pair, "support").quantity == 2
    # The session that was open gets nothing from the next request on.
    assert agnes.get("/a/acme/").status_code == 404


def test_bilal_removes_no_administrator_and_nobody_removes_themselves_or_the_owner(pair: Account) -> None:
    assert browser("bilal").post(at("adam", "remove/")).status_code == 403
    assert browser("bilal").post(at("olivia", "suspend/")).status_code == 403
    assert browser("olivia").post(at("olivia", "remove/")).status_code == 403
    assert browser("adam").post(at("agnes", "suspend/")).status_code == 403
    assert Membership.objects.filter(account=pair, suspended_at=None).count() == 5
    assert holders() == {"Olivia"}


def test_members_of_other_companies_are_not_there(pair: Account) -> None:
    stella = people.globex().memberships.get()
    olivia = browser("olivia")
    for part in ("role/", "seat/", "suspend/", "resume/", "remove/", "payment-details/"):
        for number in (stella.pk, 999_999_999):
            assert olivia.post(f"{PAGE}{number}/{part}", {"role": "agent"}).status_code == 404
    assert olivia.get(f"{PAGE}{stella.pk}/").status_code == 404


# --- Pointed out ---------------------------------------------------------------------------------


def test_seats_that_perhaps_nobody_needs_are_pointed_out(pair: Account) -> None:
    line = shop.line(pair, "support")
    type(line).objects.filter(pk=line.pk).update(quantity=5)
    for name in ("agnes", "adam", "leo"):
        hold(pair, name)
    User.objects.update(last_login=JULY_14)
    # 60 days before 14 July is 15 May.
    User.objects.filter(name="Agnes Albert").update(last_login=datetime(2023, 5, 15, 14, tzinfo=UTC))
    Membership.objects.filter(user__name="Adam Adler").update(suspended_at=JULY_14)
    olivia = Client()
    olivia.force_login(people.user("olivia"))
    seen = text(olivia.get(PAGE))
    for words in (
        "1 suspended person holds a seat",
        "1 holder of a seat has not signed in for 60 days",
        "1 light agent holds a seat that light agents don’t need",
    ):
        assert words in seen
    found = {
        look: [row.user.name.split()[0] for row in olivia.get(f"{PAGE}?look={look}").context["rows"]]
        for look in ("suspended", "not_seen", "light")
    }
    assert found == {"suspended": ["Adam"], "not_seen": ["Agnes"], "light": ["Leo"]}
