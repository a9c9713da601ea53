"""Promo codes: Vera defines and changes them, and learns why one does not work; outsiders never do."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from djmoney.money import Money

from accounts.models import Account
from admin_center.back_office.promo_codes import WHY
from billing import promo_codes
from billing.models import Discount, PromoCode, PromoCodeEntry, PromoRedemption, Quote
from billing.promo_codes import Terms
from billing.rules import checks
from tests import acting, people, shop
from tests.console.changing import LIVE, PREVIEW, review, wish
from tests.console.reading import signed_in, text

pytestmark = pytest.mark.django_db
LIST = "/vendor/billing/promocode/"
JULY_14 = date(2023, 7, 14)
MOMENT = datetime(2023, 7, 14, 14, tzinfo=UTC)


@pytest.fixture
def vera() -> Client:
    return signed_in(people.vera())


def typed(**fields: Any) -> dict[str, Any]:
    """Return the form of a new code as the browser posts it, and what only a stored one's form holds."""
    return {
        "catalogue": shop.catalogue().pk,
        "code": "WELCOME",
        "percent": "10",
        "limit_per_account": "1",
        "reason": "Autumn campaign",
    } | fields


def define(**fields: Any) -> PromoCode:
    """Make a code by its verb: a tenth off unless it says otherwise."""
    with acting.at(MOMENT, by_staff=True):
        given = {"code": "WELCOME"} | ({} if "amount" in fields else {"percent": Decimal(10)}) | fields
        return promo_codes.create(
            shop.catalogue(), Terms(**given), occasion=acting.occasion(by=people.vera()), reason="Campaign"
        )


def page(promo: PromoCode) -> str:
    return f"{LIST}{promo.pk}/change/"


# --- Defining ------------------------------------------------------------------------------------
def test_vera_defines_a_code_with_every_condition_and_a_reason(vera: Client) -> None:
    guide = shop.catalogue().products.get(key="guide")
    sent = typed(percent="", off="12.50", currency="EUR", code="welcome-5", only_on=[guide.pk])
    sent |= {"first_purchase_only": "on", "valid_from": "2026-01-01", "valid_until": "2026-12-31"}
    sent |= {"periods": "3", "limit_total": "100", "limit_per_account": "2"}
    assert vera.post(f"{LIST}add/", sent).status_code == 302
    made = PromoCode.objects.get()
    assert promo_codes.terms_of(made) == Terms(
        code="WELCOME-5",
        amount=Money("12.50", "EUR"),
        products=("guide",),
        first_purchase_only=True,
        valid_from=date(2026, 1, 1),
        valid_until=date(2026, 12, 31),
        periods=3,
        limit_total=100,
        limit_per_account=2,
    )
    entry = PromoCodeEntry.objects.get()
    assert (entry.actor_name, entry.reason, entry.before) == ("Vera Vance", "Autumn campaign", None)
    assert entry.after["amount"] == "12.5 EUR"
    shown = text(vera.get(page(made)))
    for words in ("Autumn campaign", "Defined", "Vera Vance", "0 of 100"):
        assert words in shown
    assert "WELCOME-5" in text(vera.get(LIST, {"q": "welc"}))


