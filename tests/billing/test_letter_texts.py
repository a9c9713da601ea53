"""What every letter says, in both languages, as text and as HTML: days, numbers, greetings and sums.

The letters as they were said "renewed from 2023-10-27 on", "All 1234 seats", "Hello
nina@new.example", and lines without the tax that led to what was due.
"""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives
from django.utils.html import strip_tags
from djmoney.money import Money

from accounts import invitations, mail
from accounts.models import Account, Letter, User
from accounts.rules.roles import Role
from billing import cancellation, change_requests, quotes, renewal
from billing.models import BalanceEntry, PaymentMethod
from billing.rules.changes import AddSeats, Change, ChangeCycle, ChangeEdition, ReduceSeats, RemoveProduct
from billing.rules.periods import Cycle
from tests import acting, people, shop
from tests.billing.confirming import NOON, TODAY
from tests.billing.test_letters import FACTS, KINDS

pytestmark = pytest.mark.usefixtures("acting")
LANGUAGES = ("en", "fr")
SPACES = "\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"
WIDE: dict[str, Any] = {
    "bought": 1234, "seats": 12345, "until": "2023-08-01T12:00:00+00:00", "credited": 0, "prepaid": 100000,
    "taken": -100000, "carried_over": 0, "carried": 0, "due": 1382064, "subtotal": 1235053,
    "taxes": [{"rate": "20.00", "amount": 247011}],
    "lines": [{"product": "Support", "edition": "Team", "kind": "charge", "quantity": 12345,
               "from": "2023-07-14", "until": "2023-10-26", "amount": 1235053}],
    "differences": [{"product": "Support", "was": {"edition": "Team", "quantity": 12000},
                     "is": {"edition": "Professional", "quantity": 12345}}],
    "changes": [{"kind": "add_seats", "product": "support", "quantity": 12345}],
    "names": [["support", "Support", "team", "Team"]], "later": ["2023-10-27"],
}  # fmt: skip


def written(letter: Letter) -> list[str]:
    """Return what a reader sees of a letter: its subject with its text, and its HTML without the tags."""
    made: EmailMultiAlternatives = mail.message(letter)
    # A link is no sentence: addresses and numbers of documents stay as machines wrote them.
    text = re.sub(r"https?://\S+", "", str(made.body))
    html = re.sub(r"[ \n]+", " ", str(made.alternatives[0][0]))
    rows = unescape(strip_tags(re.sub(r"</(p|li|ul|title)>", "\n", html))).splitlines()
    shown = "\n".join(re.sub(f" (?=[{SPACES}]?: )", "", row.strip()) for row in rows)
    return [f"{made.subject}\n{text}", shown]


def faults(text: str) -> Iterator[str]:
    """Yield what a letter must not say."""
    if found := re.search(r"\d{4}-\d{2}(-\d{2})?", text):
        yield f"a date of machines: {found[0]}"
    # Four digits of a card or an account, a standard, and years are no numbers.
    named = re.sub(r"\b(INV|CN)-\d+|(?<=Visa )4242|(?<=EN )16931", "", text)
    years = re.sub(r"\b(20\d\d)\b(?=[\s,.):]|$)", "", named)
    if found := re.search(r"(?<![\d])\d{4,}", years):
        yield f"a number without separators: {found[0]}"
    greeting = re.search(r"^\s*(Hello|Bonjour)(.*)$", text, re.MULTILINE)
    if greeting is None or "@" in greeting[2]:
        yield f"greets {greeting and greeting[0]!r}"


def adds_up(text: str) -> bool:
    """Tell whether the lines, and what is added to and taken from their sum, lead to what is due."""
    rows = text.splitlines()
    found = [(row, sum_) for row in rows if (sum_ := amount(row.strip())) is not None]
    lines = [sum_ for row, sum_ in found if " × " in row]
    *between, due = [sum_ for row, sum_ in found if " × " not in row]
    subtotal, *rest = between or [due]
    return sum(lines) == subtotal and subtotal + sum(rest) == due


