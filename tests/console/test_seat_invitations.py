"""A seat bought for somebody keeps the somebody: one flow from the invitation to the receipt, alone or many.

Support × 2 at a grandfathered 1.00 a month, annual until 27 October 2023; Agnes holds one, one is left. Each
seat more costs 12.00 × 105/365 = 3.45 on 14 July 2023.
"""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from accounts import invitations, roles
from accounts.models import Account, Invitation, Letter
from accounts.rules.decision import NotAllowed
from accounts.rules.roles import Role
from admin_center.forms.members import read_person
from billing import cleanup, quotes, reconciliation, seat_invitations
from billing.models import AgentSeat, Invoice, PaymentMethod, PlannedInvitation, Quote
from billing.rules.changes import AddSeats, ReduceSeats
from tests import acting, people, shop
from tests.console.reading import JULY_14, acme_at, signed_in, text

pytestmark = pytest.mark.django_db(transaction=True)
INVITE, SEVERAL = "/a/acme/people/invite/", "/a/acme/people/invite/several/"
TODAY = JULY_14.date()
LIST = """Nina New <nina@new.example>
otto@new.example; Otto Oak

"Pia, Dr." , pia@new.example
"""


@pytest.fixture
def firm() -> Account:
    account = acme_at()
    shop.subscribe(account, {"support": ("team", 2, "1.00")}, start=date(2022, 10, 27))
    line, member = shop.line(account, "support"), people.member("agnes", account)
    AgentSeat.objects.create(subscription_id=account.pk, line=line, membership=member)
    PaymentMethod.objects.create(
        subscription_id=account.pk, kind="card", brand="Visa", last_four="4242", reference="test_approves"
    )
    return account


def browser(name: str = "bilal") -> Client:
    return signed_in(people.user(name))


def by(name: str) -> Any:
    return acting.occasion(by=people.user(name), on=TODAY, at=JULY_14)


def several(listed: str = LIST, who: str = "bilal", **typed: str) -> Any:
    asked = {"listed": listed, "role": "agent", "seat": "support", "buy": "on"}
    return browser(who).post(SEVERAL, asked | typed, follow=True)


def one(name: str = "nina", **typed: str) -> Any:
    asked = {"email": f"{name}@new.example", "name": name.title(), "role": "agent", "seat": "support"}
    return browser().post(INVITE, asked | {"buy": "on"} | typed, follow=True)


def confirm(answer: Any) -> Any:
    """Confirm the quote that an answer led to."""
    return browser().post(answer.redirect_chain[-1][0], follow=True)


def invited() -> list[tuple[str, str]]:
    return list(Invitation.objects.order_by("pk").values_list("email", "seat"))


def test_where_a_seat_is_left_nobody_buys_one(firm: Account) -> None:
    assert "An invitation is on its way to nina@new.example." in text(one())
    assert invited() == [("nina@new.example", "support")]
    assert not Quote.objects.exists()


def test_one_seat_more_and_the_invitation_goes_out_with_the_receipt(firm: Account) -> None:
    one("nina")
    review = one("otto")
    page = text(review)
    assert "Invited once it is confirmed" in page
    assert "Otto otto@new.example" in page
    # 3 × 12.00 × 105/365 − 2 × 12.00 × 105/365 = 10.36 − 6.90
    assert "Confirm and pay $3.46" in page
    assert invited() == [("nina@new.example", "support")]
    receipt = text(confirm(review))
    assert "$3.46 was paid" in receipt
    assert "Invited with it" in receipt
    assert "The invitation is on its way." in receipt
    assert invited() == [("nina@new.example", "support"), ("otto@new.example", "support")]
    assert shop.line(firm, "support").quantity == 3
    assert Letter.objects.filter(kind="invited", to="otto@new.example").count() == 1


def test_three_from_a_list_are_one_quote(firm: Account) -> None:
    """Three are invited, one seat is left: two are bought, 4 × 3.4521 − 2 × 3.4521 = 13.81 − 6.90."""
    review = several()
    assert "Confirm and pay $6.91" in text(review)
    assert not Invitation.objects.exists()
    receipt = text(confirm(review))
    assert receipt.count("The invitation is on its way.") == 3
    assert invited() == [(f"{name}@new.example", "support") for name in ("nina", "otto", "pia")]
    assert list(Invitation.objects.order_by("pk").values_list("name", flat=True)) == [
        "Nina New",
        "Otto Oak",
        "Pia Dr.",
    ]
    assert str(Invoice.objects.get().total) == "$6.91"


