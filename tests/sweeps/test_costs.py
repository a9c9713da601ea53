"""Where costs are not shown, no amount is in any answer: not in the page, its source, a header or a CSV."""

import re

import pytest
from django.db import models

from tests import canary
from tests.sweeps import reading, routes, world
from tests.sweeps.world import World

HIDDEN = [(kind, standing) for kind in "AM" for standing in "AP"]


def stored_amounts(place: World) -> set[str]:
    """Return every amount of the hidden accounts in the database, as digits: of 7391.37, 739137."""
    found: set[str] = set()
    slugs = [place.accounts[key].pk for key in HIDDEN]
    for model in canary.account_models():
        path = model.account_path  # type: ignore[attr-defined]
        columns = [
            one.attname
            for one in model._meta.concrete_fields
            if isinstance(one, models.DecimalField) and f"{one.attname}_currency" in _columns(model)
        ]
        for row in (
            model._default_manager.filter(**{f"{path}__in": slugs}).values_list(*columns) if columns else ()
        ):
            found |= {f"{abs(amount):.2f}".replace(".", "") for amount in row if amount}
    return {digits for digits in found if len(digits) >= 5}


def _columns(model: type[models.Model]) -> set[str]:
    return {one.attname for one in model._meta.concrete_fields}


@pytest.mark.breaks_invariants
def test_no_amount_where_costs_are_not_shown(db: None) -> None:
    place = world.make()
    amounts = stored_amounts(place)
    # The world's own: 7391.37 a seat, 8264.51 a seat, temporary seats for 5917.43, a coupon of 613.57.
    assert {"739137", "826451", "591743", "61357"} <= amounts
    shown = [("S", "A"), ("S", "P")]
    open_pages = list(reading.pages(place, shown, ["owner", "billing_admin"]))
    # Seen where they are shown: the search finds what it looks for.
    everywhere = " ".join(reading.joined_digits(page.body) for page in open_pages)
    assert {"739137", "826451", "591743", "61357"} <= {one for one in amounts if one in everywhere}
    amounts |= {one for page in open_pages for one in reading.money_like(page.body) if len(one) >= 5}
    leaks = []
    for page in reading.pages(place, HIDDEN, [*reading.MEMBERS, "without"]):
        # How much may be typed into a field is no amount, also where it reads as one: 20,000 characters.
        said = re.sub(r' maxlength="\d+"', "", page.body)
        numbers = set(re.findall(r"\d+", reading.joined_digits(said)))
        leaks += [f"{page}: {one}" for one in sorted(amounts & numbers)]
    assert not leaks, "an amount is shown, use {% cost %}: " + "\n".join(leaks[:10])


def test_files_to_keep_are_among_the_pages() -> None:
    assert [name for name, route in routes.ACCOUNT.items() if route.download]
