"""The billing profile: whom invoices are made out to by the rules of each country, and who gets them."""

from typing import Any

import pytest
from django.test import Client

from accounts import roles
from accounts.models import Account, Activity, Draft, Membership
from billing.models import BillingProfile, InvoiceRecipient, PostalAddress
from billing.rules.parties import Address, TaxId, TaxIdKind
from tests import people
from tests.console.reading import acme_at, open_as, signed_in, text

PAGE = "/a/acme/billing/profile/"
FRENCH = {
    "legal_name": "Acme SARL",
    "sold_to_country": "FR",
    "sold_to_lines": "Bâtiment B\r\n1 rue du Taur",
    "sold_to_city": "Toulouse",
    "sold_to_postal_code": "31000",
    "same": "on",
    "bill_to_country": "FR",
    "tax_type": "vat:FR",
    "tax_number": "FR 34 999 888 779",
    "purchase_order": "PO-7",
}
AMERICAN = {
    "sold_to_country": "US",
    "sold_to_lines": "350 Fifth Avenue",
    "sold_to_city": "New York",
    "sold_to_region": "NY",
    "sold_to_postal_code": "10118",
    "tax_type": "company:US",
    "tax_number": "99-1234567",
}


@pytest.fixture
def acme(db: None) -> Account:
    """Acme, seen from New York."""
    return acme_at()


@pytest.fixture
def olivia(acme: Account) -> Client:
    """Olivia, signed in."""
    return signed_in(people.user("olivia"))


def errors(response: Any) -> dict[str, list[str]]:
    """What the page says at its fields."""
    assert response.status_code == 422
    return dict(response.context["form"].errors)


def test_olivia_says_whom_invoices_are_made_out_to(acme: Account, olivia: Client) -> None:
    saved = olivia.post(PAGE, FRENCH, follow=True)
    assert "The billing profile is changed. It applies to invoices from now on." in text(saved)
    profile = BillingProfile.objects.of(acme.pk)
    assert profile is not None
    assert profile.as_buyer("Acme").sold_to == Address(
        "FR", ("Bâtiment B", "1 rue du Taur"), "Toulouse", postal_code="31000"
    )
    assert profile.tax_id == TaxId(TaxIdKind.VAT, "FR", "34999888779")
    assert (profile.legal_name, profile.bill_to, profile.purchase_order) == ("Acme SARL", None, "PO-7")
    # The form shows what is kept, the number as documents write it.
    assert 'value="FR34999888779"' in saved.content.decode()


def test_the_trail_tells_what_changed_in_words(acme: Account, olivia: Client) -> None:
    olivia.post(PAGE, FRENCH)
    olivia.post(PAGE, FRENCH | {"purchase_order": "PO-8"})
    told = text(open_as("adam", "/a/acme/activity/"))
    assert "Billing profile changed" in told
    assert "Bâtiment B, 1 rue du Taur, 31000 Toulouse, France" in told
    latest = Activity.objects.latest("pk")
    assert (latest.before, latest.after) == ({"purchase_order": "PO-7"}, {"purchase_order": "PO-8"})
    # Saved as it is, nothing is recorded.
    unchanged = olivia.post(PAGE, FRENCH | {"purchase_order": "PO-8"}, follow=True)
    assert "Nothing was changed." in text(unchanged)
    assert Activity.objects.latest("pk").pk == latest.pk


@pytest.mark.parametrize(
    ("country", "labels"),
    [
        ("FR", ["Address", "Postal code", "City"]),
        ("US", ["Address", "City", "State", "ZIP code"]),
        ("JP", ["Postal code", "Prefecture", "Address"]),
        ("GB", ["Address", "Post town", "Postal code"]),
        ("CA", ["Address", "City", "Province", "Postal code"]),
        ("IE", ["Address", "Townland (optional)", "City", "County (optional)", "Eircode (optional)"]),
        ("HK", ["Area", "District (optional)", "Address"]),
    ],
)
def test_a_country_brings_its_own_fields_and_keeps_what_was_typed(
    olivia: Client, country: str, labels: list[str]
) -> None:
    """Without script a button asks for them; nothing is judged or stored."""
    shown = olivia.post(PAGE, FRENCH | {"sold_to_country": country, "act": "country"})
    form = shown.context["form"]
    assert shown.status_code == 200
    assert [str(field.label) for field in form.sold_to] == labels
    assert form["legal_name"].value() == "Acme SARL"
    assert "1 rue du Taur" in form["sold_to_lines"].value()
    assert not form.errors
    assert not BillingProfile.objects.exists()


def test_a_region_is_chosen_in_the_readers_language(olivia: Client) -> None:
    canada = FRENCH | {"sold_to_country": "CA", "act": "country"}
    assert '<option value="QC">Quebec</option>' in olivia.post(PAGE, canada).content.decode()
    people.user("olivia").__class__.objects.filter(email="olivia@acme.example").update(language="fr")
    french = olivia.post(PAGE, canada).content.decode()
    assert '<option value="QC">Québec</option>' in french
    assert "Numéro de TVA" in french
    japan = olivia.post(PAGE, FRENCH | {"sold_to_country": "JP", "act": "country"}).content.decode()
    assert '<option value="東京都">Tokyo (東京都)</option>' in japan


