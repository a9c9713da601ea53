"""A quote is kept with a name, signed elsewhere, and confirmed later at exactly its amount, or compared.

Annual at 1.00 until 26 October; 11 → 12 seats on 14 July: 41.42 − 37.97 = 3.45, with 20 % tax 4.14.
"""

import io
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.test import Client
from pypdf import PdfReader

from accounts.models import Account
from accounts.rules.decision import NotAllowed
from billing import cancellation, erasure, kept_quotes, quotes
from billing.models import Invoice, KeptQuote, Line, Quote
from billing.rules.changes import AddSeats
from tests import acting, people
from tests.console.paying_by_link import TODAY, add_a_seat, at
from tests.console.reading import JULY_14, signed_in, text

pytestmark = pytest.mark.django_db(transaction=True)
LIST = "/a/acme/billing/kept-quotes/"


@pytest.fixture
def kept(debtor: Account) -> KeptQuote:
    """Olivia keeps it from its review, for the order of Ada, who signs."""
    with acting.at(JULY_14):
        by = acting.occasion(people.user("olivia"), TODAY)
        quote = quotes.draw_up(debtor, [AddSeats("support", 12)], occasion=by)
    olivia = signed_in(people.user("olivia"))
    assert "Keep this quote for later" in text(olivia.get(f"/a/acme/billing/quotes/{quote.pk}/"))
    fields = {"name": "Summer crew", "purchase_order": "PO-77"}
    done = olivia.post(f"/a/acme/billing/quotes/{quote.pk}/keep/", fields, follow=True)
    assert done.redirect_chain[-1][0].startswith(LIST)
    return KeptQuote.objects.get()


def page(kept: KeptQuote, rest: str = "") -> str:
    return f"{LIST}{kept.pk}/{rest}"


def test_on_the_same_day_it_is_confirmed_at_exactly_that_amount(kept: KeptQuote) -> None:
    bilal = signed_in(people.user("bilal"))
    seen = text(bilal.get(page(kept)))
    assert "Kept by Olivia Owens, priced for 14 July 2023." in seen
    assert "Purchase order PO-77." in seen
    assert "It is the same today" in seen
    # Above what is folded, as on the review.
    assert "Due today: $4.14." in seen
    review = bilal.post(page(kept, "take-up/"))["Location"]
    assert "PO-77" in bilal.get(review).content.decode()
    bilal.post(review, {"purchase_order": "PO-77", "terms_version": ""})
    invoice = Invoice.objects.latest("pk")
    assert (str(invoice.total), invoice.purchase_order) == ("$4.14", "PO-77")
    assert Line.objects.get().quantity == 12


def test_a_day_later_it_stands_beside_todays_with_the_reason(kept: KeptQuote) -> None:
    """104 days: 12 × 12.00 × 104/365 = 41.03 − 37.61 = 3.42, with tax 4.10."""
    at(JULY_14 + timedelta(days=1))
    seen = text(signed_in(people.user("bilal")).get(page(kept)))
    assert "It is the same today" not in seen
    assert "The day changed: it was priced for 14 July 2023, and it is now 15 July 2023." in seen
    assert "$4.14" in seen
    assert "$4.10" in seen


def test_what_somebody_else_bought_meanwhile_is_a_reason(debtor: Account, kept: KeptQuote) -> None:
    add_a_seat(debtor, 13)
    seen = text(signed_in(people.user("olivia")).get(page(kept)))
    assert "It can’t be made today as it is" in seen
    assert "Support has 13 seats now" in seen
    before = Quote.objects.count()
    assert signed_in(people.user("olivia")).post(page(kept, "take-up/"))["Location"] == page(kept)
    assert Quote.objects.count() == before


def read(content: bytes) -> str:
    return " ".join(" ".join(one.extract_text() for one in PdfReader(io.BytesIO(content)).pages).split())


def test_the_pdf_names_the_day_the_order_and_each_amount(kept: KeptQuote) -> None:
    pdf = signed_in(people.user("olivia")).get(f"{LIST}{kept.pk}.pdf")
    assert pdf["Content-Type"] == "application/pdf"
    said = read(pdf.content)
    for words in ("Summer crew", "14 July 2023", "PO-77", "Support Team × 12", "41.42", "4.14", "Signature"):
        assert words in said, words


