"""Olivia hands Acme over to Bilal: with her password, in seven days, or not at all."""

from datetime import timedelta

import pytest
from django.test import Client

from accounts import ownership
from accounts.models import Account, Letter, Membership, OwnershipOffer, User
from tests import acting, people
from tests.console.reading import JULY_14, acme_at, open_as, text

PAGE = "/a/acme/people/ownership/"


@pytest.fixture
def firm(db: None) -> Account:
    return acme_at()


def browser(name: str) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(people.user(name))
    return client


def proven(name: str) -> Client:
    """Return a browser in which a person has just typed their password again."""
    client = browser(name)
    client.post(f"/sign-in/reauthenticate/?next={PAGE}", {"password": people.PASSWORD})
    return client


def offer_to(name: str) -> str:
    return f"{PAGE}offer/{Membership.objects.get(user=people.user(name)).pk}/"


def roles_now() -> dict[str, str]:
    return {
        name.split()[0]: role
        for name, role in Membership.objects.values_list("user__name", "role")
        if role in ("owner", "billing_admin", "admin")
    }


def test_olivia_hands_over_to_bilal(firm: Account) -> None:
    plain = browser("olivia")
    for answer in (plain.get(offer_to("bilal")), plain.post(offer_to("bilal"))):
        assert answer["Location"].startswith("/sign-in/reauthenticate/")
    assert not OwnershipOffer.objects.exists()
    olivia = proven("olivia")
    assert "You become an administrator" in text(olivia.get(offer_to("bilal")))
    offered = text(olivia.post(offer_to("bilal"), follow=True))
    assert "The account is offered to Bilal Brahimi, who has seven days to accept." in offered
    assert "Withdraw the offer" in offered
    made = OwnershipOffer.objects.get()
    accept = f"{PAGE}{made.pk}/accept/"
    assert browser("bilal").post(accept)["Location"].startswith("/sign-in/reauthenticate/")
    bilal = proven("bilal")
    assert "Olivia Owens offers you Acme" in text(bilal.get(accept))
    assert "You are the owner of Acme now." in text(bilal.post(accept, follow=True))
    assert roles_now() == {"Olivia": "admin", "Bilal": "owner", "Adam": "admin"}
    told = set(Letter.objects.values_list("kind", "user__name"))
    assert told == {
        (kind, name)
        for kind in ("ownership_offered", "ownership_accepted")
        for name in ("Olivia Owens", "Bilal Brahimi")
    }
    # A second click, and the former owner's open page.
    assert bilal.post(accept).status_code == 422
    assert olivia.post(offer_to("adam")).status_code == 403


def test_an_offer_is_withdrawn_declined_or_expires(firm: Account) -> None:
    olivia, bilal = proven("olivia"), proven("bilal")
    olivia.post(offer_to("bilal"))
    made = OwnershipOffer.objects.get()
    assert "The offer is withdrawn." in text(olivia.post(f"{PAGE}{made.pk}/withdraw/", follow=True))
    assert bilal.post(f"{PAGE}{made.pk}/accept/").status_code == 422
    olivia.post(offer_to("bilal"))
    made = OwnershipOffer.objects.get(state="open")
    assert "You declined the ownership." in text(bilal.post(f"{PAGE}{made.pk}/withdraw/", follow=True))
    olivia.post(offer_to("bilal"))
    made = OwnershipOffer.objects.get(state="open")
    Account.objects.update(clock=JULY_14 + timedelta(days=7))
    assert "expired on 21 July 2023" in text(bilal.get(PAGE))
    late = bilal.post(f"{PAGE}{made.pk}/accept/")
    assert (late.status_code, "This offer is over" in text(late)) == (422, True)
    assert roles_now() == {"Olivia": "owner", "Bilal": "billing_admin", "Adam": "admin"}


def test_who_cannot_be_offered_it_and_who_cannot_offer(firm: Account) -> None:
    olivia = proven("olivia")
    refused = olivia.post(offer_to("adam"))
    assert refused.status_code == 422
    assert "Only a billing admin can become the owner" in text(refused)
    olivia.post(offer_to("bilal"))
    second = olivia.post(offer_to("bilal"))
    assert (second.status_code, "Another offer is open" in text(second)) == (422, True)
    assert proven("bilal").post(offer_to("bilal")).status_code == 403
    made = OwnershipOffer.objects.get()
    adam = proven("adam")
    assert adam.post(f"{PAGE}{made.pk}/accept/").status_code == 404
    assert adam.post(f"{PAGE}{made.pk}/withdraw/").status_code == 403
    assert OwnershipOffer.objects.get().state == "open"


def test_another_companys_offer_is_not_there(firm: Account) -> None:
    globex = people.globex()
    stella = globex.memberships.get().user
    made = OwnershipOffer.objects.create(
        account=globex, offered_by=stella, to=people.user("olivia"), created_at=JULY_14, expires_at=JULY_14
    )
    olivia = proven("olivia")
    assert olivia.post(f"{PAGE}{made.pk}/accept/").status_code == 404
    assert olivia.post(f"{PAGE}{made.pk}/withdraw/").status_code == 404
    assert olivia.post(f"{PAGE}offer/{globex.memberships.get().pk}/").status_code == 404


def test_the_page_of_an_offer_that_is_over_says_so(firm: Account) -> None:
    made = ownership.offer(
        people.member("bilal", firm).pk,
        occasion=acting.occasion(by=people.user("olivia"), at=JULY_14),
    )
    OwnershipOffer.objects.update(state="withdrawn")
    answer = proven("bilal").get(f"{PAGE}{made.pk}/accept/")
    assert answer.status_code == 422
    assert "This offer is over" in text(answer)


def test_when_olivia_is_away_for_90_days_the_others_read_how_staff_can_help(firm: Account) -> None:
    User.objects.filter(name="Olivia Owens").update(last_login=JULY_14 - timedelta(days=90))
    assert "The owner has not signed in for 90 days" in text(open_as("bilal", PAGE))
    assert "sales-acme@vendor.example" in text(open_as("bilal", PAGE))
    User.objects.filter(name="Olivia Owens").update(last_login=JULY_14 - timedelta(days=89))
    assert "has not signed in for 90 days" not in text(open_as("bilal", PAGE))
