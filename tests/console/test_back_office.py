"""The back office: Vera sees every account and changes little; to everybody else it isn't there."""

from datetime import date

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import NoReverseMatch, reverse

from accounts.models import Account, Activity, Letter, User
from admin_center.back_office import site
from billing.models import PaymentMethod, PromoCode, Subscription
from tests import acting, people, shop
from tests.console.reading import signed_in
from tests.sweeps import routes
from tests.sweeps.test_matrix import addresses as named_addresses

pytestmark = pytest.mark.django_db

MONDAY = date(2026, 11, 23)
LISTS = sorted(f"{model._meta.app_label}_{model._meta.model_name}" for model in site._registry)


@pytest.fixture
def vera(sign_in) -> Client:  # type: ignore[no-untyped-def]
    return sign_in(people.vera())


@pytest.fixture
def bought(acme: Account) -> Subscription:
    """Acme with ten seats of Support and an add-on, Olivia on one of them."""
    made = shop.subscribe(
        acme, {"support": ("team", 10, "1.00"), "copilot": ("standard", 10, "10")}, start=date(2022, 10, 27)
    )
    PaymentMethod.objects.create(
        subscription=made, kind="card", brand="Visa", last_four="4242", reference="pm_secret"
    )
    Letter.objects.create(account=acme, kind="invited", to="x@acme.example", language="en", key="k",
                          facts={"by": "Olivia", "token": "secret-token"})  # fmt: skip
    shop.line(acme, "support").seats.create(subscription=made, membership=people.member("olivia", acme))
    return made


def addresses() -> list[str]:
    """Return every address of the back office that needs no id."""
    return [
        *("/vendor/", "/vendor/jsi18n/", "/vendor/autocomplete/", "/vendor/login/", "/vendor/logout/"),
        *("/vendor/password_change/", "/vendor/password_change/done/", "/vendor/nothing/at/all/"),
        *("/vendor/accounts/", "/vendor/billing/", "/vendor/r/1/1/", "/vendor/search/"),
        *(reverse(f"vendor:{name}_changelist") for name in LISTS),
        *(reverse(f"vendor:{name}_change", args=[1]) for name in LISTS),
    ]


# --- Who may come -------------------------------------------------------------------------------
@pytest.mark.breaks_invariants
def test_nobody_who_is_signed_in_finds_it_but_staff(acme: Account, sign_in) -> None:  # type: ignore[no-untyped-def]
    """Olivia owns Acme: the back office doesn't exist for her, whatever Django permission she holds."""
    olivia = people.user("olivia")
    olivia.user_permissions.set(Permission.objects.all())
    User.objects.filter(pk=olivia.pk).update(is_superuser=True)
    browser = sign_in(olivia)
    for address in addresses():
        assert browser.get(address).status_code == 404, address
        assert browser.post(address, {}).status_code == 404, address


def test_anonymous_people_are_sent_to_the_ordinary_sign_in(client: Client) -> None:
    for address in addresses():
        answer = client.get(address)
        assert answer.status_code == 302, address
        assert answer["Location"].startswith(f"{reverse('account_login')}?next=/vendor/"), address


def test_a_person_who_left_the_staff_is_out_at_once(sign_in) -> None:  # type: ignore[no-untyped-def]
    vera = people.vera()
    browser = sign_in(vera)
    assert browser.get("/vendor/").status_code == 200
    User.objects.filter(pk=vera.pk).update(is_staff=False)
    assert browser.get("/vendor/").status_code == 404
    User.objects.filter(pk=vera.pk).update(is_staff=True, is_active=False)
    assert browser.get("/vendor/").status_code == 302


def test_there_is_no_second_form_for_passwords(vera: Client) -> None:
    assert vera.get("/vendor/login/")["Location"] == "/vendor/"
    assert vera.get("/vendor/logout/")["Location"] == reverse("account_logout")
    assert vera.get("/vendor/password_change/")["Location"] == reverse("account_change_password")
    for address in ("/vendor/login/", "/vendor/"):
        body = Client().post(address, {"username": "vera@vendor.example", "password": people.PASSWORD})
        assert body.status_code == 302


