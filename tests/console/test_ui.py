"""The console's own tags: the sum beside the amount, the reason in place of the button."""

from datetime import UTC, date, datetime

import pytest
from django.http import HttpRequest
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import translation
from moneyed import Money

from accounts import roles
from accounts.gate import Gate
from accounts.models import Account
from accounts.rules.capabilities import AccountType
from accounts.rules.decision import Action, Contact, DenialReason
from admin_center.context import Frame
from admin_center.wording import labels
from tests import acting, people

NNBSP, NBSP = "\N{NARROW NO-BREAK SPACE}", "\N{NO-BREAK SPACE}"


def request_of(account: Account, first_name: str) -> HttpRequest:
    """Return a request that has passed the door."""
    request = RequestFactory().get("/a/acme/")
    request.user, request.account = people.user(first_name), account
    request.gate = Gate(request.user, account, live=True)
    return request


def write(text: str, account: Account, first_name: str = "olivia", **more: object) -> str:
    """Return a piece of template as one of the cast reads it."""
    request = request_of(account, first_name)
    return Template("{% load ui %}" + text).render(
        Context({"request": request, "frame": Frame(request), **more})
    )


@pytest.mark.parametrize(
    ("amount", "language", "expected"),
    [
        (Money("3.45", "USD"), "en", "$3.45"),
        (Money("1234.5", "EUR"), "en", "€1,234.50"),
        (Money("-34.52", "USD"), "en", "−$34.52"),
        (Money("12000", "JPY"), "en", "¥12,000"),
        ((1234500, "BHD"), "en", f"BHD{NBSP}1,234.500"),
        ((345, "USD"), "fr", f"3,45{NBSP}$US"),
        ((123450, "EUR"), "fr", f"1{NNBSP}234,50{NBSP}€"),
        ((-5000, "JPY"), "fr", f"−5{NNBSP}000{NBSP}JPY"),
    ],
)
def test_an_amount_is_written_as_its_reader_writes_it(
    acme: Account, amount: object, language: str, expected: str
) -> None:
    with translation.override(language):
        assert write("{% cost amount %}", acme, amount=amount) == f"<bdi>{expected}</bdi>"


def test_a_credit_and_a_charge_show_their_signs(acme: Account) -> None:
    # 37.97 charged − 34.52 credited = 3.45
    text = '{% cost credit "USD" sign=True %} {% cost charge "USD" sign=True %} {% cost 0 "USD" sign=True %}'
    assert write(text, acme, credit=-3452, charge=3797) == (
        "<bdi>−$34.52</bdi> <bdi>+$37.97</bdi> <bdi>$0.00</bdi>"
    )


@pytest.mark.parametrize("account_type", list(AccountType))
def test_amounts_are_written_only_where_costs_are_shown(db: None, account_type: AccountType) -> None:
    account = people.acme(type=account_type)
    shown = account_type is AccountType.SELF_SERVICE
    for first_name in ("olivia", "bilal", "adam"):
        assert ("3.45" in write('{% cost 345 "USD" %}', account, first_name)) is shown
    assert write('{% cost 345 "USD" %}', account, "agnes") == ""
    letter = Template('{% load ui %}{% cost 345 "USD" %}').render(Context({"account": account}))
    assert ("3.45" in letter) is shown


def test_without_an_account_no_amount_is_written() -> None:
    assert Template('{% load ui %}{% cost 345 "USD" %}').render(Context({})) == ""


def test_who_may_gets_the_button_and_who_may_not_the_reason(acme: Account) -> None:
    text = '{% action "cancel_account" "/there/" "Cancel" look="danger" %}'
    assert " ".join(write(text, acme, "olivia").split()) == (
        '<a class="button button--danger" href="/there/"> Cancel </a>'
    )
    refused = write(text, acme, "bilal")
    assert "/there/" not in refused
    assert "Only the account owner can cancel the account." in refused
    assert "olivia%40acme.example" in refused
    assert "bilal%40acme.example" not in refused


def test_adam_may_ask_for_what_he_may_not_do(acme: Account) -> None:
    refused = write('{% action "add_seats" "/there/" "Add seats" %}', acme, "adam")
    assert "Only the account owner and billing admins can add seats." in refused
    assert 'href="/a/acme/billing/subscription/manage/">Request a change</a>' in refused


def test_on_a_managed_account_the_vendors_person_is_named(db: None) -> None:
    account = people.acme(type=AccountType.MANAGED, vendor_contact_phone="+1 555 0100")
    refused = write('{% action "cancel_account" "/there/" "Cancel" %}', account)
    assert "On managed accounts, only" in refused
    assert "sales-acme%40vendor.example" in refused
    assert "+1 555 0100" in refused


def test_the_payment_right_names_whom_the_owner_gave_it(acme: Account) -> None:

    text = '{% action "change_payment" "/there/" "Change" %}'
    assert "Bilal" not in write(text, acme, "adam")
    bilal = people.member("bilal", acme)
    with acting.at(datetime(2026, 11, 23, tzinfo=UTC)):
        roles.delegate(
            bilal.pk,
            changes_payment=True,
            occasion=acting.occasion(by=people.user("olivia"), on=date(2026, 11, 23)),
        )
    assert "Bilal" in write(text, acme, "adam")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_refusal_of_the_gate_has_its_sentence(acme: Account, language: str) -> None:
    with translation.override(language):
        for account_type in AccountType:
            acme.type = account_type
            for first_name in people.CAST:
                gate = Gate(people.user(first_name), acme, live=True)
                for decision in map(gate.may, Action):
                    if not decision:
                        assert labels.why_not(decision, acme.type).endswith(".")
                        assert labels.why_not_briefly(decision)
                        assert decision.reason is not DenialReason.ROLE or Contact.OWNER in decision.who_can


def test_a_form_that_posts_carries_its_token(acme: Account) -> None:
    form = write('{% action "undo_change" "/undo/" "Undo" post=True %}', acme, csrf_token="token-of-now")
    assert 'method="post" action="/undo/"' in form
    assert "token-of-now" in form


def test_a_code_without_words_is_an_error(acme: Account) -> None:
    assert write('{% status "past_due" %}', acme) == '<span class="badge badge--warning">Past due</span>'
    with pytest.raises(KeyError):
        write('{% status "nonsense" %}', acme)


def test_dates_are_the_accounts_own(acme: Account) -> None:
    # 03:30 UTC on the 24th is 22:30 on the 23rd in New York.
    moment = datetime(2026, 11, 24, 3, 30, tzinfo=UTC)
    text = write("{% zoned moment %} | {% day day %}", acme, moment=moment, day=date(2026, 10, 27))
    assert "23 November 2026, 22:30" in text
    assert "(America/New York)" in text
    assert '<time datetime="2026-10-27">27 October 2026</time>' in text


def test_what_people_call_themselves_is_escaped(acme: Account) -> None:
    olivia = people.user("olivia")
    olivia.name = "<b>Olivia</b>"
    assert "<b>" not in write("{% person user %}{{ user.name|initials }}", acme, user=olivia)
