"""Naughty texts in every field and parameter of the staff's pages: refused or kept, and never a 5xx."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from djmoney.money import Money

from accounts import row_failures
from accounts.models import Account, Letter, RowFailure
from accounts.rules.roles import Role
from admin_center.back_office import site
from billing import agreed_prices, change_requests, payment_links, price_endings, promo_codes, quotes
from billing.models import BankPayment, ChangeRequest, Invoice, PromoCode, Subscription
from billing.rules.changes import AddProduct, AddSeats
from billing.rules.periods import Cycle
from tests import acting, people, shop
from tests.sweeps import money, naughty
from tests.sweeps.test_bad_input import ask, encoded

# A parked subscription is broken on purpose; a refund asks its provider outside of any transaction.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.breaks_invariants]
AT = datetime(2026, 5, 4, 12, tzinfo=UTC)
NEW = {
    **dict.fromkeys(("code", "percent", "off", "currency", "only_on", "valid_from", "valid_until"), ""),
    **dict.fromkeys(("periods", "limit_total", "limit_per_account", "withdrawn", "catalogue"), "1"),
}


@pytest.fixture
def forms() -> dict[str, dict[str, str]]:
    """Return each form of the staff with what makes it right."""
    acme = people.acme(type="managed")
    shop.subscribe(acme, {"support": ("team", 10, "1.00")}, start=date(2026, 1, 1))
    globex = people.globex(state="suspended")
    with acting.at(AT):
        asked = change_requests.submit(
            acme,
            [AddProduct("guide", "team", 3)],
            note="",
            occasion=acting.occasion(by=people.user("adam"), on=AT.date()),
        )
        terms = promo_codes.Terms("AUTUMN", Decimal(10))
        promo = promo_codes.create(
            shop.catalogue(), terms, occasion=acting.occasion(by=people.vera()), reason="Campaign"
        )
    owner = [(people.person("ina@initech.example", "Ina"), Role.OWNER)]
    initech = people.account("initech", "Initech", owner, collection_method="send_invoice")
    shop.subscribe(initech, {"support": ("team", 10, "1.00")}, start=date(2026, 1, 1))
    with acting.at(AT):
        ina = initech.memberships.get().user
        quote = quotes.draw_up(
            initech, [AddSeats("support", 11)], occasion=acting.occasion(by=ina, on=AT.date())
        )
        quotes.confirm(quote.pk, occasion=acting.occasion(by=ina, on=AT.date()))
        invoice = Invoice.objects.get()
        link = payment_links.send(
            invoice.pk, "books@keepers.example", reason="x", occasion=acting.occasion(by=people.vera())
        )
    Account.objects.filter(pk=initech.pk).update(is_sandbox=True, clock=AT)
    Subscription.objects.update(parked_at=AT, parked_because="gap support", tax_percent=20)
    letter = Letter.objects.create(
        account=acme, kind="request_expired", to="x@acme.example", language="en", key="x", failed_at=AT
    )
    transfer = BankPayment.objects.create(
        bank_id="B-1", received_on=AT.date(), amount=invoice.due, payer="Initech", loaded_at=AT
    )
    vera, edition = people.vera(), shop.line(initech, "support").edition
    new_price = agreed_prices.NewPrice(edition.pk, 90, None)
    agreed = agreed_prices.give(initech.pk, new_price, reason="x", occasion=acting.occasion(by=vera, at=AT))
    price = price_endings.EndedPrice(edition, Cycle.ANNUAL, Money("2", "USD"), date(2028, 5, 4))
    ending = price_endings.schedule(price, reason="x", occasion=acting.occasion(by=vera, at=AT))
    charge, refund = money.paid_charge(initech), money.requested_refund(initech)
    row_failures.keep("renewals", "1", acme.pk, ValueError("x"), at=AT)
    booking = {"number": invoice.number, "amount": str(invoice.due.amount), "reason": "x"}
    new = NEW | {"code": "NEW", "percent": "5", "reason": "x", "catalogue": str(promo.catalogue_id)}
    decision = {"act": "accept", "reason": "x", "price-guide": "5"}
    return {
        reverse("vendor:billing_promocode_add"): new,
        reverse("vendor:billing_promocode_change", args=[promo.pk]): new,
        reverse("vendor:billing_changerequest_decide", args=[asked.pk]): decision,
        reverse("vendor:billing_subscription_unpark", args=[acme.pk]): {"reason": "x"},
        reverse("vendor:billing_subscription_own_rate", args=[acme.pk]): {"reason": "x"},
        reverse("vendor:billing_subscription_agree_price", args=[acme.pk]): {
            "edition": str(shop.line(acme, "support").edition_id),
            "amount": "0.50",
            "ends_on": "2027-05-01",
            "reason": "x",
        },
        reverse("vendor:billing_agreedprice_end", args=[agreed.pk]): {"ends_on": "2028-01-01", "reason": "x"},
        reverse("vendor:billing_edition_end_price", args=[agreed.edition_id]): {
            "cycle": "annual",
            "currency": "USD",
            "amount": "1.00",
            "ends_on": "2027-05-01",
            "reason": "x",
        },
        reverse("vendor:billing_priceending_stop", args=[ending.pk]): {"reason": "x"},
        reverse("vendor:accounts_account_settle", args=[globex.pk]): {"reason": "x"},
        reverse("vendor:accounts_account_suspension", args=[globex.pk]): {"reason": "x"},
        reverse("vendor:accounts_account_profile", args=[globex.pk]): {
            "legal_name": "x",
            "sold_to_country": "HK",
            "sold_to_lines": "x",
            "sold_to_region": "Kowloon",
            "same": "on",
            "tax_type": "company:HK",
            "reason": "x",
        },
        reverse("vendor:billing_subscription_act", args=[acme.pk]): {
            "seats-support": "11",
            "temporary": "support",
            "quantity": "1",
            "start": "2026-12-31",
            "days": "3",
        },
        reverse("vendor:accounts_account_end", args=[acme.pk]): {
            "why": "other",
            "reason": "x",
            "mark": "x:y",
            "act": "end",
        },
        reverse("vendor:accounts_account_clock", args=[initech.pk]): {
            "how": "day",
            "until": "",
            "reason": "x",
        },
        reverse("vendor:accounts_letter_again"): {"letter": str(letter.pk), "reason": "x"},
        reverse("vendor:billing_invoice_link_send", args=[invoice.pk]): {
            "email": "books@keepers.example",
            "reason": "x",
        },
        reverse("vendor:billing_invoice_link_revoke", args=[link.pk]): {"reason": "x"},
        reverse("vendor:billing_charge_refund", args=[charge.pk]): {
            "amount": "1",
            "may_be_owed": "on",
            "reason": "x",
        },
        reverse("vendor:billing_invoice_credit", args=[invoice.pk]): {
            "line-2": "1",
            "everything": "",
            "refunded": "",
            "reason": "x",
        },
        reverse("vendor:billing_invoice_send", args=[invoice.pk]): {
            "email": "ina@initech.example",
            "reason": "x",
        },
        reverse("vendor:billing_invoice_write_off", args=[invoice.pk]): {"reason": "x"},
        reverse("vendor:billing_charge_ask", args=[charge.pk]): {"reason": "x"},
        reverse("vendor:billing_refund_decide", args=[refund.pk]): {"act": "approve", "reason": "x"},
        reverse("vendor:accounts_rowfailure_again", args=[RowFailure.objects.get().pk]): {"row": "x"},
        reverse("vendor:billing_bankpayment_book", args=[transfer.pk]): booking,
        reverse("vendor:accounts_user_correct", args=[people.user("olivia").pk]): {
            "email": "o@acme.example",
            "reason": "x",
        },
    }


def body(fields: dict[str, str]) -> str:
    return "&".join(f"{name}={encoded(text)}" for name, text in fields.items())


def test_forms(forms: dict[str, dict[str, str]], sign_in) -> None:  # type: ignore[no-untyped-def]
    """Texts by turns in all fields at once, and in one field of a form that is otherwise right."""
    vera: Client = sign_in(people.vera())
    bad = []
    for address, right in forms.items():
        names = list(right)
        for number, text in enumerate(naughty.TEXTS.values()):
            one = names[number // 2 % len(names)]
            fields = right | {one: text} if number % 2 else dict.fromkeys(names, text)
            status = ask(vera, "POST", address, body(fields))
            if status not in (200, 302, 400, 422):
                bad.append((status, address, one, text[:40]))
    assert bad == []
    assert PromoCode.objects.count() == ChangeRequest.objects.count() == 1


def test_parameters(forms: dict[str, dict[str, str]], sign_in) -> None:  # type: ignore[no-untyped-def]
    """The question of a code, and what lists are asked: search, place, filters."""
    vera: Client = sign_in(people.vera())
    lists = [reverse(f"vendor:{m._meta.app_label}_{m._meta.model_name}_changelist") for m in site._registry]
    question = reverse("vendor:billing_promocode_try")
    names = ("q", "after", "before", "state", "kind", "parked", "waits_for", "o", "p", "e")
    bad = []
    for number, text in enumerate(naughty.TEXTS.values()):
        address, name = lists[number % len(lists)], names[number % len(names)]
        asked = [
            f"{question}?code={encoded(text)}&account=acme",
            f"{reverse('vendor:search')}?q={encoded(text)}",
            f"{question}?code=AUTUMN&account={encoded(text)}",
            *(f"{one}?q={encoded(text)}" for one in (address, lists[-1])),
            f"{reverse('vendor:accounts_letter_changelist')}?{name}={encoded(text)}",
            f"{reverse('vendor:accounts_letter_again')}?letter={encoded(text)}&{name}={encoded(text)}",
            f"{reverse('vendor:billing_changerequest_changelist')}?{name}={encoded(text)}",
        ]
        bad += [(status, one[:80]) for one in asked if (status := ask(vera, "GET", one)) >= 500]
    assert bad == []