def amount(row: str) -> Decimal | None:
    """Return the amount that a row ends with, None where it ends with none."""
    figure = re.search(rf":\s+(\N{{MINUS SIGN}}?)([$]?)([\d.,{SPACES}]+)([$]?)(?:US)?$", row)
    if not figure or not (figure[2] or figure[4]):
        return None
    return Decimal(re.sub(r"\D", "", figure[3])) / 100 * (-1 if figure[1] else 1)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_no_letter_speaks_like_a_machine(acme: Account, kind: str, language: str) -> None:
    User.objects.filter(email="olivia@acme.example").update(language=language)
    Account.objects.update(language=language)
    facts = {**FACTS, **WIDE}
    mail.post(kind, acme, to=[people.user("olivia")], facts=facts, key="1")
    mail.post_to_address(kind, acme, email="nina@new.example", name="Nina", facts=facts, key="2")
    mail.post_to_address(kind, acme, email="nobody@new.example", facts=facts, key="3")
    for letter in Letter.objects.select_related("account", "user"):
        for text in written(letter):
            assert not list(faults(text)), text
            named = {"olivia@acme.example": "Olivia Owens,", "nina@new.example": "Nina,"}.get(letter.to)
            assert named is None or named in text, text
            if kind in ("change_confirmed", "subscription_renewed"):
                assert adds_up(text), text


def test_a_name_that_is_an_address_is_no_greeting(acme: Account) -> None:
    User.objects.filter(email="adam@acme.example").update(name="adam@acme.example")
    mail.post("request_expired", acme, to=[people.user("adam")], facts=FACTS, key="1")
    letter = Letter.objects.select_related("account", "user").get()
    assert all("adam@" not in text for text in written(letter))


def firm(acme: Account, language: str, tax: str | None, balance: int) -> Account:
    """Return Acme with 1,200 seats at 12.00 a year, tax, and something on its balance."""
    User.objects.update(language=language)
    shop.subscribe(
        acme,
        {"support": ("team", 1200, "12.00"), "guide": ("team", 1500, "6.00")},
        start=date(2022, 10, 27),
        tax_percent=Decimal(tax) if tax else None,
    )
    PaymentMethod.objects.create(
        subscription_id=acme.pk, kind="card", brand="Visa", last_four="4242", reference="test_approves"
    )
    if balance:
        BalanceEntry.objects.create(
            subscription_id=acme.pk, amount=Money(balance, "USD"), reason=BalanceEntry.Reason.CREDIT_NOTE
        )
    return acme


SEATS, EDITION = AddSeats("support", 1300), ChangeEdition("support", "professional")
NAMED = {SEATS: "1.200 → 1.300", EDITION: "Team → Professional"}


@pytest.mark.breaks_invariants
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("change", "tax", "balance"),
    [(SEATS, None, 0), (SEATS, "20.00", -3), (EDITION, "5.50", 9000), (EDITION, "20.00", 900000)],
)
def test_a_confirmed_change_adds_up_and_is_named(
    change: Change, tax: str | None, balance: int, language: str
) -> None:
    account = firm(people.acme(timezone="UTC"), language, tax, balance)
    quote = quotes.draw_up(account, [change], occasion=acting.occasion(by=people.user("olivia"), on=TODAY))
    quotes.confirm(quote.pk, occasion=acting.occasion(by=people.user("olivia"), on=TODAY))
    letters = list(Letter.objects.filter(kind="change_confirmed").select_related("account", "user"))
    assert letters
    for text in (text for letter in letters for text in written(letter)):
        assert not list(faults(text)), text
        assert adds_up(text), text
        assert re.search(NAMED[change], text), text


