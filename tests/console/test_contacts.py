"""The contacts: the owner first, then billing admins, readable by every admin, searchable."""

from accounts import roles
from accounts.rules.roles import Role
from tests import people
from tests.console.reading import acme_at, open_as, signed_in, text

PAGE = "/a/acme/billing/contacts/"


def test_the_owner_comes_first_whatever_the_names(db: None) -> None:
    account = acme_at(vendor_contact_name="Vic Varga", vendor_contact_phone="+1 555 0100")
    roles.enrol(account, [(people.person("abe@acme.example", "Abe Abel"), Role.BILLING_ADMIN)])
    seen = text(open_as("adam", PAGE))
    places = [seen.index(name) for name in ("Olivia Owens", "Abe Abel", "Bilal Brahimi")]
    assert places == sorted(places)
    assert "Adam Adler" not in seen, "an administrator is no billing contact"
    assert "Vic Varga sales-acme@vendor.example +1 555 0100" in seen


def test_who_may_change_the_payment_details_and_when_they_were_last_here(db: None) -> None:
    account = acme_at()
    bilal = people.member("bilal", account)
    bilal.changes_payment = True
    bilal.save(update_fields=["changes_payment"])
    roles.derive(bilal)
    open_as("olivia", PAGE)
    seen = text(open_as("adam", PAGE))
    assert seen.count("may change the payment details") == 2
    assert "bilal@acme.example Billing admin may change the payment details never" in seen


def test_search_finds_by_name_and_address_and_says_when_nobody_fits(db: None) -> None:
    acme_at()
    assert "Olivia" not in text(open_as("adam", PAGE + "?q=brahimi"))
    assert "Bilal" in text(open_as("adam", PAGE + "?q=BILAL@"))
    assert "No billing contact has “<b>x” in their name" in text(open_as("adam", PAGE + "?q=%3Cb%3Ex"))


def test_a_suspended_contact_is_none(db: None) -> None:
    account = acme_at()
    people.User.objects.filter(email="bilal@acme.example").update(is_active=False)
    assert account.name
    assert "Bilal" not in text(open_as("adam", PAGE))


def test_agents_are_refused_strangers_find_nothing_and_nobody_posts(db: None) -> None:
    acme_at()
    people.globex()
    assert open_as("agnes", PAGE).status_code == 403
    assert signed_in(people.person("stella@globex.example", "")).get(PAGE).status_code == 404
    adam = signed_in(people.user("adam"))
    assert (adam.head(PAGE).status_code, adam.post(PAGE).status_code) == (200, 405)