WRONG: dict[str, dict[str, Any]] = {
    "no reason": {"reason": " "},
    "a reason too long": {"reason": "x" * 501},
    "no code": {"code": ""},
    "a code with a space": {"code": "TWO WORDS"},
    "another alphabet": {"code": "ПРИВЕТ"},
    "a letter that grows": {"code": "straße"},
    "markup": {"code": "<script>"},
    "too long": {"code": "X" * 41},
    "both": {"off": "1", "currency": "USD"},
    "neither": {"percent": ""},
    "nothing off": {"percent": "0"},
    "less than nothing": {"percent": "-5"},
    "more than all": {"percent": "100.01"},
    "a thousandth": {"percent": "1.005"},
    "no number": {"percent": "NaN"},
    "endless": {"percent": "Infinity"},
    "an amount without currency": {"percent": "", "off": "5"},
    "a cent of a yen": {"percent": "", "off": "5.50", "currency": "JPY"},
    "a currency that is none": {"percent": "", "off": "5", "currency": "XXX"},
    "a negative amount": {"percent": "", "off": "-5", "currency": "USD"},
    "an amount of everything": {"percent": "", "off": "9" * 30, "currency": "USD"},
    "another list's product": {"only_on": ["foreign"]},
    "a product that is none": {"only_on": ["2147483648"]},
    "ends before it begins": {"valid_from": "2026-02-01", "valid_until": "2026-01-31"},
    "a day that is none": {"valid_until": "2026-02-30"},
    "no period": {"periods": "0"},
    "too many periods": {"periods": "1201"},
    "no use at all": {"limit_total": "0"},
    "a limit too large": {"limit_total": "99999999999999999999"},
    "no use for an account": {"limit_per_account": "0"},
    "a fraction": {"limit_per_account": "1.5"},
    "a price list that is none": {"catalogue": "4711"},
    "the same again": {"code": "taken"},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_what_cannot_be_is_said_at_its_field_and_nothing_is_written(
    vera: Client, wrong: dict[str, Any]
) -> None:
    foreign = shop.catalogue("other").products.first()
    define(code="TAKEN")
    if wrong.get("only_on") == ["foreign"]:
        wrong = {"only_on": [foreign.pk if foreign else 0]}
    answer = vera.post(f"{LIST}add/", typed(**wrong))
    assert answer.status_code == 200
    body = answer.content.decode()
    assert "errornote" in body
    assert 'class="errorlist"' in body
    assert "<script>" not in body
    assert list(PromoCode.objects.values_list("code", flat=True)) == ["TAKEN"]


def test_digits_of_other_scripts_are_understood_and_shown(vera: Client) -> None:
    assert vera.post(f"{LIST}add/", typed(percent="١٥")).status_code == 302
    assert PromoCode.objects.get().percent == 15


# --- Changing ------------------------------------------------------------------------------------
def test_an_unused_code_changes_in_everything_and_the_trail_says_what(vera: Client) -> None:
    promo = define()
    sent = typed(percent="20", periods="2", withdrawn="on", reason="Too little")
    assert vera.post(page(promo), sent).status_code == 302
    promo.refresh_from_db()
    assert (promo.percent, promo.periods, promo.withdrawn) == (20, 2, True)
    entry = PromoCodeEntry.objects.latest("pk")
    assert entry.before == {"percent": "10", "periods": None, "withdrawn": False}
    assert entry.after == {"percent": "20", "periods": 2, "withdrawn": True}
    shown = text(vera.get(page(promo)))
    assert "Too little" in shown
    assert "10 → 20" in shown
    vera.post(page(promo), sent | {"reason": "Nothing new"})
    assert PromoCodeEntry.objects.count() == 2


def use(code: str, olivia: Client) -> None:
    """Olivia adds a seat with a code and confirms; she pays by invoice, which waits for no provider."""
    Account.objects.update(collection_method="send_invoice")
    olivia.post(review(olivia, wish(seats_support=11, promo=code)))


def test_once_used_it_keeps_what_it_promised(ledger: Account, olivia: Client, vera: Client) -> None:
    promo = define(limit_total=5)
    use("welcome", olivia)
    promo.refresh_from_db()
    assert promo.used == 1
    before = list(Discount.objects.values())
    form = vera.get(page(promo)).content.decode()
    assert 'name="percent"' not in form
    assert 'name="valid_until"' in form
    # What isn't on the form is ignored, whatever is sent.
    sent = typed(percent="50", code="OTHER", periods="1", used="0", limit_total="9", withdrawn="on")
    assert vera.post(page(promo), sent).status_code == 302
    promo.refresh_from_db()
    assert (promo.percent, promo.code, promo.periods, promo.used) == (10, "WELCOME", None, 1)
    assert (promo.limit_total, promo.withdrawn) == (9, True)
    assert list(Discount.objects.values()) == before
    used_by = text(vera.get("/vendor/billing/promoredemption/", {"q": "welcome"}))
    assert "Acme" in used_by
    assert "Olivia Owens" in used_by
    one = vera.get(f"/vendor/billing/promoredemption/{PromoRedemption.objects.get().pk}/change/")
    assert "INV" in text(one)


def test_the_verb_refuses_what_would_change_what_was_promised(ledger: Account, olivia: Client) -> None:
    """Also while somebody is paying for a change that uses it, and has not redeemed it yet."""
    promo = define(limit_total=5)
    olivia.get(review(olivia, wish(seats_support=11, promo="WELCOME")))
    Quote.objects.update(state=Quote.State.HELD)
    for field, value in {
        "percent": Decimal(50),
        "periods": 1,
        "products": ("guide",),
        "first_purchase_only": True,
        "valid_from": JULY_14,
    }.items():
        with acting.at(MOMENT, by_staff=True), pytest.raises(ValidationError) as refused:
            promo_codes.amend(
                promo.pk, {field: value}, occasion=acting.occasion(by=people.vera()), reason="Just so"
            )
        assert set(refused.value.message_dict) == {field}
    Quote.objects.update(state=Quote.State.OPEN)
    assert not promo_codes.in_use(promo)


def test_the_verb_defines_nothing_that_cannot_be(acme: Account) -> None:
    """100.5 percent, and a product that the price list doesn't have."""
    terms = promo_codes.Terms("AUTUMN", Decimal("100.5"), products=("nothing",))
    by_vera = acting.occasion(by=people.vera(), on=JULY_14)
    with acting.at(MOMENT, by_staff=True), pytest.raises(ValidationError) as refused:
        promo_codes.create(shop.catalogue(), terms, occasion=by_vera, reason="Campaign")
    assert set(refused.value.message_dict) == {"percent", "products"}
    assert not PromoCode.objects.exists()


def test_a_limit_is_not_set_below_what_was_used(ledger: Account, olivia: Client, vera: Client) -> None:
    promo = define()
    use("WELCOME", olivia)
    PromoCode.objects.filter(pk=promo.pk).update(used=3)
    answer = vera.post(page(promo), {"limit_total": "2", "limit_per_account": "1", "reason": "Enough"})
    assert "It has been used more often already." in text(answer)
    assert "Campaign" in text(answer)
    PromoCode.objects.filter(pk=promo.pk).update(used=1)


def test_only_staff_define_and_change(acme: Account, client: Client) -> None:
    promo, olivia = define(), people.user("olivia")
    with acting.at(MOMENT):
        with pytest.raises(PermissionDenied):
            promo_codes.create(
                shop.catalogue(),
                Terms("MINE", Decimal(100)),
                occasion=acting.occasion(by=olivia),
                reason="Mine",
            )
        with pytest.raises(PermissionDenied):
            promo_codes.amend(
                promo.pk, {"percent": Decimal(100)}, occasion=acting.occasion(by=olivia), reason="Mine"
            )
        with pytest.raises(ValueError, match="say why"):
            promo_codes.amend(
                promo.pk, {"withdrawn": True}, occasion=acting.occasion(by=people.vera()), reason=" "
            )
    for address in (f"{LIST}add/", page(promo), f"{LIST}try/?code=WELCOME&account=acme"):
        assert signed_in(olivia).get(address).status_code == 404
        assert signed_in(olivia).post(address, typed()).status_code == 404
        assert client.get(address).status_code == 302


# --- Why it doesn't work -------------------------------------------------------------------------
CASES: dict[str, tuple[dict[str, Any], str]] = {
    "unknown": ({"code": "OTHER"}, "No price list has such a code."),
    "withdrawn": ({"withdrawn": True}, "The code was withdrawn."),
    "not yet": ({"valid_from": JULY_14 + timedelta(1)}, "The code is not valid yet"),
    "expired": ({"valid_until": JULY_14 - timedelta(1)}, "The code’s last day is over"),
    "used up": ({"limit_total": 3}, "as often as it may be in total"),
    "first purchase": ({"first_purchase_only": True}, "and the account has bought before"),
    "currency": ({"amount": Money(5, "EUR")}, "in another currency than the account’s"),
    "products": ({"products": ("suite",)}, "The account has none of the products"),
}


@pytest.mark.breaks_invariants
@pytest.mark.parametrize(("terms", "why"), CASES.values(), ids=CASES)
def test_staff_learn_the_reason_and_the_customer_never_does(
    ledger: Account, olivia: Client, vera: Client, terms: dict[str, Any], why: str
) -> None:
    promo = define(**terms)
    if promo.limit_total:
        PromoCode.objects.update(used=promo.limit_total)
    said = text(vera.get(f"{LIST}try/", {"code": "welcome", "account": "acme"}))
    assert "WELCOME does not work for Acme" in said
    assert why in said
    assert "The account’s day is 14 July 2023." in said
    answers = [
        text(olivia.post(PREVIEW, wish(seats_support=11, promo=code), headers=LIVE))
        for code in ("welcome", "never-heard-of")
    ]
    assert answers[0] == answers[1]
    assert "does not work here" in answers[0]
    assert why not in answers[0]


def test_one_that_works_used_up_here_and_running(ledger: Account, olivia: Client, vera: Client) -> None:
    define(limit_per_account=2, periods=1)
    asked = {"code": "WELCOME", "account": "acme"}
    assert "WELCOME works for Acme" in text(vera.get(f"{LIST}try/", asked))
    use("WELCOME", olivia)
    assert "the discount is still running" in text(vera.get(f"{LIST}try/", asked))
    Discount.objects.update(ended_at=MOMENT)
    PromoCode.objects.update(limit_per_account=1)
    assert "as often as one account may" in text(vera.get(f"{LIST}try/", asked))


def test_accounts_that_type_no_codes_and_a_first_purchase(vera: Client, globex: Account) -> None:
    define(products=("guide",), first_purchase_only=True)
    asked = {"code": "WELCOME", "account": "globex"}
    assert "no subscription yet" in text(vera.get(f"{LIST}try/", asked))
    shop.subscribe(globex, {}, start=JULY_14)
    Account.objects.update(state="trial", trial_ends_on=date(2099, 1, 1))
    assert "first purchase, where it holds Guide" in text(vera.get(f"{LIST}try/", asked))
    Account.objects.update(type="managed")
    assert "sees no costs" in text(vera.get(f"{LIST}try/", asked))
    for wrong in ({"account": "nobody"}, {"account": ""}, {"code": ""}, {"code": "X" * 41}):
        assert vera.get(f"{LIST}try/", asked | wrong).status_code == 422


# --- How often it may be tried -------------------------------------------------------------------
def test_ten_codes_an_hour_are_tried_for_an_account(ledger: Account, olivia: Client) -> None:
    """Bilal and Olivia share the ten; the same code again is no new try; an hour later it is open again."""
    cache.clear()
    define()
    bilal = signed_in(people.user("bilal"))
    for number in range(9):
        browser = bilal if number % 2 else olivia
        assert "does not work here" in text(browser.post(PREVIEW, wish(promo=f"GUESS{number}"), headers=LIVE))
    for _again in range(3):
        olivia.post(PREVIEW, wish(promo="GUESS0"), headers=LIVE)
    assert "does not work here" not in text(olivia.post(PREVIEW, wish(promo="welcome"), headers=LIVE))
    over = text(bilal.post(PREVIEW, wish(promo="GUESS10"), headers=LIVE))
    assert "Too many codes were tried. Try again in an hour." in over
    assert "Too many codes" not in text(olivia.post(PREVIEW, wish(promo="welcome"), headers=LIVE))
    Account.objects.update(clock=MOMENT + timedelta(hours=1, seconds=1))
    assert "does not work here" in text(bilal.post(PREVIEW, wish(promo="GUESS10"), headers=LIVE))
    cache.clear()


def test_the_rules_and_the_staffs_answer_know_the_same_reasons() -> None:
    source = Path(checks.__file__).read_text()
    table = source[source.index("def _promo_fault") : source.index("def _alone")]
    assert set(re.findall(r'^ {8}"([a-z_]+)":', table, re.MULTILINE)) <= set(WHY)
