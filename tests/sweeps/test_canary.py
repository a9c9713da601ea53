"""The watch over foreign texts is itself seen to bark."""

import zlib

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.core import mail
from django.db import models
from django.test import Client

from accounts.models import Account
from tests import canary, people
from tests.sweeps import routes


def test_every_text_column_is_watched() -> None:
    """A new column says whether its words belong to one account, or come from a list."""
    missing, unknown = [], []
    kinds = (models.CharField, models.TextField, models.UUIDField, ArrayField)
    for model in canary.account_models():
        label = model._meta.label
        known = canary.TEXTS.get(label, set()) | canary.CODES.get(label, set())
        columns = {one.attname for one in model._meta.concrete_fields if isinstance(one, kinds)}
        missing += [f"{label}.{name}" for name in sorted(columns - known)]
        unknown += [f"{label}.{name}" for name in sorted(known - columns)]
    assert not missing, (
        f"put into TEXTS (its words belong to one account) or CODES of tests/canary.py: {missing}"
    )
    assert not unknown, f"no longer there, take out of tests/canary.py: {unknown}"


def test_every_table_says_whose_it_is() -> None:
    """A model that points to an account or a child of one has `account_path`; else nothing watches it."""
    owned = {Account, *canary.account_models()}
    for model in apps.get_models():
        if model._meta.app_label not in ("accounts", "billing") or model in owned or model._meta.auto_created:
            continue
        to = {one.related_model for one in model._meta.concrete_fields if one.is_relation} & owned
        assert not to or model._meta.label == "accounts.AccountPermission", model


def seen(text: str, person: int | None, account: Account | None = None, asked: str = "") -> canary.Seen:
    return canary.Seen(person, account, "home", asked.lower(), "GET /a/acme/", zlib.compress(text.encode()))


def test_it_barks_at_a_foreign_name_address_and_number(acme: Account, globex: Account) -> None:
    olivia = people.user("olivia").pk
    Account.objects.filter(pk=globex.pk).update(external_id="C-4711")
    for text in ("<p>Globex</p>", "stella@globex.example", "Stella Stern", "No. C-4711", "/a/globex/"):
        assert list(canary.foreign_texts([seen(text, olivia)])), text
        assert list(canary.foreign_texts([seen(text, None)])), f"{text} to a visitor"
    for text in ("<p>Acme</p>", "Bilal Brahimi", "globexing", "glob ex"):
        assert not list(canary.foreign_texts([seen(text, olivia)])), text
    assert list(canary.foreign_texts([seen("Acme", None)]))


def test_what_a_person_typed_is_not_foreign(acme: Account, globex: Account) -> None:
    typed = seen("stella@globex.example", None, asked="login=stella@globex.example")
    assert not list(canary.foreign_texts([typed]))


def test_a_member_of_both_may_read_of_both(acme: Account, globex: Account) -> None:
    from accounts import roles
    from accounts.rules.roles import Role

    roles.enrol(globex, [(people.user("adam"), Role.ADMIN)])
    assert not list(canary.foreign_texts([seen("Acme and Globex", people.user("adam").pk)]))


def test_it_barks_at_a_letter_to_the_wrong_company(acme: Account, globex: Account) -> None:
    mail.send_mail("Your invoice", "Dear Stella Stern of Globex", "x@vendor.example", ["olivia@acme.example"])
    assert list(canary.foreign_letters())
    mail.outbox.clear()
    mail.send_mail(
        "Your invoice", "Dear Stella Stern of Globex", "x@vendor.example", ["stella@globex.example"]
    )
    assert not list(canary.foreign_letters())
    mail.outbox.clear()


def test_it_barks_at_an_amount_where_costs_are_not_shown(db: None) -> None:
    managed = people.acme(type="managed")
    for text in ("$12", "12.00 USD", "12\u00a0€", "1\u202f234,50\u00a0€", "USD 5", "¥500"):
        assert list(canary.amounts([seen(text, 1, managed)])), text
    for text in ("12 seats", "2026-11-23", "EUR", "5 GB", "3 / 10", "US 5"):
        assert not list(canary.amounts([seen(text, 1, managed)])), text
    managed.type = "self_service"
    assert not list(canary.amounts([seen("$12", 1, managed)]))


def test_it_barks_at_a_members_name_on_the_page_of_a_link(acme: Account) -> None:
    for text, barks in (("Acme", False), ("Olivia Owens", True), ("bilal@acme.example", True)):
        shown = seen(text, None, acme)
        shown.by_link = True
        assert bool(list(canary.foreign_texts([shown]))) is barks, text


def test_what_is_not_watched_is_an_address() -> None:
    assert not canary.SHOWN_BY_LINK - set(routes.OUTSIDE)


def test_it_watches_the_answers_of_the_program(acme: Account) -> None:
    """The hook is in place in this very test: what a client asked is noted."""
    from django.core.handlers.base import BaseHandler

    assert BaseHandler.get_response.__name__ == "watched"
    assert Client().get("/healthz").status_code == 200
