"""What a change or a renewal brings beside its price, in words: from the codes of billing.rules.notices."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, TypeAlias, assert_never

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from admin_center.wording import changes, phrases, taxes
from billing.rules.names import Names
from billing.rules.notices import Notice, NoticeCode

Labels = Mapping[str, Mapping[str, str]]

# Left out where costs are not shown: they speak of prices, also without naming an amount.
ABOUT_COSTS = frozenset(
    {
        NoticeCode.CARRIED_OVER,
        NoticeCode.DISCOUNT_LOST,
        NoticeCode.GIVEN_PRICE_ENDS,
        NoticeCode.GRANDFATHERED_PRICE_LOST,
        NoticeCode.PRICE_ENDS,
        NoticeCode.PROMO_ENDED,
        NoticeCode.PROMO_STARTS_AT_RENEWAL,
        NoticeCode.SUITE_PRICE_ENDS,
        NoticeCode.TAXED_ANEW,
    }
)


@dataclass(frozen=True, slots=True)
class Consequence:
    """A sentence; `old` and `new` are prices in minor units, None where it names none."""

    code: NoticeCode
    sentence: str
    old: int | None = None
    new: int | None = None


def sentences(
    notices: Iterable[Notice], names: Names, labels: Labels, *, costs_shown: bool
) -> list[Consequence]:
    """Return notices with their words, in the language of the moment."""
    return [
        Consequence(
            notice.code, _sentence(notice, names, labels), _amount(notice, "old"), _amount(notice, "new")
        )
        for notice in notices
        if costs_shown or notice.code not in ABOUT_COSTS
    ]


def allowance(labels: Labels, key: str, value: object) -> str:
    """Return what comes with a line, in the vendor's words for this language: "50 light agents"."""
    return f"{phrases.number(value)} {label(labels, key)}"


def label(labels: Labels, key: str) -> str:
    """Return the vendor's words for an allowance in this language: "light agents"."""
    words = labels.get(key, {})
    return words.get((get_language() or "en")[:2]) or words.get("en") or key.replace("_", " ")


def _amount(notice: Notice, name: str) -> int | None:
    value = notice.data.get(name, notice.data.get("amount") if name == "new" else None)
    return value if isinstance(value, int) else None


def _sentence(notice: Notice, names: Names, labels: Labels) -> str:
    data: Mapping[str, Any] = notice.data
    told = {"product": phrases.product(names, data.get("product") or data.get("suite"))}
    match code := notice.code:
        case NoticeCode.GRANDFATHERED_PRICE_LOST:
            return _("%(product)s: your own price is given up for the list price.") % told
        case NoticeCode.PRICE_ENDS:
            return _("%(product)s: your own price ends, and the list price applies.") % told
        case NoticeCode.AGREED_PRICE:
            return _("%(product)s: the price that was agreed with you applies.") % told
        case NoticeCode.GIVEN_PRICE_ENDS:
            return (
                _("%(product)s: from the renewal the list price applies, not the price given for now.") % told
            )
        case NoticeCode.ALLOWANCES_LOST:
            return _allowances(told["product"], data["lost"], labels)
        case NoticeCode.PROMO_ENDED:
            return _("The promo code %(code)s ends with the change of billing cycle.") % {
                "code": data["code"]
            }
        case NoticeCode.SUITE_PRICE_ENDS:
            return _("%(product)s: the Suite price ends. Its other products are priced singly.") % told
        case NoticeCode.PRODUCTS_LOST:
            lost = ", ".join(phrases.product(names, key) for key in data["products"])
            return _("Not sold outside of %(product)s, and therefore lost: %(lost)s.") % {
                **told,
                "lost": lost,
            }
        case NoticeCode.TEMPORARY_LOST:
            return _temporary(told["product"], data["quantity"], data["until"])
        case NoticeCode.CARRIED_OVER:
            return _("Too small to be collected at once: it is collected with the next invoice.")
        case NoticeCode.TAXED_ANEW:
            return _(
                "%(product)s: the days that were paid already are credited %(was)s and charged again %(now)s."
            ) % {**told, "was": taxes.borne(data["was"]), "now": taxes.borne(data["now"])}
        case NoticeCode.DISCOUNT_LOST:
            return _("The discount %(code)s ends with the lines it was for.") % {"code": data["code"]}
        case NoticeCode.PROMO_STARTS_AT_RENEWAL:
            return _("The promo code applies from your next full-period charge.")
        case _:
            return _of_what_waits(code, data, names)


_Waiting: TypeAlias = Literal[
    NoticeCode.SCHEDULED_MOVES,
    NoticeCode.SCHEDULED_DROPPED,
    NoticeCode.ENDS_AS_PLANNED,
    NoticeCode.CANCELLATION_WAITS,
]


def _of_what_waits(code: _Waiting, data: Mapping[str, Any], names: Names) -> str:
    """Return what happens to changes that wait: nothing is dropped or moved in silence."""
    match code:
        case NoticeCode.SCHEDULED_MOVES:
            return _("The scheduled change moves to the new renewal day, %(day)s: %(change)s.") % {
                "day": phrases.day(data["to"]),
                "change": changes.waits(data["scheduled"], names),
            }
        case NoticeCode.SCHEDULED_DROPPED:
            return _("No longer scheduled for the renewal: %(change)s.") % {
                "change": changes.waits(data["scheduled"], names)
            }
        case NoticeCode.ENDS_AS_PLANNED:
            return _ends_as_planned(data, names)
        case NoticeCode.CANCELLATION_WAITS:
            return _("The account still ends on %(day)s, unless the owner undoes it.") % {
                "day": phrases.day(data["on"])
            }
        case _:
            assert_never(code)


def _ends_as_planned(data: Mapping[str, Any], names: Names) -> str:
    """Return that a product is not extended, with how many people lose a seat by its end."""
    told = {"product": phrases.product(names, data["product"]), "day": phrases.day(data["on"])}
    ends = (
        _("%(product)s is not extended: it ends on %(day)s. Until then it can be kept by buying the rest.")
        % told
    )
    used = data["used"]
    if not used:
        return ends
    freed = ngettext(
        "%(number)s person holds a seat of it until then.",
        "%(number)s people hold a seat of it until then.",
        used,
    )
    return f"{ends} {freed % {'number': phrases.number(used)}}"


def _allowances(product: str, lost: Mapping[str, tuple[object, object]], labels: Labels) -> str:
    parts = [
        allowance(labels, key, before)
        if after is None
        else f"{allowance(labels, key, before)} → {phrases.number(after)}"
        for key, (before, after) in lost.items()
    ]
    return _("%(product)s: less comes with it than today (%(lost)s).") % {
        "product": product,
        "lost": "; ".join(parts),
    }


def _temporary(product: str, quantity: int, until: date) -> str:
    return _("%(product)s: %(seats)s bought until %(day)s are lost with the product.") % {
        "product": product,
        "seats": phrases.seats(quantity),
        "day": phrases.day(until),
    }