def test_the_first_country_proposed_is_that_of_the_time_zone(olivia: Client) -> None:
    form = olivia.get(PAGE).context["form"]
    assert form["sold_to_country"].value() == "US"
    assert form["legal_name"].value() == "Acme"
    assert form["tax_type"].value() == "company:US"


@pytest.mark.parametrize(
    ("changed", "field", "told"),
    [
        ({"legal_name": ""}, "legal_name", "This field is required."),
        ({"legal_name": "x" * 300}, "legal_name", "at most 200 characters (it has 300)"),
        ({"legal_name": "Acme\r\nBcc: x@example.com"}, "legal_name", "Character 5 (U+000D) can’t be shown"),
        ({"legal_name": "Acme\u202eLRAS"}, "legal_name", "changes the direction of other text"),
        ({"sold_to_lines": ""}, "sold_to_lines", "Addresses in this country need it."),
        ({"sold_to_lines": "a\nb\nc\nd\ne"}, "sold_to_lines", "At most 4 lines."),
        ({"sold_to_lines": "x" * 121}, "sold_to_lines", "A line has at most 120 characters."),
        ({"sold_to_city": "x" * 300}, "sold_to_city", "A line has at most 120 characters."),
        (
            {"sold_to_postal_code": "3100"},
            "sold_to_postal_code",
            "That code doesn’t exist in France. It looks like 33380.",
        ),
        ({"sold_to_country": "XX"}, "sold_to_country", "Select a valid choice."),
        (
            {"tax_number": "FR34999888778"},
            "tax_number",
            "A digit of it is wrong: its check digits don’t fit.",
        ),
        ({"tax_number": "DE136695976"}, "tax_number", "That is a number of Germany: choose its kind in the"),
        ({"tax_number": "12"}, "tax_number", "It looks like FR40303265045."),
        ({"tax_type": "company:FR", "tax_number": "1" * 90}, "tax_number", "It is too long or too short."),
        ({"tax_type": "vat:US"}, "tax_type", "Select a valid choice."),
        ({"purchase_order": "x" * 61}, "purchase_order", "at most 60 characters"),
        ({"purchase_order": "PO\r\nBcc: x"}, "purchase_order", "can’t be shown"),
        ({"same": "", "bill_to_city": "Lyon"}, "bill_to_lines", "Addresses in this country need it."),
        (AMERICAN | {"sold_to_region": ""}, "sold_to_region", "Addresses in this country need it."),
        (AMERICAN | {"sold_to_region": "Gascony"}, "sold_to_region", "Select a valid choice."),
        (
            AMERICAN | {"sold_to_region": "CA"},
            "sold_to_postal_code",
            "This code belongs elsewhere: compare it with what you chose for “state”.",
        ),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    olivia: Client, changed: dict[str, str], field: str, told: str
) -> None:
    found = errors(olivia.post(PAGE, FRENCH | changed))
    assert told in " ".join(found[field])
    assert not BillingProfile.objects.exists()
    assert not PostalAddress.objects.exists()


@pytest.mark.parametrize(
    "name", ["桜電機株式会社", "شركة النور", "Ελληνικά ΑΕ", "ООО «Ромашка»", "O’Brien & Søn", "🦊 Ltd"]
)
def test_a_name_may_be_of_any_script(acme: Account, olivia: Client, name: str) -> None:
    assert olivia.post(PAGE, FRENCH | AMERICAN | {"legal_name": name}).status_code == 302
    assert BillingProfile.objects.get().legal_name == name


def test_an_address_for_invoices_comes_and_goes(acme: Account, olivia: Client) -> None:
    other = {
        "same": "",
        "bill_to_country": "DE",
        "bill_to_lines": "Unter den Linden 1",
        "bill_to_city": "Berlin",
        "bill_to_postal_code": "10117",
    }
    olivia.post(PAGE, FRENCH | other)
    profile = BillingProfile.objects.of(acme.pk)
    assert profile is not None
    assert profile.bill_to is not None
    assert (profile.bill_to.city, profile.bill_to.country) == ("Berlin", "DE")
    olivia.post(PAGE, FRENCH)
    assert PostalAddress.objects.get().city == "Toulouse"
    # The same typed twice is one.
    same = {name.replace("sold_to", "bill_to"): one for name, one in FRENCH.items() if "sold_to" in name}
    olivia.post(PAGE, FRENCH | same | {"same": ""})
    assert PostalAddress.objects.get().city == "Toulouse"


def test_who_may_not_change_it_reads_it_and_who_can(acme: Account, olivia: Client) -> None:
    olivia.post(PAGE, FRENCH)
    page = text(open_as("bilal", PAGE))
    assert "Bâtiment B 1 rue du Taur 31000 Toulouse France" in page
    assert "VAT number (Numéro de TVA) FR34999888779" in page
    assert "Only the account owner can change the payment details." in page
    bilal = signed_in(people.user("bilal"))
    assert bilal.post(PAGE, FRENCH | {"legal_name": "Bilal SARL"}).status_code == 403
    assert bilal.post(PAGE, FRENCH | {"act": "country"}).status_code == 403
    assert BillingProfile.objects.get().legal_name == "Acme SARL"
    member = people.member("bilal", acme)
    member.changes_payment = True
    member.save(update_fields=["changes_payment"])
    roles.derive(Membership.objects.get(pk=member.pk))
    assert bilal.post(PAGE, FRENCH | {"legal_name": "Bilal SARL"}).status_code == 302
    assert BillingProfile.objects.get().legal_name == "Bilal SARL"


def test_admins_strangers_and_managed_accounts_do_not_get_in(acme: Account) -> None:
    people.globex()
    refused = open_as("adam", PAGE)
    assert refused.status_code == 403
    assert "Only the account owner and billing admins can see the payment details." in text(refused)
    assert signed_in(people.person("stella@globex.example", "")).get(PAGE).status_code == 404
    Account.objects.filter(pk=acme.pk).update(type="managed")
    managed = open_as("olivia", PAGE)
    assert managed.status_code == 403
    assert "Sales of Acme" in text(managed)


def test_what_was_typed_is_kept_when_the_session_ends(acme: Account, olivia: Client) -> None:
    mark = olivia.get(PAGE).content.decode().split('name="typed_by" value="')[1].split('"')[0]
    Client().post(PAGE, FRENCH | {"typed_by": mark})
    assert Draft.objects.get().fields["sold_to_postal_code"] == ["31000"]
    again = olivia.get(PAGE)
    assert "Here is what you typed" in text(again)
    form = again.context["form"]
    assert [form[name].value() for name in ("sold_to_country", "sold_to_postal_code", "tax_number")] == [
        *("FR", "31000", "FR 34 999 888 779"),
    ]


# --- Who gets the invoices -----------------------------------------------------------------------


def test_a_billing_admin_chooses_who_gets_the_invoices(acme: Account) -> None:
    bilal = signed_in(people.user("bilal"))
    given = {"recipient-email": "Books@Keepers.example", "recipient-name": "Keepers & Co"}
    added = bilal.post(f"{PAGE}recipients/", given | {"recipient-language": "fr"}, follow=True)
    assert "books@keepers.example gets the invoices from now on." in text(added).lower()
    found = InvoiceRecipient.objects.get()
    assert (found.email, found.name, found.language) == ("books@keepers.example", "Keepers & Co", "fr")
    # Added again they are renamed, and still one.
    bilal.post(f"{PAGE}recipients/", given | {"recipient-language": "en"})
    assert InvoiceRecipient.objects.get().language == "en"
    removed = bilal.post(f"{PAGE}recipients/{found.pk}/remove/", follow=True)
    assert "They no longer get the invoices." in text(removed)
    verbs = Activity.objects.filter(subject="billing_profile").order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == [f"invoice_recipient_{done}" for done in ("added", "changed", "removed")]
    assert "Recipient of the invoices changed" in text(open_as("adam", "/a/acme/activity/"))


@pytest.mark.parametrize(
    "email",
    [
        "",
        "nobody",
        "a@b",
        "x@example.com\r\nBcc: y@example.com",
        "o@א1.example",
        f"{'x' * 250}@example.com",
        "x@example.com,y@example.com",
    ],
)
def test_an_address_that_no_letter_can_be_sent_to_is_refused(olivia: Client, email: str) -> None:
    refused = olivia.post(f"{PAGE}recipients/", {"recipient-email": email, "recipient-language": "en"})
    assert refused.status_code == 422
    assert refused.context["recipient_form"].errors["email"]
    assert not InvoiceRecipient.objects.exists()


def test_twenty_get_them_at_most(acme: Account, olivia: Client) -> None:
    profile = BillingProfile.objects.create(account=acme)
    InvoiceRecipient.objects.bulk_create(
        InvoiceRecipient(profile=profile, email=f"r{n}@acme.example", language="en") for n in range(20)
    )
    one_more = {"recipient-email": "r20@acme.example", "recipient-language": "en"}
    refused = olivia.post(f"{PAGE}recipients/", one_more)
    assert "At most 20 people get the invoices: remove somebody first." in text(refused)
    assert InvoiceRecipient.objects.count() == 20


def test_nobody_removes_another_accounts_recipient(acme: Account, olivia: Client) -> None:
    globex = BillingProfile.objects.create(account=people.globex())
    theirs = InvoiceRecipient.objects.create(profile=globex, email="b@globex.example", language="en")
    assert olivia.post(f"{PAGE}recipients/{theirs.pk}/remove/").status_code == 404
    assert olivia.post(f"{PAGE}recipients/999999/remove/").status_code == 404
    assert InvoiceRecipient.objects.filter(pk=theirs.pk).exists()
