"""Nothing typed lives only in a page: every form keeps it for who typed it, or stands here with the reason.

Two sweeps hold it. Each template that posts carries the mark or is a row of UNMARKED; and on every page,
the staff's too, what is typed into a marked form when the session has ended is in the form after the
next sign-in.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from unittest import mock
from urllib.parse import parse_qs, urlsplit
from xml.etree.ElementTree import Element

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from djmoney.money import Money

from accounts import email_changes
from accounts.models import Account, Draft, Letter, User
from admin_center.back_office import site
from billing import (
    agreed_prices,
    cancellation,
    change_requests,
    payment_links,
    price_endings,
    promo_codes,
    quotes,
    staff_changes,
)
from billing.models import BankPayment, Edition, Invoice, Subscription
from billing.rules.changes import AddProduct, AddSeats
from billing.rules.periods import Cycle
from tests import acting, people, shop
from tests.sweeps import money, reading, world
from tests.sweeps.reading import Page

TEMPLATES = Path(settings.BASE_DIR) / "templates"
BUTTONS = "buttons alone: nothing is typed"
CHOICE = "one choice beside a button: nothing is typed"
SECRETS = "a password, a code or a new credential is never kept"
SIGNING_IN = "before or while signing in: there is no person yet to keep it for"
PROVIDER = "takes the place of the payment provider's own page"
UNMARKED = {
    "410.html": BUTTONS,
    "admin/base_site.html": BUTTONS,
    "kept_quotes/kept.html": "the address to copy stands beside buttons: nothing is typed",
    "console.html": BUTTONS,
    "payment_links/look.html": BUTTONS,
    "payment_links/step.html": BUTTONS,
    "email_change/confirm.html": BUTTONS,
    "account/email_confirm.html": BUTTONS,
    "account/login.html": SIGNING_IN,
    "account/logout.html": BUTTONS,
    "account/password_change.html": SECRETS,
    "account/password_reset.html": SIGNING_IN,
    "account/password_reset_from_key.html": SECRETS,
    "account/reauthenticate.html": SECRETS,
    "allauth/elements/provider.html": BUTTONS,
    "export/page.html": BUTTONS,
    "calendar/link.html": BUTTONS,
    "cancellation/product.html": BUTTONS,
    "cancellation/scheduled.html": BUTTONS,
    "components/action.html": BUTTONS,
    "components/bare_foot.html": BUTTONS,
    "forecast/back.html": BUTTONS,
    "forecast/forecast.html": BUTTONS,
    "invitations/join.html": SIGNING_IN,
    "invoices/returned.html": BUTTONS,
    "mfa/authenticate.html": SECRETS,
    "mfa/reauthenticate.html": SECRETS,
    "mfa/recovery_codes/generate.html": SECRETS,
    "mfa/totp/activate_form.html": SECRETS,
    "mfa/totp/deactivate_form.html": SECRETS,
    "payment/entered.html": BUTTONS,
    "payment/enter.html": BUTTONS,
    "payment/methods.html": BUTTONS,
    "payment/pay_now.html": CHOICE,
    "payment/use_button.html": BUTTONS,
    "ownership/accept.html": BUTTONS,
    "people/invitations.html": BUTTONS,
    "people/planned.html": BUTTONS,
    "ownership/offer.html": BUTTONS,
    "members/open_invitations.html": BUTTONS,
    "ownership/ownership.html": BUTTONS,
    "members/place.html": BUTTONS,
    "members/reduction.html": BUTTONS,
    "members/seats.html": BUTTONS,
    "quotes/held.html": BUTTONS,
    "quotes/over.html": BUTTONS,
    "quotes/returned.html": BUTTONS,
    "sandbox/method.html": PROVIDER,
    "sandbox/pay.html": PROVIDER,
    "subscription/undo.html": BUTTONS,
    "usersessions/usersession_list.html": BUTTONS,
}
POSTS = re.compile(r"""<form\b[^>]*method="(?:post|\{\{[^}]*post)""", re.IGNORECASE)
FIELDS = re.compile(r"""<(?:textarea|select)\b|<input\b(?![^>]*type="hidden")|\{% fields """)
TYPED = "Typed by hand"


