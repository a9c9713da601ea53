"""Every form ignores what it does not ask for: fields of every model are posted beside its own, to no effect.

Each form of every page is filled in so that it is right and posted twice by a person who may use it: as
it is, and with the name of every field of every model beside its own. The rows of all tables afterwards
are the same, and so is where the answer leads, also where it refuses. Whatever is posted at an address
without a form on any page (by script) is tried with these fields alone.

Seen to fail where the view of an invitation filled its row by a form made from the model
(`fields = "__all__"`).
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.core import mail as outbox
from django.db import models
from django.test import Client
from django.urls import resolve, reverse
from djmoney.money import Money

from accounts import clock, email_changes, invitations, row_failures
from accounts.models import Account, EmailChange, Letter
from accounts.rules.roles import Role
from admin_center.back_office import site
from billing import agreed_prices, price_endings, promo_codes, staff_changes
from billing.models import (
    BankPayment,
    Cancellation,
    ChangeRequest,
    Charge,
    Invoice,
    PaymentLink,
    Quote,
    SandboxPayment,
    SandboxSetup,
    Subscription,
)
from billing.rules.changes import AddSeats
from billing.rules.periods import Cycle
from tests import acting, people, shop
from tests.sweeps import money, posting, reading, routes, world
from tests.sweeps.posting import Fields, Rows
from tests.sweeps.world import World

# On which pages forms are looked for, and as whom: together they show every form.
LOOKED_AT = [("S", "A", "owner"), ("S", "A", "admin"), ("M", "A", "owner"), ("S", "T", "owner")]
# Names that people try, whether a model has them or not.
USUAL = ("is_staff", "is_superuser", "is_admin", "admin", "role", "account", "account_id", "price", "amount")
USUAL += ("unit_price", "state", "owner", "owner_id", "id", "pk", "created_at", "user", "user_id", "slug")
USUAL += ("permissions", "user_permissions", "groups", "total", "currency", "discount", "next_url", "tenant")
# What a form reads that no page shows at that moment: it is what the form is for.
READ_TOO = {
    # Asked only where the member has open invitations.
    "member_role": {"invitations"},
    "member_suspend": {"invitations"},
    "member_remove": {"invitations"},
    # Asked only of one method of several: which one is replaced, and what a method is used for.
    "payment_begin": {"method"},
    "method_use": {"use"},
}

# What staff only look at.
ONLY_READ = {
    *("accounts_letter_html", "accounts_taskrun_now"),
    *("billing_cancellation_figures", "billing_promocode_try"),
    *("billing_edition_end_price_csv", "billing_priceending_csv"),
}


@dataclass(frozen=True)
class Post:
    """One thing that can be posted: where, by whom, and with what."""

    client: Client
    person: str
    view: str
    where: str
    fields: tuple[tuple[str, str], ...]


def typed(place: World) -> dict[str, str]:
    """Return what makes a form right, by the name of its field."""
    return {
        "password": people.PASSWORD,
        "oldpassword": people.PASSWORD,
        "password1": "dusty Harbour 48 lanterns",
        "password2": "dusty Harbour 48 lanterns",
        "login": place.users["owner"].email,
        "name": place.accounts["S", "A"].name,
        "again": people.PASSWORD,
        "role": "admin",
        "letter": "",
        "confirm": "",
        "timezone": "Europe/Paris",
        "seats-guide": "13",
        "code": "SPRING",
        "percent": "5",
        "periods": "1",
        "how": "day",
        "until": "",
    }


@pytest.fixture
def place(db: None) -> Iterator[World]:
    """Return the world at a moment that stands still, with something to post at every address."""
    with time_machine.travel(datetime.now(UTC), tick=False):  # noqa: TID251 - the program's own clock runs too
        posting.stop_the_clock_of_the_database()
        made = world.make()
        for name in ("owner", "staff"):
            made.clients[name].post(reverse("account_reauthenticate"), {"password": people.PASSWORD})
        of_firm = {"subscription_id": made.accounts["S", "A"].pk, "state": "open"}
        wanted = Quote.objects.get(**of_firm).changes
        ChangeRequest.objects.filter(**of_firm).update(changes=wanted)
        yield made


def found_on_pages(place: World) -> Iterator[tuple[str, str, str]]:
    """Yield every page that may have a form: as whom, where, and its body."""
    for kind, standing, person in LOOKED_AT:
        for page in reading.pages(place, [(kind, standing)], [person]):
            if page.status in (200, 403) and page.kind.startswith("text/html"):
                yield person, page.where, page.body
    for person in ("anonymous", "owner"):
        for page in reading.outside(place, [person]):
            if page.status == 200:
                yield person, page.where, page.body
    for person, where in [*links(place), *of_staff(place)]:
        answer = place.clients[person].get(where, follow=True)
        assert answer.status_code == 200, (person, where, answer.status_code)
        path = answer.redirect_chain[-1][0] if answer.redirect_chain else where
        yield person, path, answer.content.decode()


def links(place: World) -> Iterator[tuple[str, str]]:
    """Yield the pages behind links with a token, and those that want a fresh proof."""
    account, owner = place.accounts["S", "A"], place.users["owner"]
    at, today = clock.now(), place.today
    with acting.at(at):
        invitations.invite(
            account, "nora@people.example", "Nora", Role.AGENT, occasion=acting.occasion(by=owner, on=today)
        )
        email_changes.ask("owner@new.example", occasion=acting.occasion(by=owner))
    for kind, name in (("invited", "join"), ("email_change_new", "email_change_confirm")):
        yield "anonymous", reverse(name, args=[Letter.objects.filter(kind=kind).latest("pk").facts["token"]])
    SandboxSetup.objects.create(token="setup-token", return_url="/")
    yield "anonymous", reverse("sandbox_method", args=["setup-token"])
    payment = SandboxPayment.objects.order_by("pk").first()
    if payment is not None:
        yield "anonymous", reverse("sandbox_pay", args=[payment.token])
    place.clients["anonymous"].post(reverse("account_reset_password"), {"email": owner.email})
    (address,) = [word for word in str(outbox.outbox[-1].body).split() if "/password/reset/key/" in word]
    yield "anonymous", "/" + address.split("/", 3)[3]
    ids = world.own_ids(account)
    yield "owner", reverse("cancel_account", args=[account.slug])
    yield "owner", reverse("email_change")
    heir = account.memberships.filter(role=Role.BILLING_ADMIN).earliest("pk")
    EmailAddress.objects.get_or_create(user=heir.user, email=heir.user.email, defaults={"verified": True})
    yield "owner", reverse("ownership_offer", args=[account.slug, heir.pk])
    yield "owner", reverse("member_remove", args=[account.slug, ids["member"]])


def of_staff(place: World) -> Iterator[tuple[str, str]]:
    """Yield the staff's pages with a form: what is decided, mended, sent again, defined."""
    managed, vera = place.accounts["M", "A"], place.users["staff"]
    catalogue = Subscription.objects.get(pk=managed.pk).catalogue
    at = clock.now()
    with acting.at(at, by_staff=True):
        terms = promo_codes.Terms("AUTUMN", Decimal(10))
        promo = promo_codes.create(catalogue, terms, occasion=acting.occasion(by=vera), reason="Campaign")
        email_changes.propose(
            place.users["agent"].pk,
            "a@new.example",
            reason="Typo",
            occasion=acting.occasion(by=place.users["superuser"]),
        )
    letter = Letter.objects.create(
        account=managed, kind="request_expired", to="x@people.example", language="en", key="x", failed_at=at
    )
    Subscription.objects.filter(pk=place.accounts["A", "A"].pk).update(
        parked_at=at, parked_because="gap support", tax_percent=20
    )
    owing = people.account("owing", "Owing", [(place.users["of_globex"], Role.OWNER)], state="suspended")
    asked = ChangeRequest.objects.get(subscription_id=managed.pk, state="open")
    self_served = place.accounts["S", "A"]
    invoice = Invoice.objects.filter(subscription_id=self_served.pk).earliest("pk")
    unknown = money.paid_charge(self_served)
    Charge.objects.filter(pk=unknown.pk).update(state=Charge.State.UNKNOWN)
    transfer = BankPayment.objects.create(
        bank_id="B-1", received_on=place.today, amount=invoice.due, loaded_at=at
    )
    row_failures.keep("renewals", "1", self_served.pk, ValueError("x"), at=at)
    cancelled = Cancellation.objects.create(
        account=place.accounts["S", "C"], at_period_end=False, reason="other", by_name="Person Owner",
        created_at=at, sheet={}, state_before="active",
    )  # fmt: skip
    with acting.at(at):
        for_managed = staff_changes.draw_up(
            managed.pk, [AddSeats("guide", 14)], occasion=acting.occasion(by=vera, on=place.today)
        )
    sandbox = place.accounts["A", "S"]
    Account.objects.filter(pk=sandbox.pk).update(is_sandbox=True, clock=at)
    edition = shop.line(self_served, "guide").edition
    by_vera = acting.occasion(by=vera, on=place.today, at=at)
    new_price = agreed_prices.NewPrice(edition.pk, 90, None)
    agreed = agreed_prices.give(self_served.pk, new_price, reason="x", occasion=by_vera)
    later = place.today + timedelta(days=400)
    price = price_endings.EndedPrice(edition, Cycle.ANNUAL, Money("2", "USD"), later)
    ending = price_endings.schedule(price, reason="x", occasion=by_vera)
    # Its form comes once the price is named.
    named = {"cycle": "annual", "currency": "USD", "amount": "5", "ends_on": later.isoformat()}
    yield "staff", f"{reverse('vendor:billing_edition_end_price', args=[edition.pk])}?{urlencode(named)}"
    for name, args in (
        ("billing_agreedprice_end", [agreed.pk]),
        ("billing_subscription_agree_price", [self_served.pk]),
        ("billing_priceending_stop", [ending.pk]),
        ("accounts_account_clock", [sandbox.pk]),
        ("accounts_account_end", [place.accounts["M", "P"].pk]),
        ("accounts_account_change", [managed.pk]),
        ("billing_promocode_add", []),
        ("billing_promocode_change", [promo.pk]),
        ("billing_changerequest_decide", [asked.pk]),
        ("billing_subscription_act", [managed.pk]),
        ("billing_subscription_review", [managed.pk, for_managed.pk]),
        ("billing_subscription_unpark", [place.accounts["A", "A"].pk]),
        ("billing_subscription_own_rate", [place.accounts["A", "A"].pk]),
        ("accounts_account_settle", [owing.pk]),
        ("accounts_account_suspension", [managed.pk]),
        ("accounts_account_profile", [managed.pk]),
        ("accounts_letter_again", []),
        ("accounts_user_correct", [place.users["admin"].pk]),
        ("accounts_emailchange_decide", [EmailChange.objects.latest("pk").pk]),
        ("billing_invoice_link_send", [invoice.pk]),
        ("billing_invoice_credit", [invoice.pk]),
        ("billing_invoice_write_off", [invoice.pk]),
        ("billing_invoice_send", [invoice.pk]),
        ("billing_charge_refund", [money.paid_charge(self_served).pk]),
        ("billing_charge_ask", [unknown.pk]),
        ("billing_refund_decide", [money.requested_refund(self_served).pk]),
        ("billing_invoice_link_revoke", [PaymentLink.objects.filter(invoice=invoice).earliest("pk").pk]),
        ("billing_bankpayment_book", [transfer.pk]),
        ("billing_cancellation_restore", [cancelled.pk]),
    ):
        yield "staff", reverse(f"vendor:{name}", args=args)
    assert letter.pk
    for model in site._registry:
        row = model._default_manager.first()
        if row is not None:
            yield (
                "staff",
                reverse(f"vendor:{model._meta.app_label}_{model._meta.model_name}_change", args=[row.pk]),
            )


