"""A kept quote for its list and its PDF: the day it is priced for, and each line with its amount."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import Account
from admin_center.presenters import documents
from admin_center.presenters import quotes as quote_presenter
from admin_center.presenters.quotes import QuoteRow
from admin_center.wording import phrases, taxes
from billing import quote_json
from billing.models import BillingProfile, KeptQuote
from billing.rules.parties import Seller
from billing.rules.quoting import PricedQuote
from billing.rules.settlement import Settlement
from billing.storage.loading import LoadedFacts


def due_of(kept: KeptQuote) -> int:
    """Return what was due at once on the day it was priced for, in minor units."""
    return quote_json.load(kept.document).due


def told(
    kept: KeptQuote, quote: PricedQuote, reading: LoadedFacts, account: Account, seller: Seller
) -> dict[str, Any]:
    """Return all that the PDF lays out, in the language of the moment."""
    profile = BillingProfile.objects.of(account.pk) or BillingProfile(account=account)
    view = quote_presenter.of(quote, reading, costs_shown=True)
    facts = [(_("Priced for"), phrases.day(kept.on))]
    if kept.purchase_order:
        facts.append((_("Purchase order number"), kept.purchase_order))
    return documents.frame(seller, profile.as_buyer(account.name), vendor=seller.name, day=kept.on) | {
        "title": _("Quote"),
        "number": kept.name,
        "facts": facts,
        "changes": [f"{one.sentence} ({phrases.day(one.on)})" for one in view.when],
        "sections": [
            _section(_("Due at once"), view.rows, view.settlement, quote.currency),
            _section(
                _("Renewal on %(day)s") % {"day": phrases.day(view.renewal.on)},
                view.renewal_rows,
                view.renewal.settlement,
                quote.currency,
            ),
        ],
        "columns": [_("What"), _("Days paid for"), _("Amount")],
        "note": _(
            "Priced for the day named above. It promises no price: when it is confirmed, every difference of "
            "that day is shown first, with its reason."
        ),
        "signature": [_("Day"), _("Name"), _("Signature")],
    }


def _section(title: str, rows: Iterable[QuoteRow], settlement: Settlement, currency: str) -> dict[str, Any]:
    def written(minor: int) -> str:
        return documents.written_amount(minor, currency)

    sums = [(_("Subtotal"), written(settlement.subtotal))]
    sums += [(str(taxes.label(row.tax)), written(row.amount)) for row in settlement.taxes]
    sums.append((_("Total"), written(settlement.total)))
    return {
        "title": title,
        "rows": [
            (
                f"{row.name} × {row.seats}: {row.words}",
                f"{phrases.day(row.first)} – {phrases.day(row.last)}",
                written(row.amount),
            )
            for row in rows
        ],
        "sums": sums,
        "due": (_("To be paid"), written(settlement.due)),
    }