def test_without_a_seat_or_without_buying_all_are_invited_at_once(firm: Account) -> None:
    assert "3 invitations are on their way." in text(several(seat=""))
    Invitation.objects.all().delete()
    page = text(several(buy=""))
    assert "3 invitations are on their way." in page
    assert "Anyone who finds no seat joins without one" in page


@pytest.mark.parametrize(
    ("listed", "says"),
    [
        ("", "This field is required."),
        ("Nina New\nnina@new.example", "Line 1 has no e-mail address: Nina New"),
        ("nina@new.example\nNINA@new.example", "nina@new.example: This address is in the list twice."),
        (
            "nina@new.example\nagnes@acme.example",
            "agnes@acme.example: Somebody with this address is a member",
        ),
        (
            "\n".join(f"p{n}@new.example" for n in range(51)),
            "These are 51 people. Invite at most 50 at once.",
        ),
        ("nina@new..example", "This is not an e-mail address."),
        ("x" * 20_001, "20"),
        ("nina\x07@new.example", "can’t be shown here"),
    ],
)
def test_a_list_that_is_wrong_invites_nobody_and_is_still_there(
    firm: Account, listed: str, says: str
) -> None:
    answer = several(listed)
    assert answer.status_code == 422
    assert says in text(answer)
    assert not Invitation.objects.exists()
    assert not Quote.objects.exists()


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ("nina@new.example", ("nina@new.example", "")),
        ("Nina New <Nina@New.example>", ("nina@new.example", "Nina New")),
        ("Nina\tNew\tnina@new.example", ("nina@new.example", "Nina New")),
        ('"New, Nina" <nina@new.example>,', ("nina@new.example", "New Nina")),
        ("nina@new.example;Nina New", ("nina@new.example", "Nina New")),
        ("(Nina) nina@new.example", ("nina@new.example", "Nina")),
    ],
)
def test_how_a_line_is_read(line: str, read: tuple[str, str]) -> None:
    assert read_person(line) == invitations.Invitee(*read)


def test_a_payment_that_fails_invites_nobody_and_they_wait_on_the_people_page(firm: Account) -> None:
    PaymentMethod.objects.update(reference="test_declines")
    failed = confirm(several())
    assert "Invited once it is confirmed" in text(failed)
    page = text(browser().get("/a/acme/people/"))
    assert "Waiting for their seats" in page
    assert "Nina New nina@new.example" in page
    PaymentMethod.objects.update(reference="test_approves")
    quote = Quote.objects.get()
    again = browser().post(f"/a/acme/people/planned/{quote.pk}/", follow=True)
    assert confirm(again).status_code == 200
    assert len(invited()) == 3
    assert "Waiting for their seats" not in text(browser().get("/a/acme/people/"))


def test_who_is_no_longer_wanted_is_forgotten(firm: Account) -> None:
    several()
    quote = Quote.objects.get()
    page = browser().post(f"/a/acme/people/planned/{quote.pk}/discard/", follow=True)
    assert "Nobody was invited, and nothing was bought." in text(page)
    assert not PlannedInvitation.objects.exists()
    with pytest.raises(quotes.QuoteOver):
        quotes.confirm(quote.pk, occasion=by("bilal"))
    assert "Nobody waits for these seats any more." in text(
        browser().post(f"/a/acme/people/planned/{quote.pk}/", follow=True)
    )


def test_seats_that_came_meanwhile_are_not_bought_twice(firm: Account) -> None:
    """Three seats were to be bought to make four; Olivia buys as many herself before Bilal confirms."""
    review = several()
    mine = quotes.draw_up(firm, [AddSeats("support", 4)], occasion=by("olivia"))
    quotes.confirm(mine.pk, occasion=by("olivia"))
    page = text(confirm(review))
    assert "This can’t be confirmed as it is" in page
    assert "Price the seats that are missing now" in page
    quote = Quote.objects.get(person=people.user("bilal"))
    done = text(browser().post(f"/a/acme/people/planned/{quote.pk}/", follow=True))
    assert "The seats are there by now: the invitations are on their way." in done
    assert (len(invited()), shop.line(firm, "support").quantity) == (3, 4)