def posts(place: World) -> tuple[list[Post], dict[str, set[str]]]:
    """Return what can be posted, each once, and the names that the forms of each view have."""
    found: dict[tuple[Any, ...], Post] = {}
    names: dict[str, set[str]] = defaultdict(set, {view: set(own) for view, own in READ_TOO.items()})
    right = typed(place)
    for person, page, body in found_on_pages(place):
        for form in posting.forms(page, body, right):
            for where, fields, button in form.bodies():
                view = resolve(where.partition("?")[0]).view_name
                names[view] |= form.names
                # The same fields of another account, or as somebody else, are the same form.
                key = (view, tuple(sorted(name for name, _value in fields)), button)
                found.setdefault(key, Post(place.clients[person], person, view, where, tuple(fields)))
    seen = {one.view for one in found.values()}
    account = place.accounts["S", "A"]
    ids = world.own_ids(account)
    for name, route in routes.ACCOUNT.items():
        if route.post and name not in seen:
            (where,) = list(reading.shown_at(name, route, account.slug, ids))[:1]
            found[name,] = Post(place.clients["owner"], "owner", name, where, ())
    for name, route in routes.OUTSIDE.items():
        if route.post and name not in seen:
            where = reverse(name, kwargs=dict(route.parts))
            found[name,] = Post(place.clients["owner"], "owner", name, where, ())
    return list(found.values()), names


