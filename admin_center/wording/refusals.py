"""Why a change can't be made, in words: from the codes of billing.rules.refusals.

Never a bare no: each sentence says what is in the way and what to do instead.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from admin_center.wording import phrases
from billing.rules.names import Names
from billing.rules.refusals import Refusal

Data = Mapping[str, Any]


def explain(refusal: Refusal, names: Names, contact: str = "") -> str:
    """Return the sentence of a refusal, in the language of the moment.

    `contact` is the vendor's, with an address: named where nobody of the account can help.
    """
    data: dict[str, Any] = {
        **refusal.data,
        "contact": contact or _("your contact at the vendor"),
        "name": phrases.product(names, str(refusal.data.get("product") or "")),
    }
    sentence = _SENTENCES.get(refusal.code)
    return sentence(data, names) if sentence else _("This change can’t be made.")


def _requires(data: Data, names: Names) -> str:
    needed = ", ".join(phrases.product(names, key) for key in data["requires"])
    return _("%(name)s needs one of these products beside it: %(needed)s.") % {**data, "needed": needed}


def _already(data: Data, names: Names) -> str:
    line = phrases.product(names, data.get("line"))
    if line == data["name"]:
        return _("%(name)s is bought already: change its quantity or its edition instead.") % data
    return _("%(name)s and %(line)s overlap: choose one of them, or combine what is bought already.") % {
        **data,
        "line": line,
    }


def _cycle(data: Data, names: Names) -> str:
    told = {**data, "cycle": phrases.cycle(data["cycle"]).lower()}
    return _("%(name)s has no %(cycle)s price: choose another edition or billing cycle.") % told


def _past_due(data: Data, names: Names) -> str:
    if data.get("invoice"):
        return _("Pay invoice %(invoice)s first: it is past due.") % data
    return (
        _("The account is past due for a debt that has no invoice here. Ask %(contact)s what is owed.") % data
    )


def _state_forbids(data: Data, names: Names) -> str:
    if data.get("state") != "suspended":
        return _("Nothing can be changed while the account is in this state.")
    if data.get("invoice"):
        return _("The account is suspended. Pay invoice %(invoice)s first.") % data
    return _("The account is suspended. Ask %(contact)s what opens it again.") % data


def _day(data: Data, key: str) -> str:
    return phrases.day(data[key])


_SENTENCES: dict[str, Callable[[Data, Names], str]] = {
    "unknown_product": lambda d, n: _("There is no such product in this catalogue."),
    "unknown_edition": lambda d, n: _("%(name)s has no such edition.") % d,
    "no_such_line": lambda d, n: _("%(name)s is not part of this subscription.") % d,
    "no_change": lambda d, n: _("Nothing changes: it is so already."),
    "already_bought": _already,
    "already_scheduled": lambda d, n: _("The same change is already scheduled for the renewal."),
    "wrong_kind": lambda d, n: _("%(name)s can’t be bought in this way.") % d,
    "contradiction": lambda d, n: _("Two of these changes can’t be made together. Leave one of them out."),
    "wrong_direction": lambda d, n: (
        _("%(name)s has %(now)s now: somebody may have changed it meanwhile.")
        % {**d, "now": phrases.quantity(n, d.get("product"), d["now"])}
    ),
    "quantity_out_of_range": lambda d, n: (
        _("%(name)s: choose from %(least)s to %(most)s.")
        % {**d, "least": phrases.number(d["least"]), "most": phrases.number(d["most"])}
    ),
    "regret_over": lambda d, n: (
        _(
            "Nothing of %(name)s can be given back any more: added seats can, for seven days, once, and "
            "until the next change of the product. Its seats can be reduced at the renewal."
        )
        % d
    ),
    "below_seats_in_use": lambda d, n: (
        _("%(name)s: %(used)s seats are in use. Free seats on the People page first, or keep them.")
        % {**d, "used": phrases.number(d["used"])}
    ),
    "not_sold": lambda d, n: _("%(name)s is no longer sold: choose something else.") % d,
    "sales_only": lambda d, n: (
        _("This edition of %(name)s is sold by talking to us: ask your contact for it.") % d
    ),
    "included_only": lambda d, n: _("%(name)s is only sold inside a Suite: choose the Suite instead.") % d,
    "no_price_in_cycle": _cycle,
    "not_open_to_account_type": lambda d, n: (
        _("%(name)s is not open to accounts of this type: ask your contact for it.") % d
    ),
    "requires_product": _requires,
    "last_product": lambda d, n: _("This would leave nothing: cancel the account instead."),
    "first_purchase_needed": lambda d, n: _("Nothing has been bought yet: choose products first."),
    "not_first_purchase": lambda d, n: _("Something has been bought already: change it instead."),
    "extension_ahead": lambda d, n: (
        _("It is extended already, until %(until)s.") % {"until": _day(d, "until")}
    ),
    "cancellation_scheduled": lambda d, n: (
        _("The subscription ends on %(on)s. Undo the cancellation first.") % {"on": _day(d, "on")}
    ),
    "temporary_not_supported": lambda d, n: (
        _("This edition of %(name)s has no temporary seats: add permanent ones instead.") % d
    ),
    "temporary_length": lambda d, n: _("Temporary seats are for 1 to 365 days."),
    "start_in_past": lambda d, n: _("Temporary seats start today or later."),
    # Unknown, expired and used-up codes get the same answer.
    "promo_not_valid": lambda d, n: _(
        "This promo code does not work here. Check how it is written, or ask who gave it to you."
    ),
    "past_due": _past_due,
    "state_forbids": _state_forbids,
    "held_change": lambda d, n: _("Another change is waiting for its payment. Pay it or withdraw it first."),
    "renewal_due": lambda d, n: _("The subscription is being renewed. Try again in a moment."),
    "renewal_parked": lambda d, n: (
        _(
            "The renewal is being checked by the vendor, and nothing is charged meanwhile. Until it is done "
            "nothing can be changed. Ask %(contact)s."
        )
        % d
    ),
    "ends_earlier": lambda d, n: (
        _(
            "%(name)s was left out of an extension and ends on %(on)s. To go on with it, keep it under "
            "Manage: that buys it until the renewal on %(until)s."
        )
        % {**d, "on": _day(d, "on"), "until": _day(d, "until")}
    ),
    "outside_period": lambda d, n: _(
        "This day is outside the current period: choose a day before the renewal."
    ),
}
