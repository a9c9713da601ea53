"""The summary beside a page that says one word, and among many accounts beside among few."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.bench.measuring import Comparison, Sample, by_turns
from tests.bench.population import database
from tests.bench.server import Browser
from tests.bench.visitors import Visitor, visitors

FEW, MANY = 1_000, 100_000
WARM_UP = 60
# How many people come back all the time; more than once each in the rounds that warm up.
COMING_BACK = 25


@dataclass(frozen=True, slots=True)
class Page:
    """A page to ask for, and what must stand in it."""

    path: str
    holds: str


WORD = Page("/word/", "word")
SUMMARY = Page("/a/{slug}/billing/subscription/", "Northwind One")


def reading(browser: Browser, page: Page, people: list[Visitor]) -> Callable[[int], None]:
    """Return the act of reading a page, by another person of another account in each round."""

    def act(number: int) -> None:
        who = people[number % len(people)]
        browser.read(
            page.path.format(slug=who.slug), session=who.session, database=who.database, holds=page.holds
        )

    return act


def summary(port: int, rounds: int) -> tuple[dict[str, Sample], list[Comparison]]:
    """Measure the summary: at most 5 empty pages, and the same at any number of accounts.

    What is promised is promised to people who come back, as who reads several pages does. Those who
    come for the first time are measured beside them: their rows are in no memory yet, and their
    frame is written for the first time.
    """
    few = visitors(database(FEW), rounds + WARM_UP + COMING_BACK)
    many = visitors(database(MANY), rounds + WARM_UP + COMING_BACK)
    browser = Browser(port)
    samples = by_turns(
        {
            "one word": reading(browser, WORD, many[:COMING_BACK]),
            f"summary among {MANY:,} accounts": reading(browser, SUMMARY, many[:COMING_BACK]),
            f"summary among {FEW:,} accounts": reading(browser, SUMMARY, few[:COMING_BACK]),
            f"  for the first time, {MANY:,}": reading(browser, SUMMARY, many[COMING_BACK:]),
            f"  for the first time, {FEW:,}": reading(browser, SUMMARY, few[COMING_BACK:]),
        },
        rounds=rounds,
        warm_up=WARM_UP,
    )
    word, large, small, first_large, first_small = samples.values()
    return samples, [
        Comparison("summary / one word", large, word, limit=5.0),
        Comparison(f"summary among {MANY:,} accounts / among {FEW:,}", large, small, limit=1.10),
        Comparison("  for the first time", first_large, first_small),
    ]
