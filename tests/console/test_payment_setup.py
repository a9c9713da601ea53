"""Entering a payment method: the link back is of one account, one person, one session and one use.

Seen to fail before the set-up was bound: whoever followed the link put the card that was entered there
in the place of their own account's.
"""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts import roles
from accounts.models import Account, Activity
from accounts.rules.roles import Role
from billing.models import PaymentMethod, PaymentSetup, SandboxPayment, SandboxSetup
from tests import people, shop
from tests.console.changing import pay_by_card, review, wish
from tests.console.reading import JULY_14, signed_in, text

BEGIN, PAGE = "/a/{}/billing/payment/replace/", "/a/{}/billing/payment/"
ADD = "/a/acme/billing/payment/add/"


@pytest.fixture
def stella(ledger: Account) -> Client:
    """Stella's browser: she owns Globex, which pays nobody's bill but its own."""
    globex = people.globex(is_sandbox=True, clock=JULY_14)
    shop.subscribe(globex, {"support": ("team", 3, "1.00")}, start=JULY_14.date())
    return signed_in(globex.memberships.get().user)


def enter(client: Client, slug: str, reference: str = "test_declines", **typed: str) -> str:
    """Open the provider's page, choose a method there, and return the link back."""
    away = client.post(BEGIN.format(slug), typed).headers["Location"]
    back = client.post(away, {"method": reference}).headers["Location"]
    return back.removeprefix("http://testserver")


def use(client: Client, link: str) -> Any:
    """Press the button of the page behind the link."""
    address, state = link.split("?state=")
    return client.post(address, {"state": state}, follow=True)


def card_of(slug: str) -> str:
    return ", ".join(
        PaymentMethod.objects.filter(subscription__account__slug=slug).values_list("last_four", flat=True)
    )


def test_the_page_behind_the_link_shows_what_was_entered_and_its_button_uses_it(olivia: Client) -> None:
    link = enter(olivia, "acme")
    shown = text(olivia.get(link))
    assert "Pay for Acme with this from now on? Visa •••• ending in 0002" in shown
    assert card_of("acme") == "4242"  # a GET takes nothing in
    assert "From now on Visa 0002 is charged." in text(use(olivia, link))
    assert card_of("acme") == "0002"


def test_anothers_link_replaces_no_card(olivia: Client, stella: Client) -> None:
    link = enter(stella, "globex")
    here = link.replace("/globex/", "/acme/")
    for answer in (olivia.get(here, follow=True), use(olivia, here)):
        assert "not from a payment page that you opened here" in text(answer)
    assert olivia.get(link).status_code == 404
    assert (card_of("acme"), card_of("globex")) == ("4242", "")
    use(stella, link)
    assert (card_of("acme"), card_of("globex")) == ("4242", "0002")


def test_a_link_is_of_one_account_of_two_that_a_person_owns(olivia: Client) -> None:
    fields = {"is_sandbox": True, "clock": JULY_14}
    other = people.account("anvils", "Anvils", [(people.user("olivia"), Role.OWNER)], **fields)
    shop.subscribe(other, {"support": ("team", 3, "1.00")}, start=JULY_14.date())
    link = enter(olivia, "anvils")
    assert "not from a payment page" in text(use(olivia, link.replace("/anvils/", "/acme/")))
    assert (card_of("acme"), card_of("anvils")) == ("4242", "")


def test_a_link_is_of_one_person_and_one_session(olivia: Client, ledger: Account) -> None:
    link = enter(olivia, "acme")
    member = people.member("bilal", ledger)
    member.changes_payment = True
    member.save(update_fields=["changes_payment"])
    roles.derive(member)
    bilal, elsewhere = signed_in(people.user("bilal")), signed_in(people.user("olivia"))
    # Bilal may, but did not ask; he may even have learned Olivia's session's secret.
    session = bilal.session
    session["payment_setups"] = olivia.session["payment_setups"]
    session.save()
    for somebody in (bilal, elsewhere):
        assert "Nothing was changed" in text(use(somebody, link))
    assert card_of("acme") == "4242"


def test_a_link_is_of_one_use(olivia: Client) -> None:
    link = enter(olivia, "acme")
    remembered = dict(olivia.session["payment_setups"])
    use(olivia, link)
    use(olivia, enter(olivia, "acme", "test_approves"))
    session = olivia.session
    session["payment_setups"] = remembered  # as two requests at once would still have it
    session.save()
    assert "it was used already" in text(use(olivia, link))
    assert card_of("acme") == "4242"
    assert Activity.objects.filter(verb="payment_method_replaced").count() == 2