def test_it_may_have_a_host_of_its_own(vera: Client, settings) -> None:  # type: ignore[no-untyped-def]
    settings.VENDOR_HOST = "office.example"
    settings.ALLOWED_HOSTS = ["testserver", "office.example"]
    assert vera.get("/vendor/").status_code == 404
    assert vera.get("/vendor/", headers={"host": "office.example"}).status_code == 200


def test_staff_have_no_power_in_the_console(acme: Account, vera: Client) -> None:
    assert vera.get("/a/acme/billing/subscription/").status_code == 404


# --- What they see ------------------------------------------------------------------------------
@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_list_and_every_page_is_shown(bought: Subscription, vera: Client, language: str) -> None:
    User.objects.filter(email="vera@vendor.example").update(language=language)
    assert vera.get("/vendor/").status_code == 200
    for model in site._registry:
        name = f"vendor:{model._meta.app_label}_{model._meta.model_name}"
        assert vera.get(reverse(f"{name}_changelist")).status_code == 200, name
        row = model._default_manager.first()
        if row is not None:
            assert vera.get(reverse(f"{name}_change", args=[row.pk])).status_code == 200, name
        assert vera.get(reverse(f"{name}_change", args=["nonsense"])).status_code == 302, name


def test_vera_reads_a_subscription_whole(bought: Subscription, vera: Client) -> None:
    page = vera.get(reverse("vendor:billing_subscription_change", args=[bought.pk])).content.decode()
    # Ten seats at 1.00 a month for a year of 365 days: 10 × 1.00 × 12 = 120.00.
    for words in ("Support", "Copilot", "$1.00", "$120.00", "27 October 2023"):
        assert words in page, words
    assert "€" not in page


def test_amounts_are_written_in_the_readers_language(bought: Subscription, vera: Client) -> None:
    User.objects.filter(email="vera@vendor.example").update(language="fr")
    page = vera.get(reverse("vendor:billing_subscription_change", args=[bought.pk])).content.decode()
    assert "120,00\N{NO-BREAK SPACE}$US" in page


def test_secrets_are_on_no_page(bought: Subscription, vera: Client) -> None:
    """A payment method is brand and last four; a letter's link lets its reader in."""
    for name in LISTS:
        for address in (
            reverse(f"vendor:{name}_changelist"),
            *(
                reverse(f"vendor:{name}_change", args=[row.pk])
                for model in site._registry
                if f"{model._meta.app_label}_{model._meta.model_name}" == name
                for row in model._default_manager.all()[:3]
            ),
        ):
            page = vera.get(address).content.decode()
            for secret in ("pm_secret", "secret-token", people.user("olivia").password):
                assert secret not in page, address


# --- What they change ---------------------------------------------------------------------------
def particulars(account: Account, **changes: str) -> dict[str, str]:
    contact = ("vendor_contact_name", "vendor_contact_email")
    fields = ("type", "collection_method", "timezone", "language", *contact)
    held = {field: getattr(account, field) for field in fields}
    return held | {"vendor_contact_phone": "", "reason": ""} | changes


def test_a_change_names_its_reason_and_the_owner_can_read_it(acme: Account, vera: Client) -> None:
    address = reverse("vendor:accounts_account_change", args=[acme.pk])
    sent = particulars(acme, vendor_contact_name="Nadia Noor", timezone="Europe/Paris", reason="New region")
    assert vera.post(address, sent).status_code == 302
    acme.refresh_from_db()
    assert (acme.vendor_contact_name, acme.timezone) == ("Nadia Noor", "Europe/Paris")
    entry = Activity.objects.get(account=acme, verb="account_amended")
    assert entry.before == {"vendor_contact_name": "Sales of Acme", "timezone": "America/New_York"}
    assert entry.after == {"vendor_contact_name": "Nadia Noor", "timezone": "Europe/Paris"}
    assert (entry.actor_name, entry.by_staff, entry.reason) == ("Vera Vance", True, "New region")
    assert entry.address == "127.0.0.1"