def test_every_template_that_posts_is_marked_or_says_why_not() -> None:
    found = {
        path.relative_to(TEMPLATES).as_posix(): path.read_text()
        for path in TEMPLATES.rglob("*.html")
        if POSTS.search(path.read_text())
    }
    bare = {name for name, text in found.items() if "{% typed_by %}" not in text}
    assert bare == set(UNMARKED)
    typed_into = {name for name in bare if UNMARKED[name] is BUTTONS and FIELDS.search(found[name])}
    assert typed_into == set()


# --- Pages ----------------------------------------------------------------------------------------


@dataclass
class Form:
    """A form of a page as a browser sees it: where it posts, what can be typed, what it carries along."""

    action: str
    hidden: dict[str, str] = field(default_factory=dict)
    typed: dict[str, str] = field(default_factory=dict)
    # What is filled in, or chosen, when the page is opened.
    holds: dict[str, str] = field(default_factory=dict)

    @property
    def marked(self) -> bool:
        """Tell whether what is typed is kept."""
        return "typed_by" in self.hidden


def forms(page: Page) -> Iterator[Form]:
    """Yield the forms of a page that post, and in which a person can type or choose."""
    for one in reading.parsed(page).iter("form"):
        if (one.get("method") or "get").lower() != "post":
            continue
        found = Form(one.get("action") or page.where)
        for element in one.iter():
            if element.get("name") and element.get("disabled") is None:
                read(found, element)
        if found.typed:
            yield found


def read(form: Form, element: Element) -> None:
    """Note a field with what it holds, and with something else to type into it."""
    name, value, kind = element.get("name", ""), element.get("value") or "", element.get("type", "text")
    if element.tag == "textarea":
        # The first line break of a textarea is the page's.
        form.typed[name], form.holds[name] = TYPED, "".join(element.itertext()).removeprefix("\n")
    elif element.tag == "select":
        options = [(one.get("value", ""), one.get("selected") is not None) for one in element.iter("option")]
        form.holds[name] = next((value for value, chosen in options if chosen), options[0][0])
        # Another country has other fields: it stays, so that what is typed into its own is asked for.
        form.typed[name] = form.holds[name] if name.endswith("_country") else options[-1][0]
    elif element.tag != "input" or kind in ("submit", "button", "search"):
        return
    elif kind == "hidden":
        form.hidden[name] = value
    elif kind in ("radio", "checkbox"):
        form.typed[name] = value or "on"
        if element.get("checked") is not None:
            form.holds[name] = value or "on"
    else:
        other = {"number": "7", "email": "typed@people.example", "date": "2031-05-04"}
        form.typed[name], form.holds[name] = other.get(kind, TYPED), value


def lost(page: Page, form: Form, reader: Client, colleague: Client) -> Iterator[str]:
    """Yield what of a form is lost where its session ended and its person signs in again."""
    if not form.marked:
        yield f"{page}: {sorted(form.typed)} to {form.action} is kept by nothing"
        return
    away = Client().post(form.action, form.hidden | form.typed)
    there = parse_qs(urlsplit(away.headers.get("Location", "")).query).get("next")
    if there != [page.where]:
        yield f"{page}: led to {there}"
        return
    again = reading.read(reader, page.where, page.name, page.person)
    if "Here is what you typed" not in again.body:
        yield f"{page}: does not say that it was typed before"
    held = next((one.holds for one in forms(again) if one.action == form.action), {})
    for name, text in form.typed.items():
        if held.get(name) != text:
            yield f"{page}: {name} was {text!r}, and is {held.get(name)!r}"
    if "Here is what you typed" in colleague.get(page.where).content.decode():
        yield f"{page}: is shown to a colleague"
    Draft.objects.all().delete()


def swept(pages: list[Page], clients: dict[str, Client]) -> tuple[int, list[str]]:
    """Return how many forms were typed into, and what was lost; a form that many see is tried once."""
    tried: set[tuple[str, str, frozenset[str]]] = set()
    wrong: list[str] = []
    for page in pages:
        if page.status != 200 or not page.kind.startswith("text/html"):
            continue
        for form in forms(page):
            key = page.name, page.person, frozenset(form.typed)
            if key not in tried and not excepted(page.name):
                tried.add(key)
                other = next(client for name, client in clients.items() if name != page.person)
                wrong += lost(page, form, clients[page.person], other)
    return len(tried), wrong


