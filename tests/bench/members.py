"""The list of members of a large account beside that of a small one."""

import base64
import json

from accounts.models import Membership
from tests.bench.measuring import Comparison, Sample, by_turns
from tests.bench.pages import WARM_UP, Page, reading
from tests.bench.population import connected, database_of_members
from tests.bench.server import Browser
from tests.bench.visitors import visitors

FEW, MANY = 100, 100_000
PATH, HEADING = "/a/{slug}/people/", "Northwind One"


def people(port: int, rounds: int) -> tuple[dict[str, Sample], list[Comparison]]:
    """Measure the people page, its first page and one from the middle: the same at any number of members."""
    browser = Browser(port)
    databases = {members: database_of_members(members) for members in (MANY, FEW)}
    admins = {members: visitors(database, 1) for members, database in databases.items()}
    samples = by_turns(
        {
            f"{page} of {members:,} members": reading(browser, Page(path, HEADING), admins[members])
            for members, database in databases.items()
            for page, path in (("first page", PATH), ("middle page", middle(database, members)))
        },
        rounds=rounds,
        warm_up=WARM_UP,
    )
    first, within, first_few, within_few = samples.values()
    return samples, [
        Comparison(f"people, {MANY:,} members / {FEW:,}", first, first_few, limit=1.20),
        Comparison("  a page from the middle", within, within_few, limit=1.20),
    ]


def middle(database: str, members: int) -> str:
    """Return the address of the page that begins after half of the members."""
    with connected(database):
        listed = Membership.objects.order_by("listed_as", "pk").values_list("listed_as", "pk")
        place = json.dumps(listed[members // 2])
    return f"{PATH}?after={base64.urlsafe_b64encode(place.encode()).decode()}"