def test_a_link_lasts_an_hour(olivia: Client, ledger: Account) -> None:
    link = enter(olivia, "acme")
    Account.objects.filter(pk=ledger.pk).update(clock=JULY_14 + timedelta(hours=1))
    assert "Nothing was changed" in text(use(olivia, link))
    assert card_of("acme") == "4242"
    enter(olivia, "acme")
    assert PaymentSetup.objects.count() == 1  # what is over is not kept


@pytest.mark.parametrize("asked", ["", "?state=", "?state=x", "?setup=x", "?state=" + "é" * 300])
def test_a_made_up_link_changes_nothing(olivia: Client, asked: str) -> None:
    enter(olivia, "acme")
    token = SandboxSetup.objects.get().token
    for address in (f"{PAGE.format('acme')}return/{asked}", f"{PAGE.format('acme')}return/?setup={token}"):
        assert "Nothing was changed" in text(olivia.get(address, follow=True))
    assert card_of("acme") == "4242"


def test_who_chose_nothing_keeps_the_old_one_and_may_still_choose(olivia: Client) -> None:
    link = enter(olivia, "acme", "nothing")
    assert "The one on file stays" in text(olivia.get(link, follow=True))
    assert "The one on file stays" in text(use(olivia, link))
    SandboxSetup.objects.update(method="test_declines")
    use(olivia, link)
    assert card_of("acme") == "0002"


def test_a_quote_that_needed_a_method_is_what_follows(olivia: Client) -> None:
    PaymentMethod.objects.all().delete()
    quote = review(olivia, wish(seats_support=11))
    need = olivia.post(quote).headers["Location"]
    assert use(olivia, enter(olivia, "acme", next=need.split("next=")[1])).redirect_chain[-1][0] == quote


def test_without_a_subscription_there_is_nothing_to_pay_for(db: None) -> None:
    people.acme()
    answer = signed_in(people.user("olivia")).post(BEGIN.format("acme"), follow=True)
    assert "There is no subscription yet that could be paid for." in text(answer)


@pytest.mark.django_db(transaction=True)
def test_coming_back_from_the_bank_takes_nothing_in_by_a_get(olivia: Client, ledger: Account) -> None:
    PaymentMethod.objects.all().delete()
    pay_by_card(ledger, "test_asks_3ds")
    quote = review(olivia, wish(seats_support=11))
    olivia.post(quote)
    paid = SandboxPayment.objects.get()
    back = olivia.post(f"/sandbox-provider/pay/{paid.token}/", {"answer": "approve"}).headers["Location"]
    assert "See how it went" in text(olivia.get(back))
    assert "Nothing has changed yet" in text(olivia.get(quote))
    people.globex()
    assert signed_in(people.person("stella@globex.example", "")).post(back).status_code == 404
    olivia.post(back)
    assert "Receipt" in text(olivia.get(quote))


def test_another_method_is_asked_what_it_is_for(olivia: Client, ledger: Account) -> None:
    away = olivia.post(ADD).headers["Location"]
    link = (
        olivia.post(away, {"method": "test_declines"}).headers["Location"].removeprefix("http://testserver")
    )
    shown = text(olivia.get(link))
    assert "Add this payment method to Acme ? Visa •••• ending in 0002" in shown
    assert "Backup Charged once when Visa 4242 is declined for good." in shown
    address, state = link.split("?state=")
    wrong = olivia.post(address, {"state": state, "use": "both"})
    assert (wrong.status_code, "Choose one of the three." in text(wrong)) == (422, True)
    added = text(olivia.post(address, {"state": state, "use": "backup"}, follow=True))
    assert "Visa 0002 is the backup now." in added
    assert "Visa •••• ending in 4242 Card Charged first" in added
    assert "Visa •••• ending in 0002 Card, expires 12/2034 Backup" in added
    assert "Visa 0002 is charged once in its place." in added


def keep(account: Account, reference: str) -> None:
    PaymentMethod.objects.create(subscription_id=account.pk, use="spare", kind="card", reference=reference)


def test_the_same_card_again_and_a_sixth_are_refused_in_words(olivia: Client, ledger: Account) -> None:
    for number in range(3):
        keep(ledger, f"pm_{number}")
    away = olivia.post(ADD).headers["Location"]
    link = (
        olivia.post(away, {"method": "test_approves"}).headers["Location"].removeprefix("http://testserver")
    )
    assert "This payment method is on file already: nothing was changed." in text(use(olivia, link))
    keep(ledger, "pm_9")
    refused = text(olivia.post(ADD, follow=True))
    assert "5 payment methods are on file already: remove one, or replace it." in refused
    assert "Add another payment method" not in refused
    # What was begun before the fifth came is refused as well.
    SandboxSetup.objects.update(method="test_declines")
    assert "5 payment methods are on file already" in text(use(olivia, link))