def excepted(name: str) -> bool:
    """Tell whether a page is of those whose fields are secrets, or come before any person is known."""
    return name.startswith(("account_", "mfa_", "sandbox_")) or name == "join"


@pytest.mark.breaks_invariants
def test_what_is_typed_in_the_console_is_there_after_signing_in_again(db: None) -> None:
    """Seen to fail with the filling in left out, and with a mark taken from one form."""
    place = world.make()
    members = ["owner", "billing_admin", "admin"]
    # As if everybody had just shown again who they are.
    with mock.patch("admin_center.sign_in.sessions.proofs_missing", return_value=()):
        pages = [*reading.pages(place, [("S", "A"), ("M", "A"), ("S", "E")], members)]
        pages += reading.outside(place, ["owner"])
        pages.append(reading.read(place.clients["owner"], reverse("email_change"), "email_change", "owner"))
        tried, wrong = swept(pages, {name: place.clients[name] for name in members})
    assert wrong == []
    names = {page.name for page in pages}
    assert {"manage", "invite", "member", "request", "cancel_account", "cancel_at_end"} <= names
    assert tried > 12


# --- The back office ------------------------------------------------------------------------------

AT = datetime(2026, 5, 4, 12, tzinfo=UTC)
PLAIN = ("changelist", "add", "history", "delete", "change")