@pytest.mark.breaks_invariants
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_change_at_the_renewal_says_from_which_day_and_the_renewal_what_came_of_it(language: str) -> None:
    account = firm(people.acme(timezone="UTC"), language, "20.00", 700)
    quote = quotes.draw_up(
        account, [ReduceSeats("support", 1100)], occasion=acting.occasion(by=people.user("olivia"), on=TODAY)
    )
    quotes.confirm(quote.pk, occasion=acting.occasion(by=people.user("olivia"), on=TODAY))
    day = {"en": "Oct. 27, 2023", "fr": "27 octobre 2023"}[language]
    letter = (
        Letter.objects.select_related("account", "user").filter(kind="change_confirmed").order_by("pk")[0]
    )
    assert all(_has_day(text, day) for text in written(letter)), written(letter)
    with acting.at(NOON.replace(month=10, day=27)):
        renewal.renew(
            account.pk, occasion=acting.occasion(on=date(2023, 10, 27), at=NOON.replace(month=10, day=27))
        )
    letter = Letter.objects.select_related("account", "user").filter(kind="subscription_renewed")[0]
    for text in written(letter):
        assert not list(faults(text)), text
        assert adds_up(text), text
        plain = re.sub(f"[{SPACES}]", " ", text)
        assert {"en": "1,200 seats → Team, 1,100", "fr": "1 200 licences → Team, 1 100"}[language] in plain


def _has_day(text: str, day: str) -> bool:
    return "2023" in text and day.split()[-1] in text and "27" in text


def test_an_invitee_and_the_vendors_contact_are_greeted_by_name(acme: Account) -> None:
    Account.objects.update(
        type="managed", vendor_contact_email="marcus@v.example", vendor_contact_name="Marcus May"
    )
    account = firm(Account.objects.get(pk=acme.pk), "en", None, 0)
    invitations.invite(
        account,
        "nina@new.example",
        "Nina New",
        Role.AGENT,
        occasion=acting.occasion(by=people.user("olivia"), on=TODAY),
    )
    change_requests.submit(
        account,
        [AddSeats("support", 1300)],
        note="",
        occasion=acting.occasion(by=people.user("adam"), on=TODAY),
    )
    greeted = {letter.to: written(letter)[0] for letter in Letter.objects.select_related("account", "user")}
    assert "Hello Nina New," in greeted["nina@new.example"]
    assert "Hello Marcus May," in greeted["marcus@v.example"]


# --- What is scheduled -----------------------------------------------------------------------------

# Support × 10 at 12.00 and Guide × 3 at 6.00 a month, annual until 27 October 2023: the renewal costs
# 10 × 12.00 × 12 + 3 × 6.00 × 12 = 1,440.00 + 216.00 = 1,656.00.
SCHEDULED: dict[str, tuple[list[Change], list[str]]] = {
    "fewer seats: −4 × 12.00 × 12 = −576.00": (
        [ReduceSeats("support", 6)],
        [
            "Support: from 10 to 6 seats, on 27 October 2023: −$576.00 at the renewal",
            "The renewal on 27 October 2023 then costs $1,080.00.",
        ],
    ),
    "a product goes: −216.00": (
        [RemoveProduct("guide")],
        ["Guide: removed, on 27 October 2023: −$216.00 at the renewal", "then costs $1,440.00."],
    ),
    "two at once": (
        [ReduceSeats("support", 6), RemoveProduct("guide")],
        [
            "Support: from 10 to 6 seats, on 27 October 2023: −$576.00 at the renewal",
            "Guide: removed, on 27 October 2023: −$216.00 at the renewal",
            "then costs $864.00.",
        ],
    ),
    "another cycle, of another period: 10 × 12.00 + 3 × 6.00 = 138.00": (
        [ChangeCycle(Cycle.MONTHLY)],
        ["Billing cycle: from annual to monthly, on 27 October 2023", "then costs $138.00."],
    ),
}


def one_line(text: str) -> str:
    return " ".join(text.split())


def decided(account: Account, changes: list[Change]) -> list[Letter]:
    """Let Olivia confirm changes; return the letters about it."""
    olivia = acting.occasion(by=people.user("olivia"), on=TODAY)
    quotes.confirm(quotes.draw_up(account, changes, occasion=olivia).pk, occasion=olivia)
    return list(Letter.objects.filter(kind="change_confirmed").select_related("account", "user"))