def staffs_own() -> set[str]:
    """Return the staff's addresses that Django's own admin has not, and that something is posted to."""
    usual = ("_changelist", "_add", "_change", "_history", "_delete")
    patterns = [one for shown in site._registry.values() for one in shown.get_urls()]
    named = {one.name for one in patterns if one.name and not one.name.endswith(usual)}
    return {f"vendor:{name}" for name in named - ONLY_READ}


def values(place: World) -> dict[str, list[str]]:
    """Return for the name of every field of every model values that would do harm, if they were taken."""
    found: dict[str, list[str]] = {name: ["1"] for name in USUAL}
    ours = [*apps.get_app_config("accounts").get_models(), *apps.get_app_config("billing").get_models()]
    for model in [*ours, EmailAddress, Authenticator]:
        for field in model._meta.get_fields():
            if not isinstance(field, models.Field) or not field.concrete:
                continue
            for value in _plausible(field):
                for name in {field.name, field.attname}:
                    found.setdefault(name, [])
                    if value not in found[name]:
                        found[name].append(value)
    return found


def _plausible(field: "models.Field[Any, Any]") -> list[str]:
    """Return what would be taken for this field by a form made from its model."""
    if field.remote_field is not None:
        other = field.remote_field.model._default_manager.order_by("-pk").first()
        return [str(other.pk)] if other is not None else ["1"]
    if field.choices:
        return [str(field.flatchoices[0][0]), str(field.flatchoices[-1][0])]
    for kind, value in (
        (models.BooleanField, "on"),
        (models.DateTimeField, "2031-01-01 00:00:00"),
        (models.DateField, "2031-01-01"),
        (models.DecimalField, "0.01"),
        (models.IntegerField, "1"),
        (models.EmailField, "stella@globex.example"),
        (models.JSONField, "{}"),
        (models.UUIDField, "00000000-0000-4000-8000-000000000001"),
    ):
        if isinstance(field, kind):
            return [value]
    return ["owner" if field.name == "role" else "smuggled"]