def staff_pages() -> dict[str, object]:
    """Return what each page of the staff beside lists and rows is about, by its name: None has no form."""
    acme = people.acme(type="managed")
    shop.subscribe(acme, {"support": ("team", 10, "1.00")}, start=date(2026, 1, 1))
    globex = people.globex(state="suspended")
    Account.objects.filter(pk=globex.pk).update(is_sandbox=True, clock=AT)
    olivia, vera = people.user("olivia"), people.vera()
    gone = people.account(
        "gone", "Gone", [(people.user("agnes"), world.Role.OWNER)], is_sandbox=True, clock=AT
    )
    shop.subscribe(gone, {"support": ("team", 1, "1.00")}, start=date(2026, 1, 1))
    ina = people.person("ina@initech.example", "Ina")
    firm = people.account("initech", "Initech", [(ina, world.Role.OWNER)], collection_method="send_invoice")
    shop.subscribe(firm, {"support": ("team", 10, "1.00")}, start=date(2026, 1, 1))
    colleague = people.person("victor@vendor.example", "Victor Vale", is_staff=True)
    with acting.at(AT):
        asked = change_requests.submit(
            acme,
            [AddProduct("guide", "team", 3)],
            note="",
            occasion=acting.occasion(by=people.user("adam"), on=AT.date()),
        )
        promo_codes.create(
            shop.catalogue(),
            promo_codes.Terms("AUTUMN", Decimal(10)),
            occasion=acting.occasion(by=vera),
            reason="Campaign",
        )
        sheet = cancellation.consequences(gone, AT.date())
        ended = cancellation.cancel_now(
            gone,
            mark=sheet.mark,
            reason="not_needed",
            text="",
            occasion=acting.occasion(by=people.user("agnes"), on=AT.date()),
        )
        sold = staff_changes.draw_up(
            acme.pk, [AddSeats("support", 11)], occasion=acting.occasion(by=vera, on=AT.date())
        )
        quote = quotes.draw_up(
            firm, [AddSeats("support", 11)], occasion=acting.occasion(by=ina, on=AT.date())
        )
        quotes.confirm(quote.pk, occasion=acting.occasion(by=ina, on=AT.date()))
        invoice = Invoice.objects.get()
        link = payment_links.send(
            invoice.pk, "books@keepers.example", reason="x", occasion=acting.occasion(by=vera)
        )
        change = email_changes.propose(
            olivia.pk, "right@acme.example", reason="Typing error", occasion=acting.occasion(by=colleague)
        )
    edition = Edition.objects.get(product__key="support", key="team")
    new_price = agreed_prices.NewPrice(edition.pk, 90, None)
    agreed = agreed_prices.give(firm.pk, new_price, reason="x", occasion=acting.occasion(by=vera, at=AT))
    price = price_endings.EndedPrice(edition, Cycle.ANNUAL, Money("2", "USD"), date(2028, 5, 4))
    ending = price_endings.schedule(price, reason="x", occasion=acting.occasion(by=vera, at=AT))
    transfer = BankPayment.objects.create(
        bank_id="B-1", received_on=AT.date(), amount=invoice.due, payer="Initech", loaded_at=AT
    )
    charge = money.paid_charge(firm)
    Letter.objects.filter(account=acme, kind="request_submitted").update(failed_at=AT)
    Subscription.objects.filter(pk=acme.pk).update(parked_at=AT, parked_because="gap support", tax_percent=20)
    return {
        "accounts_account_clock": globex.pk,
        "accounts_account_end": acme.pk,
        "accounts_account_profile": globex.pk,
        "accounts_account_settle": globex.pk,
        "accounts_account_suspension": globex.pk,
        "accounts_emailchange_decide": change.pk,
        "accounts_letter_again": (),
        "accounts_letter_html": None,
        "accounts_rowfailure_again": None,
        "accounts_taskrun_now": None,
        "accounts_user_correct": olivia.pk,
        "billing_agreedprice_end": agreed.pk,
        "billing_subscription_agree_price": firm.pk,
        "billing_bankpayment_book": transfer.pk,
        "billing_cancellation_figures": None,
        "billing_cancellation_restore": ended.pk,
        "billing_charge_ask": charge.pk,
        "billing_charge_refund": charge.pk,
        "billing_refund_decide": money.requested_refund(firm).pk,
        "billing_changerequest_decide": asked.pk,
        "billing_invoice_link_revoke": link.pk,
        "billing_invoice_credit": invoice.pk,
        "billing_invoice_link_send": invoice.pk,
        "billing_invoice_send": invoice.pk,
        "billing_invoice_write_off": invoice.pk,
        "billing_edition_end_price": edition.pk,
        "billing_edition_end_price_csv": None,
        "billing_priceending_csv": None,
        "billing_priceending_stop": ending.pk,
        "billing_promocode_try": None,
        "billing_subscription_act": acme.pk,
        "billing_subscription_own_rate": acme.pk,
        "billing_subscription_review": (acme.pk, sold.pk),
        "billing_subscription_unpark": acme.pk,
    }


@pytest.mark.breaks_invariants
def test_what_staff_type_is_there_after_signing_in_again(db: None) -> None:
    own = staff_pages()
    vera = Client()
    vera.force_login(people.vera())
    addresses = {}
    for model, office in site._registry.items():
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        named = {one.name for one in office.get_urls() if getattr(one, "name", None)}
        beside = named - {f"{name}_{one}" for one in PLAIN}
        assert beside <= set(own), "a page of the staff that is not swept"
        for one in beside:
            if own[one] is not None:
                addresses[one] = reverse(
                    f"vendor:{one}", args=own[one] if isinstance(own[one], tuple) else [own[one]]
                )
        addresses[f"{name}_add"] = reverse(f"vendor:{name}_add")
        row = model._default_manager.first()
        if row is not None:
            addresses[f"{name}_change"] = reverse(f"vendor:{name}_change", args=[row.pk])
    pages = [reading.read(vera, where, name, "vera") for name, where in addresses.items()]
    victor = Client()
    victor.force_login(User.objects.get(email="victor@vendor.example"))
    tried, wrong = swept(pages, {"vera": vera, "victor": victor})
    assert wrong == []
    # Account, code (new and old), settling, correcting, giving back, deciding, letting renew, own rate,
    # sending again, a link sent and revoked, a transfer booked, a billing profile, a charge asked about and
    # given back, a refund decided, an invoice written off, credited and sent again, a clock moved,
    # seats changed for the customer, and that reviewed, an account ended for its owner, the end of
    # a price stopped, a price agreed with an account, and that ended, an account suspended.
    assert tried == 28
