"""Billing profiles in the back office: staff read them, and change them for a reason that the owner reads."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account, Activity
from billing.models import BillingProfile, InvoiceRecipient
from tests import people, shop
from tests.console.reading import acme_at, open_as, signed_in, text
from tests.console.test_profile import FRENCH


@pytest.fixture
def acme(db: None) -> Account:
    """Acme, whose people may not change its profile: it is managed."""
    return acme_at(type="managed")


@pytest.fixture
def vera(acme: Account) -> Client:
    """Vera, of the vendor's staff."""
    return signed_in(people.vera())


def test_vera_reads_whom_invoices_are_made_out_to(acme: Account, vera: Client) -> None:
    page = reverse("vendor:accounts_account_change", args=[acme.pk])
    assert "Missing: Your company’s address is missing." in text(vera.get(page))
    profile = shop.profile(acme, legal_name="Acme Inc.", purchase_order="PO-7")
    InvoiceRecipient.objects.create(profile=profile, email="b@acme.example", name="Books", language="fr")
    seen = text(vera.get(page))
    assert "Legal name: Acme Inc." in seen
    assert "Purchase order number: PO-7" in seen
    assert "Books b@acme.example (Français)" in seen
    assert "Missing" not in seen


def test_vera_changes_it_with_a_reason_that_the_owner_reads(acme: Account, vera: Client) -> None:
    act = reverse("vendor:accounts_account_profile", args=[acme.pk])
    assert act in vera.get(reverse("vendor:accounts_account_change", args=[acme.pk])).content.decode()
    assert vera.post(act, FRENCH | {"reason": " "}).status_code == 422
    other = vera.post(act, FRENCH | {"sold_to_country": "JP", "act": "country"})
    assert "Prefecture" in text(other)
    assert not BillingProfile.objects.exists()
    done = vera.post(act, FRENCH | {"reason": "They wrote to us"}, follow=True)
    assert "The billing profile is changed." in text(done)
    entry = Activity.objects.get(verb="billing_profile_changed")
    assert (entry.actor_name, entry.by_staff, entry.reason) == ("Vera Vance", True, "They wrote to us")
    told = text(open_as("olivia", "/a/acme/activity/"))
    assert "They wrote to us" in told
    assert "1 rue du Taur, 31000 Toulouse, France" in told


def test_nobody_else_does(acme: Account, vera: Client) -> None:
    act = reverse("vendor:accounts_account_profile", args=[acme.pk])
    assert signed_in(people.user("olivia")).post(act, FRENCH | {"reason": "x"}).status_code == 404
    Account.objects.filter(pk=acme.pk).update(state="cancelled", cancelled_at="2023-07-01T00:00:00Z")
    assert vera.get(act).status_code == 404
    assert not BillingProfile.objects.exists()
