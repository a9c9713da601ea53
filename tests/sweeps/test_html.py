"""What is HTML that no browser has to guess at, with nothing inline.

Every page is, as everybody sees it: test_languages.py asks it of them, on the same walk.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from xml.etree.ElementTree import Element

from django.conf import settings
from django.test import Client

from tests.sweeps import reading
from tests.sweeps.reading import Page


def faults(tree: Element) -> Iterator[str]:
    """Yield what is wrong with a page."""
    elements = [one for one in tree.iter() if isinstance(one.tag, str)]
    yield from structure(tree, elements)
    yield from inline(elements)
    for count, name in ((count, name) for name, count in Counter(ids(elements)).items() if count > 1):
        yield f"has the id {name!r} {count} times"
    yield from references(elements)


def structure(tree: Element, elements: list[Element]) -> Iterator[str]:
    tags = Counter(one.tag for one in elements)
    if tags["h1"] != 1:
        yield f"has {tags['h1']} headings h1, not one"
    if tags["main"] != 1:
        yield f"has {tags['main']} main parts, not one"
    if not (tree.findtext(".//title") or "").strip(" ·"):
        yield "has no title"
    if not tree.get("lang"):
        yield "does not say its language"
    for form in (one for one in elements if one.tag == "form"):
        posts = (form.get("method") or "get").lower() == "post"
        if posts and not any(field.get("name") == "csrfmiddlewaretoken" for field in form.iter("input")):
            yield f"has a form to {form.get('action')} without its token"
    levels = [int(one.tag[1]) for one in elements if one.tag in ("h1", "h2", "h3", "h4", "h5", "h6")]
    for above, below in pairwise(levels):
        if below > above + 1:
            yield f"jumps from heading h{above} to h{below}"


def inline(elements: list[Element]) -> Iterator[str]:
    for one in elements:
        if one.tag == "style" or one.get("style") is not None:
            yield f"has inline style at <{one.tag}>"
        if one.tag == "script" and not one.get("src"):
            yield "has an inline script"
        for name, value in one.attrib.items():
            if name.startswith(("on", "hx-on")):
                yield f"has a handler {name} at <{one.tag}>"
            if name in ("href", "action", "src", "formaction") and foreign(value):
                yield f"leads elsewhere: {value}"


def foreign(address: str) -> bool:
    """Return whether an address is not on our own pages (mail and phone links are the person's own).

    What a customer accepts is read where the vendor publishes it.
    """
    if address == settings.SELLER.terms.url:
        return False
    return not address.startswith(("/", "#", "?", "mailto:", "tel:")) or address.startswith("//")


def ids(elements: list[Element]) -> list[str]:
    return [one.get("id", "") for one in elements if one.get("id")]


def references(elements: list[Element]) -> Iterator[str]:
    """Yield references within the page that lead nowhere."""
    known = set(ids(elements))
    for one in elements:
        for name in ("for", "aria-labelledby", "aria-describedby", "aria-controls", "popovertarget", "form"):
            for target in (one.get(name) or "").split():
                if target not in known:
                    yield f"<{one.tag} {name}={target!r}> leads to nothing"
        link = one.get("href") or ""
        if one.tag == "a" and link.startswith("#") and link[1:] not in known:
            yield f"the link {link} leads to nothing"


def test_the_pages_of_refused_forms_and_tries_are_sound(db: None) -> None:
    forged = Client(enforce_csrf_checks=True).post("/sign-in/login/")
    page = Page("a forged form", "403", "anonymous", forged.status_code, "text/html", forged.content.decode())
    reading.demand_sound(page)
    assert list(faults(reading.parsed(page))) == []
    client = Client()
    for _try in range(7):
        answer = client.post("/sign-in/password/reset/", {"email": "olivia@acme.example"})
    tried = Page(
        "too many tries", "429", "anonymous", answer.status_code, "text/html", answer.content.decode()
    )
    assert tried.status == 429
    reading.demand_sound(tried)
    assert list(faults(reading.parsed(tried))) == []