def test_a_new_quote_in_the_place_of_the_old_keeps_who_it_is_for(firm: Account) -> None:
    review = several()
    # The next morning one day less is charged.
    Account.objects.update(clock=JULY_14 + timedelta(hours=20))
    changed = confirm(review)
    assert "Something changed since you looked." in text(changed)
    assert "Invited once it is confirmed" in text(changed)
    assert not Invitation.objects.exists()
    confirm(changed)
    assert len(invited()) == 3


def test_who_became_a_member_meanwhile_keeps_why_and_the_others_go_out(firm: Account) -> None:
    review = several()
    person = people.person("otto@new.example", "Otto Oak")
    roles.enrol(firm, [(person, Role.AGENT)])
    receipt = text(confirm(review))
    assert "Somebody with this address is a member already." in receipt
    assert receipt.count("The invitation is on its way.") == 2
    assert PlannedInvitation.objects.get(email="otto@new.example").refusal == "member"


def test_who_may_no_longer_invite_when_the_money_comes_invites_nobody(firm: Account) -> None:
    PaymentMethod.objects.update(reference="test_times_out_paid")
    confirm(several())
    with acting.at(JULY_14):
        roles.give(people.member("bilal", firm).pk, Role.AGENT, occasion=by("olivia"))
    # By everybody's clock, as the worker does.
    Account.objects.update(clock=None)
    reconciliation.reconcile(JULY_14 + timedelta(minutes=5))
    assert shop.line(firm, "support").quantity == 4
    assert not Invitation.objects.exists()
    assert set(PlannedInvitation.objects.values_list("refusal", flat=True)) == {"not_allowed"}


def test_a_reduction_that_waits_is_named_at_the_field(firm: Account) -> None:
    waits = quotes.draw_up(firm, [ReduceSeats("support", 1)], occasion=by("olivia"))
    quotes.confirm(waits.pk, occasion=by("olivia"))
    answer = several()
    assert answer.status_code == 422
    assert "A reduction of these seats is scheduled." in text(answer)
    assert not PlannedInvitation.objects.exists()


@pytest.mark.parametrize("name", ["adam", "agnes"])
def test_who_manages_no_people_invites_nobody(firm: Account, name: str) -> None:
    assert several(who=name).status_code == 403
    with pytest.raises(NotAllowed):
        seat_invitations.invite(
            firm,
            [invitations.Invitee("x@new.example")],
            Role.AGENT,
            occasion=by(name),
            seat="support",
            buy=True,
        )
    assert browser(name).post(f"/a/acme/people/planned/{UUID(int=1)}/").status_code == 403


def test_where_nobody_buys_the_page_offers_no_purchase(firm: Account) -> None:
    Account.objects.update(type="managed")
    page = browser("olivia").get(SEVERAL).content.decode()
    assert 'name="buy"' not in page
    assert "3 invitations are on their way." in text(several(who="olivia"))


def test_another_companys_quote_is_not_there(firm: Account) -> None:
    several()
    quote = Quote.objects.get()
    people.globex()
    stella = signed_in(people.person("stella@globex.example", "Stella"))
    assert stella.post(f"/a/globex/people/planned/{quote.pk}/").status_code == 404
    assert stella.post(f"/a/globex/people/planned/{quote.pk}/discard/").status_code == 404
    assert PlannedInvitation.objects.count() == 3


def test_who_was_never_bought_a_seat_is_forgotten_after_thirty_days(firm: Account) -> None:
    PaymentMethod.objects.update(reference="test_declines")
    confirm(several())
    assert Quote.objects.get().state == "failed"
    Account.objects.update(clock=None)
    # The quote could be confirmed for a day.
    cleanup.quotes(JULY_14 + timedelta(days=30))
    assert PlannedInvitation.objects.count() == 3
    cleanup.quotes(JULY_14 + timedelta(days=31))
    assert not PlannedInvitation.objects.exists()