def test_a_link_shows_the_pdf_to_who_signs_until_it_is_over(debtor: Account, kept: KeptQuote) -> None:
    olivia, ada = signed_in(people.user("olivia")), Client()
    made = olivia.post(page(kept, "link/"))
    address = made.content.decode().split('value="http')[1].split('"')[0]
    link = urlsplit(f"http{address}").path
    shown = ada.get(link)
    assert shown["Content-Type"] == "application/pdf"
    assert (shown["Referrer-Policy"], shown["Cache-Control"]) == ("no-referrer", "no-store")
    assert "PO-77" in read(shown.content)
    assert link not in olivia.get(page(kept)).content.decode()
    assert (ada.post(link).status_code, ada.get("/kept-quotes/x/").status_code) == (405, 404)
    at(JULY_14 + timedelta(days=30, seconds=-1))
    assert ada.get(link).status_code == 200
    at(JULY_14 + timedelta(days=30))
    assert ada.get(link).status_code == 404


def test_another_link_takes_its_place_and_is_revoked(kept: KeptQuote) -> None:
    by = acting.occasion(people.user("bilal"), TODAY, JULY_14)
    first, second = (kept_quotes.make_link(kept.pk, occasion=by) for _turn in range(2))
    ada = Client()
    assert [ada.get(f"/kept-quotes/{one}/").status_code for one in (first, second)] == [404, 200]
    signed_in(people.user("olivia")).post(page(kept, "link/revoke/"))
    assert ada.get(f"/kept-quotes/{second}/").status_code == 404


def test_of_a_cancelled_account_nothing_is_read(debtor: Account, kept: KeptQuote) -> None:
    by = acting.occasion(people.user("olivia"), TODAY, JULY_14)
    token = kept_quotes.make_link(kept.pk, occasion=by)
    with acting.at(JULY_14):
        mark = cancellation.consequences(debtor, TODAY).mark
        cancellation.cancel_now(debtor, mark=mark, reason="other", text="", occasion=by)
    assert Client().get(f"/kept-quotes/{token}/").status_code == 404
    erasure.erase(debtor.pk, JULY_14 + timedelta(days=91))
    assert not KeptQuote.objects.exists()


def test_who_may_not_change_keeps_and_reads_none(kept: KeptQuote) -> None:
    adam, by = signed_in(people.user("adam")), acting.occasion(people.user("adam"), TODAY, JULY_14)
    assert {adam.get(one).status_code for one in (LIST, page(kept), f"{LIST}{kept.pk}.pdf")} == {403}
    for act in ("take-up/", "remove/", "link/", "link/revoke/"):
        assert adam.post(page(kept, act)).status_code == 403
    for verb in (kept_quotes.remove, kept_quotes.make_link, kept_quotes.revoke_link, kept_quotes.take_up):
        with pytest.raises(NotAllowed):
            verb(kept.pk, occasion=by)
    people.globex()
    stella = signed_in(people.person("stella@globex.example", ""))
    assert stella.get(f"/a/globex/billing/kept-quotes/{kept.pk}/").status_code == 404


def test_it_is_listed_and_removed(kept: KeptQuote) -> None:
    olivia = signed_in(people.user("olivia"))
    assert "Summer crew 14 July 2023 Olivia Owens $4.14" in text(olivia.get(LIST))
    assert "The quote is removed" in text(olivia.post(page(kept, "remove/"), follow=True))
    assert "No quote is kept" in text(olivia.get(LIST))


@pytest.mark.parametrize("name", ["", " ", "x" * 121])
def test_without_a_name_nothing_is_kept(debtor: Account, name: str) -> None:
    with acting.at(JULY_14):
        by = acting.occasion(people.user("olivia"), TODAY)
        quote = quotes.draw_up(debtor, [AddSeats("support", 12)], occasion=by)
    address = f"/a/acme/billing/quotes/{quote.pk}/keep/"
    told = text(signed_in(people.user("olivia")).post(address, {"name": name}, follow=True))
    assert "Give the quote a name" in told
    assert not KeptQuote.objects.exists()
    # Of another's quote nobody keeps anything.
    assert signed_in(people.user("bilal")).post(address, {"name": "Mine"}).status_code == 404


def test_fifty_are_kept_and_no_more(debtor: Account, kept: KeptQuote) -> None:
    KeptQuote.objects.bulk_create(
        KeptQuote(
            subscription_id=debtor.pk, name=f"N {number}", changes=kept.changes, document=kept.document,
            on=kept.on, kept_by_name="Olivia Owens", kept_at=JULY_14,
        )
        for number in range(49)
    )  # fmt: skip
    by = acting.occasion(people.user("olivia"), TODAY, JULY_14)
    quote = quotes.draw_up(debtor, [AddSeats("support", 12)], occasion=by)
    with pytest.raises(kept_quotes.NotKept):
        kept_quotes.keep(quote.pk, "One more", occasion=by)