@pytest.mark.parametrize(
    "wrong",
    [
        {"vendor_contact_name": "Nadia", "reason": " "},
        {"type": "free", "reason": "x"},
        {"timezone": "Mars/Olympus", "reason": "x"},
        {"language": "de", "reason": "x"},
        {"vendor_contact_email": "nobody", "reason": "x"},
    ],
)
def test_without_a_reason_or_with_a_wrong_value_nothing_changes(
    acme: Account, vera: Client, wrong: dict[str, str]
) -> None:
    address = reverse("vendor:accounts_account_change", args=[acme.pk])
    before = Account.objects.values().get()
    answer = vera.post(address, particulars(acme, **wrong))
    assert answer.status_code == 200
    assert "errornote" in answer.content.decode()
    assert Account.objects.values().get() == before
    assert not Activity.objects.exists()


def test_other_fields_are_ignored_whatever_is_sent(acme: Account, vera: Client) -> None:
    address = reverse("vendor:accounts_account_change", args=[acme.pk])
    sent = particulars(acme, language="fr", reason="They asked", state="cancelled", name="Mine", slug="mine")
    sent |= {"currency": "EUR", "external_id": "1", "is_sandbox": "on", "clock_0": "2020-01-01", "id": "7"}
    assert vera.post(address, sent).status_code == 302
    acme.refresh_from_db()
    assert (acme.name, acme.slug, acme.state, acme.currency, acme.language) == (
        *("Acme", "acme", "active", "USD"),
        "fr",
    )
    assert not acme.is_sandbox


def test_nothing_is_added_or_deleted_or_edited_but_by_verbs(bought: Subscription, vera: Client) -> None:
    """Of an account the particulars, of the price lists the promo codes; both ask for a reason."""
    for model in site._registry:
        name = f"vendor:{model._meta.app_label}_{model._meta.model_name}"
        added = 200 if model is PromoCode else 403
        assert vera.get(reverse(f"{name}_add")).status_code == added, name
        row = model._default_manager.first()
        if row is None:
            continue
        before = list(model._default_manager.values())
        assert vera.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
        assert vera.get(reverse(f"{name}_history", args=[row.pk])).status_code == 404
        if model is not Account:
            assert vera.post(reverse(f"{name}_change", args=[row.pk]), {"name": "x"}).status_code == 403
        action = {"action": "delete_selected", "_selected_action": row.pk}
        vera.post(reverse(f"{name}_changelist"), action)
        assert list(model._default_manager.values()) == before, name


def test_the_verb_asks_for_staff_itself(acme: Account) -> None:
    from django.core.exceptions import PermissionDenied

    from accounts import lifecycle

    with pytest.raises(PermissionDenied):
        lifecycle.amend(
            acme.pk,
            {"language": "fr"},
            occasion=acting.occasion(by=people.user("olivia"), on=MONDAY),
            reason="Mine",
        )
    with pytest.raises(ValueError, match="only particulars"):
        lifecycle.amend(
            acme.pk,
            {"state": "active"},
            occasion=acting.occasion(by=people.vera(), on=MONDAY),
            reason="Because",
        )
    with pytest.raises(ValueError, match="say why"):
        lifecycle.amend(
            acme.pk, {"language": "fr"}, occasion=acting.occasion(by=people.vera(), on=MONDAY), reason=" "
        )


def test_what_is_not_there_is_not_found_by_any_act(acme: Account) -> None:
    """Each address of one row, with a number that no row has: 404, or back to the list that says so."""
    vera, wrong, asked = signed_in(people.vera()), [], 0
    for namespace, name in named_addresses():
        if namespace != routes.STAFF_NAMESPACE:
            continue
        try:
            where = reverse(f"vendor:{name}", args=[10**9])
        except NoReverseMatch:
            continue
        asked += 1
        for answer in (vera.get(where), vera.post(where, {})):
            if answer.status_code not in (302, 403, 404, 405):
                wrong.append(f"{where}: {answer.status_code}")
    assert not wrong, wrong
    assert asked > 40