def rounds(found: dict[str, list[str]]) -> list[dict[str, str]]:
    """Return two sets of fields, in which each name has two of the values that it was found with."""
    return [{name: one[turn % len(one)] for name, one in found.items()} for turn in range(2)]


@pytest.mark.breaks_invariants
def test_no_form_takes_a_field_that_it_does_not_ask_for(place: World) -> None:
    todo, names = posts(place)
    rows, extra = Rows(), rounds(values(place))
    before, wrong, wrote = rows.now(), [], set()
    assert len(extra[0]) > 200
    assert not (missing := staffs_own() - {one.view for one in todo}), f"on no page: {sorted(missing)}"
    for one in todo:
        plain, after = posting.post(one.client, one.where, urlencode(one.fields), rows)
        if after != before:
            wrote.add(one.view)
        for fields in extra:
            more: Fields = [(name, value) for name, value in fields.items() if name not in names[one.view]]
            answer, then = posting.post(one.client, one.where, urlencode([*one.fields, *more]), rows)
            told = (plain.status_code, plain.headers.get("Location", ""))
            if (answer.status_code, answer.headers.get("Location", "")) != told:
                wrong.append(f"{one.where} as {one.person}: {told}, then {answer.status_code}")
            if then != after:
                differ = sorted(after ^ then)[:4]
                wrong.append(f"{one.where} as {one.person}: other rows: {differ}")
    assert not wrong, f"{len(wrong)} of {len(todo)}:\n" + "\n".join(wrong[:30])
    assert len(wrote) > 25, sorted(wrote)
