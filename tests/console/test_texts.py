"""One rule for characters at every form: a stranger's names come in as they are, tricks are named."""

from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account, Invitation
from accounts.rules.texts import OddCharacter
from admin_center.forms.fields import Day, Lines, Number, Text, WholeNumber, refusal
from billing.models import ChangeRequest, PromoCode
from tests import people, shop
from tests.console.reading import acme_at, signed_in, text

INVITE = "/a/acme/people/invite/"
NINA = {"email": "nina@new.example", "role": "agent"}
NAMES = {
    "山田\u3000太郎": "山田 太郎",
    " Nina\u00a0\u2009New ": "Nina New",
    "Nina 👩\u200d💻": "Nina 👩\u200d💻",
    "علی\u200cرضا": "علی\u200cرضا",
    "Nin\u0061\u0301": "Niná",
}
TRICKS = {
    "Nina\u202eweN": "Character 5 (U+202E) changes",
    "Ni\u200bna": "Character 3 (U+200B) can’t be shown",
}


@pytest.fixture
def firm(db: None) -> Account:
    account = acme_at()
    shop.subscribe(account, {"support": ("team", 3, "1.00")}, start=date(2022, 10, 27))
    return account


@pytest.mark.parametrize("typed", NAMES)
def test_a_name_is_kept_by_the_rule_of_files(typed: str, firm: Account) -> None:
    signed_in(people.user("olivia")).post(INVITE, NINA | {"name": typed})
    assert Invitation.objects.get().name == NAMES[typed]


@pytest.mark.parametrize("typed", TRICKS)
def test_a_trick_is_named_at_the_field_and_nothing_is_written(typed: str, firm: Account) -> None:
    olivia = signed_in(people.user("olivia"))
    page = olivia.post(INVITE, NINA | {"name": typed})
    assert page.status_code == 422
    assert TRICKS[typed] in text(page)
    assert not Invitation.objects.exists()


def test_the_refusal_is_french_in_french(firm: Account) -> None:
    page = signed_in(people.user("olivia"), "fr").post(INVITE, NINA | {"name": "A\u202e"})
    assert "Le caractère 2 (U+202E) change le sens de lecture" in text(page)


def test_a_request_and_its_refusal_hold_no_trick(firm: Account) -> None:
    adam, olivia = signed_in(people.user("adam")), signed_in(people.user("olivia"))
    manage = "/a/acme/billing/subscription/manage/"
    wish = {"seats-support": 5, "edition-support": "team", "note": "Two\u202e"}
    assert "U+202E" in text(adam.post(manage, wish))
    assert not ChangeRequest.objects.exists()
    adam.post(manage, wish | {"note": "Two\u00a0more,\r\nplease"})
    asked = ChangeRequest.objects.get()
    assert asked.note == "Two more,\nplease"
    address = f"/a/acme/billing/requests/{asked.pk}/"
    assert "U+2066" in text(olivia.post(f"{address}reject/", {"reason": "No\u2066"}))
    asked.refresh_from_db()
    assert asked.state == "open"


def test_the_back_office_has_the_same_rule(firm: Account) -> None:
    vera = signed_in(people.vera())
    address = reverse("vendor:accounts_account_change", args=[firm.pk])
    fields = ("type", "collection_method", "timezone", "language")
    fields += ("vendor_contact_name", "vendor_contact_email")
    sent = {name: getattr(firm, name) for name in fields} | {"vendor_contact_phone": "", "reason": "Moved"}
    for wrong in ({"vendor_contact_name": "Nadia\u202e"}, {"reason": "Moved\u202e"}):
        page = vera.post(address, sent | wrong)
        assert "U+202E" in page.content.decode()
    # What is no place's zone is not offered either.
    for zone in ("localtime", "Factory"):
        assert "Select a valid choice" in text(vera.post(address, sent | {"timezone": zone}))
    vera.post(address, sent | {"vendor_contact_name": "山田\u3000太郎"})
    firm.refresh_from_db()
    assert firm.vendor_contact_name == "山田 太郎"
    assert not PromoCode.objects.exists()


def refused(field: Any, value: str) -> str:
    """Return what a field says of a value, or the value as it read it."""
    try:
        return str(field.clean(value))
    except Exception as error:
        return " ".join(error.messages)  # type: ignore[attr-defined]


def test_numbers_and_days_name_what_stands_in_the_way() -> None:
    assert refused(WholeNumber(), "1\u202f234") == "1234"
    assert refused(WholeNumber(), "\u00a012 ") == "12"
    assert "Character 2 is U+2212" in refused(WholeNumber(), "1−2")
    assert "Character 3 is U+20AC" in refused(Number(), "12€")
    assert "Character 5 is U+2011" in refused(Day(), "2026‑11‑26")
    # What is no odd character is told as before.
    assert refused(WholeNumber(), "ten") == "Enter a whole number."
    assert refused(Day(), "") == "This field is required."


def test_texts_of_one_and_several_lines() -> None:
    assert refused(Text(), "a\nb") == "Character 2 (U+000A) can’t be shown here. Take it out."
    assert refused(Lines(), "a\r\nb") == "a\nb"
    assert refused(Text(), "") == "This field is required."
    assert refused(Text(required=False), "\u3000") == ""
    assert refusal(OddCharacter("\u202e", 1)).messages[0].startswith("Character 1 (U+202E) changes")


def test_the_name_to_type_before_cancelling_may_have_any_space(firm: Account) -> None:
    from admin_center.forms.cancellation import CancelForm

    for typed in ("Acme Ltd", "Acme\u00a0Ltd", " Acme  Ltd"):
        form = CancelForm({"reason": "other", "text": "", "name": typed}, account_name="Acme\u00a0Ltd")
        assert form.is_valid(), form.errors
    assert not CancelForm({"reason": "other", "name": "acme ltd"}, account_name="Acme Ltd").is_valid()


def test_a_new_person_says_their_name_by_the_same_rule(firm: Account) -> None:
    from accounts.models import Letter, User

    signed_in(people.user("olivia")).post(INVITE, NINA | {"name": "Nina"})
    address = f"/invitations/{Letter.objects.get(kind='invited').facts['token']}/"
    typed = {"password": "long enough and unknown", "again": "long enough and unknown"}
    assert "U+202E" in text(Client().post(address, typed | {"name": "Nina\u202e"}))
    Client().post(address, typed | {"name": "Nina\u3000New"})
    assert User.objects.get(email="nina@new.example").name == "Nina New"