def two_products(account: Account) -> Account:
    lines = {"support": ("team", 10, "12.00"), "guide": ("team", 3, "6.00")}
    shop.subscribe(account, lines, start=date(2022, 10, 27))
    PaymentMethod.objects.create(
        subscription_id=account.pk, kind="card", brand="Visa", last_four="4242", reference="test_approves"
    )
    return account


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("case", SCHEDULED)
def test_the_letter_of_what_is_scheduled_names_it_its_day_its_effect_and_undo(case: str) -> None:
    changes, told = SCHEDULED[case]
    letters = decided(two_products(people.acme(timezone="UTC")), changes)
    assert {letter.to for letter in letters} == {"olivia@acme.example", "bilal@acme.example"}
    made = mail.message(letters[0])
    assert made.subject == "A change of Acme is scheduled for 27 October 2023"
    for text in written(letters[0]):
        assert not list(faults(text)), text
        for sentence in (*told, "Undo it, until 26 October 2023", "Nothing changes before its day."):
            assert sentence in one_line(text), text
        assert "What was changed" not in text
    for body in (str(made.body), str(made.alternatives[0][0])):
        assert "/a/acme/billing/subscription/#scheduled" in body
        assert "/billing/quotes/" not in body


@pytest.mark.django_db(transaction=True)
def test_what_holds_at_once_and_what_waits_are_told_apart() -> None:
    """Team × 10 → Professional × 8: ten of Professional now, eight at the renewal."""
    account = two_products(people.acme(timezone="UTC"))
    letters = decided(account, [ChangeEdition("support", "professional"), ReduceSeats("support", 8)])
    assert mail.message(letters[0]).subject == "The subscription of Acme has changed"
    text = one_line(str(mail.message(letters[0]).body))
    now, later = text.split("What is scheduled:")
    assert "What was changed: - Support: Team → Professional" in now
    assert "8 seats" not in now
    # −2 × 30.00 × 12
    assert "Support: from 10 to 8 seats, on 27 October 2023: −$720.00 at the renewal" in later
    assert "The receipt" in later


@pytest.mark.django_db(transaction=True)
def test_the_letter_of_what_is_scheduled_speaks_french_and_says_no_amount_where_none_is_shown() -> None:
    User.objects.update(language="fr")
    account = two_products(people.acme(timezone="UTC"))
    User.objects.update(language="fr")
    letters = decided(account, [ReduceSeats("support", 6)])
    text = re.sub(f"[{SPACES}]", " ", one_line(str(mail.message(letters[0]).body)))
    assert "Support : 10 → 6 licences, le 27 octobre 2023 : −576,00 $US au renouvellement" in text
    assert "Annuler la modification, jusqu’au 26 octobre 2023" in text
    Account.objects.update(type="managed")
    hidden = Letter.objects.select_related("account", "user").get(pk=letters[0].pk)
    assert "576" not in str(mail.message(hidden).body)
    assert "576" not in str(mail.message(hidden).alternatives[0][0])


@pytest.mark.django_db(transaction=True)
def test_the_end_of_the_account_is_told_with_its_day_and_undo() -> None:
    account = two_products(people.acme(timezone="UTC"))
    olivia = acting.occasion(by=people.user("olivia"), on=TODAY)
    sheet = cancellation.consequences(account, TODAY, at_end=True)
    cancellation.cancel_at_period_end(
        account, mark=sheet.mark, reason="too_expensive", text="", occasion=olivia
    )
    found = Letter.objects.filter(kind="cancellation_scheduled").order_by("pk")
    letters = found.select_related("account", "user")
    assert {letter.to for letter in letters} == {"olivia@acme.example", "bilal@acme.example"}
    made = mail.message(letters[0])
    assert made.subject == "Acme ends on 27 October 2023"
    text = one_line(str(made.body))
    assert "Olivia Owens scheduled the end of Acme: it ends on 27 October 2023" in text
    assert "Until 26 October 2023 the account owner can undo it." in text
    assert "stay due" not in text
